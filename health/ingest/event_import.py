"""The import of events: column by column, stored through the same door as what arrives live."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.imports.kinds import KNOWN_AT, Applied, Chunk, Column, Context, Extra, ImportKind
from health import arrivals
from health.ingest import attach, event_names, event_rows, look_up
from health.ingest.event_rows import Rows
from health.ingest.moments import moment

_COLUMNS = (
    Column(
        "customer_external_id",
        _("the customer's id in your product"),
        required=True,
    ),
    Column(
        "contact_external_id",
        _("the person's id in your product"),
    ),
    Column(
        "event",
        _("what happened"),
        required=True,
    ),
    Column("timestamp", _("when it happened"), required=True),
    Column("value", _("a number that goes with it")),
    Column("message_id", _("an id that is never used twice")),
    KNOWN_AT,
)
_MERGE_AFTER = 8
Hashes = npt.NDArray[np.uint64]


@dataclass(slots=True)
class _Seen:
    """How often rows without an id of their own have come in this run: sorted digests by the first row they cover.

    Eight bytes a row, whatever the row holds. A chunk that is tried again replaces what it, and what came after it,
    had left; a run that goes on after a stop fills it anew from the rows before.
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
    remembers: ClassVar[bool] = True

    def __init__(self) -> None:
        self._seen: dict[UUID, _Seen] = {}

    def prepare(self, extra: Any, context: Context) -> None:
        self._seen[context.run_id] = _Seen()

    def finish(self, context: Context) -> None:
        self._seen.pop(context.run_id, None)

    def recall(self, chunk: Chunk, context: Context) -> None:
        rows, _refused = event_rows.read(chunk, now=context.now, retention_days=settings.EVENT_RETENTION_DAYS)
        _keys(rows, self._seen[context.run_id], chunk.numbers[0] if len(chunk) else 0)

    def memory(self, context: Context) -> bytes:
        arrays = [array for _first, array in self._seen[context.run_id].arrays]
        return np.concatenate(arrays).tobytes() if arrays else b""

    def restore(self, memory: bytes, context: Context) -> None:
        self._seen[context.run_id].arrays = [(0, np.sort(np.frombuffer(memory, dtype=np.uint64)))]

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        return self._apply(chunk, context, self._seen.setdefault(context.run_id, _Seen()))

    def check(self, chunk: Chunk, context: Context) -> Applied:
        return self._apply(chunk, context, _Seen())

    def _apply(self, chunk: Chunk, context: Context, seen: _Seen) -> Applied:
        rows, refused = event_rows.read(chunk, now=context.now, retention_days=settings.EVENT_RETENTION_DAYS)
        notes: Counter[str] = Counter()
        rows.batch.keys = _keys(rows, seen, chunk.numbers[0] if len(chunk) else 0)
        named = _name(rows.batch)
        if named:
            notes["the event's id was replaced by its name"] += named
        arrivals.lock()
        waiting = _resolve(rows.batch, context.now)
        if waiting:
            notes["customer unknown: kept, and attached when the customer comes"] += waiting
        stored = arrivals.store(rows.batch, now=context.now)
        return Applied(created=stored.stored, unchanged=stored.repeated, refused=refused, notes=notes)


def _name(batch: arrivals.EventBatch) -> int:
    """Give events their names where a look-up file told what their ids mean; returns how many.

    After the keys are made: of what the file says, so that it may come again under other names.
    """
    names = event_names.names()
    if not names or names.keys().isdisjoint(batch.names):
        return 0
    told = batch.names
    batch.names = [names.get(name, name) for name in told]
    return sum(name in names for name in told)


def _keys(rows: Rows, seen: _Seen, first_row: int) -> list[str]:
    """The exactly-once key of each row: of its own id, else of what it says and how often that was said before."""
    nameless = [place for place, message_id in enumerate(rows.message_ids) if message_id is None]
    digests = [_digest(rows, place) for place in nameless]
    numbers = seen.occurrences(digests, first_row) if nameless else []
    keys = ["" if message_id is None else arrivals.key_of(message_id) for message_id in rows.message_ids]
    for place, digest, number in zip(nameless, digests, numbers, strict=True):
        keys[place] = _row_key(rows.told_at[place], digest, number)
    return keys


def _digest(rows: Rows, place: int) -> bytes:
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
