"""Event measures that running tallies do not carry: read from the events of the customers asked for.

Filters on properties, sums, latest values, people in habit, and windows longer than the tallies. Both executors read
them here, by the same statements, so that they cannot tell different stories. A statement a filter and shard, by the
index on workspace, customer and moment, grouped by the database to days.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts import conditions
from health.facts.event_windows import Grouped, figures
from health.facts.sources import Asked, Reader
from health.measures import Ints, Spec, Told, span

_DAY = "((e.{column} AT TIME ZONE 'UTC')::date - DATE '0001-01-01' + 1)::int4"
_WHO = "coalesce(uuid_hash_extended(e.contact_id, 0), 0)::int8"
_NAME = "hashtextextended(e.name, 0)::int8"
_PEOPLE = {"distinct_users", "habit"}
_AMOUNTS = {"sum", "latest"}

_Key = tuple[Any, ...]


def load(asked: Asked) -> Reader:
    """The events that the measures asked for look at, each filter once."""
    grouped: dict[_Key, Grouped] = {}
    lost = asked.outages.count if asked.outages else 0
    for key in dict.fromkeys(_key(spec) for spec in asked.specs):
        mine = [spec for spec in asked.specs if _key(spec) == key]
        grouped[key] = _load(asked, mine[0], max(span(spec) for spec in mine) + lost)
    n = len(asked.customer_ids)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        lost = asked.outages.at(day, known_by) if asked.outages else None
        return Told(*figures(spec, grouped[_key(spec)], day.toordinal(), known_by.toordinal(), n, lost))

    return read


def _key(spec: Spec) -> _Key:
    """What a statement depends on, apart from how far back it reads."""
    amount = (spec.more.of,) if spec.aggregation in _AMOUNTS else ()
    return spec.events, spec.more.where, amount, _what(spec)


def _what(spec: Spec) -> str:
    if spec.aggregation in _PEOPLE:
        return _WHO
    return _NAME if spec.aggregation == "distinct_events" else ""


def _load(asked: Asked, spec: Spec, days: int) -> Grouped:
    first, last = asked.days
    low = date.fromordinal(max(first.toordinal() - days + 1, 1))
    what, occurred = _what(spec) or "0::int8", _DAY.format(column="occurred_at")
    reads_amounts = spec.aggregation in _AMOUNTS
    amount, amount_params = conditions.number_of(spec.more.of) if reads_amounts else ("NULL::numeric", [])
    taken, taken_params = conditions.statement(spec.events, spec.more.where)
    found = fetch_columns(
        f"""
        SELECT customer, day, greatest(day, known)::int4, what, count(*)::int8,
               coalesce(sum(amount), 0)::float8, count(amount)::int8,
               coalesce((array_agg(amount ORDER BY at DESC, message_key DESC) FILTER (WHERE amount IS NOT NULL))[1],
                        0)::float8,
               coalesce(max(at) FILTER (WHERE amount IS NOT NULL), 'epoch'::timestamptz)
        FROM (
          SELECT e.customer_id AS customer, {occurred} AS day, {_DAY.format(column="known_at")} AS known,
                 {what} AS what, e.occurred_at AS at, e.message_key, {amount} AS amount
          FROM health_event e
          WHERE e.workspace_id = %s AND e.customer_id = ANY(%s::uuid[])
           AND e.occurred_at >= %s::timestamp AT TIME ZONE 'UTC'
           AND e.occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC' AND e.recorded_at <= %s
           AND {taken}
        ) AS taken
        GROUP BY 1, 2, 3, 4 ORDER BY 2, 1, 3, 4
        """,
        [
            *amount_params,
            str(current_workspace_id()),
            literal([str(each) for each in asked.customer_ids]),
            low,
            last,
            asked.recorded_by or "infinity",
            *taken_params,
        ],
        {
            "customer": "V16",
            "day": "i4",
            "known": "i4",
            "what": "i8",
            "count": "i8",
            "total": "f8",
            "numbers": "i8",
            "latest": "f8",
            "at": "i8",
        },
    )
    whole = {name: found[name].astype(np.int64) for name in ("day", "known")}
    # Joined here rather than there, where a planner that errs about a filter reads everybody's events.
    everybody = np.frombuffer(b"".join(UUID(str(each)).bytes for each in asked.customer_ids), dtype="S16")
    order = np.argsort(everybody, kind="stable")
    whole["customer"] = order[np.searchsorted(everybody, found["customer"].view("S16"), sorter=order)]
    return Grouped(**{**found, **whole, "what": _small_numbers(found["what"])})


def _small_numbers(hashes: Ints) -> Ints:
    """Each distinct hash as a number from 1 up; 0 stays 0, for nobody."""
    codes = np.unique(hashes)
    codes = codes[codes != 0]
    return np.where(hashes == 0, 0, np.searchsorted(codes, hashes) + 1)
