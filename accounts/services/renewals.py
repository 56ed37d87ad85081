"""Telling of renewals that come near: once for each term, whoever sweeps and however often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts import terms
from accounts.models import Customer, RenewalNews, Subscription
from accounts.models.customers import ContractState
from accounts.services import bulk
from accounts.services.read_model import TERMS
from csplatform.core import outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id

_BATCH = 1_000


def tell_due(*, now: datetime) -> int:
    """Publish ``subscription.renewal_due`` for each term of the active workspace that comes near; returns how many.

    A term that somebody has given notice of is over rather than due, and is not told. Told again is none: not by a
    second sweep, and not when the subscription changes while its renewal stays on that day.
    """
    day = now.date()
    longest = Subscription.objects.aggregate(longest=Max("notice_days"))["longest"]
    until = day + timedelta(days=terms.renewal_is_near_within(longest))
    return sum(_tell(batch, day, now) for batch in _with_renewals(until))


def _with_renewals(until: date) -> Iterator[list[UUID]]:
    """Customers under contract with a renewal by ``until``, in pieces of bounded size."""
    rows = Customer.objects.filter(contract_state=ContractState.ACTIVE, renewal_on__lte=until).order_by("pk")
    last: UUID | None = None
    while ids := list((rows.filter(pk__gt=last) if last else rows).values_list("pk", flat=True)[:_BATCH]):
        yield ids
        last = ids[-1]


@transaction.atomic
def _tell(customer_ids: Sequence[UUID], day: date, now: datetime) -> int:
    due: list[tuple[RenewalNews, dict[str, Any]]] = []
    rows = Subscription.objects.filter(customer_id__in=customer_ids, starts_on__lte=day).order_by("pk")
    for pk, customer_id, *columns in rows.values_list("pk", "customer_id", *TERMS):
        told = terms.Terms(*columns)
        renewal = terms.near_renewal(told, day)
        if renewal is not None:
            due.append(_news(pk, customer_id, told, renewal, day, now))
    stored = bulk.insert([row for row, _payload in due])
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[("subscription.renewal_due", payload) for row, payload in due if row.pk in stored],
        now=now,
    )
    return len(stored)


def _news(
    pk: UUID, customer_id: UUID, told: terms.Terms, renewal: date, day: date, now: datetime
) -> tuple[RenewalNews, dict[str, Any]]:
    deadline = terms.notice_deadline(told, renewal)
    row = RenewalNews(
        id=uuid7(), workspace_id=current_workspace_id(), subscription_id=pk, renewal_on=renewal, told_at=now
    )
    return row, {
        "customer_id": str(customer_id),
        "subscription_id": str(pk),
        "renewal_on": renewal.isoformat(),
        "notice_deadline": deadline.isoformat() if deadline else None,
        "days_left": (renewal - day).days,
        "auto_renews": told.auto_renews,
    }
