"""The import of events: column by column, stored through the same door as what arrives live."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.imports.kinds import KNOWN_AT, Applied, Chunk, Column, Context, Extra, ImportKind
from accounts.services.results import Refusal
from health import arrivals
from health.ingest import attach, look_up
from health.ingest.moments import DAY_MICROS, micros, moment, parse_micros
from health.ingest.protocol import MAX_ID, MAX_NAME

_COLUMNS = (
    Column(
        "customer_external_id",
        _("the customer's id in your product"),
        required=True,
        aliases=("customer_id", "account_id", "group_id", "groupid", "company_id"),
    ),
    Column(
        "contact_external_id",
        _("the person's id in your product"),
        aliases=("contact_id", "user_id", "userid", "person_id"),
    ),
    Column("event", _("what happened"), required=True, aliases=("event_name", "event_type", "name", "action")),
    Column("timestamp", _("when it happened"), required=True, aliases=("occurred_at", "time", "date", "event_time")),
    Column("value", _("a number that goes with it"), aliases=("amount", "quantity")),
    Column("message_id", _("an id that is never used twice"), aliases=("messageid", "event_id", "insert_id")),
    KNOWN_AT,
)
_encode = msgspec.json.Encoder(order="sorted").encode
_MERGE_AFTER = 8
Hashes = npt.NDArray[np.uint64]


@dataclass(slots=True)
class _Seen:
    """How often rows without an id of their own have come in this run: sorted digests by the first row they cover.

    A chunk that is tried again replaces what it, and what came after it, had left.
    """

    arrays: list[tuple[int, Hashes]] = field(default_factory=list)

    def occurrences(self, digests: Sequence[bytes], first_row: int) -> list[int]:
        """For each row of a chunk its number among identical rows of the file, from 0; remembers the chunk."""
        hashes = np.frombuffer(b"".join(digest[:8] for digest in digests), dtype=np.uint64)
        while self.arrays and self.arrays[-1][0] >= first_row:
            self.arrays.pop()
        before = np.zeros(len(hashes), dtype=np.int64)
        for _first, known in self.arrays:
            before += np.searchsorted(known, hashes, "right") - np.searchsorted(known, hashes, "left")
        order = np.argsort(hashes, kind="stable")
        ranked = hashes[order]
        index = np.arange(len(ranked))
        starts = np.ones(len(ranked), dtype=bool)
        starts[1:] = ranked[1:] != ranked[:-1]
        inside = np.empty(len(ranked), dtype=np.int64)
        inside[order] = index - np.maximum.accumulate(np.where(starts, index, 0))
        if len(self.arrays) > _MERGE_AFTER:
            self.arrays = [(self.arrays[0][0], np.sort(np.concatenate([array for _first, array in self.arrays])))]
        self.arrays.append((first_row, ranked))
        found: list[int] = (before + inside).tolist()
        return found


class EventsKind(ImportKind):
    """Product events. Those of unknown customers are kept and attached when the customer comes."""

    key: ClassVar[str] = "events"
    label: ClassVar[Any] = _("Events")
    columns: ClassVar[tuple[Column, ...]] = _COLUMNS
    extra: ClassVar[Extra] = Extra.PROPERTIES
    chunk_rows: ClassVar[int] = 25_000

    def __init__(self) -> None:
        self._seen: dict[UUID, _Seen] = {}

    def prepare(self, extra: Any, context: Context) -> None:
        self._seen[context.run_id] = _Seen()

    def finish(self, context: Context) -> None:
        self._seen.pop(context.run_id, None)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        return self._apply(chunk, context, self._seen.setdefault(context.run_id, _Seen()))

    def check(self, chunk: Chunk, context: Context) -> Applied:
        return self._apply(chunk, context, _Seen())

    def _apply(self, chunk: Chunk, context: Context, seen: _Seen) -> Applied:
        rows, refused = _read(chunk, context.now)
        notes: Counter[str] = Counter()
        digests = [_digest(rows, place) for place in range(len(rows))]
        numbers = seen.occurrences(digests, chunk.numbers[0] if len(chunk) else 0)
        for place, message_id in enumerate(rows.message_ids):
            rows.batch.keys.append(
                arrivals.key_of(message_id)
                if message_id is not None
                else _row_key(rows.told_at[place], digests[place], numbers[place])
            )
        arrivals.lock()
        waiting = _resolve(rows.batch, context.now)
        if waiting:
            notes["customer unknown: kept, and attached when the customer comes"] += waiting
        stored = arrivals.store(rows.batch, now=context.now)
        return Applied(created=stored.stored, unchanged=stored.repeated, refused=refused, notes=notes)


@dataclass(slots=True)
class _Rows:
    batch: arrivals.EventBatch = field(default_factory=arrivals.EventBatch)
    message_ids: list[str | None] = field(default_factory=list)
    told_at: list[int] = field(default_factory=list)  # as the file says; ``batch.at`` never lies in the future

    def __len__(self) -> int:
        return len(self.message_ids)


def _read(chunk: Chunk, now: datetime) -> tuple[_Rows, list[Refusal]]:
    """The usable rows, and why the others are not."""
    n = len(chunk)
    cells: dict[str, Sequence[Any]] = {column.name: chunk.columns.get(column.name, [None] * n) for column in _COLUMNS}
    properties = _properties(chunk.extra, n)
    rows, refused = _Rows(), []
    batch = rows.batch
    reader = _Reader(micros(now))
    for index, (customer, contact, name, at, value, message_id, known) in enumerate(
        zip(*(cells[column.name] for column in _COLUMNS), strict=True)
    ):
        column = "customer_external_id"
        try:
            customer_key = reader.text(customer, MAX_ID)
            if customer_key is None:
                raise ValueError("is empty")
            column = "contact_external_id"
            contact_key = reader.text(contact, MAX_ID)
            column = "event"
            event = reader.text(name, MAX_NAME)
            if event is None:
                raise ValueError("is empty")
            column = "timestamp"
            told_at = reader.occurred(at)
            occurred = min(told_at, reader.now)
            column = "value"
            number = reader.number(value)
            column = "message_id"
            own_id = reader.text(message_id, MAX_ID)
            column = "known_at"
            known_at = reader.known(known, occurred)
        except ValueError as error:
            refused.append(Refusal(index, column, str(error)))
            continue
        batch.customer_keys.append(customer_key)
        batch.contact_keys.append(contact_key)
        batch.names.append(event)
        batch.at.append(occurred)
        batch.known.append(known_at)
        batch.values.append(number)
        batch.properties.append(properties[index])
        rows.message_ids.append(own_id)
        rows.told_at.append(told_at)
    return rows, refused


class _Reader:
    """Reads cells; the same text is looked at once."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._oldest = now - settings.EVENT_RETENTION_DAYS * DAY_MICROS
        self._texts: dict[tuple[Any, int], str | None] = {}

    def text(self, cell: Any, limit: int) -> str | None:
        if cell is None or cell == "":
            return None
        place = (cell, limit)
        if place not in self._texts:
            if len(self._texts) > 200_000:
                self._texts.clear()
            self._texts[place] = self._checked(str(cell).strip(), limit)
        return self._texts[place]

    @staticmethod
    def _checked(text: str, limit: int) -> str | None:
        if len(text) > limit:
            raise ValueError(f"is longer than {limit} characters")
        if "\0" in text or (not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text)):
            raise ValueError("holds a NUL character or broken Unicode")
        return text or None

    def occurred(self, cell: Any) -> int:
        at = self._moment(cell)
        if at is None:
            raise ValueError("is empty")
        if at < self._oldest:
            raise ValueError(f"is older than the {settings.EVENT_RETENTION_DAYS} days for which events are kept")
        if at > self.now + DAY_MICROS:
            raise ValueError("lies in the future")
        return at

    def known(self, cell: Any, occurred: int) -> int:
        at = self._moment(cell)
        if at is None:
            return occurred
        if at > self.now + DAY_MICROS:
            raise ValueError("lies in the future: nothing can be known before it is told")
        return max(occurred, min(at, self.now))

    @staticmethod
    def _moment(cell: Any) -> int | None:
        if cell is None or cell == "":
            return None
        try:
            if isinstance(cell, str):
                return parse_micros(cell)
            if isinstance(cell, datetime):
                return micros(cell)
            if isinstance(cell, date):
                return micros(datetime.combine(cell, time.min))
        except (ValueError, OverflowError):
            pass
        raise ValueError(f"“{str(cell)[:40]}” is no date or time (expected like 2026-06-01T09:30:00Z)")

    @staticmethod
    def number(cell: Any) -> float | None:
        if cell is None or cell == "":
            return None
        try:
            value = float(cell)
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(f"“{str(cell)[:40]}” is no number")
        return value


