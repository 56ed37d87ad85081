"""Background work of webhooks. The schedule asks what is due; dates stand in the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from accounts.webhooks import deliveries, worker
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import workspace_scope

log = structlog.get_logger()

# Then the worker's process turns to other work; the schedule sends the next slice within seconds.
_SLICE = timedelta(seconds=15)


@shared_task(name="accounts.send_webhooks")
def send_webhooks(**_: Any) -> None:
    """Send the deliveries that are due, for a while. Any number may run; each delivery is at one of them."""
    made = worker.send_due(clock=timezone.now, until=timezone.now() + _SLICE)
    if made:
        log.info("webhooks sent", attempts=made)


@shared_task(name="accounts.forget_webhook_deliveries")
def forget_webhook_deliveries(**_: Any) -> None:
    """Delete deliveries past their retention."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            forgotten = deliveries.forget(now=timezone.now())
        if forgotten:
            log.info("webhook deliveries forgotten", count=forgotten)

    visit_each(Workspace.objects.in_turn(), visit)
