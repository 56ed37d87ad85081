"""Training churn models from a workspace's history, and proving them: the work behind ``train_churn`` and ``backtest``.

The database is asked shard by shard, each in a transaction of its own; learning holds none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import audit, jobs, locks
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health.churn import backtest, metrics, parts
from health.churn.model import RULES_ONLY, Model, fit
from health.churn.panel import Panel
from health.facts import panel as facts
from health.models import ChurnModel, ScoringRun
from health.risk import HORIZON_DAYS
from health.services import champion as in_force
from health.services import promotion
from health.services.settings_of_churn import check_horizon

JOB_KIND = "churn.train"
_BEAT_SECONDS = 2.0

Report = Callable[[int, int], None]
"""(done, total) → nothing; raises to stop the work."""


def wanted_horizon(days: int | None) -> int:
    """``days``, checked; None: as the active workspace has set, else 90."""
    setting = in_force.setting() if days is None else None
    return check_horizon(setting.horizon_days if setting else HORIZON_DAYS if days is None else days)


def prove(workspace_id: UUID, *, horizon: int, today: date, report: Report) -> dict[str, Any]:
    """The back-test of the workspace on ``today`` (UTC) in the contract's shape. Writes nothing."""
    _plan, panel = _gather(workspace_id, horizon, today, report)
    return _proof(panel, backtest.run(panel))


def start(*, horizon: int, actor: audit.Actor, now: datetime) -> Job:
    """Plan a training of the active workspace. Work it with ``work``. Raises ``ValidationError`` for the horizon."""
    check_horizon(horizon)
    by = str(actor.user_id) if actor.user_id else None
    job = jobs.create(kind=JOB_KIND, now=now, created_by_id=actor.user_id, horizon=horizon, label=actor.label, by=by)
    jobs.start(job.pk, total=Customer.objects.count(), now=now)
    return job


def work(workspace_id: UUID, job_id: UUID) -> ScoringRun | None:
    """Train, prove and keep; what is surely better than the rules becomes the champion. Twice is as once.

    Returns the run that tells everybody's risk by a new champion.
    """
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        if job is None:
            return None
        is_kept = ChurnModel.objects.filter(job_id=job_id).exists()
    try:
        if not is_kept and not _train_and_keep(workspace_id, job):
            return None
        return promotion.put_in_force(workspace_id, job_id)
    except jobs.JobCancelledError:
        _end(workspace_id, job_id, JobState.CANCELLED, "")
    except Exception:
        _end(workspace_id, job_id, JobState.FAILED, _("The training failed; the reason stands in the worker's log."))
        raise
    return None


def _train_and_keep(workspace_id: UUID, job: Job) -> bool:
    """Whether a model was elected; else the job is over."""
    now = datetime.now(UTC)
    told = partial(_tell, workspace_id, job.pk)
    plan, panel = _gather(workspace_id, job.params["horizon"], now.date(), told)
    model, proof = _train(panel, told)
    with workspace_scope(workspace_id):
        return _keep(job, plan, panel, model, proof)


def champion() -> ChurnModel | None:
    """The model of the active workspace that beat the rules, if any did."""
    return ChurnModel.objects.filter(status=ChurnModel.Status.CHAMPION).first()


def _gather(workspace_id: UUID, horizon: int, today: date, report: Report) -> tuple[facts.Plan, Panel]:
    with workspace_scope(workspace_id):
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
        plan = facts.plan(horizon, today=today, customers=len(ids))
    pieces = []
    for first in range(0, len(ids) if plan.days else 0, facts.SHARD):
        shard = ids[first : first + facts.SHARD]
        with workspace_scope(workspace_id):
            pieces.append(facts.load(plan, shard, first_position=first))
        # Learning takes about as long again.
        report(first + len(shard), 2 * len(ids))
    return plan, facts.assemble(plan, pieces)


