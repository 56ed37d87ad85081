"""Celery jobs of scoring: each loads, makes one domain call, and ends. All are idempotent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import transaction

from accounts.models import Customer, Workspace
from csplatform.core import jobs
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import adoption, dirty
from health.models import DirtyCustomer, LateArrival, ScoringRun
from health.services import churn, churn_watch, counting, forgetting, lab, outages, runs, scoring, snapshots


@shared_task(name="health.refresh")
def refresh(workspace_id: str, **_: Any) -> None:
    """Score the workspace's dirty customers until none is left."""
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace is not None and not workspace.is_filling:
        scoring.refresh_all(workspace.pk)


@shared_task(name="health.sweep")
def sweep(**_: Any) -> None:
    """What a lost message left behind: dirty customers, late arrivals, runs and jobs nobody works on."""
    now = datetime.now(UTC)
    dirty_in = set(DirtyCustomer.objects.values_list("workspace_id", flat=True).distinct())
    late_in = set(LateArrival.objects.values_list("workspace_id", flat=True).distinct())

    def visit(workspace: Workspace) -> None:
        if workspace.pk in dirty_in:
            refresh.delay(str(workspace.pk))
        with workspace_scope(workspace):
            if workspace.pk in late_in:
                snapshots.revise_late(today=now.date(), now=now)
            for run_id in runs.unfinished(now):
                enqueue(workspace.pk, run_id, shards=1)
            for kind, task in _JOBS.items():
                for job_id in jobs.quiet(kind=kind, now=now):
                    _once_committed(task, str(workspace.pk), str(job_id))

    visit_each(Workspace.objects.filled().in_turn(), visit)


@shared_task(name="health.work_run")
def work_run(workspace_id: str, run_id: str, **_: Any) -> None:
    """Do shards of a run until none is free."""
    runs.work(UUID(workspace_id), UUID(run_id))


@shared_task(name="health.forget_events")
def forget_events(workspace_id: str, job_id: str, **_: Any) -> None:
    """Delete the events that a deleted customer left."""
    forgetting.work(UUID(workspace_id), UUID(job_id))


@shared_task(name="health.count_anew")
def count_anew(workspace_id: str, job_id: str, **_: Any) -> None:
    """Bring the running state up to date with a measure that counts other events than before."""
    counting.work(UUID(workspace_id), UUID(job_id))


@shared_task(name="health.train_churn")
def train_churn(workspace_id: str, job_id: str, **_: Any) -> None:
    """Train and prove a churn model."""
    run = churn.work(UUID(workspace_id), UUID(job_id))
    if run is not None:
        enqueue(UUID(workspace_id), run.pk, shards=run.shards)


@shared_task(name="health.lay_out_lab")
def lay_out_lab(workspace_id: str, job_id: str, **_: Any) -> None:
    """Lay out the past for the lab."""
    lab.work(UUID(workspace_id), UUID(job_id))


@shared_task(name="health.keep_churn")
def keep_churn(**_: Any) -> None:
    """Look at each workspace's champion once a week, and train anew where it is due."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            churn_watch.watch(now=_now())
            job = churn_watch.train_if_due(now=_now())
            if job is not None:
                train_churn_soon(workspace.pk, job.pk)

    visit_each(Workspace.objects.filled().in_turn(), visit)


_JOBS = {
    forgetting.JOB_KIND: forget_events,
    counting.JOB_KIND: count_anew,
    churn.JOB_KIND: train_churn,
    lab.JOB_KIND: lay_out_lab,
    churn.PROOF_KIND: train_churn,
}


@shared_task(name="health.roll_over")
def roll_over(**_: Any) -> None:
    """Ask every workspace whether a day is waiting to be closed."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            for run in runs.roll_over(now=_now()):
                enqueue(workspace.pk, run.pk, shards=run.shards)
            job = lab.renew(now=_now())
            if job is not None:
                lay_out_lab_soon(workspace.pk, job.pk)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="health.look_for_outages")
def look_for_outages(**_: Any) -> None:
    """Look whether a sender fell silent or is back, and score everybody of its workspace anew where it is so."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            if outages.look(now=_now()):
                run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[_now().date()], now=_now())
                enqueue(workspace.pk, run.pk, shards=run.shards)

    visit_each(Workspace.objects.filled().in_turn(), visit)


def enqueue(workspace_id: UUID, run_id: UUID, *, shards: int) -> None:
    """Once committed, call as many workers to the run as can help."""
    for _ in range(min(shards, settings.WORKER_CONCURRENCY)):
        _once_committed(work_run, str(workspace_id), str(run_id))


# Less than the time between two calls, so that following never fills the workers that score and deliver.
_FOLLOWING_SECONDS = 20.0


@shared_task(name="health.keep_adoption")
def keep_adoption(**_: Any) -> None:
    """Follow the people of customers with new use, and those whom silence has moved on."""
    ends = time.monotonic() + _FOLLOWING_SECONDS

    def visit(workspace: Workspace) -> None:
        adoption.keep(workspace.pk, clock=_now, seconds=ends - time.monotonic())

    visit_each(Workspace.objects.filled().in_turn(), visit)


def _now() -> datetime:
    return datetime.now(UTC)


def score_soon(customer_ids: Sequence[UUID], now: datetime) -> None:
    """Mark customers of the active workspace dirty, also for following their people; once committed, call a worker."""
    dirty.mark(customer_ids, now)
    adoption.mark(dict.fromkeys(customer_ids, now.astimezone(UTC).date()))
    refresh_soon(current_workspace_id())


def refresh_soon(workspace_id: UUID) -> None:
    """Once committed, call a worker to the customers that are marked."""
    _once_committed(refresh, str(workspace_id))


def count_soon(workspace_id: UUID, job_id: UUID) -> None:
    """Once committed, call a worker to a job of counting."""
    _once_committed(count_anew, str(workspace_id), str(job_id))


def train_churn_soon(workspace_id: UUID, job_id: UUID) -> None:
    """Once committed, call a worker to a training."""
    _once_committed(train_churn, str(workspace_id), str(job_id))


def lay_out_lab_soon(workspace_id: UUID, job_id: UUID) -> None:
    """Once committed, call a worker to lay out the past for the lab."""
    _once_committed(lay_out_lab, str(workspace_id), str(job_id))


def when_a_customer_is_deleted(customer: Customer, now: datetime) -> None:
    """Let go of it and, once committed, call a worker to delete its events."""
    job = forgetting.forget_customer(customer, now)
    if job is not None:
        _once_committed(forget_events, str(customer.workspace_id), str(job.pk))


def when_a_workspace_is_deleted(instance: Workspace, **_: Any) -> None:
    """Once committed, delete the files that stand beside its rows."""
    workspace_id = instance.pk  # the instance forgets it
    transaction.on_commit(partial(lab.forget, workspace_id), robust=True)


def _once_committed(task: Any, *args: str) -> None:
    """A broker that is away must not fail what has been committed: the sweep calls again."""
    transaction.on_commit(partial(task.apply_async, args=args, retry=False), robust=True)
