"""Opening files: CSV, NDJSON (each also gzipped) and Parquet, in memory that does not grow with the file."""

from __future__ import annotations

import csv
import gzip
import io
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, ClassVar, cast

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports import archives
from accounts.imports.day_order import Evidence, Order, are_dates, year_first
from accounts.imports.delimited import DELIMITERS, MAX_COLUMNS, distinct_headers, find_delimiter, records_of
from accounts.imports.lines import DAMAGED, Opener, SourceError, last_lines, lines_of

__all__ = ["Batch", "Opener", "Source", "SourceError", "open_source"]

_DAMAGED = (*DAMAGED, pa.ArrowException)
_HOW_READ = {
    Order.DAY_FIRST: gettext_lazy("%(columns)s: dates are read as day, month, year."),
    Order.MONTH_FIRST: gettext_lazy("%(columns)s: dates are read as month, day, year."),
    Order.EITHER: gettext_lazy(
        "%(columns)s: every date could begin with the day or with the month, so none is read. Write them as 2026-12-31."
    ),
    Order.MIXED: gettext_lazy(
        "%(columns)s: some dates begin with the day and some with the month, so none is read. Write them as 2026-12-31."
    ),
}


@dataclass(slots=True)
class Batch:
    """Rows by the file's own column names. ``end``: the position after the batch, to go on from.

    ``broken``: (row number, reason, cells) of rows that cannot be matched with the columns.
    """

    numbers: list[int]
    columns: dict[str, list[Any]]
    end: int
    broken: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)


class Source(ABC):
    """An opened file. ``headers``: its columns; ``notes``: what had to be decided to read it, in words."""

    format: ClassVar[str]
    headers: list[str]
    notes: list[str]

    @abstractmethod
    def batches(self, size: int, *, start: int = 0) -> Iterator[Batch]:
        """Batches of ``size`` rows from position ``start``; raises ``SourceError`` where the file is damaged."""

    def positions(self, between: Callable[[], None] = lambda: None) -> int:
        """How many positions there are in all; ``between`` is called now and then while counting."""
        end = 0
        for batch in self.batches(20_000):
            end = batch.end
            between()
        return end

    def first_rows(self, count: int) -> Batch | None:
        return next(self.batches(count), None)

    def last_rows(self) -> list[dict[str, Any]]:
        """Some rows from the end of the file, by its columns, without reading what lies before; may be none."""
        return []


def open_source(opener: Opener) -> Source:
    """Look at the first bytes and open; raises ``SourceError`` saying what the file is instead."""
    with opener() as stream:
        head = stream.read(8)
        if not head:
            raise SourceError(_("The file is empty."))
    if head.startswith(b"PAR1"):
        return ParquetSource(opener)
    if head.startswith(b"\x1f\x8b"):
        opener = partial(_unpacked, opener)
        try:
            with opener() as stream:
                head = stream.read(8)
        except _DAMAGED as error:
            raise SourceError(_("The gzip file is damaged: pack it again.")) from error
    if head.startswith(b"PK\x03\x04"):
        raise SourceError(archives.what_is_zipped(opener))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceError(str(archives.WORKBOOK))
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return NdjsonSource(opener)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        raise SourceError(_("This is one JSON list: write one object a line (NDJSON) instead."))
    return CsvSource(opener)


