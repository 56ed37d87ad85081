"""The first rows of a file as they would be imported: tried in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from accounts.imports import survey
from accounts.imports.kinds import Chunk, Context, Extra, ImportKind
from accounts.imports.mapping import Mapping, missing
from accounts.imports.readers import Batch, Source
from accounts.models import AttributeKind, ImportRun, Workspace
from csplatform.core import audit

ROWS = 20
_SAMPLE_VALUES = 3
_SAMPLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class PreviewRow:
    number: int
    cells: list[str]
    errors: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """``headers``: our columns and the other ones kept. ``good`` and ``bad`` count ``rows``."""

    headers: list[str]
    rows: list[PreviewRow]
    notes: list[str]

    @property
    def bad(self) -> int:
        return sum(bool(row.errors) for row in self.rows)

    @property
    def good(self) -> int:
        return len(self.rows) - self.bad


class _RollBackError(Exception):
    pass


def first_values(batch: Batch | None, theirs: str) -> str:
    """Some distinct values of one of their columns, as they stand in the file."""
    if batch is None:
        return ""
    distinct = dict.fromkeys(str(cell) for cell in batch.columns[theirs] if cell not in (None, ""))
    return ", ".join(value[:_SAMPLE_LENGTH] for value in islice(distinct, _SAMPLE_VALUES))


@dataclass(frozen=True, slots=True)
class Before:
    """Rows of another file that will have been imported by then."""

    kind: ImportKind
    chosen: Mapping
    chunk: Chunk


def look(
    *,
    run: ImportRun,
    kind: ImportKind,
    source: Source,
    chosen: Mapping,
    now: datetime,
    before: Sequence[Before] = (),
) -> Preview:
    """What importing the first rows with the mapping ``chosen`` would do, after ``before``. Nothing is kept."""
    batch = source.first_rows(ROWS)
    if batch is None:
        return Preview([], [], [])
    errors: dict[int, list[str]] = {number: [reason] for number, reason, _ in batch.broken}
    notes: list[str] = []
    chunk = Chunk(
        batch.numbers,
        {ours: batch.columns[theirs] for ours, theirs in chosen.columns.items()},
        {key: batch.columns[theirs] for key, theirs in chosen.extra.items()},
    )
    if not missing(kind, chosen) and len(chunk):
        notes = _try(run, kind, chosen, chunk, errors, now, before)
    currency = Workspace.objects.get(pk=run.workspace_id).currency
    rows = [
        PreviewRow(number, _in_words(kind, cells, extra, currency), errors.pop(number, []))
        for number, cells, extra in chunk.rows()
    ]
    rows += [PreviewRow(number, [], reasons) for number, reasons in errors.items()]
    headers = [*chunk.columns, *chosen.extra.values()]
    return Preview(headers, sorted(rows, key=lambda row: row.number), notes)


def _try(
    run: ImportRun,
    kind: ImportKind,
    chosen: Mapping,
    chunk: Chunk,
    errors: dict[int, list[str]],
    now: datetime,
    before: Sequence[Before],
) -> list[str]:
    """Apply the chunk, note why rows are refused, and undo it all; returns the kind's notes."""
    notes: list[str] = []
    actor = audit.Actor(label="preview")
    try:
        with transaction.atomic():
            for each in before:
                context = Context(run.pk, run.workspace_id, actor, now)
                each.kind.prepare(_types(each.kind, each.chosen, each.chunk), context)
                each.kind.apply(each.chunk, context)
            kind.prepare(_types(kind, chosen, chunk), Context(run.pk, run.workspace_id, actor, now))
            for step in range(kind.steps(frozenset(chosen.columns))):
                applied = kind.apply(chunk, Context(run.pk, run.workspace_id, actor, now, step))
                for refusal in applied.refused:
                    errors.setdefault(chunk.numbers[refusal.index], []).append(str(refusal))
                notes += [f"{count} rows: {note}" for note, count in applied.notes.items()]
            raise _RollBackError
    except _RollBackError:
        return notes


def _types(kind: ImportKind, chosen: Mapping, chunk: Chunk) -> dict[str, tuple[str, AttributeKind]]:
    if kind.extra is not Extra.ATTRIBUTES:
        return {}
    return {key: (theirs, survey.type_of(chunk.extra[key])) for key, theirs in chosen.extra.items()}


def _in_words(kind: ImportKind, cells: dict[str, Any], extra: dict[str, Any], currency: str) -> list[str]:
    words = []
    for column, cell in cells.items():
        try:
            words.append(kind.understood(column, cell, currency))
        except ValueError:
            words.append("" if cell is None else str(cell))
    return words + ["" if cell is None else str(cell) for cell in extra.values()]
