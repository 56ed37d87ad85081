"""Storing events exactly once, together with the running state, in one transaction of the active workspace.

Used by the drain of the inbox, by imports and by the attaching of waiting events. Ids travel as text: at this
rate, building UUID objects would cost more than the database's own parsing.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health import adoption, dirty, late, partitions, windows
from health.facts import seen
from health.ingest.moments import DAY_MICROS, day_number, day_of, month_of
from health.streams import active_streams

_COLUMNS = """
  part int, message_key uuid, customer_id uuid, contact_id uuid, customer_key text, contact_key text,
  name text, at bigint, known bigint, value double precision, properties jsonb
"""
_parts = itertools.count()
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_NEEDS_ESCAPE = re.compile(r"[\\\t\n\r]")
_NULL = "\\N"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class EventBatch:
    """Events by column, all of the same length. Times are microseconds since 1970 UTC; properties are JSON texts."""

    keys: list[str] = field(default_factory=list)
    customer_ids: list[str | None] = field(default_factory=list)
    contact_ids: list[str | None] = field(default_factory=list)
    customer_keys: list[str | None] = field(default_factory=list)
    contact_keys: list[str | None] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    properties: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    def columns(self) -> tuple[list[Any], ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def take(self, indexes: Sequence[int]) -> EventBatch:
        """The events at ``indexes``."""
        return EventBatch(*([column[i] for i in indexes] for column in self.columns()))


@dataclass(frozen=True, slots=True)
class Stored:
    """How many events were new, and how many had been stored before."""

    stored: int
    repeated: int


def key_of(message_id: str) -> str:
    """The exactly-once key of a message id: 128 bits as hexadecimal digits.

    A UUID in its usual spelling is its own key: where ids rise with time, keys that do so too are written side by side.
    """
    if _UUID.fullmatch(message_id):
        return message_id.replace("-", "")
    return hashlib.blake2b(message_id.encode(), digest_size=16).hexdigest()


def lock() -> None:
    """Be the only one who stores events in the active workspace, until the transaction ends.

    Readers that need a clean cut (snapshots) share this lock for an instant.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(current_workspace_id())])


