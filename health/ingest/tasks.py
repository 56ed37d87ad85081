"""Celery jobs of ingest: each loads, makes one domain call, and ends. All are idempotent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import transaction

from accounts.models import Workspace
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import partitions
from health.ingest import attach, retention, wake
from health.ingest.drain import drain
from health.models import InboxBatch
from health.services import scoring


@shared_task(name=wake.DRAIN_TASK)
def drain_inbox(workspace_id: str, **_: Any) -> None:
    """Store what waits in the workspace's inbox, then score whom it concerns."""
    # Before looking: whatever is acknowledged from here on asks for a drain of its own.
    wake.unmark(UUID(workspace_id), client=wake.valkey())
    if not Workspace.objects.filter(pk=workspace_id).exists():
        return
    drain(UUID(workspace_id), wait=False)
    scoring.refresh_all(UUID(workspace_id))


@shared_task(name="health.sweep_inboxes")
def sweep_inboxes(**_: Any) -> None:
    """Drain what a lost wake-up left behind."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            waiting = InboxBatch.objects.exists()
        if waiting:
            drain_inbox.delay(str(workspace.pk))

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="health.attach_waiting")
def attach_waiting(workspace_id: str, **_: Any) -> None:
    """Give waiting events the customers that have come into being by import or by hand."""
    if not Workspace.objects.filter(pk=workspace_id).exists():
        return
    with workspace_scope(UUID(workspace_id)):
        attached = attach.attach_everything(now=datetime.now(UTC))
    if attached:
        scoring.refresh_all(UUID(workspace_id))


@shared_task(name="health.sweep_waiting_events")
def sweep_waiting_events(**_: Any) -> None:
    """Attach in every workspace what a lost message left waiting."""
    visit_each(Workspace.objects.in_turn(), lambda workspace: attach_waiting.delay(str(workspace.pk)))


@shared_task(name="health.keep_partitions")
def keep_partitions(**_: Any) -> None:
    """Months ahead get their partitions; months beyond the retention go, with their exactly-once keys."""
    today = datetime.now(UTC).date()
    partitions.ensure(partitions.ahead(today), attempts=5)
    retention.forget(today=today, days=settings.EVENT_RETENTION_DAYS)


def when_customers_were_created(customer_ids: Any, now: datetime) -> None:
    """Events may have waited for these customers: attach them once the customers are committed.

    In a task, because whoever creates customers holds their rows, and attaching takes the lock of the arrivals:
    taking both in this order could wait for a drain that wants them in the other.
    """
    workspace_id = str(current_workspace_id())

    def ask() -> None:
        attach_waiting.apply_async(args=(workspace_id,), retry=False)

    # A broker that is away must not fail what has been committed: the sweep attaches, too.
    transaction.on_commit(ask, robust=True)
