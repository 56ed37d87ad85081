"""Background work of surveys. The schedule only asks what is due; every task may be delivered twice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import workspace_scope
from surveys.services import (
    confirming,
    introductions,
    keeping,
    mailing,
    opt_ins,
    proving,
    results_mail,
    schedule,
    sending,
)

log = structlog.get_logger()


@shared_task(name="surveys.sweep")
def sweep(**_: Any) -> None:
    """Open, close and publish what is due, then mail results, introductions, and links that confirm an address."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            taken = schedule.take_due(now=timezone.now())
        mailed = results_mail.mail_waiting(workspace_id=workspace.pk, now=timezone.now())
        mailed += introductions.mail_waiting(workspace_id=workspace.pk, now=timezone.now())
        mailed += _mail_confirmations(workspace.pk)
        if taken or mailed:
            log.info("surveys swept", steps=taken, mailed=mailed)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="surveys.mail_introductions")
def mail_introductions(workspace_id: str, **_: Any) -> None:
    """Ask the guests of introductions and introduce those who agreed. Sent after each step; the sweep repeats it."""
    sent = introductions.mail_waiting(workspace_id=UUID(workspace_id), now=timezone.now())
    if sent:
        log.info("introductions mailed", workspace=workspace_id, count=sent)


@shared_task(name="surveys.mail_confirmations")
def mail_confirmations(workspace_id: str, **_: Any) -> None:
    """Mail the links by which people confirm their address. Sent when one is typed; the sweep repeats it."""
    sent = _mail_confirmations(UUID(workspace_id))
    if sent:
        log.info("confirmations mailed", workspace=workspace_id, count=sent)


@shared_task(name="surveys.forget")
def forget(**_: Any) -> None:
    """Forget senders a week after closing, addresses nobody confirmed, and answers past their retention."""

    def visit(workspace: Workspace) -> None:
        now = timezone.now()
        with workspace_scope(workspace):
            senders, answers = keeping.forget_senders(now=now), keeping.forget_expired(now=now)
            requests = opt_ins.forget_unconfirmed(today=now.date()) + proving.forget(now=now)
        if senders or answers or requests:
            log.info("answers forgotten", senders=senders, answers=answers, requests=requests)

    visit_each(Workspace.objects.in_turn(), visit)


@shared_task(name="surveys.fill_dispatch")
def fill_dispatch(workspace_id: str, dispatch_id: str, **_: Any) -> None:
    """Write the invitations of a dispatch; delivered twice, or after a kill, it goes on where it stopped."""
    sending.fill(workspace_id=UUID(workspace_id), dispatch_id=UUID(dispatch_id), clock=timezone.now)


@shared_task(name="surveys.mail_invitations")
def mail_invitations(**_: Any) -> None:
    """Mail invitations and reminders that are due, and carry on dispatches that a lost worker or broker dropped."""

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            stalled = sending.stalled(now=timezone.now())
        for dispatch_id in stalled:
            fill_dispatch.delay(str(workspace.pk), str(dispatch_id))
        sent = mailing.mail_due(workspace_id=workspace.pk, clock=timezone.now)
        if sent:
            log.info("survey invitations mailed", count=sent)

    visit_each(Workspace.objects.in_turn(), visit)


def _mail_confirmations(workspace_id: UUID) -> int:
    return opt_ins.mail_waiting(workspace_id=workspace_id) + confirming.mail_waiting(workspace_id=workspace_id)
