"""What is in an uploaded file: which kind, which column is what, the first rows as they will be read, which days."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from accounts import values
from accounts.imports import kinds, mapping, preview, proposing, readers, runs
from accounts.imports.kinds import Chunk, ImportKind
from accounts.imports.mapping import Mapping
from accounts.imports.preview import Before
from accounts.imports.readers import Source
from accounts.models import Customer, ImportRun

SHOWN_ROWS = 5
SCANNED_ROWS = 200_000
_BATCH = 20_000
_LINK = "customer_external_id"
_DAY_COLUMNS = {"events": ("timestamp",), "subscriptions": ("starts_on", "cancelled_on")}
_MONTH = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which a file's facts occurred. ``lately``: on how many different days of the last 28 one did."""

    first: date
    last: date
    lately: int

    @classmethod
    def of(cls, days: Collection[date]) -> Span | None:
        if not days:
            return None
        last = max(days)
        return cls(min(days), last, sum(day > last - _MONTH for day in days))

    def as_json(self) -> dict[str, Any]:
        return {"first": self.first.isoformat(), "last": self.last.isoformat(), "lately": self.lately}

    @classmethod
    def from_json(cls, stored: dict[str, Any] | None) -> Span | None:
        if not stored:
            return None
        return cls(date.fromisoformat(stored["first"]), date.fromisoformat(stored["last"]), stored["lately"])


def guess(*, name: str, source: Source, others: Sequence[ImportRun]) -> proposing.Proposal:
    """The kind and the columns of a file, knowing which customers are there or come with ``others``."""
    return proposing.propose(
        name=name,
        headers=source.headers,
        first=source.first_rows(proposing.FIRST_ROWS),
        known=lambda texts: _known_customers(texts, others),
    )


def columns_as(*, kind: ImportKind, source: Source, others: Sequence[ImportRun]) -> proposing.Proposal:
    """The columns of a file that is said to be of ``kind``."""
    return proposing.columns_for(
        kind,
        headers=source.headers,
        first=source.first_rows(proposing.FIRST_ROWS),
        known=lambda texts: _known_customers(texts, others),
    )


def describe(
    *, run: ImportRun, source: Source, chosen: Mapping, others: Sequence[ImportRun], now: datetime
) -> dict[str, Any]:
    """What a page shows of the file, as JSON: the first rows as they will be read, and what stands in the way."""
    kind = kinds.get(run.kind)
    assert kind is not None
    chosen = _in_order(chosen, source)
    seen = preview.look(
        run=run,
        kind=kind,
        source=source,
        chosen=chosen,
        now=now,
        before=_companions(source, chosen, others),
    )
    span = Span.of(_days(source, run.kind, chosen))
    return {
        "headers": seen.headers,
        "rows": [{"number": row.number, "cells": row.cells, "errors": row.errors} for row in seen.rows[:SHOWN_ROWS]],
        "errors": [error for row in seen.rows for error in row.errors][:SHOWN_ROWS],
        "good": seen.good,
        "bad": seen.bad,
        "notes": [*source.notes, *seen.notes],
        "left_out": list(chosen.ignored),
        "order": list(source.headers),
        "span": span.as_json() if span else None,
    }


def _in_order(chosen: Mapping, source: Source) -> Mapping:
    """The columns as they stand in the file."""
    place = {theirs: number for number, theirs in enumerate(source.headers)}
    columns = dict(sorted(chosen.columns.items(), key=lambda pair: place[pair[1]]))
    extra = dict(sorted(chosen.extra.items(), key=lambda pair: place[pair[1]]))
    return Mapping(columns, extra, sorted(chosen.ignored, key=place.__getitem__))


def _days(source: Source, kind: str, chosen: Mapping) -> set[date]:
    """Days on which the file's facts occurred, of its first rows and of its last ones: files come in either order."""
    names = [chosen.columns[ours] for ours in _DAY_COLUMNS.get(kind, ()) if ours in chosen.columns]
    days: set[date] = set()
    if not names:
        return days
    for batch in source.batches(_BATCH):
        for name in names:
            days |= _read_days(batch.columns[name])
        if batch.end >= SCANNED_ROWS:
            break
    for name in names:
        days |= _read_days(row.get(name) for row in source.last_rows())
    return days


def _read_days(cells: Iterable[Any]) -> set[date]:
    distinct = {cell[:10] if isinstance(cell, str) and cell[4:5] == "-" else cell for cell in cells}
    days = set()
    for cell in distinct:
        try:
            day = values.day(cell)
        except ValueError:
            continue
        if day is not None:
            days.add(day)
    return days


def _known_customers(texts: Collection[str], others: Sequence[ImportRun]) -> set[str]:
    found = set(Customer.objects.filter(external_id__in=texts).values_list("external_id", flat=True))
    for run in _customer_files(others):
        if len(found) == len(texts):
            break
        found |= {key for before in _rows_of(run, set(texts) - found) for key in before.chunk.columns["external_id"]}
    return found


def _companions(source: Source, chosen: Mapping, others: Sequence[ImportRun]) -> list[Before]:
    """What the first rows speak of, from files that will be imported before: customers, and names of events."""
    theirs = chosen.columns.get(_LINK)
    first = source.first_rows(preview.ROWS) if theirs else None
    if first is None or theirs is None:
        return []
    names = _names_of_events(others) if "event" in chosen.columns else []
    wanted = {str(cell).strip() for cell in first.columns[theirs] if not values.is_blank(cell)}
    wanted -= set(Customer.objects.filter(external_id__in=wanted).values_list("external_id", flat=True))
    return names + [before for run in _customer_files(others) for before in _rows_of(run, wanted)]


def _names_of_events(others: Sequence[ImportRun]) -> list[Before]:
    found = []
    for run in others:
        kind, chosen = kinds.get(run.kind), Mapping.from_json(run.mapping)
        if run.kind == "event_names" and kind is not None and not mapping.missing(kind, chosen):
            first = readers.open_source(runs.opener_of(run)).first_rows(_BATCH)
            if first is not None:
                rows = zip(*first.columns.values(), strict=True)
                cells = [dict(zip(first.columns, row, strict=True)) for row in rows]
                found.append(Before(kind, chosen, _chunk(chosen, list(zip(first.numbers, cells, strict=True)))))
    return found


def _customer_files(others: Sequence[ImportRun]) -> list[ImportRun]:
    return [run for run in others if run.kind == "customers" and run.job_id is None and run.file]


def _rows_of(run: ImportRun, wanted: set[str]) -> list[Before]:
    """The rows of a file of customers whose ids are ``wanted``, as if imported; stops when all are found."""
    kind, chosen = kinds.get(run.kind), Mapping.from_json(run.mapping)
    theirs = chosen.columns.get("external_id")
    if kind is None or theirs is None or not wanted:
        return []
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    for batch in readers.open_source(runs.opener_of(run)).batches(_BATCH):
        for place, cell in enumerate(batch.columns[theirs]):
            key = str(cell).strip()
            if key in wanted and key not in found:
                found[key] = batch.numbers[place], {name: cells[place] for name, cells in batch.columns.items()}
        if len(found) == len(wanted) or batch.end >= SCANNED_ROWS:
            break
    return [Before(kind, chosen, _chunk(chosen, list(found.values())))] if found else []


def _chunk(chosen: Mapping, rows: Sequence[tuple[int, dict[str, Any]]]) -> Chunk:
    return Chunk(
        [number for number, _ in rows],
        {ours: [cells[theirs] for _, cells in rows] for ours, theirs in chosen.columns.items()},
        {key: [cells[theirs] for _, cells in rows] for key, theirs in chosen.extra.items()},
    )
