"""Past days of a workspace as rows for the churn model, each from what was known by its end.

What is seen of a customer on a day comes from the as-of executor, so that no fact can take part before it was known;
what became of it comes from the contracts as they turned out. One load serves a shard of customers on all days.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Min

from accounts.models import Invoice, Subscription, Workspace
from accounts.terms import Spell
from csplatform.core.tenancy import current_workspace_id
from health import outages
from health.churn.panel import Aside, Ending, Panel, closed_days, ending, label, thin, touched
from health.churn.serving import CONTRACT, columns
from health.facts.asof import AsOf
from health.facts.versions import Versions
from health.measures import Facts, Floats, Ints, Spec
from health.models import Measure
from health.parsing import parse
from health.parsing.events import LONGEST_EVENT

SHARD = 100
NO_EVENTS = "no_events_from_anybody"
_MOST_NAMES = 12
_FIRST_DAYS = 28
_USAGE: dict[str, dict[str, Any]] = {
    "activity": {"aggregation": "count", "window_days": 28},
    "activity_week": {"aggregation": "count", "window_days": 7},
    "activity_trend": {"aggregation": "trend"},
    "recency": {"aggregation": "recency", "window_days": 64},
    "habit": {"aggregation": "active_days", "window_days": 28, "scale": "per_week"},
    "active_days_week": {"aggregation": "active_days", "window_days": 7},
    "breadth": {"aggregation": "distinct_events", "window_days": 28},
    "active_users": {"aggregation": "distinct_users", "window_days": 28},
    "seat_share": {"aggregation": "distinct_users", "window_days": 28, "scale": "share_of_seats"},
}
_SPONSOR = {"source": "contacts", "aggregation": "sponsor"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be looked at: days, measures by name (beside what contracts say), and until when facts are complete.

    ``definitions``: of each measure, by its name, as measures are stored.
    """

    days: tuple[date, ...]
    definitions: dict[str, dict[str, Any]]
    horizon: int
    grace: int
    through: date
    left_out: dict[date, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.definitions, *CONTRACT)

    @property
    def specs(self) -> list[Spec]:
        """The measures, in order."""
        return [parse(definition) for definition in self.definitions.values()]


@dataclass(slots=True)
class Piece:
    """The rows of one shard, in the order of their days."""

    values: Floats
    labels: Ints
    customers: Ints
    days: Ints
    endings: Ints
    ends: Ints
    arr: Floats
    left_aside: dict[date, Aside]


def plan(horizon: int, *, today: date, customers: int, also: Mapping[str, dict[str, Any]] | None = None) -> Plan:
    """The days whose labels can be settled in the active workspace; none when its history is too short.

    ``also``: definitions of more columns, by name, to be laid out beside those of a new model.
    """
    workspace = Workspace.objects.get(pk=current_workspace_id())
    yesterday = today - timedelta(days=1)
    through = min(workspace.data_through or yesterday, yesterday)
    daily, by_name = _events_until(through)
    definitions = {**_definitions(by_name), **(also or {})}
    last = through - timedelta(days=horizon + workspace.grace_days)
    began = [*daily][:1] + [
        day for day in Subscription.objects.filter(arr_minor__gt=0).aggregate(first=Min("starts_on")).values() if day
    ]
    first = (max(began) if began else last) + timedelta(days=_FIRST_DAYS)
    days = closed_days(first, last) if began and first <= last else []
    over = [each for each in outages.found(daily, next(iter(daily)), through) if each.last] if daily else []
    silent = outages.days_of(over, through)
    quiet = touched(silent, days)
    days = thin([day for day in days if day not in quiet], customers)
    return Plan(
        tuple(days),
        definitions,
        horizon,
        workspace.grace_days,
        through,
        dict.fromkeys(sorted(quiet), NO_EVENTS),
    )


def _definitions(by_name: Counter[str]) -> dict[str, dict[str, Any]]:
    """The columns of a model: use in general, the workspace's measures, and the most frequent events."""
    found = {name: {"source": "events", **definition} for name, definition in _USAGE.items()}
    found["sponsor_present"] = _SPONSOR
    taken = {parse(definition) for definition in found.values()}
    for measure in Measure.objects.order_by("key"):
        spec = parse(measure.definition)
        if spec not in taken:
            taken.add(spec)
            found[f"measure:{measure.key}"] = measure.definition
    for name, _ in sorted(by_name.items(), key=lambda item: (-item[1], item[0]))[:_MOST_NAMES]:
        definition = {"source": "events", "aggregation": "count", "window_days": 28, "events": [name]}
        if len(name) <= LONGEST_EVENT and parse(definition) not in taken:
            found[f"event:{name}"] = definition
    return found


