"""Running state kept from arrivals: events per day of each customer and stream, and who and what was last seen.

What it holds is a function of the stored events (``rebuild`` computes it anew from them), whatever their order.
Callers hold the workspace's arrivals lock, so reading and writing back is safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection

from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from health.ingest.moments import DAY_MICROS, day_of
from health.streams import Stream

STATE_DAYS = 64
_EPOCH = "date '1970-01-01'"
_HEX = STATE_DAYS * 8  # a tally as hexadecimal digits
_NEVER = -(2**40)
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]


class _Seen(NamedTuple):
    """Where last-seen days of one kind are kept."""

    table: str
    column: str
    type: str


_CONTACT = _Seen("health_contactseen", "contact_id", "uuid")
_FEATURE = _Seen("health_featureseen", "name", "text")


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
            named = people.numbers[taken] >= 0
            seen = (
                _see(
                    _CONTACT, stream.key, who.texts, customer[named], people, people.numbers[taken][named], day[named]
                ),
                _see(_FEATURE, stream.key, who.texts, customer, what, what.numbers[taken], day),
            )
            _add_days(stream.key, who.texts, customer, day, times[taken], seen)


@dataclass(slots=True)
class _Moves:
    """Last-seen days that advanced: whose (by number), from which day (``_NEVER``: not seen before), to which."""

    customer: Ints
    before: Ints
    after: Ints


def _add_days(stream: str, ids: list[str], customer: Ints, day: Ints, times: Ints, seen: tuple[_Moves, _Moves]) -> None:
    present, place = np.unique(customer, return_inverse=True)
    n = len(present)
    keys = [ids[i] for i in present]
    first, last, latest = np.full(n, 2**40), np.full(n, _NEVER), np.full(n, -(2**62))
    np.minimum.at(first, place, day)
    np.maximum.at(last, place, day)
    np.maximum.at(latest, place, times)
    days, anchor, first, latest = _with_stored(stream, keys, first, last, latest)
    _tally(days[:, 0], anchor, place, day, 1)
    for row, moves in enumerate(seen, start=1):
        whose = np.searchsorted(present, moves.customer)
        _tally(days[:, row], anchor, whose, moves.before, -1)
        _tally(days[:, row], anchor, whose, moves.after, 1)
    _write_days(stream, keys, days, anchor, first, latest)


def _tally(table: Counts, anchor: Ints, row: Ints, day: Ints, by: int) -> None:
    """Add ``by`` on each (row, day) that the table still holds."""
    column = STATE_DAYS - 1 - (anchor[row] - day)
    inside = column >= 0
    np.add.at(table, (row[inside], column[inside]), by)


def _with_stored(
    stream: str, keys: list[str], first: Ints, last: Ints, latest: Ints
) -> tuple[Counts, Ints, Ints, Ints]:
    """The stored tallies (customers × 3 × days) moved to end at the new anchor, and the widened bounds."""
    days = np.zeros((len(keys), 3, STATE_DAYS), dtype="<i4")
    anchor = last.copy()
    rows = _query(
        f"""
        SELECT t.n::int - 1, w.anchor - {_EPOCH}, w.first_day - {_EPOCH},
               (extract(epoch FROM w.last_event_at) * 1000000)::bigint, w.counts || w.users || w.features
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t (id, n)
        JOIN health_usagewindow w ON w.workspace_id = %s AND w.customer_id = t.id AND w.stream = %s
        """,
        [_array(keys), str(current_workspace_id()), stream],
    )
    if rows:
        numbers = np.array([row[:4] for row in rows], dtype=np.int64)
        places, old_anchor = numbers[:, 0], numbers[:, 1]
        stored = np.frombuffer(b"".join(row[4] for row in rows), dtype="<i4").reshape(len(rows), 3, STATE_DAYS)
        anchor[places] = np.maximum(last[places], old_anchor)
        first[places] = np.minimum(first[places], numbers[:, 2])
        latest[places] = np.maximum(latest[places], numbers[:, 3])
        source = (np.arange(STATE_DAYS)[None, :] + (anchor[places] - old_anchor)[:, None])[:, None, :]
        moved = np.take_along_axis(stored, np.minimum(source, STATE_DAYS - 1), axis=2)
        days[places] = np.where(source < STATE_DAYS, moved, 0)
    return days, anchor, first, latest


def _write_days(stream: str, keys: list[str], days: Counts, anchor: Ints, first: Ints, latest: Ints) -> None:
    digits = days.tobytes().hex()
    order = sorted(range(len(keys)), key=keys.__getitem__)
    dates = {number: day_of(number).isoformat() for number in {*anchor.tolist(), *first.tolist()}}

    def tallies(which: int) -> str:
        return _array(digits[(3 * i + which) * _HEX : (3 * i + which + 1) * _HEX] for i in order)

    _execute(
        """
        INSERT INTO health_usagewindow
          (workspace_id, customer_id, stream, anchor, counts, users, features, first_day, last_event_at)
        SELECT %s::uuid, id, %s, anchor, decode(counts, 'hex'), decode(users, 'hex'), decode(features, 'hex'),
               first_day, 'epoch'::timestamptz + latest * interval '1 microsecond'
        FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::text[], %s::text[], %s::date[], %s::bigint[])
          AS new (id, anchor, counts, users, features, first_day, latest)
        ON CONFLICT (workspace_id, customer_id, stream) DO UPDATE SET anchor = EXCLUDED.anchor,
          counts = EXCLUDED.counts, users = EXCLUDED.users, features = EXCLUDED.features,
          first_day = EXCLUDED.first_day, last_event_at = EXCLUDED.last_event_at
        """,
        [
            str(current_workspace_id()),
            stream,
            _array(keys[i] for i in order),
            _array(dates[int(anchor[i])] for i in order),
            tallies(0),
            tallies(1),
            tallies(2),
            _array(dates[int(first[i])] for i in order),
            _array(str(latest[i]) for i in order),
        ],
    )


def _see(kind: _Seen, stream: str, ids: list[str], customer: Ints, texts: _Codes, number: Ints, day: Ints) -> _Moves:
    """Move the last day of each (customer, contact or feature) forward where it advances; returns those moves."""
    if not len(customer):
        return _Moves(customer, customer, customer)
    size = len(texts.texts)
    pairs, place = np.unique(customer * size + number, return_inverse=True)
    after = np.full(len(pairs), _NEVER)
    np.maximum.at(after, place, day)
    whose, what = pairs // size, pairs % size
    before = _last_days(kind, stream, [ids[i] for i in whose], [texts.texts[i] for i in what])
    moved = np.flatnonzero(after > before)
    if len(moved):
        rows = sorted((ids[whose[i]], texts.texts[what[i]], day_of(int(after[i])).isoformat()) for i in moved)
        _execute(
            f"""
            INSERT INTO {kind.table} (workspace_id, customer_id, stream, {kind.column}, last_day)
            SELECT %s::uuid, new.id, %s, new.what, new.day
            FROM unnest(%s::uuid[], %s::{kind.type}[], %s::date[]) AS new (id, what, day)
            ON CONFLICT (workspace_id, customer_id, stream, {kind.column}) DO UPDATE SET last_day = EXCLUDED.last_day
            """,
            [str(current_workspace_id()), stream, *(literal(column) for column in zip(*rows, strict=True))],
        )
    return _Moves(whose[moved], before[moved], after[moved])


def _last_days(kind: _Seen, stream: str, customers: list[str], what: list[str]) -> Ints:
    """The stored last day of each pair; ``_NEVER`` where it was not seen before."""
    rows = _query(
        f"""
        SELECT t.n::int - 1, old.last_day - {_EPOCH}
        FROM unnest(%s::uuid[], %s::{kind.type}[]) WITH ORDINALITY AS t (id, what, n)
        JOIN {kind.table} old ON old.workspace_id = %s AND old.customer_id = t.id AND old.stream = %s
         AND old.{kind.column} = t.what
        """,
        [literal(customers), literal(what), str(current_workspace_id()), stream],
    )
    last = np.full(len(customers), _NEVER)
    if rows:
        numbers = np.array(rows, dtype=np.int64)
        last[numbers[:, 0]] = numbers[:, 1]
    return last


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
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _execute(sql: str, params: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
