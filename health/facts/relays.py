"""Handovers as a source of measures: what waits, since when, what is overdue, and what was declined."""

from __future__ import annotations

from datetime import date

from health.facts import known
from health.facts.known import Known, Rows, Table, chosen, moment, ordinal_of_moment
from health.facts.sources import Asked, Reader
from health.measures import Floats, Spec, Told

_TABLE = Table(
    "journeys_relayversion",
    "relay_id",
    {
        "offered_on": (ordinal_of_moment("v.offered_at"), "i4"),
        "decided_on": (ordinal_of_moment("v.decided_at"), "i4"),
        "due_at": (moment("v.due_at"), "i8"),
        "declined": ("(v.state = 'declined')::int4", "i4"),
    },
)


def load(asked: Asked) -> Reader:
    """Handovers as they were known; without any it is 0."""
    rows = Known(_TABLE, asked)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        now = day.toordinal()
        mine = rows.by(known_by)
        mine = chosen(mine, mine["offered_on"] <= now)
        last = known.latest(rows.n, mine["customer"], mine["offered_on"], mine["decided_on"], through=now)
        return Told(_values(spec, mine, rows.n, now), last)

    return read


def _values(spec: Spec, rows: Rows, n: int, now: int) -> Floats:
    if spec.aggregation == "declined":
        lately = (rows["decided_on"] <= now) & (rows["decided_on"] > now - spec.window_days)
        return known.count(n, rows["customer"][lately & (rows["declined"] > 0)])
    waiting = chosen(rows, rows["decided_on"] > now)
    if spec.aggregation == "overdue":
        return known.count(n, waiting["customer"][waiting["due_at"] < known.end_of(now)])
    return known.highest(n, waiting["customer"], now - waiting["offered_on"])
