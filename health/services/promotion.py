"""How a churn model comes into force and goes: its events are counted first, then it takes the champion's place; and
somebody who may can send the champion away, so that rules tell risk again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import audit, jobs, locks
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from health import arrivals, windows
from health.models import ChurnModel, ScoringRun
from health.services import runs
from health.services.counting import SHARD
from health.streams import active_streams


def put_in_force(workspace_id: UUID, job_id: UUID) -> ScoringRun | None:
    """Count what the model elected by the job reads, shard by shard, then let it tell everybody's risk.

    Returns the run that scores everybody anew. Safe to do twice or after a kill: it goes on where it stopped. Raises
    ``JobCancelledError`` when somebody stops it; the champion then stays.
    """
    while True:
        with workspace_scope(workspace_id):
            job = jobs.claim(job_id)
            if job is None:
                return None
            if not job.cancel_requested:
                shard = _next(job)
                if not shard:
                    return _swap(job)
                arrivals.lock()
                windows.rebuild(shard, streams=active_streams())
                params = {**job.params, "counted": str(shard[-1])}
                Job.objects.filter(pk=job_id).update(params=params, heartbeat_at=_clock())
                continue
            dismiss(job_id)
        raise jobs.JobCancelledError


def standing() -> frozenset[UUID]:
    """The champion of the active workspace, whatever its horizon, and who is about to take its place."""
    rows = ChurnModel.objects.filter(status__in=(ChurnModel.Status.CHAMPION, ChurnModel.Status.ELECTED))
    return frozenset(rows.values_list("id", flat=True))


def dismiss(job_id: UUID) -> None:
    """What the job elected stays a challenger: it is not put in force."""
    elected = ChurnModel.objects.filter(job_id=job_id, status=ChurnModel.Status.ELECTED)
    elected.update(status=ChurnModel.Status.CHALLENGER)


@transaction.atomic
def retire(*, number: int, actor: audit.Actor, now: datetime) -> ScoringRun:
    """Let rules tell risk instead of the champion ``number``, as far ahead as the workspace wants.

    What it told of past days stays. Returns the run that tells everybody's risk anew. Raises ``ValidationError`` where
    that model is not in force.
    """
    locks.hold("churn_models")
    model = ChurnModel.objects.filter(status=ChurnModel.Status.CHAMPION, number=number).only("number").first()
    if model is None:
        message = _("Model %(number)d is not in force; nothing was changed.") % {"number": number}
        raise ValidationError({"model": [message]})
    ChurnModel.objects.filter(pk=model.pk).update(status=ChurnModel.Status.RETIRED, retired_at=now)
    audit.record(actor=actor, action="churn_model.retired", subject=model, data={"number": number}, now=now)
    return runs.start(
        kind=ScoringRun.Kind.CURRENT, days=[now.astimezone(UTC).date()], now=now, created_by_id=actor.user_id
    )


def _next(job: Job) -> list[UUID]:
    after = job.params.get("counted")
    rest = Customer.objects.order_by("id")
    return list((rest.filter(pk__gt=after) if after else rest).values_list("id", flat=True)[:SHARD])


def _swap(job: Job) -> ScoringRun | None:
    """The elected takes the champion's place, and everybody is scored by it; ends the job."""
    locks.hold("churn_models")
    now = _clock()
    elected = ChurnModel.objects.get(job=job)
    actor = audit.Actor(job.params["label"], UUID(job.params["by"]) if job.params["by"] else None)
    champions = ChurnModel.objects.filter(status=ChurnModel.Status.CHAMPION)
    champions.update(status=ChurnModel.Status.RETIRED, retired_at=now)
    ChurnModel.objects.filter(pk=elected.pk).update(status=ChurnModel.Status.CHAMPION, activated_at=now)
    audit.record(actor=actor, action="churn_model.activated", subject=elected, data={"number": elected.number}, now=now)
    Job.objects.filter(pk=job.pk).update(done=F("total"))
    jobs.finish(job.pk, state=JobState.DONE, now=now)
    return runs.start(
        kind=ScoringRun.Kind.CURRENT, days=[now.astimezone(UTC).date()], now=now, created_by_id=actor.user_id
    )


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