def _events_until(through: date) -> tuple[dict[date, int], Counter[str]]:
    """Events per day (in order) and per name."""
    daily: Counter[date] = Counter()
    by_name: Counter[str] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (occurred_at AT TIME ZONE 'UTC')::date, name, count(*) FROM health_event
            WHERE workspace_id = %s AND customer_id IS NOT NULL
              AND occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
            GROUP BY 1, 2 ORDER BY 1
            """,
            [str(current_workspace_id()), through],
        )
        for day, name, count in cursor.fetchall():
            daily[day] += count
            by_name[name] += count
    return dict(daily), by_name


def load(plan: Plan, customer_ids: Sequence[UUID], *, first_position: int) -> Piece:
    """The rows of ``customer_ids``, who are counted from ``first_position``."""
    seen = AsOf(customer_ids, plan.days, plan.specs, grace_days=plan.grace, data_through=plan.through)
    spells = Versions(customer_ids, grace_days=plan.grace, data_through=plan.through).spells(plan.through)
    revenue = Revenue(customer_ids)
    ended = _endings(customer_ids, spells)
    rows = [_rows_of(plan, day, seen.at(day), spells, ended, revenue.on(day)) for day in plan.days]
    return Piece(
        np.concatenate([row.values for row in rows]),
        np.concatenate([row.labels for row in rows]),
        np.concatenate([row.customers for row in rows]) + first_position,
        np.concatenate([row.days for row in rows]),
        np.concatenate([row.endings for row in rows]),
        np.concatenate([row.ends for row in rows]),
        np.concatenate([row.arr for row in rows]),
        {
            day: replace(aside, noticed=aside.noticed + first_position)
            for row in rows
            for day, aside in row.left_aside.items()
        },
    )


class Revenue:
    """What customers paid a year, from their subscriptions as they turned out: for weighing, never for learning."""

    def __init__(self, customer_ids: Sequence[UUID]) -> None:
        place = {key: number for number, key in enumerate(customer_ids)}
        rows = Subscription.objects.filter(customer_id__in=customer_ids, arr_minor__gt=0)
        told = list(rows.values_list("customer_id", "arr_minor", "starts_on", "ends_on"))
        self._count = len(place)
        self._whose = np.array([place[key] for key, *_ in told], dtype=np.int64)
        self._arr = np.array([arr for _, arr, _, _ in told], dtype=np.float64)
        self._first = np.array([start.toordinal() for _, _, start, _ in told], dtype=np.int64)
        self._end = np.array([end.toordinal() if end else 1 << 22 for *_, end in told], dtype=np.int64)

    def on(self, day: date) -> Floats:
        """Minor units a year of each customer on ``day``."""
        live = (self._first <= day.toordinal()) & (self._end > day.toordinal())
        return np.bincount(self._whose[live], self._arr[live], self._count).astype(np.float64)


def _endings(customer_ids: Sequence[UUID], spells: Sequence[Sequence[Spell]]) -> list[list[int]]:
    """How each time under contract of each customer ended, from its invoices as they turned out."""
    debts: dict[UUID, list[tuple[date, date | None]]] = defaultdict(list)
    owed = Invoice.objects.filter(customer_id__in=customer_ids, amount_minor__gt=0, due_on__isnull=False)
    for customer, due, paid in owed.values_list("customer_id", "due_on", "paid_on"):
        if due is not None:
            debts[customer].append((due, paid))
    return [
        [ending(each.ends_on, each.notice_on, debts[key]) if each.ends_on else Ending.LAPSED for each in mine]
        for key, mine in zip(customer_ids, spells, strict=True)
    ]


def _rows_of(
    plan: Plan,
    day: date,
    facts: Facts,
    spells: Sequence[Sequence[Spell]],
    ended: Sequence[Sequence[int]],
    arr: Floats,
) -> Piece:
    """One day. A customer whose contract was over although nobody knew yet is no case: it could not be helped."""
    at_risk = np.array(
        [
            state == "active" and any(each.starts_on <= day and not _over(each, day) for each in mine)
            for state, mine in zip(facts.state, spells, strict=True)
        ],
        dtype=np.bool_,
    )
    places = np.flatnonzero(at_risk)
    over = [[each.ends_on.toordinal() for each in mine if each.ends_on] for mine in spells]
    ends = [over[place] for place in places.tolist()]
    whole = (plan.horizon, plan.grace, plan.through.toordinal())
    labels = [label(day.toordinal(), *whole, mine) for mine in ends]
    endings = [_ending_of(spells[place], ended[place], day) for place in places.tolist()]
    noticed = np.flatnonzero(facts.state == "notice_given")
    leaving = [label(day.toordinal(), *whole, over[place]) == 1 for place in noticed.tolist()]
    return Piece(
        columns(plan.specs, facts)[places],
        np.array(labels, dtype=np.int64),
        places,
        np.full(len(places), day.toordinal(), dtype=np.int64),
        np.array(endings, dtype=np.int64),
        np.array([min((end for end in mine if end > day.toordinal()), default=0) for mine in ends], dtype=np.int64),
        arr[places],
        {day: Aside(noticed, np.array(leaving, dtype=np.bool_), int((facts.state == "in_grace").sum()))},
    )


def _over(spell: Spell, day: date) -> bool:
    return spell.ends_on is not None and spell.ends_on <= day


def _ending_of(spells: Sequence[Spell], ended: Sequence[int], day: date) -> int:
    """How the spell that ``day`` belongs to ended."""
    return next(how for each, how in zip(spells, ended, strict=True) if each.starts_on <= day and not _over(each, day))


def assemble(plan: Plan, pieces: Iterable[Piece]) -> Panel:
    """All shards as one panel, sorted by day and customer."""
    kept = list(pieces)
    days = np.concatenate([piece.days for piece in kept]) if kept else np.zeros(0, dtype=np.int64)
    customers = np.concatenate([piece.customers for piece in kept]) if kept else days
    order = np.lexsort((customers, days))
    aside: dict[date, Aside] = {}
    for piece in kept:
        for day, more in piece.left_aside.items():
            before = aside.get(day)
            aside[day] = more if before is None else before.with_more(more)
    width = len(plan.names)
    return Panel(
        plan.names,
        (np.concatenate([piece.values for piece in kept]) if kept else np.zeros((0, width)))[order],
        (np.concatenate([piece.labels for piece in kept]) if kept else days)[order],
        customers[order],
        days[order],
        plan.horizon,
        plan.grace,
        (np.concatenate([piece.endings for piece in kept]) if kept else days)[order],
        (np.concatenate([piece.ends for piece in kept]) if kept else days)[order],
        (np.concatenate([piece.arr for piece in kept]) if kept else np.zeros(0))[order],
        plan.through.toordinal(),
        aside,
        plan.left_out,
    )