class _Unpacked(gzip.GzipFile):
    """A gzip stream that closes the file it reads."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        super().__init__(fileobj=packed)

    def close(self) -> None:
        super().close()
        self._packed.close()


def _unpacked(opener: Opener) -> BinaryIO:
    return cast(BinaryIO, _Unpacked(opener()))


class CsvSource(Source):
    format = "csv"

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self.notes = []
        self._encoding, self._errors = self._find_encoding()
        with self._text() as text:
            sample = list(islice(lines_of(text), 50))
        self._delimiter = find_delimiter(sample)
        if self._delimiter != ",":
            self.notes.append(str(DELIMITERS[self._delimiter]))
        header = next(csv.reader(sample, delimiter=self._delimiter), [])
        if not any(cell.strip() for cell in header):
            raise SourceError(_("The first line is empty: it must name the columns."))
        self.headers = distinct_headers(header, self.notes)
        self._dates = self._find_dates(sample)

    def batches(self, size: int, *, start: int = 0) -> Iterator[Batch]:
        for batch in self._raw_batches(size, start):
            for name, order in self._dates.items():
                read = {cell: year_first(cell, order) for cell in set(batch.columns[name])}
                batch.columns[name] = [read[cell] for cell in batch.columns[name]]
            yield batch

    def _raw_batches(self, size: int, start: int) -> Iterator[Batch]:
        """Batches with every cell as it stands in the file."""
        with self._text() as text:
            records = records_of(csv.reader(lines_of(text), delimiter=self._delimiter))
            next(records)
            position = sum(1 for _ in islice(records, start))
            width = len(self.headers)
            while True:
                numbers: list[int] = []
                rows: list[list[str]] = []
                broken: list[tuple[int, str, dict[str, Any]]] = []
                begun = position
                for record in islice(records, size):
                    position += 1
                    number = position + 1
                    if isinstance(record, str):
                        broken.append((number, record, {}))
                    elif len(record) == width:
                        numbers.append(number)
                        rows.append(record)
                    elif record:
                        self._sort_out(record, number, numbers, rows, broken)
                if position == begun:
                    return
                columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in self.headers]
                yield Batch(numbers, dict(zip(self.headers, columns, strict=True)), position, broken)

    def positions(self, between: Callable[[], None] = lambda: None) -> int:
        end = 0
        with self._text() as text:
            records = records_of(csv.reader(lines_of(text), delimiter=self._delimiter))
            next(records)
            while part := sum(1 for _ in islice(records, 20_000)):
                end += part
                between()
        return end

    def last_rows(self) -> list[dict[str, Any]]:
        if self._encoding == "utf-16":
            return []
        lines = last_lines(self._opener).decode(self._encoding, "replace").splitlines()
        width = len(self.headers)
        try:
            records = [each for each in csv.reader(lines, delimiter=self._delimiter) if len(each) == width]
        except csv.Error:
            return []
        rows = [dict(zip(self.headers, record, strict=True)) for record in records]
        return [
            {name: year_first(cell, self._dates[name]) if name in self._dates else cell for name, cell in row.items()}
            for row in rows
        ]

    def _find_dates(self, sample: Sequence[str]) -> dict[str, Order]:
        """Columns of dates that begin with day or month, and which of the two; reads the file once where there are any.

        Said in ``notes`` how they are read, or why they cannot be.
        """
        rows = [row for row in csv.reader(sample, delimiter=self._delimiter) if len(row) == len(self.headers)][1:]
        names = [name for name, cells in zip(self.headers, zip(*rows, strict=True), strict=False) if are_dates(cells)]
        if not names:
            return {}
        evidence = Evidence()
        for batch in self._raw_batches(20_000, 0):
            for name in names:
                evidence.see(set(batch.columns[name]))
        self.notes.append(_HOW_READ[evidence.order] % {"columns": ", ".join(names)})
        return dict.fromkeys(names, evidence.order)

    def _sort_out(
        self,
        record: list[str],
        number: int,
        numbers: list[int],
        rows: list[list[str]],
        broken: list[tuple[int, str, dict[str, Any]]],
    ) -> None:
        """Cells too many are harmless when blank; anything else may have shifted, so the row is not guessed at."""
        width = len(self.headers)
        if len(record) > width and not any(cell.strip() for cell in record[width:]):
            numbers.append(number)
            rows.append(record[:width])
            return
        cells = dict(zip(self.headers, record, strict=False))
        broken.append((number, f"has {len(record)} cells where the first line names {width}", cells))

    def _text(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(self._opener(), encoding=self._encoding, errors=self._errors, newline="")

    def _find_encoding(self) -> tuple[str, str]:
        """UTF-8 wherever that makes sense of the file, single bad rows aside; else what Windows writes."""
        with self._opener() as stream:
            head = stream.read(4)
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            self.notes.append(_("Read as UTF-16."))
            return "utf-16", "replace"
        whole, bad = self._count_non_ascii()
        if bad > whole:
            self.notes.append(_("Not UTF-8: read as Windows-1252 (Western European)."))
            return "cp1252", "replace"
        if bad:
            self.notes.append(_("Some bytes are not UTF-8: rows that hold them are refused."))
        return "utf-8-sig", "surrogateescape"

    def _count_non_ascii(self) -> tuple[int, int]:
        """How many characters beyond ASCII are whole UTF-8, and how many bytes are none. Reads the file once."""
        whole = bad = 0
        try:
            with self._opener() as stream:
                text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
                while block := text.read(1 << 20):
                    if block.isascii():
                        continue
                    beyond = Counter("bad" if "\udc80" <= c <= "\udcff" else "ok" for c in block if c > "\x7f")
                    whole += beyond["ok"]
                    bad += beyond["bad"]
        except _DAMAGED as error:
            raise SourceError(_("The gzip file is damaged: pack it again. Nothing was imported.")) from error
        return whole, bad


class NdjsonSource(Source):
    format = "ndjson"
    _LOOK_AHEAD = 1_000

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self.notes = []
        self.headers = []
        seen: dict[str, None] = {}
        for _number, record in islice(self._parsed(), self._LOOK_AHEAD):
            if isinstance(record, dict):
                seen.update(dict.fromkeys(record))
        self.headers = list(seen)[:MAX_COLUMNS]
        if not self.headers:
            raise SourceError(_("None of the first lines is a JSON object."))
        self.notes.append(_("The columns are those of the first %(n)s lines.") % {"n": f"{self._LOOK_AHEAD:,}"})

    def batches(self, size: int, *, start: int = 0) -> Iterator[Batch]:
        records = self._parsed()
        position = sum(1 for _ in islice(records, start))
        while part := list(islice(records, size)):
            position += len(part)
            good = [(number, record) for number, record in part if isinstance(record, dict)]
            broken: list[tuple[int, str, dict[str, Any]]] = [
                (number, record, {}) for number, record in part if isinstance(record, str)
            ]
            columns = {name: [record.get(name) for _, record in good] for name in self.headers}
            yield Batch([number for number, _ in good], columns, position, broken)

    def last_rows(self) -> list[dict[str, Any]]:
        parsed = map(_json_object, last_lines(self._opener).decode("utf-8", "replace").splitlines())
        return [record for record in parsed if isinstance(record, dict)]

    def _parsed(self) -> Iterator[tuple[int, dict[str, Any] | str | None]]:
        """(line, object), (line, why it is none) or (line, None) for a blank line."""
        with io.TextIOWrapper(self._opener(), encoding="utf-8-sig", errors="surrogateescape") as text:
            try:
                for number, line in enumerate(lines_of(text), start=1):
                    yield number, _json_object(line)
            except _DAMAGED as error:
                raise SourceError(_("The gzip file is damaged: pack it again.")) from error


def _json_object(line: str) -> dict[str, Any] | str | None:
    if not line.strip():
        return None
    try:
        parsed = json.loads(line, parse_constant=_refuse_constant)
    except RecursionError:
        return "is nested too deeply"
    except ValueError as error:
        return f"is not valid JSON ({error})"
    return parsed if isinstance(parsed, dict) else "is not a JSON object"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


class ParquetSource(Source):
    format = "parquet"

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self.notes = []
        with opener() as stream:
            try:
                self.headers = list(pq.ParquetFile(stream).schema_arrow.names)
            except (pa.ArrowException, OSError) as error:
                raise SourceError(_("The Parquet file is damaged or not finished: write it again.")) from error
        if len(set(self.headers)) != len(self.headers) or len(self.headers) > MAX_COLUMNS:
            raise SourceError(_("The Parquet file names a column twice, or has too many."))

    def batches(self, size: int, *, start: int = 0) -> Iterator[Batch]:
        with self._opener() as stream:
            try:
                yield from self._read(pq.ParquetFile(stream), size, start)
            except (pa.ArrowException, OSError) as error:
                raise SourceError("The Parquet file is damaged: write it again.") from error

    def positions(self, between: Callable[[], None] = lambda: None) -> int:
        with self._opener() as stream:
            return int(pq.ParquetFile(stream).metadata.num_rows)

    def _read(self, file: pq.ParquetFile, size: int, start: int) -> Iterator[Batch]:
        position, groups = 0, list(range(file.num_row_groups))
        while groups and position + file.metadata.row_group(groups[0]).num_rows <= start:
            position += file.metadata.row_group(groups.pop(0)).num_rows
        for batch in file.iter_batches(batch_size=size, row_groups=groups):
            end = position + batch.num_rows
            if end > start:
                part = batch.slice(max(0, start - position))
                columns = {name: _cells(part.column(name)) for name in self.headers}
                yield Batch(list(range(end - part.num_rows + 1, end + 1)), columns, end)
            position = end


def _cells(column: pa.Array) -> list[Any]:
    """Python values; of dictionary-encoded columns each distinct value is made once."""
    if pa.types.is_dictionary(column.type):
        distinct = column.dictionary.to_pylist()
        return [None if at is None else distinct[at] for at in column.indices.to_pylist()]
    if pa.types.is_timestamp(column.type):
        return _moments(column)
    return cast(list[Any], column.to_pylist())


def _moments(column: pa.Array) -> list[Any]:
    """As ``to_pylist`` to the microsecond, at a tenth of its cost; in UTC whatever zone the column names."""
    moments = column.cast(pa.timestamp("us", column.type.tz), safe=False).to_numpy(zero_copy_only=False).tolist()
    if column.type.tz is None:
        return cast(list[Any], moments)
    return [at.replace(tzinfo=UTC) if isinstance(at, datetime) else at for at in moments]
