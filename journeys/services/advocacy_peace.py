"""Leaving people in peace: who does not want to be asked, and how long everybody rests after an ask."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Contact, Customer
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from journeys.models import AdvocacyRest, AdvocacySilence

MOST_DAYS = 730
MOST_REASON = 300


@transaction.atomic
def silence(
    *,
    customer_id: UUID,
    contact_id: UUID | None = None,
    until: date | None = None,
    reason: str,
    actor: audit.Actor,
    now: datetime,
) -> AdvocacySilence:
    """Do not ask this customer (or one person of it) before ``until``, None: for good.

    Raises ``Customer.DoesNotExist`` or ``ValidationError`` by field.
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    if not reason.strip() or len(reason) > MOST_REASON or "\0" in reason:
        raise ValidationError({"reason": [_("Say why, in at most %(most)d characters.") % {"most": MOST_REASON}]})
    if until is not None and until <= now.date():
        raise ValidationError({"until": [_("Expected a day to come.")]})
    if contact_id is not None and not Contact.objects.filter(pk=contact_id, customer=customer).exists():
        raise ValidationError({"contact": [_("This is no contact of this customer.")]})
    row = AdvocacySilence.objects.create(
        workspace_id=current_workspace_id(),
        customer=customer,
        contact_id=contact_id,
        until=until,
        reason=reason.strip(),
        since=now,
        by_label=actor.label[:200],
    )
    data = {"contact_id": str(contact_id or ""), "until": until.isoformat() if until else None}
    audit.record(actor=actor, action="advocacy.silenced", subject=customer, data=data, now=now)
    return row


@transaction.atomic
def lift(*, silence_id: UUID, actor: audit.Actor, now: datetime) -> AdvocacySilence:
    """They may be asked again. Raises ``AdvocacySilence.DoesNotExist``."""
    row = AdvocacySilence.objects.select_for_update(of=("self",)).select_related("customer").get(pk=silence_id)
    if row.lifted_at is None:
        row.lifted_at, row.lifted_by_label = now, actor.label[:200]
        row.save(update_fields=["lifted_at", "lifted_by_label"])
        audit.record(actor=actor, action="advocacy.silence_lifted", subject=row.customer, now=now)
    return row


@transaction.atomic
def set_rest(*, customer_days: int, contact_days: int, actor: audit.Actor, now: datetime) -> None:
    """How many days a customer and a person are left in peace after an ask. Raises ``ValidationError`` by field."""
    for name, days in (("customer_days", customer_days), ("contact_days", contact_days)):
        if not 0 <= days <= MOST_DAYS:
            raise ValidationError({name: [_("Expected 0 to %(most)d days.") % {"most": MOST_DAYS}]})
    told = {"customer_days": customer_days, "contact_days": contact_days}
    row, _made = AdvocacyRest.objects.update_or_create(workspace_id=current_workspace_id(), defaults=told)
    audit.record(actor=actor, action="advocacy.rest_set", subject=row, data=told, now=now)
