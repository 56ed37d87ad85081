"""Setting a customer's band by hand, and ending that: by name, with a reason, and not for ever."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from health import dirty
from health.models import HealthOverride
from health.models.overrides import OverrideBand

LONGEST = timedelta(days=180)
LONGEST_REASON = 1_000


def in_force(customer_id: UUID, day: date) -> HealthOverride | None:
    """The override that stands over the customer's present score on ``day`` (today, UTC)."""
    current = HealthOverride.objects.filter(
        customer_id=customer_id, from_day__lte=day, expires_on__gte=day, ended_at__isnull=True
    )
    return current.order_by("-known_at", "-id").first()


@transaction.atomic
def set_override(
    *,
    customer_id: UUID,
    band: str,
    reason: str,
    expires_on: date,
    by: audit.Actor,
    now: datetime,
    from_day: date | None = None,
) -> HealthOverride:
    """Let ``band`` stand over the customer's score from ``from_day`` (today) to ``expires_on``, both included.

    One that begins today or earlier ends those set before. Closed days stay as they were. Raises
    ``Customer.DoesNotExist`` or ``ValidationError`` by field.
    """
    today = now.astimezone(UTC).date()
    begins = from_day or today
    _check(band, reason, begins, expires_on, today)
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    if begins <= today:
        _standing(customer, today).update(ended_at=now, ended_by_label=by.label[:200])
    override = HealthOverride.objects.create(
        workspace_id=current_workspace_id(),
        customer=customer,
        band=band,
        reason=reason.strip(),
        from_day=begins,
        expires_on=expires_on,
        known_at=now,
        recorded_at=now,
        by_label=by.label[:200],
    )
    data = {"band": band, "reason": override.reason, "from_day": str(begins), "expires_on": str(expires_on)}
    audit.record(actor=by, action="health.overridden", subject=customer, data=data, now=now)
    dirty.mark([customer.pk], now)
    return override


@transaction.atomic
def end_override(*, customer_id: UUID, by: audit.Actor, now: datetime) -> None:
    """End what stands over the customer's score, and what was to stand over it later.

    Raises ``HealthOverride.DoesNotExist`` when there is nothing to end.
    """
    today = now.astimezone(UTC).date()
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    ended = list(_standing(customer, today).values_list("band", "expires_on"))
    if not ended:
        raise HealthOverride.DoesNotExist
    _standing(customer, today).update(ended_at=now, ended_by_label=by.label[:200])
    data = {"ended": [{"band": band, "would_have_expired_on": str(day)} for band, day in ended]}
    audit.record(actor=by, action="health.override_ended", subject=customer, data=data, now=now)
    dirty.mark([customer.pk], now)


def _standing(customer: Customer, today: date) -> QuerySet[HealthOverride]:
    rows: QuerySet[HealthOverride] = HealthOverride.objects.filter(
        customer=customer, expires_on__gte=today, ended_at__isnull=True
    )
    return rows


def _check(band: str, reason: str, begins: date, expires_on: date, today: date) -> None:
    errors: dict[str, list[str]] = {}
    if band not in OverrideBand.values:
        errors["band"] = [_("Expected one of %(known)s.") % {"known": ", ".join(OverrideBand.values)}]
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        errors["reason"] = [_("Say why, in 1 to %(most)d characters.") % {"most": LONGEST_REASON}]
    if begins < today:
        errors["from_day"] = [_("A closed day keeps the score it had: expected today (UTC) or later.")]
    if expires_on < max(begins, today):
        errors["expires_on"] = [_("Lies before the first day it is to hold.")]
    elif expires_on - begins > LONGEST:
        errors["expires_on"] = [_("At most %(days)d days after it begins; renew it then.") % {"days": LONGEST.days}]
    if errors:
        raise ValidationError(errors)
