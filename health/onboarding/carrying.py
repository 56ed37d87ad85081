"""One step after another, each a background job: files in, then the scorecard, the history and the proof.

``carry_on`` looks at what is done and begins what comes next. It is called when a step ends and by the sweep, so that
neither a killed worker nor a lost message ends the way; called once too often it does nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.imports import runs as imports
from accounts.imports.mapping import Mapping, MappingError
from accounts.models import Workspace
from accounts.services.results import BusyError
from csplatform.core import audit
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id
from health import tasks
from health.models import Measure, Onboarding, OnboardingFile, Scorecard, ScoringRun
from health.onboarding import files
from health.services import churn, definitions, runs, settings_of_churn

LABEL = "onboarding"
MOST_WEEKS = 104
_WEEK = timedelta(days=7)


@transaction.atomic
def import_files(*, through: date | None, by: audit.Actor, now: datetime) -> None:
    """Carry in every file that waits, one after another. Raises ``ValidationError`` naming a file that cannot be."""
    row = files.begin(by=by, now=now)
    waiting = files.waiting()
    if not waiting:
        raise ValidationError(_("There is no file to import yet."))
    lacking = [
        _("%(file)s: no column was found for: %(columns)s.")
        % {"file": each.run.original_name, "columns": ", ".join(absent)}
        for each in waiting
        if (absent := files.missing(each))
    ]
    if lacking:
        raise ValidationError([*lacking, _("Say which column it is, or remove the file. Nothing was imported.")])
    row.through, row.importing_since, row.problem, row.dismissed_at = through, now, "", None
    row.save(update_fields=["through", "importing_since", "problem", "dismissed_at"])
    audit.record(actor=by, action="onboarding.imports_started", subject=row, data={"files": len(waiting)}, now=now)
    carry_on(now=now)


@transaction.atomic
def prove(*, draft: list[dict[str, Any]], horizon: int, by: audit.Actor, now: datetime) -> None:
    """Take up the measures of ``draft`` in the scorecard, then fill history back and train.

    Raises ``ValidationError``.
    """
    row = files.begin(by=by, now=now)
    if row.importing_since is not None:
        raise ValidationError(_("Files are still being imported: choose measures when they are in."))
    settings_of_churn.check_horizon(horizon)
    row.draft, row.horizon_days = draft, horizon
    row.version = row.backfill = row.training = None
    _create_measures(draft, by, now)
    _go(row, by, now, "onboarding.measures_chosen", {"measures": len(draft), "horizon": horizon})


@transaction.atomic
def again(*, step: str, by: audit.Actor, now: datetime) -> None:
    """Do a step anew, and what follows from it: ``backfill`` or ``training``. Raises ``ValidationError``."""
    row = files.begin(by=by, now=now)
    if row.version is None or row.proving_since is not None:
        raise ValidationError(_("Choose measures first, or wait for what is under way."))
    row.training = None
    if step == "backfill":
        row.backfill = None
    _go(row, by, now, "onboarding.step_repeated", {"step": step})


def _go(row: Onboarding, by: audit.Actor, now: datetime, action: str, data: dict[str, Any]) -> None:
    row.proving_since, row.problem, row.dismissed_at = now, "", None
    row.save()
    audit.record(actor=by, action=action, subject=row, data=data, now=now)
    carry_on(now=now)


@transaction.atomic
def dismiss(*, by: audit.Actor, now: datetime) -> None:
    """Take the checklist off Today; its page stays."""
    row = files.begin(by=by, now=now)
    row.dismissed_at = now
    row.save(update_fields=["dismissed_at"])
    audit.record(actor=by, action="onboarding.dismissed", subject=row, now=now)


@transaction.atomic
def carry_on(*, now: datetime) -> None:
    """Begin what comes next in the active workspace, if something does."""
    under_way = Onboarding.objects.exclude(importing_since=None, proving_since=None)
    row = under_way.select_for_update(of=("self",), no_key=True).first()
    if row is None:
        return
    actor = audit.Actor(label=LABEL, user_id=row.started_by_id)
    if row.importing_since is not None:
        _carry_imports(row, actor, now)
    if row.proving_since is not None:
        _carry_proof(row, actor, now)


def _carry_imports(row: Onboarding, actor: audit.Actor, now: datetime) -> None:
    begun = OnboardingFile.objects.filter(run__job__created_at__gte=row.importing_since).select_related("run__job")
    for each in begun:
        job = each.run.job
        assert job is not None
        if not job.is_finished:
            return
        if job.state != JobState.DONE:
            told = {"file": each.run.original_name, "why": job.message or job.get_state_display()}
            _stop(row, _("%(file)s was not imported: %(why)s The files after it wait.") % told, "importing_since")
            return
    waiting = files.waiting()
    if not waiting:
        row.importing_since = None
        row.save(update_fields=["importing_since"])
        return
    run = waiting[0].run
    run.through = row.through
    run.save(update_fields=["through"])
    try:
        imports.start(run=run, chosen=Mapping.from_json(run.mapping), actor=actor, now=now)
    except MappingError as error:
        _stop(row, f"{run.original_name}: {error}", "importing_since")


def _stop(row: Onboarding, problem: str, since: str) -> None:
    row.problem = problem
    setattr(row, since, None)
    row.save(update_fields=["problem", since])


def _carry_proof(row: Onboarding, actor: audit.Actor, now: datetime) -> None:
    if row.version is None and not _publish(row, actor, now):
        return
    if row.backfill is None:
        _fill_back(row, now)
    if not _is_over(row, row.backfill.job if row.backfill else None):
        return
    if row.training is None:
        assert row.horizon_days is not None
        row.training = churn.start(horizon=row.horizon_days, actor=actor, now=now)
        row.save(update_fields=["training"])
        tasks.train_churn_soon(row.workspace_id, row.training.pk)
    if _is_over(row, row.training):
        row.proving_since = None
        row.save(update_fields=["proving_since"])


def _is_over(row: Onboarding, job: Job | None) -> bool:
    """Whether ``job`` ended well; one that did not stops the way."""
    if job is None or not job.is_finished:
        return False
    if job.state != JobState.DONE:
        _stop(row, job.message or str(job.get_state_display()), "proving_since")
        return False
    return True


def _create_measures(draft: list[dict[str, Any]], actor: audit.Actor, now: datetime) -> None:
    there = set(Measure.objects.values_list("key", flat=True))
    for item in draft:
        if item["measure"] not in there:
            told = {name: item[name] for name in ("label", "unit", "definition")}
            _measure, job = definitions.create_measure(key=item["measure"], told=told, actor=actor, now=now)
            if job is not None:
                tasks.count_soon(current_workspace_id(), job.pk)


def _publish(row: Onboarding, actor: audit.Actor, now: datetime) -> bool:
    """Publish what was chosen; False while events of a new measure are still being counted, or when it cannot be."""
    card = Scorecard.objects.filter(is_default=True).get()
    items = [{name: item[name] for name in ("measure", "group", "weight", "curve")} for item in row.draft or []]
    try:
        with transaction.atomic():
            published = definitions.publish(
                scorecard_id=card.pk,
                draft=definitions.Draft(items=items),
                actor=actor,
                now=now,
                why=_("Fitted to the first data."),
                since=_first_day(),
            )
    except BusyError:
        return False
    except ValidationError as error:
        _stop(row, " ".join(error.messages), "proving_since")
        return False
    row.version = published.version
    row.save(update_fields=["version"])
    tasks.enqueue(row.workspace_id, published.run.pk, shards=published.run.shards)
    return True


def _fill_back(row: Onboarding, now: datetime) -> None:
    days = past_days(now)
    if not days:
        _stop(
            row, _("There is no history to fill back: no event and no subscription lies before today."), "proving_since"
        )
        return
    row.backfill = runs.start(kind=ScoringRun.Kind.BACKFILL, days=days, now=now, created_by_id=row.started_by_id)
    row.save(update_fields=["backfill"])
    tasks.enqueue(row.workspace_id, row.backfill.pk, shards=row.backfill.shards)


def past_days(now: datetime) -> list[date]:
    """The days on which history is filled back, oldest first: weekly, to the last complete day, two years at most."""
    first = _first_day()
    if first is None:
        return []
    through = Workspace.objects.get(pk=current_workspace_id()).data_through
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    last = min(through or yesterday, yesterday)
    weeks = min(MOST_WEEKS, (last - first).days // 7 + 1)
    return [last - _WEEK * back for back in reversed(range(max(weeks, 0)))]


def _first_day() -> date | None:
    """The first day with an event or a paid subscription in the active workspace."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT least(
              (SELECT min(occurred_at AT TIME ZONE 'UTC')::date FROM health_event WHERE workspace_id = %(w)s),
              (SELECT min(starts_on) FROM accounts_subscription WHERE workspace_id = %(w)s))
            """,
            {"w": str(current_workspace_id())},
        )
        first: date | None = cursor.fetchone()[0]
    return first
