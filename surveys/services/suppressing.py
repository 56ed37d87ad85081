"""Addresses that get no survey mail: unsubscribed, bounced for good, or named by somebody of ours."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from surveys.models import HeldBack, SendState, Suppression, SuppressionReason, SurveyInvitation

RECIPIENT = audit.Actor(label="recipient")


class Report(StrEnum):
    """What a mail server or a mail provider reports of an address. A soft bounce does not stop further mail."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"


_REASONS = {Report.HARD: SuppressionReason.BOUNCED, Report.COMPLAINT: SuppressionReason.UNSUBSCRIBED}


@transaction.atomic
def suppress(*, email: str, reason: str, actor: audit.Actor, now: datetime) -> Suppression:
    """Send no more survey mail to ``email``; what waits for it is held back. Again changes nothing.

    Raises ``ValidationError`` by field.
    """
    address = checked_address(email)
    if reason not in SuppressionReason.values:
        raise ValidationError(
            {"reason": _("Choose one of: %(reasons)s") % {"reasons": ", ".join(SuppressionReason.values)}}
        )
    row, created = Suppression.objects.get_or_create(
        workspace_id=current_workspace_id(), email=address, defaults={"reason": reason, "at": now}
    )
    waiting = SurveyInvitation.objects.filter(email=address, state=SendState.WAITING)
    waiting.update(state=SendState.HELD_BACK, reason=HeldBack.SUPPRESSED)
    SurveyInvitation.objects.filter(email=address, state=SendState.SENT).update(remind_at=None)
    if created:
        data = {"reason": reason, "address": masked(address)}
        audit.record(actor=actor, action="survey_mail.stopped", subject=row, data=data, now=now)
    return row


@transaction.atomic
def release(*, email: str, because: str = "", actor: audit.Actor, now: datetime) -> None:
    """Let survey mail go to ``email`` again; ``because`` stays on record. Raises ``Suppression.DoesNotExist``."""
    row = Suppression.objects.get(email=checked_address(email))
    data = {"reason": row.reason, "because": because[:200], "address": masked(row.email)}
    audit.record(actor=actor, action="survey_mail.allowed", subject=row, data=data, now=now)
    row.delete()


def unsubscribe(*, invitation_id: UUID, now: datetime) -> None:
    """Whoever got this invitation wants no more. Raises ``SurveyInvitation.DoesNotExist``."""
    invitation = SurveyInvitation.objects.get(pk=invitation_id)
    suppress(email=invitation.email, reason=SuppressionReason.UNSUBSCRIBED, actor=RECIPIENT, now=now)


@transaction.atomic
def report_bounce(*, email: str, kind: str, detail: str = "", actor: audit.Actor, now: datetime) -> int:
    """A mail came back, or was complained about; returns how many invitations were still open to that address.

    Raises ``ValidationError`` by field.
    """
    address = checked_address(email)
    if kind not in set(Report):
        raise ValidationError({"kind": _("Choose one of: %(kinds)s") % {"kinds": ", ".join(Report)}})
    if reason := _REASONS.get(Report(kind)):
        suppress(email=address, reason=reason, actor=actor, now=now)
    if kind == Report.COMPLAINT:
        return 0
    mailed = SurveyInvitation.objects.filter(email=address, state__in=(SendState.SENT, SendState.SENDING))
    return mailed.update(state=SendState.BOUNCED, reason=(detail or kind)[:200], remind_at=None)


def is_suppressed(address: str) -> bool:
    """Whether ``address``, in lower case, gets no survey mail of this workspace."""
    return Suppression.objects.filter(email=address).exists()


def masked(address: str, *, shows_domain: bool = True) -> str:
    """As much of an address as tells it from most others: ``a…@customer.example``, or ``a…@c…`` without the domain."""
    name, _at, domain = address.partition("@")
    return f"{name[:1]}…@{domain if shows_domain else domain[:1] + '…'}"


def checked_address(email: str) -> str:
    """The address as we keep it; raises ``ValidationError`` by field for what is none."""
    address = email.strip().lower()
    try:
        validate_email(address)
        if len(address) > 254 or "\0" in address:
            raise ValidationError("")
    except ValidationError:
        raise ValidationError({"email": _("This is no e-mail address.")}) from None
    return address
