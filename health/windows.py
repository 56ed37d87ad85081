"""Running state kept from arrivals: events per day of each customer and stream, and who and what was last seen.

What it holds is a function of the stored events (``rebuild`` computes it anew from them), whatever their order.
Callers hold the workspace's arrivals lock, so reading and writing back is safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health.ingest.moments import DAY_MICROS, day_of
from health.streams import Stream

STATE_DAYS = 64
_EPOCH = "date '1970-01-01'"
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]


@dataclass(slots=True)
class _Codes:
    """Texts as small numbers, in order of first appearance."""

    texts: list[str]
    numbers: Ints

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> _Codes:
        places: dict[str, int] = {}
        numbers = [-1 if text is None else places.setdefault(text, len(places)) for text in texts]
        return cls(list(places), np.array(numbers, dtype=np.int64))


def add(
    customers: Sequence[str | None],
    contacts: Sequence[str | None],
    names: Sequence[str],
    at: Sequence[int],
    *,
    streams: Sequence[Stream],
) -> None:
    """Count events (by column; those without a customer are passed over) into the state of ``streams``."""
    who, people, what = _Codes.of(customers), _Codes.of(contacts), _Codes.of(names)
    times = np.array(at, dtype=np.int64)
    known = who.numbers >= 0
    if not known.any():
        return
    for stream in streams:
        taken = known
        if stream.names is not None:
            taken = known & np.array([name in stream.names for name in what.texts])[what.numbers]
        if taken.any():
            customer, day = who.numbers[taken], times[taken] // DAY_MICROS
            _add_counts(stream.key, who.texts, customer, day, times[taken])
            named = people.numbers[taken] >= 0
            _see(
                "contact",
                stream.key,
                who.texts,
                customer[named],
                people.texts,
                people.numbers[taken][named],
                day[named],
            )
            _see("feature", stream.key, who.texts, customer, what.texts, what.numbers[taken], day)


def _add_counts(stream: str, ids: list[str], customer: Ints, day: Ints, times: Ints) -> None:
    present, place = np.unique(customer, return_inverse=True)
    n = len(present)
    keys = [ids[i] for i in present]
    first, last, latest = np.full(n, 2**40), np.full(n, -(2**40)), np.full(n, -(2**62))
    np.minimum.at(first, place, day)
    np.maximum.at(last, place, day)
    np.maximum.at(latest, place, times)
    counts, anchor, first, latest = _with_stored(stream, keys, first, last, latest)
    column = STATE_DAYS - 1 - (anchor[place] - day)
    inside = column >= 0
    np.add.at(counts, (place[inside], column[inside]), 1)
    _write_counts(stream, keys, counts, anchor, first, latest)


def _with_stored(
    stream: str, keys: list[str], first: Ints, last: Ints, latest: Ints
) -> tuple[Counts, Ints, Ints, Ints]:
    """The stored counts moved to end at the new anchor, and the widened bounds."""
    counts = np.zeros((len(keys), STATE_DAYS), dtype="<i4")
    anchor = last.copy()
    rows = _query(
        f"""
        SELECT t.n::int - 1, w.anchor - {_EPOCH}, w.first_day - {_EPOCH},
               (extract(epoch FROM w.last_event_at) * 1000000)::bigint, w.counts
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t (id, n)
        JOIN health_usagewindow w ON w.workspace_id = %s AND w.customer_id = t.id AND w.stream = %s
        """,
        [_array(keys), str(current_workspace_id()), stream],
    )
    if rows:
        numbers = np.array([row[:4] for row in rows], dtype=np.int64)
        places, old_anchor = numbers[:, 0], numbers[:, 1]
        stored = np.frombuffer(b"".join(row[4] for row in rows), dtype="<i4").reshape(len(rows), STATE_DAYS)
        anchor[places] = np.maximum(last[places], old_anchor)
        first[places] = np.minimum(first[places], numbers[:, 2])
        latest[places] = np.maximum(latest[places], numbers[:, 3])
        source = np.arange(STATE_DAYS)[None, :] + (anchor[places] - old_anchor)[:, None]
        moved = np.take_along_axis(stored, np.minimum(source, STATE_DAYS - 1), axis=1)
        counts[places] = np.where(source < STATE_DAYS, moved, 0)
    return counts, anchor, first, latest


def _write_counts(stream: str, keys: list[str], counts: Counts, anchor: Ints, first: Ints, latest: Ints) -> None:
    width = STATE_DAYS * 8
    digits = counts.tobytes().hex()
    order = sorted(range(len(keys)), key=keys.__getitem__)
    days = {number: day_of(number).isoformat() for number in {*anchor.tolist(), *first.tolist()}}
    _execute(
        """
        INSERT INTO health_usagewindow
          (workspace_id, customer_id, stream, anchor, counts, first_day, last_event_at)
        SELECT %s::uuid, id, %s, anchor, decode(counts, 'hex'), first_day,
               'epoch'::timestamptz + latest * interval '1 microsecond'
        FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::date[], %s::bigint[])
          AS new (id, anchor, counts, first_day, latest)
        ON CONFLICT (workspace_id, customer_id, stream) DO UPDATE SET anchor = EXCLUDED.anchor,
          counts = EXCLUDED.counts, first_day = EXCLUDED.first_day, last_event_at = EXCLUDED.last_event_at
        """,
        [
            str(current_workspace_id()),
            stream,
            _array(keys[i] for i in order),
            _array(days[int(anchor[i])] for i in order),
            _array(digits[i * width : (i + 1) * width] for i in order),
            _array(days[int(first[i])] for i in order),
            _array(str(latest[i]) for i in order),
        ],
    )


_SEEN = {"contact": ("health_contactseen", "contact_id", "uuid"), "feature": ("health_featureseen", "name", "text")}


def _see(kind: str, stream: str, ids: list[str], customer: Ints, texts: list[str], number: Ints, day: Ints) -> None:
    """Move the last day of each (customer, contact or feature) forward where it advances."""
    if not len(customer):
        return
    pairs, place = np.unique(customer * len(texts) + number, return_inverse=True)
    last = np.full(len(pairs), -(2**40))
    np.maximum.at(last, place, day)
    rows = sorted(
        (ids[pair // len(texts)], texts[pair % len(texts)], number)
        for pair, number in zip(pairs.tolist(), last.tolist(), strict=True)
    )
    days = {number: day_of(number).isoformat() for number in set(last.tolist())}
    table, column, kind_of_column = _SEEN[kind]
    what: Any = [row[1] for row in rows]
    _execute(
        # Most of what arrives was seen that day already: looking costs less than locking the row to change nothing.
        f"""
        INSERT INTO {table} (workspace_id, customer_id, stream, {column}, last_day)
        SELECT %s::uuid, new.id, %s, new.what, new.day
        FROM unnest(%s::uuid[], %s::{kind_of_column}[], %s::date[]) AS new (id, what, day)
        WHERE NOT EXISTS (
          SELECT 1 FROM {table} old WHERE old.workspace_id = %s AND old.customer_id = new.id
             AND old.stream = %s AND old.{column} = new.what AND old.last_day >= new.day)
        ON CONFLICT (workspace_id, customer_id, stream, {column}) DO UPDATE SET last_day = EXCLUDED.last_day
        """,
        [
            str(current_workspace_id()),
            stream,
            _array(row[0] for row in rows),
            _array(what) if kind == "contact" else what,
            _array(days[row[2]] for row in rows),
            str(current_workspace_id()),
            stream,
        ],
    )


def rebuild(customer_ids: Iterable[UUID], *, streams: Sequence[Stream]) -> None:
    """Compute the state of these customers anew from their stored events."""
    ids = sorted({str(customer_id) for customer_id in customer_ids})
    workspace = str(current_workspace_id())
    for table in ("health_usagewindow", "health_contactseen", "health_featureseen"):
        _execute(f"DELETE FROM {table} WHERE workspace_id = %s AND customer_id = ANY(%s::uuid[])", [workspace, ids])
    rows = _query(
        """
        SELECT customer_id::text, contact_id::text, name, (extract(epoch FROM occurred_at) * 1000000)::bigint
        FROM health_event WHERE workspace_id = %s AND customer_id = ANY(%s::uuid[])
        """,
        [workspace, ids],
    )
    if rows:
        customers, contacts, names, at = zip(*rows, strict=True)
        add(customers, contacts, names, at, streams=streams)


def _array(items: Iterable[str]) -> str:
    return "{" + ",".join(items) + "}"


def _query(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _execute(sql: str, params: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
