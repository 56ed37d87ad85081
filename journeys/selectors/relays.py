"""Reading handovers: what waits for whom, one of them with its checklist and promises, and a customer's history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import Membership
from accounts.paging import Cursor, Ordering, Page, page
from accounts.roles import Permission, allows
from journeys.models import Relay, RelayItem, RelayState

PAGE = 50
_BY_DUE = Ordering("due_at")
_BY_DECISION = Ordering("decided_at", descending=True, nullable=True)


class Box(StrEnum):
    """What a member may look through. ``ALL`` is everything that waits, whoever it waits for."""

    MINE = "mine"
    DEPARTMENT = "department"
    OVERDUE = "overdue"
    GIVEN = "given"
    DECLINED = "declined"
    DECIDED = "decided"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Ticks:
    """How far a checklist is: lines, ticked ones, and required ones still open."""

    lines: int
    done: int
    required_open: int


def box(
    kind: Box, *, of: Membership, now: datetime, after: Cursor | None = None, before: Cursor | None = None
) -> Page[Relay]:
    """A page of a member's box: what is due first comes first, what was decided last comes first."""
    rows = _joined(Relay.objects.filter(_condition(kind, of, now)))
    if kind is Box.DECLINED:
        rows = _still_open(rows)
    ordering = _BY_DECISION if kind in (Box.DECIDED, Box.DECLINED) else _BY_DUE
    return page(rows, ordering, size=PAGE, after=after, before=before)


def counts(*, of: Membership, now: datetime) -> dict[Box, int]:
    """How many stand in each of a member's boxes, but for what is decided, which only grows."""
    waiting = {kind: Count("pk", filter=_condition(kind, of, now)) for kind in Box if kind in _WAITING}
    told = Relay.objects.filter(state=RelayState.OFFERED).aggregate(
        **{kind.value: each for kind, each in waiting.items()}
    )
    declined = _still_open(Relay.objects.filter(_condition(Box.DECLINED, of, now))).count()
    return {**{kind: told[kind.value] for kind in waiting}, Box.DECLINED: declined}


def ticks(relays: Sequence[Relay]) -> dict[UUID, Ticks]:
    """How far the checklists of these handovers are, in one query."""
    rows = RelayItem.objects.filter(relay_id__in=[relay.pk for relay in relays]).values("relay_id")
    counted = rows.annotate(
        lines=Count("pk"),
        done=Count("pk", filter=Q(done_at__isnull=False)),
        required_open=Count("pk", filter=Q(required=True, done_at__isnull=True)),
    ).order_by()
    found = {row["relay_id"]: Ticks(row["lines"], row["done"], row["required_open"]) for row in counted}
    return {relay.pk: found.get(relay.pk, Ticks(0, 0, 0)) for relay in relays}


def find(relay_id: UUID) -> Relay | None:
    """One handover with everything its page shows."""
    return _joined(Relay.objects.filter(pk=relay_id)).prefetch_related("items").first()


def history(customer_id: UUID) -> Sequence[Relay]:
    """All handovers of a customer, the newest first, with their checklists."""
    return list(_joined(Relay.objects.filter(customer_id=customer_id)).prefetch_related("items").order_by("-id"))


def is_answerable(relay: Relay) -> bool:
    """Whether what was declined or withdrawn may still be offered again: no later handover, the customer not moved."""
    return _still_open(Relay.objects.filter(pk=relay.pk)).exists()


def waiting_for(*, of: Membership, now: datetime, most: int) -> list[Relay]:
    """What Today shows a member: waiting for them or their department, come back to them, and, for those who may hand
    portfolios over, what their department let lie; the most pressing first."""
    asked = _condition(Box.MINE, of, now) | _condition(Box.DEPARTMENT, of, now)
    if not allows(of.role, Permission.EDIT_CUSTOMERS):
        return []
    return list(_joined(Relay.objects.filter(asked)).order_by("due_at", "pk")[:most])


def came_back(*, of: Membership, now: datetime, most: int) -> list[Relay]:
    """What was declined and waits for its giver to answer, newest first."""
    if not allows(of.role, Permission.EDIT_CUSTOMERS):
        return []
    rows = _still_open(_joined(Relay.objects.filter(_condition(Box.DECLINED, of, now))))
    return list(rows.order_by("-decided_at", "pk")[:most])


def escalated_to(*, of: Membership, most: int) -> list[Relay]:
    """What is overdue in the member's department, where they may hand portfolios over; oldest due first."""
    if not allows(of.role, Permission.ASSIGN_PORTFOLIOS):
        return []
    late = Relay.objects.filter(state=RelayState.OFFERED, escalated_at__isnull=False, taker_department=of.department)
    return list(_joined(late).order_by("due_at", "pk")[:most])


_WAITING = frozenset({Box.MINE, Box.DEPARTMENT, Box.OVERDUE, Box.GIVEN, Box.ALL})


def _condition(kind: Box, of: Membership, now: datetime) -> Q:
    open_, gave = Q(state=RelayState.OFFERED), Q(giver=of) | Q(giver_department=of.department)
    asked = Q(taker=of) | Q(taker_department=of.department)
    overseen = Q() if allows(of.role, Permission.ASSIGN_PORTFOLIOS) else asked | gave
    return {
        Box.MINE: open_ & Q(taker=of),
        Box.DEPARTMENT: open_ & Q(taker_department=of.department) & ~Q(taker=of),
        Box.OVERDUE: open_ & Q(due_at__lte=now) & overseen,
        Box.GIVEN: open_ & gave,
        Box.DECLINED: Q(state=RelayState.DECLINED) & gave,
        Box.DECIDED: ~open_ & (asked | gave),
        Box.ALL: open_,
    }[kind]


def _still_open(rows: QuerySet[Relay]) -> QuerySet[Relay]:
    """Of what was declined: whose customer still stands there, with no later handover."""
    later = Relay.objects.filter(customer_id=OuterRef("customer_id"), pk__gt=OuterRef("pk"))
    return rows.filter(~Exists(later), from_stage__key=F("customer__stage_key"))


def _joined(rows: QuerySet[Relay]) -> QuerySet[Relay]:
    return rows.select_related("customer", "from_stage", "to_stage", "taker__user", "giver__user")
