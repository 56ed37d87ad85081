"""Handovers as a source of measures: what waits, since when, what is overdue, and what was declined."""

from __future__ import annotations

from datetime import date

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts import known
from health.facts.known import Rows, chosen, moment, ordinal_of_moment
from health.facts.sources import Asked, Reader
from health.measures import Floats, Spec, Told


def load(asked: Asked) -> Reader:
    """Handovers as they were known: offered when that was known, decided when that happened. Without any it is 0."""
    rows, n = _load(asked), len(asked.customer_ids)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        now, by = day.toordinal(), known_by.toordinal()
        mine = chosen(rows, (rows["known_on"] <= by) & (rows["offered_on"] <= now))
        last = known.latest(n, mine["customer"], mine["offered_on"], mine["decided_on"], through=now)
        return Told(_values(spec, mine, n, now), last)

    return read


def _values(spec: Spec, rows: Rows, n: int, now: int) -> Floats:
    if spec.aggregation == "declined":
        lately = (rows["decided_on"] <= now) & (rows["decided_on"] > now - spec.window_days)
        return known.count(n, rows["customer"][lately & (rows["declined"] > 0)])
    waiting = chosen(rows, rows["decided_on"] > now)
    if spec.aggregation == "overdue":
        return known.count(n, waiting["customer"][waiting["due_at"] < known.end_of(now)])
    return known.highest(n, waiting["customer"], now - waiting["offered_on"])


def _load(asked: Asked) -> Rows:
    return fetch_columns(
        f"""
        SELECT (t.n - 1)::int4, {ordinal_of_moment("v.known_at")}, {ordinal_of_moment("v.offered_at")},
               {ordinal_of_moment("v.decided_at")}, {moment("v.due_at")}, (v.state = 'declined')::int4
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN journeys_relay v ON v.workspace_id = %s AND v.customer_id = t.id AND v.recorded_at <= %s
        """,
        [literal(asked.customer_ids), str(current_workspace_id()), asked.recorded_by or "infinity"],
        {
            "customer": "i4",
            "known_on": "i4",
            "offered_on": "i4",
            "decided_on": "i4",
            "due_at": "i8",
            "declined": "i4",
        },
    )
