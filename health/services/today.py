"""Putting a customer aside on Today, and bringing it back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Customer, Membership
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from health.models import DismissalKind, TodayDismissal

DONE_FOR = timedelta(days=14)
LONGEST = timedelta(days=366)


@transaction.atomic
def put_aside(
    *,
    customer: Customer,
    member: Membership,
    kind: DismissalKind,
    reason: str,
    until: date | None,
    actor: audit.Actor,
    now: datetime,
) -> TodayDismissal:
    """Take ``customer`` off the member's list: until a day, or as done, for two weeks. The reason is kept.

    Raises ``ValidationError`` naming ``reason`` or ``until``.
    """
    today = now.date()
    reason = " ".join(reason.replace("\0", "").split())
    if not reason or len(reason) > 500:
        raise ValidationError({"reason": _("Say in a few words why; at most 500 characters.")})
    if kind == DismissalKind.DONE:
        until = today + DONE_FOR
    if until is None or not today < until <= today + LONGEST:
        raise ValidationError({"until": _("Choose a day after today and within a year.")})
    dismissal: TodayDismissal = TodayDismissal.objects.create(
        workspace_id=current_workspace_id(),
        customer=customer,
        member=member,
        kind=kind,
        reason=reason,
        until=until,
        made_at=now,
    )
    audit.record(
        actor=actor,
        action=f"today.{kind}",
        subject=customer,
        data={"until": until.isoformat(), "reason": reason},
        now=now,
    )
    return dismissal


@transaction.atomic
def bring_back(*, dismissal_id: UUID, member: Membership, actor: audit.Actor, now: datetime) -> TodayDismissal:
    """List the customer again. Raises ``TodayDismissal.DoesNotExist`` for what somebody else put aside."""
    rows = TodayDismissal.objects.select_for_update(of=("self",)).select_related("customer")
    dismissal: TodayDismissal = rows.get(pk=dismissal_id, member=member)
    if dismissal.undone_at is None:
        dismissal.undone_at = now
        dismissal.save(update_fields=["undone_at"])
        audit.record(actor=actor, action="today.brought_back", subject=dismissal.customer, now=now)
    return dismissal
