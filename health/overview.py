"""The whole book: bands now and four weeks ago, what would make more scores known, how fresh they are, who moved.

Every figure is a set: the number of queries is that of an empty workspace, and only few rows leave the database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max

from accounts.models import Customer
from accounts.services import bulk
from csplatform.core.arrays import literal
from csplatform.core.models import JobState
from csplatform.core.tenancy import current_workspace_id
from health import changes
from health.changes import Movement
from health.models import DirtyCustomer, HealthSnapshot, ScoringRun
from health.scoring import Item
from health.services import cards
from health.services.compute import card_of

BANDS = ("healthy", "watch", "at_risk", "unknown")
LOOK_BACK = timedelta(days=28)
# Where no day was closed four weeks ago, one of the week before that stands for it.
_LEEWAY = timedelta(days=7)
_MANY = 20_000
UNDER_CONTRACT = ("active", "notice_given", "in_grace")
MOST_MOVERS = 5
SEATS = "seats"
_GRAVITY = {"healthy": 0, "watch": 1, "at_risk": 2}
_MINE = """
  c.workspace_id = %(workspace)s AND c.contract_state IN ('active', 'notice_given', 'in_grace')
  AND (%(chosen)s::uuid[] IS NULL OR c.id = ANY(%(chosen)s::uuid[]))
"""
# A revision for data that came later is no band of then.
_BANDS = f"""
WITH before AS MATERIALIZED (
  SELECT DISTINCT ON (s.customer_id) s.customer_id, s.band FROM health_healthsnapshot s
  WHERE s.workspace_id = %(workspace)s AND s.as_of = %(day)s::date
    AND s.known_through < (s.as_of + 1)::timestamp AT TIME ZONE 'UTC'
  ORDER BY s.customer_id, s.revision DESC)
SELECT coalesce(before.band, ''), h.band, count(*), coalesce(sum(c.arr_minor), 0)::bigint,
       max(h.last_event_at)
FROM accounts_customer c JOIN accounts_customerhealth h ON h.customer_id = c.id AND h.workspace_id = c.workspace_id
LEFT JOIN before ON before.customer_id = c.id
WHERE {_MINE} GROUP BY 1, 2
"""
# Customers without a score, by their scorecard and by which of its measures have a value.
_UNKNOWN = f"""
SELECT s.scorecard_version_id,
       (SELECT string_agg(CASE WHEN u.value = 'NaN' THEN '0' ELSE '1' END, '' ORDER BY u.place)
        FROM unnest(s.values) WITH ORDINALITY AS u(value, place)) AS present,
       count(*), coalesce(sum(c.arr_minor), 0)::bigint
FROM health_healthscore s JOIN accounts_customer c ON c.id = s.customer_id AND c.workspace_id = s.workspace_id
WHERE {_MINE} AND s.band = 'unknown' GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Share:
    """Customers in a band and their ARR; ``value`` is ARR in minor units."""

    band: str
    customers: int
    value: int


@dataclass(frozen=True, slots=True)
class Move:
    """Customers that went from one band to another; ``worse``: None where one of the two is unknown."""

    before: str
    after: str
    customers: int
    arr_minor: int
    worse: bool | None


@dataclass(frozen=True, slots=True)
class Book:
    """``now`` and ``then``: the same customers by band; ``new``: those of them that had no score on ``day``.

    ``day``: the closed day compared with; None where none is kept.
    """

    now: tuple[Share, ...]
    then: tuple[Share, ...]
    moves: tuple[Move, ...]
    new: int
    day: date | None
    last_event_at: datetime | None

    @property
    def customers(self) -> int:
        return sum(share.customers for share in self.now)

    @property
    def arr_minor(self) -> int:
        return sum(share.value for share in self.now)

    @property
    def unknown(self) -> Share:
        return self.now[BANDS.index("unknown")]

    def moved(self, *, worse: bool) -> int:
        """ARR of the customers that went to a worse band, or to a better one."""
        return sum(move.arr_minor for move in self.moves if move.worse is worse)


