"""What a CSV file leaves to be found out: what parts its columns, what they are called, where a row ends."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.lines import SourceError

MAX_COLUMNS = 500
DELIMITERS = {
    ",": gettext_lazy("Columns are parted by commas."),
    ";": gettext_lazy("Columns are parted by semicolons."),
    "\t": gettext_lazy("Columns are parted by tabs."),
    "|": gettext_lazy("Columns are parted by vertical bars."),
}


def records_of(reader: Iterator[list[str]]) -> Iterator[list[str] | str]:
    """Rows, or a sentence where one cannot be told apart from the next."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"cannot be read as CSV ({error}): a quote may be missing"


def find_delimiter(sample: Sequence[str]) -> str:
    best, best_score = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if rows and (width := len(rows[0])) > 1:
            score = (sum(len(row) == width for row in rows) / len(rows), width)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def distinct_headers(header: Sequence[str], notes: list[str]) -> list[str]:
    if len(header) > MAX_COLUMNS:
        told = {"there": len(header), "most": MAX_COLUMNS}
        raise SourceError(_("The file has %(there)s columns; %(most)s is the limit.") % told)
    seen: Counter[str] = Counter()
    names = []
    for place, cell in enumerate(header, start=1):
        name = cell.replace("\x00", "").encode("utf-8", "replace").decode().strip() or f"column {place}"
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
            notes.append(_("A column name stands twice; the later one is called “%(name)s” here.") % {"name": name})
        names.append(name)
    return names
