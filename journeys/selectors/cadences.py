"""Contact cadences: which customers are due to be spoken to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db.models import F, OuterRef, Q, Subquery

from accounts import segments
from accounts.models import Customer, Membership
from accounts.models.customers import ContractState
from journeys.models import Cadence, EngagementCustomer

MOST = 50


@dataclass(frozen=True, slots=True)
class Due:
    """What a cadence asks for. ``customers``: the longest unheard first, at most ``MOST`` of ``total``.

    Each customer has ``last``, the moment somebody spoke last in the wanted direction (None: never).
    ``problems``: why the filter can no longer be answered; it finds nobody then.
    """

    cadence: Cadence
    total: int
    customers: tuple[Customer, ...]
    problems: tuple[str, ...]


def due(*, now: datetime, of: Membership | None = None) -> list[Due]:
    """Who is due by each cadence; a customer follows the first one that finds it, churned ones follow none."""
    catalogue = segments.Catalogue()
    earlier: list[Q] = []
    found = []
    for cadence in Cadence.objects.order_by("position", "id"):
        wanted = segments.stored(cadence.definition)
        condition = segments.condition(wanted, now=now, catalogue=catalogue)
        rows = Customer.objects.filter(condition).exclude(contract_state=ContractState.CHURNED)
        for other in earlier:
            rows = rows.exclude(pk__in=Customer.objects.filter(other).values("pk"))
        if of is not None:
            rows = rows.filter(csm=of)
        spoken = EngagementCustomer.objects.filter(customer_id=OuterRef("pk"), occurred_at__lte=now)
        if cadence.direction:
            spoken = spoken.filter(direction=cadence.direction)
        newest = spoken.order_by("-occurred_at").values("occurred_at")[:1]
        limit = datetime.combine(now.date() - timedelta(days=cadence.every_days), time.min, UTC)
        late = rows.annotate(last=Subquery(newest)).filter(Q(last__isnull=True) | Q(last__lt=limit))
        shown = tuple(late.order_by(F("last").asc(nulls_first=True), "-arr_minor", "pk")[:MOST])
        total = len(shown) if len(shown) < MOST else late.count()
        problems = tuple(message for _path, message in segments.problems(wanted, catalogue))
        found.append(Due(cadence, total, shown, problems))
        earlier.append(condition)
    return found
