"""Background work of accounts. Each task loads, makes one domain call and says how much was done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.imports import engine, runs
from accounts.models import ImportRun, Workspace
from accounts.services import invitations, portfolio, renewals
from accounts.webhooks import notices
from csplatform.core import idempotency
from csplatform.core.rounds import visit_each
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

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            returned = portfolio.return_due(now=timezone.now())
        if returned:
            log.info("portfolio returned", count=returned)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="accounts.tell_of_renewals")
def tell_of_renewals(**_: Any) -> None:
    """Publish which terms come to their renewal; each is told once, however often this runs."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            told = renewals.tell_due(now=timezone.now())
        if told:
            log.info("renewals told", count=told)

    visit_each(Workspace.objects.filled().in_turn(), visit)


@shared_task(name="accounts.mail_disabled_webhooks")
def mail_disabled_webhooks(**_: Any) -> None:
    """Mail the admins of each workspace whose webhook the system has switched off, once each time."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            owed = notices.owed()
        for endpoint_id in owed:
            try:
                with workspace_scope(workspace):
                    notices.mail(endpoint_id=endpoint_id)
            except OSError as error:  # smtplib's errors are among them; the next call tries again
                log.warning("webhook's end not mailed", webhook=str(endpoint_id), problem=type(error).__name__)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="accounts.forget_idempotency_keys")
def forget_idempotency_keys(**_: Any) -> None:
    """Drop kept answers to REST calls that are no longer replayed."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            idempotency.purge(now=timezone.now())

    visit_each(Workspace.objects.in_turn(), visit)


# Less than the task's time limit by more than the longest chunk takes.
_IMPORT_SLICE = timedelta(seconds=120)


@shared_task(name="accounts.run_import")
def run_import(workspace_id: str, run_id: str, **_: Any) -> None:
    """Carry an import on for a while; sent again until it is over. Safe to deliver twice or after a kill."""
    with workspace_scope(UUID(workspace_id)):
        run = ImportRun.objects.filter(pk=run_id).first()
    if run is None or not run.file:
        return
    ending = engine.carry_on(
        workspace_id=run.workspace_id,
        run_id=run.pk,
        opener=runs.opener_of(run),
        clock=timezone.now,
        pause_at=timezone.now() + _IMPORT_SLICE,
    )
    if ending is engine.Ending.PAUSED:
        run_import.delay(workspace_id, run_id)
    log.info("import carried on", run=run_id, ending=ending.value)


@shared_task(name="accounts.tend_imports")
def tend_imports(**_: Any) -> None:
    """Pick up imports that a lost worker or broker dropped, and forget files past their retention."""

    def visit(workspace: Workspace) -> None:
        now = timezone.now()
        with workspace_scope(workspace):
            for run_id in runs.stalled(now=now):
                runs.enqueue(workspace.pk, run_id)
            forgotten = runs.forget_files(now=now)
        if forgotten:
            log.info("import files forgotten", count=forgotten)

    visit_each(Workspace.objects.in_turn(), visit)
