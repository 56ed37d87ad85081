"""Background work of accounts. Each task loads, makes one domain call and says how much was done."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from accounts.services import invitations, portfolio
from csplatform.core.tenancy import workspace_scope

log = structlog.get_logger()


@shared_task(name="accounts.mail_invitations")
def mail_invitations(**_: Any) -> None:
    """Mail what waits. Sent after each invitation, and by the schedule for what a lost broker or mail server left."""
    sent = invitations.mail_waiting(now=timezone.now())
    if sent:
        log.info("invitations mailed", count=sent)


@shared_task(name="accounts.return_portfolios")
def return_portfolios(**_: Any) -> None:
    """Give customers back to colleagues whose leave has ended; the dates stand in the account teams."""
    now = timezone.now()
    for workspace in Workspace.objects.order_by("pk"):
        with workspace_scope(workspace):
            returned = portfolio.return_due(now=now)
        if returned:
            log.info("portfolio returned", workspace=str(workspace.pk), count=returned)
