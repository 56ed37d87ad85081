"""The incremental executor's facts: running state and read model, four small statements for any number of customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health.facts.applicability import is_applicable
from health.measures import STATE_DAYS, Facts, Ints, Spec, StreamFacts, windows_needed
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
        [workspace, [str(i) for i in customer_ids]],
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
        return cursor.fetchall()


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
        SELECT t.n::int - 1, w.anchor - ({_EPOCH}), w.first_day - ({_EPOCH}), w.counts, w.last_event_at
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN health_usagewindow w ON w.workspace_id = %s AND w.customer_id = t.id AND w.stream = %s
        """,
        [keys, workspace, key],
    )
    counts = np.zeros((n, STATE_DAYS), dtype=np.int64)
    first_day = np.full(n, -1, dtype=np.int64)
    if rows:
        at = np.array([row[0] for row in rows])
        stored = np.frombuffer(b"".join(row[3] for row in rows), dtype="<i4").reshape(len(rows), STATE_DAYS)
        counts[at] = _shifted(stored, day.toordinal() - np.array([row[1] for row in rows]))
        first_day[at] = [row[2] for row in rows]
        if last_event_at is not None:
            for row in rows:
                last_event_at[row[0]] = row[4]
    return StreamFacts(
        counts,
        first_day,
        _seen("health_contactseen", workspace, keys, key, day, users),
        _seen("health_featureseen", workspace, keys, key, day, features),
    )


def _shifted(counts: Ints, by: Ints) -> Ints:
    """Rows of counts that end ``by`` days before the day, moved so that the last column is the day."""
    source = np.arange(STATE_DAYS)[None, :] + by[:, None]
    inside = (source >= 0) & (source < STATE_DAYS)
    taken = np.take_along_axis(counts.astype(np.int64), np.clip(source, 0, STATE_DAYS - 1), axis=1)
    return np.where(inside, taken, 0)


def _seen(table: str, workspace: str, keys: list[str], stream: str, day: date, windows: set[int]) -> dict[int, Ints]:
    """Per window length: how many contacts (or features) each customer's last-seen rows put inside the window."""
    if not windows:
        return {}
    lengths = sorted(windows)
    # A last day after ``day`` belongs to no window that ends on it, but stands for a use that may lie inside;
    # the present day never lies before a stored one, because arrivals clamp the future.
    columns = ", ".join("count(*) FILTER (WHERE s.last_day > %s::date - %s)" for _ in lengths)
    rows = _query(
        f"""
        SELECT t.n::int - 1, {columns}
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN {table} s ON s.workspace_id = %s AND s.customer_id = t.id AND s.stream = %s
        WHERE s.last_day > %s::date - %s GROUP BY t.n
        """,
        [*(value for length in lengths for value in (day, length)), keys, workspace, stream, day, lengths[-1]],
    )
    result = {length: np.zeros(len(keys), dtype=np.int64) for length in lengths}
    if rows:
        table_of_counts = np.array(rows, dtype=np.int64)
        for column, length in enumerate(lengths, start=1):
            result[length][table_of_counts[:, 0]] = table_of_counts[:, column]
    return result


def _people(workspace: str, keys: list[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each customer has any contact, and any sponsor: two index probes instead of counting people."""
    rows = _query(
        """
        SELECT EXISTS (SELECT FROM accounts_contact c WHERE c.workspace_id = %s AND c.customer_id = t.id),
               EXISTS (SELECT FROM accounts_contact c
                       WHERE c.workspace_id = %s AND c.customer_id = t.id AND c.is_sponsor)
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n) ORDER BY t.n
        """,
        [workspace, workspace, keys],
    )
    table = np.array(rows, dtype=np.bool_).reshape(len(keys), 2)
    return table[:, 0], table[:, 1]
