"""The results, mailed once to those who asked for them; their address then goes unless it was left for more."""

from __future__ import annotations

from datetime import datetime
from smtplib import SMTPRecipientsRefused
from uuid import UUID

import structlog
from django.db import transaction

from csplatform.core.tenancy import workspace_scope
from surveys.mail import send_results
from surveys.models import OptIn, State, Suppression, SuppressionReason

_AT_ONCE = 100
_FOR_GOOD = 500  # SMTP reply codes from here on: trying again is of no use

log = structlog.get_logger()


def waiting(*, limit: int = _AT_ONCE) -> list[UUID]:
    """Opt-ins of the active workspace whose survey is published and who have not been told yet."""
    asked = OptIn.objects.filter(wants_results=True, results_sent_at__isnull=True, survey__state=State.PUBLISHED)
    return list(asked.order_by("pk").values_list("pk", flat=True)[:limit])


def mail_waiting(*, workspace_id: UUID, now: datetime) -> int:
    """Mail those who wait, in a transaction each; returns how many were mailed.

    What the mail server cannot take now waits for the next call; an address it refuses for good is noted as such and
    gets no further mail. Call it outside any scope: a mail once sent must be remembered, whatever befalls the next.
    """
    with workspace_scope(workspace_id):
        found = waiting()
    sent = 0
    for opt_in_id in found:
        try:
            sent += _mail_one(workspace_id, opt_in_id, now)
        except SMTPRecipientsRefused as error:
            if all(code >= _FOR_GOOD for code, _answer in error.recipients.values()):
                _give_up(workspace_id, opt_in_id, now)
        except OSError as error:  # smtplib's errors are among them
            log.warning("results not mailed", opt_in=str(opt_in_id), problem=type(error).__name__)
    return sent


def _mail_one(workspace_id: UUID, opt_in_id: UUID, now: datetime) -> int:
    with workspace_scope(workspace_id), transaction.atomic():
        locked = OptIn.objects.select_for_update(skip_locked=True, of=("self",))
        opt_in = locked.select_related("survey").filter(pk=opt_in_id, results_sent_at__isnull=True).first()
        if opt_in is None:
            return 0
        suppressed = Suppression.objects.filter(email=opt_in.email).exists()
        if opt_in.wants_next or opt_in.wants_peers:
            opt_in.results_sent_at = now
            opt_in.save(update_fields=["results_sent_at"])
        else:
            opt_in.delete()
        if suppressed:
            return 0
        send_results(opt_in)
    return 1


def _give_up(workspace_id: UUID, opt_in_id: UUID, now: datetime) -> None:
    with workspace_scope(workspace_id):
        opt_in = OptIn.objects.filter(pk=opt_in_id).first()
        if opt_in is not None:
            Suppression.objects.get_or_create(
                workspace_id=workspace_id,
                email=opt_in.email,
                defaults={"reason": SuppressionReason.BOUNCED, "at": now},
            )
            opt_in.delete()