def _train(panel: Panel, report: Report) -> tuple[Model | None, dict[str, Any]]:
    last = time.monotonic()
    customers = len(set(panel.customers.tolist())) or 1
    done = customers

    def tick() -> None:
        nonlocal last
        if time.monotonic() - last > _BEAT_SECONDS:
            report(done, 2 * customers)
            last = time.monotonic()

    def after_fold(fold: int, folds: int) -> None:
        nonlocal done
        done = customers + customers * fold // (folds + 1)

    proof = _proof(panel, backtest.run(panel, tick=tick, after_fold=after_fold))
    rows = panel.settled()
    model = fit(rows, tick) if len(rows.labels) else None
    return model, proof


def _proof(panel: Panel, report: backtest.Report) -> dict[str, Any]:
    """The report, and what stood aside: customers whose notice was known, or in grace, on the folds' days."""
    aside = [panel.left_aside.get(fold.as_of, (0, 0)) for fold in report.folds]
    return {
        **report.as_dict(),
        "left_aside": {"notice_given": sum(n for n, _ in aside), "in_grace": sum(n for _, n in aside)},
        "left_out": [{"as_of": day.isoformat(), "reason": reason} for day, reason in sorted(panel.left_out.items())],
        "notes": [note for note in [parts.trees_missing()] if note],
    }


def _end(workspace_id: UUID, job_id: UUID, state: JobState, message: str) -> None:
    with workspace_scope(workspace_id):
        jobs.finish(job_id, state=state, now=datetime.now(UTC), message=message)


def _tell(workspace_id: UUID, job_id: UUID, done: int, total: int) -> None:
    with workspace_scope(workspace_id):
        Job.objects.filter(pk=job_id).update(total=total)
        jobs.progress(job_id, done=done, now=datetime.now(UTC))


def _keep(job: Job, plan: facts.Plan, panel: Panel, model: Model | None, proof: dict[str, Any]) -> bool:
    """Store the model and its proof; says whether it has won, else ends the job. In the job's transaction."""
    locks.hold("churn_models")
    now = _clock()
    wins = proof["verdict"] == backtest.MODEL and model is not None and model.recipe != RULES_ONLY
    newest = ChurnModel.objects.order_by("-number").first()
    settled = panel.settled().days
    kept = ChurnModel.objects.create(
        workspace_id=current_workspace_id(),
        number=newest.number + 1 if newest else 1,
        status=ChurnModel.Status.ELECTED if wins else ChurnModel.Status.CHALLENGER,
        verdict=proof["verdict"],
        horizon_days=panel.horizon,
        recipe=model.recipe if model else RULES_ONLY,
        content=_content(plan, model) if model and model.recipe != RULES_ONLY else None,
        backtest=proof,
        settled_through=date.fromordinal(int(settled.max())) if len(settled) else None,
        churned_customers=model.churned_customers if model else 0,
        trained_at=now,
        trained_by_label=job.params["label"][:200],
        job=job,
    )
    actor = audit.Actor(job.params["label"], UUID(job.params["by"]) if job.params["by"] else None)
    data = {"number": kept.number, "verdict": kept.verdict, "status": kept.status, "recipe": kept.recipe}
    audit.record(actor=actor, action="churn_model.trained", subject=kept, data=data, now=now)
    result = {"model": str(kept.pk), "number": kept.number, "activated": wins, "recipe": kept.recipe, "backtest": proof}
    Job.objects.filter(pk=job.pk).update(result=result)
    if not wins:
        Job.objects.filter(pk=job.pk).update(done=F("total"))
        jobs.finish(job.pk, state=JobState.DONE, now=now)
    return wins


def _content(plan: facts.Plan, model: Model) -> dict[str, Any]:
    """What a model in force needs: itself, and how each of its columns is measured."""
    content: dict[str, Any] = metrics.rounded(model.to_dict(), 12)
    return {**content, "definitions": plan.definitions}


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