@dataclass(frozen=True, slots=True)
class Gain:
    """Values that are missing at ``lacking`` customers without a score; with them alone ``customers`` of these, with
    ``arr_minor``, would have one. ``items``: the measures, those that most lack first.
    """

    items: tuple[Item, ...]
    lacking: int
    customers: int
    arr_minor: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What customers without a score lack, most ARR first.

    ``ways``: by what brings the values, a source of measures or ``SEATS``; ``measures``: one by one; ``further``:
    customers whom no way alone would give a score.
    """

    ways: tuple[tuple[str, Gain], ...]
    measures: tuple[Gain, ...]
    further: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """``waiting``: customers whose score is about to be computed; ``run_at``: when everybody was scored last."""

    run_at: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Mover:
    """``change`` in hundredths over four weeks; ``moved``: why, None where no snapshot tells."""

    customer: Customer
    change: int
    moved: Movement | None


def book(today: date, chosen: Sequence[UUID] | None = None) -> Book:
    """Customers under contract, all or the ``chosen`` ones, by band."""
    since = today - LOOK_BACK
    closed = HealthSnapshot.objects.filter(as_of__gte=since - _LEEWAY, as_of__lte=since)
    day: date | None = closed.aggregate(last=Max("as_of"))["last"]
    with bulk.joined_by_hash(_MANY):
        rows = _query(_BANDS, chosen, day=day)
    now, then = Counter[str](), Counter[str]()
    value: dict[tuple[str, str], int] = defaultdict(int)
    moves: list[Move] = []
    heard: list[datetime] = []
    new = 0
    for before, after, customers, arr, last_event_at in rows:
        after = after if after in BANDS else "unknown"
        now[after] += customers
        value["now", after] += arr
        heard += [last_event_at] if last_event_at else []
        if before not in BANDS:
            new += customers
            continue
        then[before] += customers
        value["then", before] += arr
        if before != after:
            moves.append(Move(before, after, customers, arr, _is_worse(before, after)))
    return Book(
        tuple(Share(band, now[band], value["now", band]) for band in BANDS),
        tuple(Share(band, then[band], value["then", band]) for band in BANDS),
        tuple(sorted(moves, key=lambda move: (not move.worse, -move.arr_minor))),
        new,
        day,
        max(heard, default=None),
    )


def _is_worse(before: str, after: str) -> bool | None:
    if before not in _GRAVITY or after not in _GRAVITY:
        return None
    return _GRAVITY[after] > _GRAVITY[before]


def coverage(chosen: Sequence[UUID] | None = None) -> Coverage:
    """What would give customers under contract without a score one."""
    rows = _query(_UNKNOWN, chosen)
    versions = cards.read(row[0] for row in rows)
    ways, measures = _Tally(), _Tally()
    further = 0
    for version_id, present, customers, arr in rows:
        card = card_of(versions[version_id])
        lacked = card.min_coverage * sum(item.weight for item in card.items) - 1e-9
        missing = []
        for item, has in zip(card.items, present, strict=True):
            if has == "1":
                lacked -= item.weight
            elif item.weight:
                missing.append(item)
        is_used = any(
            has == "1" and item.spec.source == "events" for item, has in zip(card.items, present, strict=True)
        )
        by_way: dict[str, list[Item]] = defaultdict(list)
        for item in missing:
            by_way[_way(item, is_used)].append(item)
            measures.add(item.key, [item], customers, arr, item.weight >= lacked)
        enough = [ways.add(way, items, customers, arr, _weight(items) >= lacked) for way, items in by_way.items()]
        further += 0 if any(enough) else customers
    return Coverage(tuple(ways.ranked()), tuple(gain for _, gain in measures.ranked()), further)


def _weight(items: Sequence[Item]) -> float:
    return sum(item.weight for item in items)


def _way(item: Item, is_used: bool) -> str:
    """What brings a value: of a customer whose use is known, one by seat lacks the seats."""
    by_seat = item.spec.source == "events" and item.spec.scale in ("per_seat_week", "share_of_seats")
    return SEATS if by_seat and is_used else item.spec.source


class _Tally:
    """Gains by key, added up over groups of customers that lack the same."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, Item]] = defaultdict(dict)
        self._lacked: dict[str, Counter[str]] = defaultdict(Counter)
        self._lacking, self._customers, self._arr = Counter[str](), Counter[str](), Counter[str]()

    def add(self, key: str, items: Sequence[Item], customers: int, arr: int, enough: bool) -> bool:
        for item in items:
            self._items[key][item.key] = item
            self._lacked[key][item.key] += customers
        self._lacking[key] += customers
        if enough:
            self._customers[key] += customers
            self._arr[key] += arr
        return enough

    def ranked(self) -> list[tuple[str, Gain]]:
        found = []
        for key, items in self._items.items():
            most_first = tuple(items[name] for name, _ in self._lacked[key].most_common())
            gain = Gain(most_first, self._lacking[key], self._customers[key], self._arr[key])
            found.append((key, gain))
        return sorted(found, key=lambda each: (-each[1].arr_minor, -each[1].customers, -each[1].lacking, each[0]))


def freshness() -> Freshness:
    """When everybody was scored last, and how many wait now."""
    done = ScoringRun.objects.filter(kind=ScoringRun.Kind.CURRENT, job__state=JobState.DONE)
    waiting = DirtyCustomer.objects.filter(workspace_id=current_workspace_id()).count()
    return Freshness(done.aggregate(at=Max("job__finished_at"))["at"], waiting)


def movers(today: date, chosen: Sequence[UUID] | None = None) -> tuple[list[Mover], list[Mover]]:
    """Who fell and who rose most in four weeks, with why."""
    rows = Customer.objects.filter(contract_state__in=UNDER_CONTRACT).select_related("health").defer("traits")
    if chosen is not None:
        rows = rows.filter(pk__in=chosen)
    fell = list(rows.filter(health__change__lt=0).order_by("health__change", "health__pk")[:MOST_MOVERS])
    rose = list(rows.filter(health__change__gt=0).order_by("-health__change", "-health__pk")[:MOST_MOVERS])
    why = changes.movements([each.pk for each in (*fell, *rose)], today - LOOK_BACK)
    return _movers(fell, why), _movers(rose, why)


def _movers(customers: Iterable[Customer], why: dict[UUID, Movement]) -> list[Mover]:
    return [Mover(each, each.health.change or 0, why.get(each.pk)) for each in customers]


def _query(sql: str, chosen: Sequence[UUID] | None, **values: Any) -> list[tuple[Any, ...]]:
    told = {
        "workspace": str(current_workspace_id()),
        "chosen": None if chosen is None else literal(str(each) for each in chosen),
        **values,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
