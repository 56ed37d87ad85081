"""Reading engagements: a customer's timeline, what lists and pages show of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Prefetch
from django.utils.translation import gettext as _

from accounts.models import Contact
from accounts.paging import Cursor, Ordering, Page, page
from journeys.models import Engagement, EngagementContact, EngagementCustomer, Outcome, Signal

PAGE = 50
_BY_TIME = Ordering("occurred_at", descending=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a timeline is to be seen; anything empty is no condition. Days are UTC, both included."""

    direction: str = ""
    channel: str = ""
    sentiment: str = ""
    contact: UUID | None = None
    member: UUID | None = None
    outcome: UUID | None = None
    since: date | None = None
    until: date | None = None

    @property
    def is_everything(self) -> bool:
        return self == Wanted()


@dataclass(slots=True)
class Timeline:
    """A page of conversations, and where its neighbours begin."""

    page: Page[EngagementCustomer]
    entries: list[Engagement] = field(default_factory=list)


def timeline(
    customer_id: UUID, wanted: Wanted, *, after: Cursor | None = None, before: Cursor | None = None, size: int = PAGE
) -> Timeline:
    """A customer's conversations, newest first. The number of queries does not depend on what there is."""
    rows = EngagementCustomer.objects.filter(customer_id=customer_id, **_plain(wanted))
    if wanted.contact is not None:
        people = EngagementContact.objects.filter(engagement_id=OuterRef("engagement_id"), contact_id=wanted.contact)
        rows = rows.filter(Exists(people))
    found = page(rows, _BY_TIME, size=size, after=after, before=before)
    known = {row.pk: row for row in with_people([link.engagement_id for link in found.rows])}
    return Timeline(found, [known[link.engagement_id] for link in found.rows])


def _plain(wanted: Wanted) -> dict[str, Any]:
    told: dict[str, Any] = {
        "direction": wanted.direction,
        "channel": wanted.channel,
        "engagement__sentiment": wanted.sentiment,
        "engagement__by_id": wanted.member,
        "engagement__outcome_id": wanted.outcome,
        "occurred_at__gte": _midnight(wanted.since) if wanted.since else None,
        "occurred_at__lt": _midnight(wanted.until + timedelta(days=1)) if wanted.until else None,
    }
    return {name: value for name, value in told.items() if value}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def prefetches() -> tuple[Prefetch[Any], ...]:
    """Customers and contacts of engagements, for ``prefetch_related``; made inside a scope."""
    customers = EngagementCustomer.objects.select_related("customer").order_by("customer__name_sort", "pk")
    contacts = EngagementContact.objects.select_related("contact").order_by("contact__name", "pk")
    return Prefetch("customers", customers), Prefetch("contacts", contacts)


def with_people(ids: Sequence[UUID]) -> list[Engagement]:
    """These engagements with everybody in them."""
    rows = Engagement.objects.filter(pk__in=ids).select_related("by__user", "outcome")
    return list(rows.prefetch_related(*prefetches()))


def last_by_direction(customer_id: UUID) -> dict[str, datetime]:
    """When each direction was heard last."""
    rows = EngagementCustomer.objects.filter(customer_id=customer_id).values("direction")
    return dict(rows.annotate(last=Max("occurred_at")).values_list("direction", "last").order_by())


def people_of(customer_id: UUID, *, most: int = 200) -> list[Contact]:
    """Contacts of a customer, by name."""
    return list(Contact.objects.filter(customer_id=customer_id).order_by("name", "pk")[:most])


def outcomes_of(customer_id: UUID) -> list[Outcome]:
    """Open outcomes of a customer, the newest last."""
    return list(Outcome.objects.filter(customer_id=customer_id, settlement="").order_by("pk"))


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What the preview of a deletion says of conversations and signals."""
    alone = EngagementCustomer.objects.filter(customer_id=customer_id).aggregate(n=Count("pk"))["n"]
    return [(_("Engagements"), alone), (_("Signals of change"), Signal.objects.filter(customer_id=customer_id).count())]
