"""Conversations as a source of measures: how often, how lately and how well one speaks, in each direction."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts import known
from health.facts.known import Rows, chosen, is_last, ordinal_of_moment
from health.facts.sources import Asked, Reader
from health.measures import Floats, Spec, Told
from journeys.models import Channel, Direction

_TABLE = "journeys_engagementversion"
_MOODS = {"positive": 1, "neutral": 0, "negative": -1}
_UNSAID = 9


def load(asked: Asked) -> Reader:
    """Conversations as they were known; a workspace that never told of any says nothing, one that does counts 0."""
    rows, n = _load(asked), len(asked.customer_ids)
    start = known.began(_TABLE, asked.recorded_by)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        now = day.toordinal()
        told = chosen(rows, rows["known_on"] <= known_by.toordinal())
        told = chosen(told, is_last(told["customer"], told["record"]))
        told = chosen(told, (told["took_part"] > 0) & (told["day"] <= now))
        for part, values in (("direction", Direction.values), ("channel", Channel.values)):
            if wanted := spec.part(part):
                told = chosen(told, told[part] == values.index(wanted) + 1)
        last = known.latest(n, told["customer"], told["day"], through=now)
        return known.since(Told(_values(spec, told, last, n, now), last), start, day, known_by)

    return read


def _values(spec: Spec, rows: Rows, last: Any, n: int, now: int) -> Floats:
    if spec.aggregation == "recency":
        return np.where(last >= 0, (now - last).astype(np.float64), np.nan)
    recent = chosen(rows, rows["day"] > now - spec.window_days)
    if spec.aggregation == "count":
        return known.count(n, recent["customer"])
    said = chosen(recent, recent["mood"] != _UNSAID)
    order = np.lexsort((said["record"], said["at"], said["customer"]))
    said = {name: column[order] for name, column in said.items()}
    newest = chosen(said, is_last(said["customer"]))
    values = np.full(n, np.nan)
    values[newest["customer"]] = newest["mood"]
    return values


def _load(asked: Asked) -> Rows:
    moods = " ".join(f"WHEN '{word}' THEN {value}" for word, value in _MOODS.items())
    found = fetch_columns(
        f"""
        SELECT (t.n - 1)::int4, uuid_hash_extended(v.engagement_id, 0)::int8, v.id::int8,
               {ordinal_of_moment("v.known_at")}, v.known_at, v.took_part::int4, {ordinal_of_moment("v.occurred_at")},
               v.occurred_at, coalesce(array_position(%s::text[], v.direction::text), 0)::int4,
               coalesce(array_position(%s::text[], v.channel::text), 0)::int4,
               (CASE v.sentiment {moods} ELSE {_UNSAID} END)::int4
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN {_TABLE} v ON v.workspace_id = %s AND v.customer_id = t.id AND v.recorded_at <= %s
        """,
        [
            Direction.values,
            Channel.values,
            literal(asked.customer_ids),
            str(current_workspace_id()),
            asked.recorded_by or "infinity",
        ],
        {
            "customer": "i4",
            "record": "i8",
            "id": "i8",
            "known_on": "i4",
            "known_at": "i8",
            "took_part": "i4",
            "day": "i4",
            "at": "i8",
            "direction": "i4",
            "channel": "i4",
            "mood": "i4",
        },
    )
    order = np.lexsort((found["id"], found["known_at"], found["record"], found["customer"]))
    return {name: column[order] for name, column in found.items()}
