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
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import audit, jobs, locks
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health.churn import backtest, drift, metrics
from health.churn.model import RULES_ONLY, Model, fit
from health.models import ChurnModel, ChurnProof, ScoringRun
from health.services import churn_history, churn_proofs, promotion, settings_of_churn
from health.services.churn_history import History, Report
from health.services.settings_of_churn import check_horizon

JOB_KIND, PROOF_KIND = "churn.train", "churn.prove"
_BEAT_SECONDS = 2.0


def wanted_horizon(days: int | None) -> int:
    """``days``, checked; None: as the active workspace has set, else 90."""
    return check_horizon(settings_of_churn.wanted().horizon_days if days is None else days)


def prove(workspace_id: UUID, *, horizon: int, today: date, report: Report) -> dict[str, Any]:
    """The back-test of the workspace on ``today`` (UTC) in the contract's shape. Writes nothing."""
    history = churn_history.gather(workspace_id, horizon, today, report)
    return churn_proofs.document(history, backtest.run(history.own))


def start(*, horizon: int, actor: audit.Actor, now: datetime, kind: str = JOB_KIND) -> Job:
    """Plan a training of the active workspace (or, by its ``kind``, a back-test alone). Work it with ``work``.

    The same work that is under way already is returned instead. Raises ``ValidationError`` for the horizon.
    """
    check_horizon(horizon)
    locks.hold("churn_jobs")
    running = _open_jobs(kind).filter(params__horizon=horizon).first()
    if running is not None:
        return running
    by = str(actor.user_id) if actor.user_id else None
    job = jobs.create(kind=kind, now=now, created_by_id=actor.user_id, horizon=horizon, label=actor.label, by=by)
    jobs.start(job.pk, total=2 * Customer.objects.count(), now=now)
    return job


def under_way() -> Job | None:
    """The training or back-test that is going on in the active workspace."""
    return _open_jobs(JOB_KIND, PROOF_KIND).first()


def _open_jobs(*kinds: str) -> QuerySet[Job]:
    """The newest first."""
    rows = Job.objects.filter(kind__in=kinds, state__in=(JobState.QUEUED, JobState.RUNNING), cancel_requested=False)
    return rows.order_by("-created_at")


def work(workspace_id: UUID, job_id: UUID, *, progress: Report = lambda done, total: None) -> ScoringRun | None:
    """Train, prove and keep; what is surely better than the rules becomes the champion. Twice is as once.

    ``progress`` hears what the job hears, for a job that this one is a step of. Returns the run that tells everybody's
    risk by a new champion.
    """
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        if job is None:
            return None
        is_kept = ChurnModel.objects.filter(job_id=job_id).exists()
    try:
        if job.kind == PROOF_KIND:
            _prove_and_keep(workspace_id, job)
            return None
        if not is_kept and not _train_and_keep(workspace_id, job, progress):
            return None
        return promotion.put_in_force(workspace_id, job_id)
    except jobs.JobCancelledError:
        _end(workspace_id, job_id, JobState.CANCELLED, "")
    except Exception:
        with workspace_scope(workspace_id):
            promotion.dismiss(job_id)
        _end(workspace_id, job_id, JobState.FAILED, _("The work failed; the reason stands in the worker's log."))
        raise
    return None


def champion() -> ChurnModel | None:
    """The model of the active workspace that beat the rules, if any did."""
    return ChurnModel.objects.filter(status=ChurnModel.Status.CHAMPION).first()


def _prove_and_keep(workspace_id: UUID, job: Job) -> None:
    told = partial(_tell, workspace_id, job.pk)
    history = churn_history.gather(workspace_id, job.params["horizon"], datetime.now(UTC).date(), told)
    proof = churn_proofs.document(history, _backtest(history, told)[0])
    with workspace_scope(workspace_id):
        cards = churn_proofs.of_cards(history)
    with workspace_scope(workspace_id):
        locks.hold("churn_models")
        if ChurnProof.objects.filter(job=job).exists():
            return  # another worker took the job for lost, and was quicker
        kept = churn_proofs.keep(job, proof, cards, model=None, now=_clock())
        Job.objects.filter(pk=job.pk).update(done=F("total"), result={"proof": str(kept.pk), "backtest": proof})
        jobs.finish(job.pk, state=JobState.DONE, now=_clock())