def try_lock() -> bool:
    """As ``lock``, but says False instead of waiting."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [str(current_workspace_id())])
        return bool(cursor.fetchone()[0])


def claim(keys: Sequence[str], at: Sequence[int]) -> list[int]:
    """Take the keys nobody has taken; returns the places of the new ones, the first of equal keys winning."""
    first: dict[str, int] = {}
    for index, key in enumerate(keys):
        first.setdefault(key, index)
    wanted = sorted(first)  # neighbours in the index are written together
    months = {day: month_of(day * DAY_MICROS).isoformat() for day in {moment // DAY_MICROS for moment in at}}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO health_messagekey (workspace_id, message_key, month)
            SELECT %s::uuid, k, m FROM unnest(%s::uuid[], %s::date[]) AS new (k, m)
            ON CONFLICT DO NOTHING RETURNING message_key
            """,
            [
                str(current_workspace_id()),
                _array(wanted),
                _array([months[at[first[key]] // DAY_MICROS] for key in wanted]),
            ],
        )
        if cursor.rowcount == len(keys):
            return list(range(len(keys)))
        return sorted(first[str(row[0]).replace("-", "")] for row in cursor.fetchall())


def store(batch: EventBatch, *, now: datetime) -> Stored:
    """Store the events of ``batch`` that are new and bring the running state up to date."""
    lock()
    partitions.ensure(month_of(moment) for moment in _days(batch.at))
    new = claim(batch.keys, batch.at)
    add(batch if len(new) == len(batch) else batch.take(new), now=now)
    return Stored(len(new), len(batch) - len(new))


def add(batch: EventBatch, *, now: datetime) -> None:
    """Store events whose keys have been claimed. The caller holds the lock."""
    if not len(batch):
        return
    _insert(batch)
    count(batch, now=now)


def count(batch: EventBatch, *, now: datetime) -> None:
    """Add events that have just got their customer to the running state, and mark those customers."""
    windows.add(batch.customer_ids, batch.contact_ids, batch.names, batch.at, streams=active_streams())
    customers = {customer for customer in batch.customer_ids if customer is not None}
    dirty.mark((UUID(customer) for customer in customers), now)
    today = day_number(now.date())
    firsts = _first_days(batch.customer_ids, batch.at, today)
    known = _first_days(batch.customer_ids, batch.known, today)
    adoption.mark(_dates(firsts), _dates(known))
    _note_names(batch)
    known_late = {
        customer
        for customer, at, told in zip(batch.customer_ids, batch.at, batch.known, strict=True)
        if told // DAY_MICROS > at // DAY_MICROS
    }
    closed = {customer: day for customer, day in firsts.items() if day < today}
    late.mark(closed, dated_back=closed.keys() - known_late)


def _first_days(customers: Sequence[str | None], moments: Sequence[int], today: int) -> dict[str, int]:
    """Each customer's earliest day among ``moments``, of those up to today."""
    firsts: dict[str, int] = {}
    for customer, moment in zip(customers, moments, strict=True):
        day = moment // DAY_MICROS
        if customer is not None and day < firsts.get(customer, today + 1):
            firsts[customer] = day
    return firsts


def _note_names(batch: EventBatch) -> None:
    """Say of each name of an event at a customer when it first happened, and when that was first known."""
    told = {
        (name, at // DAY_MICROS, max(at, known) // DAY_MICROS)
        for name, customer, at, known in zip(batch.names, batch.customer_ids, batch.at, batch.known, strict=True)
        if customer is not None
    }
    firsts: dict[str, tuple[int, int]] = {}
    for name, day, known in told:
        before = firsts.get(name, (day, known))
        firsts[name] = min(day, before[0]), min(known, before[1])
    if firsts:
        days = [[day_of(pair[place]) for pair in firsts.values()] for place in (0, 1)]
        seen.note(list(firsts), *days)


def _dates(days: Mapping[str, int]) -> dict[str, date]:
    return {customer: day_of(day) for customer, day in days.items()}


def _days(at: Iterable[int]) -> list[int]:
    return [day * DAY_MICROS for day in {moment // DAY_MICROS for moment in at}]


def _array(items: Iterable[str]) -> str:
    """An array literal of texts that need no quoting."""
    return "{" + ",".join(items) + "}"


def _escape(text: str) -> str:
    return _NEEDS_ESCAPE.sub(lambda found: _ESCAPED[found.group()], text)


def _insert(batch: EventBatch) -> None:
    """COPY to a temporary table (it is refused on tables with row policies), then one insert."""
    part = str(next(_parts))
    escaped: dict[str | None, str] = {None: _NULL}

    def text(value: str | None) -> str:
        found = escaped.get(value)
        if found is None:
            found = escaped[value] = _escape(value or "")
        return found

    # By customer, as the pages are read; it also keeps the index's pages warm.
    lines = sorted(
        (
            customer or "",
            at,
            f"{part}\t{key}\t{customer or _NULL}\t{contact or _NULL}\t{text(customer_key)}\t{text(contact_key)}\t"
            f"{text(name)}\t{at}\t{known}\t{_NULL if value is None else value}\t"
            f"{_NULL if data is None else data if _NEEDS_ESCAPE.search(data) is None else _escape(data)}\n",
        )
        for key, customer, contact, customer_key, contact_key, name, at, known, value, data in zip(
            *batch.columns(), strict=True
        )
    )
    copied = io.BytesIO("".join([line for _, _, line in lines]).encode())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS health_arriving ({_COLUMNS}) ON COMMIT DELETE ROWS")
        with connection.wrap_database_errors:
            cursor.copy_expert("COPY health_arriving FROM STDIN", copied, 1 << 20)
        cursor.execute(
            """
            INSERT INTO health_event (workspace_id, message_key, customer_id, contact_id, customer_key, contact_key,
                                      name, occurred_at, known_at, recorded_at, value, properties)
            SELECT %s::uuid, message_key, customer_id, contact_id, customer_key, contact_key, name,
                   'epoch'::timestamptz + at * interval '1 microsecond',
                   'epoch'::timestamptz + known * interval '1 microsecond',
                   (SELECT clock_timestamp()), value, properties
            FROM health_arriving WHERE part = %s
            """,
            [str(current_workspace_id()), int(part)],
        )
