"""Rows of an event file, read column by column: most cells repeat, so most reading is looking up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, TypeVar

import msgspec

from accounts.imports.kinds import Chunk
from accounts.services.results import Refusal
from health.arrivals import EventBatch
from health.ingest.moments import DAY_MICROS, micros, parse_micros
from health.ingest.protocol import MAX_ID, MAX_NAME

T = TypeVar("T")
_TEXTS = {str, type(None)}
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(slots=True)
class Rows:
    """The usable rows of a chunk, still without keys and ids.

    ``told_at`` is the time as the file says; ``batch.at`` never lies in the future.
    """

    batch: EventBatch = field(default_factory=EventBatch)
    message_ids: list[str | None] = field(default_factory=list)
    told_at: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.message_ids)


def read(chunk: Chunk, *, now: datetime, retention_days: int) -> tuple[Rows, list[Refusal]]:
    """The usable rows, and why the others are not: each by the first of its cells that is unusable."""
    n, latest = len(chunk), micros(now)
    columns = _Columns(chunk, n)
    customers = columns.read("customer_external_id", _needed(_text(MAX_ID)))
    contacts = columns.read("contact_external_id", _text(MAX_ID))
    names = columns.read("event", _needed(_text(MAX_NAME)))
    told_at = columns.read("timestamp", _occurred(latest, retention_days))
    values = columns.read("value", _number)
    message_ids = columns.read("message_id", _text(MAX_ID))
    known = columns.read("known_at", _known(latest))
    kept = [place for place in range(n) if place not in columns.bad] if columns.bad else range(n)

    def those(column: list[Any]) -> list[Any]:
        return [column[place] for place in kept] if columns.bad else column

    told_at, known = those(told_at), those(known)
    at = [min(moment, latest) for moment in told_at]
    batch = EventBatch(
        customer_keys=those(customers),
        contact_keys=those(contacts),
        names=those(names),
        at=at,
        known=[
            occurred if moment is None else max(occurred, min(moment, latest))
            for occurred, moment in zip(at, known, strict=True)
        ],
        values=those(values),
        properties=those(_properties(chunk.extra, n)),
    )
    refused = [Refusal(place, *reason) for place, reason in sorted(columns.bad.items())]
    return Rows(batch, those(message_ids), told_at), refused


class _Columns:
    """Reads the chunk's columns; ``bad`` holds by row the first column that is unusable, and why."""

    def __init__(self, chunk: Chunk, n: int) -> None:
        self._chunk, self._n = chunk, n
        self.bad: dict[int, tuple[str, str]] = {}

    def read(self, name: str, reader: Callable[[Any], T]) -> list[T]:
        cells = self._chunk.columns.get(name)
        if cells is None:
            cells = [None] * self._n
        # Among texts alone equal means the same; 1, 1.0 and True are equal and read differently.
        look = _Read(reader).__getitem__ if set(map(type, cells)) <= _TEXTS else reader
        try:
            return list(map(look, cells))
        except ValueError:
            return list(self._one_by_one(name, look, cells))

    def _one_by_one(self, name: str, look: Callable[[Any], T], cells: Sequence[Any]) -> Iterable[Any]:
        for place, cell in enumerate(cells):
            try:
                yield look(cell)
            except ValueError as error:
                self.bad.setdefault(place, (name, str(error)))
                yield None


class _Read(dict[Any, T]):
    """What each cell was read as; the same text is looked at once."""

    def __init__(self, reader: Callable[[Any], T]) -> None:
        super().__init__()
        self._reader = reader

    def __missing__(self, cell: Any) -> T:
        found = self[cell] = self._reader(cell)
        return found


def _needed(reader: Callable[[Any], T | None]) -> Callable[[Any], T]:
    def read(cell: Any) -> T:
        found = reader(cell)
        if found is None:
            raise ValueError("is empty")
        return found

    return read


def _text(limit: int) -> Callable[[Any], str | None]:
    def read(cell: Any) -> str | None:
        if cell is None:
            return None
        text = str(cell).strip()
        if len(text) > limit:
            raise ValueError(f"is longer than {limit} characters")
        if "\0" in text or (not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text)):
            raise ValueError("holds a NUL character or broken Unicode")
        return text or None

    return read


def _occurred(now: int, retention_days: int) -> Callable[[Any], int]:
    oldest, latest = now - retention_days * DAY_MICROS, now + DAY_MICROS

    def read(cell: Any) -> int:
        at = _moment(cell)
        if at is None:
            raise ValueError("is empty")
        if at < oldest:
            raise ValueError(f"is older than the {retention_days} days for which events are kept")
        if at > latest:
            raise ValueError("lies in the future")
        return at

    return read


def _known(now: int) -> Callable[[Any], int | None]:
    def read(cell: Any) -> int | None:
        at = _moment(cell)
        if at is not None and at > now + DAY_MICROS:
            raise ValueError("lies in the future: nothing can be known before it is told")
        return at

    return read


def _moment(cell: Any) -> int | None:
    if cell is None or cell == "":
        return None
    try:
        if isinstance(cell, datetime):
            return micros(cell)
        if isinstance(cell, str):
            return parse_micros(cell)
        if isinstance(cell, date):
            return micros(datetime.combine(cell, time.min))
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"“{str(cell)[:40]}” is no date or time (expected like 2026-06-01T09:30:00Z)")


def _number(cell: Any) -> float | None:
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
