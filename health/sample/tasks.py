"""Celery jobs of sample data."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import transaction

from accounts.models import Workspace
from csplatform.core import jobs
from csplatform.core.models import Job
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import workspace_scope
from health.sample import loading, removing
from health.sample.standing import LOAD, REMOVE

_LOOK_AGAIN_SECONDS = 2


@shared_task(name="health.load_sample")
def load(workspace_id: str, job_id: str, **_: Any) -> None:
    """Bring the sample in."""
    loading.work(UUID(workspace_id), UUID(job_id), clock=_now)


@shared_task(name="health.remove_sample")
def remove(workspace_id: str, job_id: str, **_: Any) -> None:
    """Take the sample out; while something still works on it, look again soon."""
    if not removing.work(UUID(workspace_id), UUID(job_id), clock=_now):
        remove.apply_async(args=(workspace_id, job_id), countdown=_LOOK_AGAIN_SECONDS, retry=False)


@shared_task(name="health.sweep_samples")
def sweep(**_: Any) -> None:
    """Call workers to samples on which nobody reports: messages get lost, and workers die."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            for kind in (LOAD, REMOVE):
                for job_id in jobs.quiet(kind=kind, now=_now()):
                    call(Job.objects.get(pk=job_id))

    visit_each(Workspace.objects.filter(sample_since__isnull=False).in_turn(), visit)


def call(job: Job) -> None:
    """Once committed, call a worker to the job. A broker that is away is made good by the sweep."""
    task = load if job.kind == LOAD else remove
    args = (str(job.workspace_id), str(job.pk))
    transaction.on_commit(partial(task.apply_async, args=args, retry=False), robust=True)


def _now() -> datetime:
    return datetime.now(UTC)