def _train_and_keep(workspace_id: UUID, job: Job, progress: Report) -> bool:
    """Whether a model was elected; else the job is over."""

    def told(done: int, total: int) -> None:
        _tell(workspace_id, job.pk, done, total)
        progress(done, total)

    history = churn_history.gather(workspace_id, job.params["horizon"], datetime.now(UTC).date(), told)
    report, tick = _backtest(history, told)
    proof = churn_proofs.document(history, report)
    rows = history.own.settled()
    model = fit(rows, tick) if len(rows.labels) else None
    if model is not None and model.recipe == RULES_ONLY:
        model = None
    with workspace_scope(workspace_id):
        cards = churn_proofs.of_cards(history)
    with workspace_scope(workspace_id):
        return _keep(job, history, model, proof, cards)


def _backtest(history: History, report: Report) -> tuple[backtest.Report, Callable[[], None]]:
    """The back-test, which says how far it is and hears that it shall stop; and the way to do so in what follows."""
    last = time.monotonic()
    customers = len(history.ids) or 1
    done = customers

    def tick() -> None:
        nonlocal last
        if time.monotonic() - last > _BEAT_SECONDS:
            report(done, 2 * customers)
            last = time.monotonic()

    def after_fold(fold: int, folds: int) -> None:
        nonlocal done
        done = customers + customers * fold // (folds + 1)

    return backtest.run(history.own, tick=tick, after_fold=after_fold), tick


def _end(workspace_id: UUID, job_id: UUID, state: JobState, message: str) -> None:
    with workspace_scope(workspace_id):
        jobs.finish(job_id, state=state, now=datetime.now(UTC), message=message)


def _tell(workspace_id: UUID, job_id: UUID, done: int, total: int) -> None:
    with workspace_scope(workspace_id):
        Job.objects.filter(pk=job_id).update(total=total)
        jobs.progress(job_id, done=done, now=datetime.now(UTC))


def _keep(job: Job, history: History, model: Model | None, proof: dict[str, Any], cards: list[dict[str, Any]]) -> bool:
    """Store the model and its proof; says whether it has won, else ends the job. In the job's transaction.

    One that was not compared with the champion of now, because that came meanwhile, has not won.
    """
    locks.hold("churn_models")
    if ChurnModel.objects.filter(job=job).exists():
        return False  # another worker took the job for lost, and was quicker
    now = _clock()
    is_best = proof["verdict"] == backtest.MODEL and model is not None and churn_proofs.beats_champion(proof)
    wins = is_best and promotion.standing() == history.standing
    newest = ChurnModel.objects.order_by("-number").first()
    settled = history.own.settled()
    days = settled.days
    kept = ChurnModel.objects.create(
        workspace_id=current_workspace_id(),
        number=newest.number + 1 if newest else 1,
        status=ChurnModel.Status.ELECTED if wins else ChurnModel.Status.CHALLENGER,
        verdict=proof["verdict"],
        horizon_days=history.own.horizon,
        recipe=model.recipe if model else RULES_ONLY,
        content=_content(history, model) if model else None,
        backtest=proof,
        settled_through=date.fromordinal(int(days.max())) if len(days) else None,
        churned_customers=settled.churned_customers,
        trained_at=now,
        trained_by_label=job.params["label"][:200],
        job=job,
    )
    churn_proofs.keep(job, proof, cards, model=kept, now=now)
    actor = audit.Actor(job.params["label"], UUID(job.params["by"]) if job.params["by"] else None)
    data = {"number": kept.number, "verdict": kept.verdict, "status": kept.status, "recipe": kept.recipe}
    audit.record(actor=actor, action="churn_model.trained", subject=kept, data=data, now=now)
    result = {"model": str(kept.pk), "number": kept.number, "activated": wins, "recipe": kept.recipe, "backtest": proof}
    Job.objects.filter(pk=job.pk).update(result=result)
    if not wins:
        Job.objects.filter(pk=job.pk).update(done=F("total"))
        jobs.finish(job.pk, state=JobState.DONE, now=now)
    return wins


def _content(history: History, model: Model) -> dict[str, Any]:
    """What a model in force needs: itself, how its columns are measured, and whom it learned from, to see drift by."""
    content: dict[str, Any] = metrics.rounded(model.to_dict(), 12)
    definitions = {name: history.plan.definitions[name] for name in model.names if name in history.plan.definitions}
    return {**content, "definitions": definitions, "reference": drift.reference(history.own.settled().values)}


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
