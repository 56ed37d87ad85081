"""Filling a workspace with a simulated company, the way every workspace's data comes in.

What was begun since a moment is gone on with and what was done is left, so a filling that was killed is called again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from accounts.imports import engine, kinds
from accounts.imports import runs as imports
from accounts.models import ImportRun
from csplatform.core import audit
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from health import tasks
from health.models import ScoringRun
from health.services import runs

KINDS = ("customers", "contacts", "subscriptions", "moves", "outcomes", "measurements", "engagements", "events")
"""The files of a simulation, in the order in which they refer to each other."""
_POLL_SECONDS = 0.2

Clock = Callable[[], datetime]
Progress = Callable[[int, int], None]


class FillingError(Exception):
    """The workspace could not be filled; the message says why."""


class ElsewhereError(FillingError):
    """Another process is at work on it, and goes on without us."""


def missing(since: datetime) -> list[str]:
    """The kinds of files that the active workspace has not taken in since ``since``."""
    ended = ImportRun.objects.filter(job__state=JobState.DONE, kind__in=KINDS, created_at__gte=since)
    there = set(ended.values_list("kind", flat=True))
    return [kind for kind in KINDS if kind not in there]


def bring_in(
    key: str, path: Path, *, workspace_id: UUID, since: datetime, actor: audit.Actor, clock: Clock, progress: Progress
) -> None:
    """Import one file, or go on with what a killed process has left of it.

    Raises ``FillingError``, or ``ElsewhereError``.
    """
    kind = kinds.get(key)
    assert kind is not None
    with workspace_scope(workspace_id):
        open_runs = ImportRun.objects.filter(kind=key, created_at__gte=since)
        begun = open_runs.filter(job__state__in=(JobState.QUEUED, JobState.RUNNING)).first()
    if begun is None:
        run = imports.import_file(
            path=path,
            kind=kind,
            pairs=(),
            through=None,
            actor=actor,
            workspace_id=workspace_id,
            clock=clock,
            progress=progress,
        )
    else:
        run = imports.resume_file(path=path, run=begun, clock=clock, progress=progress)
    assert run.job is not None
    if not run.job.is_finished:
        raise ElsewhereError("Another process is at work on it; it goes on without us.")
    if run.job.state != JobState.DONE or run.rows_rejected:
        told = f"{run.job.state}: {run.job.message} {engine.counts(run)}"
        raise FillingError(f"The import of {path.name} ended as {told}")


def score(
    kind: ScoringRun.Kind,
    days: Sequence[date],
    *,
    workspace_id: UUID,
    since: datetime,
    clock: Clock,
    progress: Progress,
) -> None:
    """Begin the run, or go on with the one begun, here and in the workers; waits for its end.

    Raises ``FillingError``.
    """
    with workspace_scope(workspace_id):
        broken = (JobState.FAILED, JobState.CANCELLED)
        mine = ScoringRun.objects.filter(kind=kind, created_at__gte=since).exclude(job__state__in=broken)
        run = mine.order_by("-created_at").first()
        if run is None:
            run = runs.start(kind=kind, days=days, now=clock())
        if run.shards > 1:
            tasks.enqueue(workspace_id, run.pk, shards=run.shards)
    while True:
        runs.work(workspace_id, run.pk)
        with workspace_scope(workspace_id):
            job = Job.objects.get(pk=run.job_id)
        if job.is_finished:
            break
        progress(job.done, job.total)
        time.sleep(_POLL_SECONDS)  # a worker holds the rest; what it drops is ours again
    if job.state != JobState.DONE:
        raise FillingError(f"The run of {kind.label} ended as {job.state}: {job.message}")
