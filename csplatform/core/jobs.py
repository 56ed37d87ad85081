"""Progress of long work, kept in the database so that leaving the page loses nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id

_QUIET = timedelta(seconds=20)


class JobCancelledError(Exception):
    """Raised inside the work when somebody asked to stop; what was committed so far stays."""


def create(*, kind: str, now: datetime, created_by_id: UUID | None = None, **params: Any) -> Job:
    return Job.objects.create(
        workspace_id=current_workspace_id(), kind=kind, params=params, created_at=now, created_by_id=created_by_id
    )


def start(job_id: UUID, *, total: int, now: datetime) -> None:
    """Mark as running. A second start (a re-delivered task) keeps the first start time."""
    Job.objects.filter(pk=job_id, started_at__isnull=True).update(started_at=now)
    Job.objects.filter(pk=job_id).update(state=JobState.RUNNING, total=total, heartbeat_at=now)


def progress(job_id: UUID, *, done: int, now: datetime) -> None:
    """Set how many units are done; raises ``JobCancelledError`` when a cancel was asked for."""
    Job.objects.filter(pk=job_id).update(done=done, heartbeat_at=now)
    if Job.objects.filter(pk=job_id, cancel_requested=True).exists():
        raise JobCancelledError


def quiet(*, kind: str, now: datetime) -> list[UUID]:
    """Open jobs of ``kind`` in the active workspace on which nobody has reported for a while, the oldest first."""
    rows = Job.objects.filter(kind=kind, state__in=(JobState.QUEUED, JobState.RUNNING), heartbeat_at__lt=now - _QUIET)
    return list(rows.order_by("created_at").values_list("id", flat=True))


def claim(job_id: UUID) -> Job | None:
    """The job, held until the transaction ends; None when it is over or somebody else is at work on it."""
    rows = Job.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    return rows.filter(pk=job_id, state__in=(JobState.QUEUED, JobState.RUNNING)).first()


def finish(
    job_id: UUID, *, state: JobState, now: datetime, message: str = "", result: dict[str, Any] | None = None
) -> None:
    values: dict[str, Any] = {"state": state, "finished_at": now, "message": message}
    if result is not None:
        values["result"] = result
    Job.objects.filter(pk=job_id).update(**values)