def _properties(extra: Mapping[str, Sequence[Any]], n: int) -> list[str | None]:
    """Other columns as a JSON object by row; blank cells are left out."""
    if not extra:
        return [None] * n
    names = list(extra)
    found: list[str | None] = []
    for cells in zip(*extra.values(), strict=True):
        told = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None and cell != ""}
        found.append(_json(told) if told else None)
    return found


def _json(told: dict[str, Any]) -> str:
    text = _encode(told).decode()
    return text.replace("\\u0000", "") if "\\u0000" in text else text


def _digest(rows: _Rows, place: int) -> bytes:
    """Of what a row says, whatever the order of its columns."""
    batch = rows.batch
    content = (
        f"{batch.customer_keys[place]}\0{batch.contact_keys[place]}\0{batch.names[place]}\0{rows.told_at[place]}\0"
        f"{batch.values[place]}\0{batch.properties[place]}"
    )
    return hashlib.blake2b(content.encode(), digest_size=10).digest()


def _row_key(at: int, digest: bytes, number: int) -> str:
    """48 bits of time, so that files in order of time write neighbouring keys, and 80 of what the row says."""
    if number:
        digest = hashlib.blake2b(digest + number.to_bytes(8, "big"), digest_size=10).digest()
    return f"{max(at, 0) // 1_000:012x}{digest.hex()}"


def _resolve(batch: arrivals.EventBatch, now: datetime) -> int:
    """Fill in who is known, making the contacts that known customers show; returns events that must wait."""
    people = {key for key in batch.contact_keys if key is not None}
    customers = look_up.customers({key for key in batch.customer_keys if key is not None})
    contacts = look_up.contacts(people)
    missing: dict[str, tuple[int, str]] = {}
    for person, customer, at in zip(batch.contact_keys, batch.customer_keys, batch.at, strict=True):
        if person is not None and customer is not None and customer in customers:
            contact = contacts.get(person)
            if contact is None or contact[1] is None:
                missing[person] = min(missing.get(person, (at, customer)), (at, customer))
    if missing:
        homes = {person: customer for person, (_at, customer) in missing.items()}
        known = {person: moment(at) for person, (at, _customer) in missing.items() if person not in contacts}
        attach.create_contacts(homes, now=now, known=known)
        contacts |= look_up.contacts(set(missing))
    nobody: tuple[str | None, str | None] = (None, None)
    batch.customer_ids = [None if key is None else customers.get(key) for key in batch.customer_keys]
    batch.contact_ids = [
        contacts.get(person, nobody)[0] if person is not None and customer is not None else None
        for person, customer in zip(batch.contact_keys, batch.customer_ids, strict=True)
    ]
    return batch.customer_ids.count(None)
