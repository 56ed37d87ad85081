"""Reading wins: of one customer, and of everybody."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Membership
from journeys.models import Win


def wins_of(customer_id: UUID, *, most: int) -> tuple[list[Win], int]:
    """The customer's newest wins, and how many there are."""
    rows = Win.objects.filter(customer_id=customer_id)
    return list(rows.order_by("-happened_on", "-pk")[:most]), rows.count()


def feed(*, of: Membership | None = None, waiting_only: bool = False) -> QuerySet[Win]:
    """Wins of everybody, newest first, each with its customer. ``of``: only of this member's customers."""
    rows = Win.objects.select_related("customer", "outcome")
    if of is not None:
        rows = rows.filter(customer__csm=of)
    if waiting_only:
        rows = rows.filter(celebrated_at__isnull=True)
    return rows.order_by("-happened_on", "-pk")


def between(customer_id: UUID, since: date, day: date, *, known_by: datetime, most: int) -> list[Win]:
    """The customer's wins after ``since`` up to ``day``, as far as known by then, newest first."""
    rows = Win.objects.filter(
        customer_id=customer_id, happened_on__gt=since, happened_on__lte=day, known_at__lte=known_by
    )
    return list(rows.order_by("-happened_on", "-pk")[:most])


def celebrated(customer_id: UUID, *, most: int) -> list[Win]:
    """The wins the customer has heard of, newest first."""
    rows = Win.objects.filter(customer_id=customer_id, celebrated_at__isnull=False)
    return list(rows.order_by("-happened_on", "-pk")[:most])
