"""Refused rows, given back as a CSV with the reason: ready to correct and import again."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.core.files.base import File

from accounts.models import ImportReject, ImportRun

LEAD_COLUMNS = ("row", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_NUMBER = re.compile(r"^[+-]?\d+(?:[.,]\d+)*$")
MAX_CELL = 2_000


def neutral(cell: str) -> str:
    """``cell`` as a spreadsheet shows it without computing it: a quote before what would be a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _PLAIN_NUMBER.match(cell) else cell


def keep(run: ImportRun, rows: Iterable[tuple[int, str, dict[str, Any]]]) -> int:
    """Store refused rows (number, reason, cells by their column) in the chunk's transaction; returns how many."""
    kept = [
        ImportReject(
            workspace_id=run.workspace_id,
            run=run,
            number=number,
            reason=_storable(reason),
            cells={_storable(name): _storable(_text(cell)) for name, cell in cells.items()},
        )
        for number, reason, cells in rows
    ]
    ImportReject.objects.bulk_create(kept, batch_size=1_000)
    return len(kept)


def write_file(run: ImportRun, headers: Sequence[str]) -> None:
    """Turn the run's refused rows into its rejects file; does nothing when none was refused."""
    rows = ImportReject.objects.filter(run=run)
    if not rows.exists():
        return
    with tempfile.TemporaryFile() as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow([*LEAD_COLUMNS, *(neutral(_storable(name)) for name in headers)])
        for reject in rows.order_by("number", "id").iterator(chunk_size=2_000):
            cells = [reject.cells.get(_storable(name), "") for name in headers]
            writer.writerow([reject.number, neutral(reject.reason), *(neutral(cell) for cell in cells)])
        text.flush()
        binary.seek(0)
        run.rejects.save(f"{run.pk}.csv", File(binary), save=True)
    rows.delete()


def first_rows(run: ImportRun, count: int = 20) -> list[dict[str, Any]]:
    """The first refused rows of a finished run: ``line``, ``reason`` and the ``row`` as one text."""
    if not run.rejects:
        return []
    try:
        stream = run.rejects.open("rb")
    except FileNotFoundError:
        return []
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        records = csv.reader(text)
        next(records, None)
        return [
            {"line": int(number), "reason": reason, "row": ", ".join(cell for cell in cells if cell)}
            for number, reason, *cells in islice(records, count)
        ]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, (datetime, date)):
        return cell.isoformat()
    return str(cell)[:MAX_CELL]


def _storable(text: str) -> str:
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
