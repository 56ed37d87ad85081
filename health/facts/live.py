"""The incremental executor's facts: running state and read model, three statements for any number of customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection

from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from health.facts.applicability import is_applicable
from health.measures import STATE_DAYS, Facts, Ints, Spec, StreamFacts, window_sum, windows_needed
from health.streams import stream_of

_EPOCH = "DATE '0001-01-01' - 1"


@dataclass(slots=True)
class LiveFacts:
    """``facts`` for the customers of ``ids``, in that order, when each was last heard of, and the band each had.

    The band is None for a customer that was never scored.
    """

    ids: list[UUID]
    facts: Facts
    last_event_at: list[datetime | None]
    bands: list[str | None]


def load(customer_ids: Sequence[UUID], day: date, specs: list[Spec]) -> LiveFacts:
    """Facts of the active workspace's customers as of ``day`` (today, UTC). Unknown ids are left out."""
    workspace = str(current_workspace_id())
    rows = _query(
        f"""
        SELECT id, coalesce(seats, 'NaN'::float8), contract_state, stage_macro,
               coalesce(customer_since - ({_EPOCH}), -1), coalesce(renewal_on - ({_EPOCH}), -1),
               CASE WHEN coverage IS NOT NULL THEN health_band END
        FROM accounts_customer WHERE workspace_id = %s AND id = ANY(%s::uuid[]) ORDER BY id
        """,
        [workspace, literal(customer_ids)],
    )
    ids = [row[0] for row in rows]
    keys = [str(i) for i in ids]
    n = len(ids)
    last_event_at: list[datetime | None] = [None] * n
    streams = {
        events: _stream(workspace, keys, day, events, users, features, last_event_at if events is None else None)
        for events, (users, features) in windows_needed(specs).items()
    }
    has_contact, has_sponsor = _people(workspace, keys)
    state = np.array([row[2] for row in rows] or [""], dtype=object)[:n]
    facts = Facts(
        as_of=day.toordinal(),
        streams=streams,
        seats=np.array([row[1] for row in rows], dtype=np.float64),
        has_contact=has_contact,
        has_sponsor=has_sponsor,
        state=state,
        customer_since=np.array([row[4] for row in rows], dtype=np.int64),
        renewal_on=np.array([row[5] for row in rows], dtype=np.int64),
        applicable=is_applicable([row[2] for row in rows], [row[3] for row in rows]),
    )
    return LiveFacts(ids, facts, last_event_at, [row[6] for row in rows])


def _query(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _stream(
    workspace: str,
    keys: list[str],
    day: date,
    events: tuple[str, ...] | None,
    users: set[int],
    features: set[int],
    last_event_at: list[datetime | None] | None,
) -> StreamFacts:
    key = stream_of(list(events) if events else None).key
    n = len(keys)
    rows = _query(
        f"""
        SELECT t.n::int - 1, w.anchor - ({_EPOCH}), w.first_day - ({_EPOCH}), w.counts || w.users || w.features,
               w.last_event_at
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN health_usagewindow w ON w.workspace_id = %s AND w.customer_id = t.id AND w.stream = %s
        """,
        [literal(keys), workspace, key],
    )
    days = np.zeros((n, 3, STATE_DAYS), dtype=np.int64)
    first_day = np.full(n, -1, dtype=np.int64)
    if rows:
        at = np.array([row[0] for row in rows])
        stored = np.frombuffer(b"".join(row[3] for row in rows), dtype="<i4").reshape(len(rows), 3, STATE_DAYS)
        days[at] = _shifted(stored, day.toordinal() - np.array([row[1] for row in rows]))
        first_day[at] = [row[2] for row in rows]
        if last_event_at is not None:
            for row in rows:
                last_event_at[row[0]] = row[4]
    return StreamFacts(
        days[:, 0],
        first_day,
        {window: window_sum(days[:, 1], window) for window in users},
        {window: window_sum(days[:, 2], window) for window in features},
    )


def _shifted(days: Ints, by: Ints) -> Ints:
    """Tallies that end ``by`` days before the day, moved so that the last column is the day."""
    source = (np.arange(STATE_DAYS)[None, :] + by[:, None])[:, None, :]
    taken = np.take_along_axis(days.astype(np.int64), np.clip(source, 0, STATE_DAYS - 1), axis=2)
    return np.where(source < STATE_DAYS, taken, 0)


def _people(workspace: str, keys: list[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each customer has any contact, and any sponsor: two index probes instead of counting people."""
    rows = _query(
        """
        SELECT EXISTS (SELECT FROM accounts_contact c WHERE c.workspace_id = %s AND c.customer_id = t.id),
               EXISTS (SELECT FROM accounts_contact c
                       WHERE c.workspace_id = %s AND c.customer_id = t.id AND c.is_sponsor)
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n) ORDER BY t.n
        """,
        [workspace, workspace, literal(keys)],
    )
    table = np.array(rows, dtype=np.bool_).reshape(len(keys), 2)
    return table[:, 0], table[:, 1]
