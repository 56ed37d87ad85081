"""Keeping each customer's laps as its subscriptions and moves say, for one customer or thousands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts import terms
from accounts.models import Customer, Subscription, SubscriptionVersion, Workspace
from accounts.services import bulk
from csplatform.core import outbox
from csplatform.core.arrays import literal
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.flight import laps as rules
from journeys.flight.laps import Flown, Throw, Version
from journeys.models import Lap, Move

NEWS_DAYS = 30
"""A lap that began longer ago is history told late, and no news."""

_BATCH = 2_000
_TERMS = tuple(field.name for field in fields(terms.Terms))
_COLUMNS = ("kind", "began_on", "ended_on", "subscription_id", "gained_arr_minor", "sold_on")


def refresh(customer_ids: Collection[UUID], now: datetime) -> None:
    """Bring the laps of these customers up to date, and the lap each of their moves belongs to.

    A lap keeps its row by its number, so that what names it stays tied to it.
    """
    ids = sorted(set(customer_ids))
    for start in range(0, len(ids), _BATCH):
        _refresh(ids[start : start + _BATCH], now)


def settle(customer_ids: Collection[UUID], now: datetime) -> None:
    """Give moves just written their lap, and customers that have none their first one."""
    flying = set(Lap.objects.filter(customer_id__in=customer_ids, number=1).values_list("customer_id", flat=True))
    refresh([customer_id for customer_id in customer_ids if customer_id not in flying], now)
    _assign_moves(sorted(flying))


def refresh_missing(now: datetime, limit: int = 5_000) -> int:
    """Give up to ``limit`` customers that have no lap yet theirs (those of before laps were kept); returns how many."""
    none = Customer.objects.exclude(pk__in=Lap.objects.filter(number=1).values("customer_id"))
    ids = list(none.order_by("pk").values_list("pk", flat=True)[:limit])
    refresh(ids, now)
    return len(ids)


def versions_of(customer_ids: Sequence[UUID]) -> dict[UUID, list[Version[UUID]]]:
    """What the customers' present subscriptions said, and from when, by customer."""
    found: dict[UUID, list[Version[UUID]]] = {customer_id: [] for customer_id in customer_ids}
    owners = dict(Subscription.objects.filter(customer_id__in=customer_ids).values_list("id", "customer_id"))
    rows = SubscriptionVersion.objects.filter(subscription_id__in=owners.keys()).order_by("known_at", "id")
    for subscription_id, known_at, *columns in rows.values_list("subscription_id", "known_at", *_TERMS).iterator():
        version = Version(subscription_id, known_at.date(), terms.Terms(*columns))
        found[owners[subscription_id]].append(version)
    return found


def _refresh(customer_ids: list[UUID], now: datetime) -> None:
    workspace = Workspace.objects.get(pk=current_workspace_id())
    began = _beginnings(customer_ids)
    versions = versions_of(customer_ids)
    throws: dict[UUID, list[Throw]] = {}
    thrown = Move.objects.filter(customer_id__in=customer_ids).exclude(begins_lap="")
    for customer_id, day, kind in thrown.values_list("customer_id", "occurred_on", "begins_lap"):
        throws.setdefault(customer_id, []).append(Throw(day, kind))
    stored: dict[UUID, list[Lap]] = {}
    for lap in Lap.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "number"):
        stored.setdefault(lap.customer_id, []).append(lap)
    change = _Change([], [], [])
    for customer_id, began_on in began.items():
        flown = rules.flown(
            began_on,
            versions[customer_id],
            throws.get(customer_id, ()),
            day=now.date(),
            grace_days=workspace.grace_days,
            through=workspace.data_through,
        )
        change.compare(customer_id, flown, stored.get(customer_id, []))
    change.write(now)
    _assign_moves(customer_ids)


def _beginnings(customer_ids: Sequence[UUID]) -> dict[UUID, date]:
    """The first day each customer is heard of: when the relation began, or its first move."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, least((c.created_at AT TIME ZONE 'UTC')::date, min(m.occurred_on))
            FROM accounts_customer c LEFT JOIN journeys_move m ON m.customer_id = c.id
            WHERE c.workspace_id = %s AND c.id = ANY(%s::uuid[]) GROUP BY c.id
            """,
            [str(current_workspace_id()), literal(customer_ids)],
        )
        return dict(cursor.fetchall())


@dataclass(slots=True)
class _Change:
    """What differs between the laps stored and the laps flown."""

    new: list[Lap]
    changed: list[Lap]
    gone: list[UUID]

    def compare(self, customer_id: UUID, flown: Sequence[Flown[UUID]], stored: Sequence[Lap]) -> None:
        for number, lap in enumerate(flown, start=1):
            told = (lap.kind, lap.began_on, lap.ended_on, lap.subscription, lap.gained_minor, lap.sold_on)
            if number > len(stored):
                columns = dict(zip(_COLUMNS, told, strict=True))
                row = Lap(id=uuid7(), workspace_id=current_workspace_id(), customer_id=customer_id, number=number)
                self.new.append(_set(row, columns))
            elif told != tuple(getattr(stored[number - 1], name) for name in _COLUMNS):
                self.changed.append(_set(stored[number - 1], dict(zip(_COLUMNS, told, strict=True))))
        self.gone += [lap.pk for lap in stored[len(flown) :]]

    def write(self, now: datetime) -> None:
        """Only one lap of a customer may be open at a time: those that go make room first, and new ones come last."""
        if self.gone:
            Lap.objects.filter(pk__in=self.gone).delete()
        if self.changed:
            bulk.update(self.changed, _COLUMNS)
        Lap.objects.bulk_create(self.new, batch_size=2_000)
        since = now.date() - timedelta(days=NEWS_DAYS)
        outbox.publish_many(
            workspace_id=current_workspace_id(),
            events=[
                (
                    "lap.began",
                    {
                        "customer_id": str(lap.customer_id),
                        "lap_id": str(lap.pk),
                        "kind": lap.kind,
                        "number": lap.number,
                    },
                )
                for lap in self.new
                if lap.number > 1 and lap.began_on >= since
            ],
            now=now,
        )


def _set(lap: Lap, columns: Mapping[str, object]) -> Lap:
    for name, value in columns.items():
        setattr(lap, name, value)
    return lap


def _assign_moves(customer_ids: Sequence[UUID]) -> None:
    """A move belongs to the last lap that had begun by its day."""
    begun: dict[UUID, list[tuple[date, UUID]]] = {}
    laps = Lap.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "number")
    for customer_id, began_on, lap_id in laps.values_list("customer_id", "began_on", "pk"):
        begun.setdefault(customer_id, []).append((began_on, lap_id))
    changed = []
    moves = Move.objects.filter(customer_id__in=customer_ids)
    for move_id, customer_id, day, lap_id in moves.values_list("pk", "customer_id", "occurred_on", "lap_id"):
        mine = next((pk for began_on, pk in reversed(begun.get(customer_id, [])) if began_on <= day), None)
        if mine != lap_id:
            changed.append(Move(pk=move_id, lap_id=mine))
    bulk.update(changed, ["lap"])
