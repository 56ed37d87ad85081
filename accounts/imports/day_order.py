"""Dates that begin with the day or with the month, told apart by the whole file. Pure: no Django, no clock.

One such date alone may mean two days. But a program writes all its dates the same way, so one 31/12/2026 anywhere in
the file says how every other is meant. Where nothing says so, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

_WRITTEN = re.compile(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*")
_MONTHS = 12


class Order(Enum):
    """EITHER: every date could be read both ways. MIXED: some can be read one way only, and some only the other."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"
    EITHER = "either"
    MIXED = "mixed"


@dataclass(slots=True)
class Evidence:
    """What dates seen so far say of the order in which they are written."""

    day_first: bool = False
    month_first: bool = False

    def see(self, cells: Iterable[object]) -> None:
        for cell in cells:
            found = _WRITTEN.fullmatch(cell) if isinstance(cell, str) else None
            if found:
                self.day_first = self.day_first or found[2] == "." or int(found[1]) > _MONTHS
                self.month_first = self.month_first or int(found[3]) > _MONTHS

    @property
    def order(self) -> Order:
        if self.day_first and self.month_first:
            return Order.MIXED
        if self.day_first:
            return Order.DAY_FIRST
        return Order.MONTH_FIRST if self.month_first else Order.EITHER


def are_dates(cells: Iterable[object]) -> bool:
    """Whether cells, blank ones apart, are all dates that begin with the day or the month."""
    said = [cell for cell in cells if cell is not None and str(cell).strip()]
    return bool(said) and all(isinstance(cell, str) and _WRITTEN.fullmatch(cell) for cell in said)


def year_first(cell: str, order: Order) -> str:
    """``cell`` as ISO 8601 writes it; whatever is no such date, or cannot be told, stays as it is."""
    found = _WRITTEN.fullmatch(cell)
    if not found or order not in (Order.DAY_FIRST, Order.MONTH_FIRST):
        return cell
    day, month = (found[1], found[3]) if order is Order.DAY_FIRST else (found[3], found[1])
    time = f" {int(found[5]):02d}:{found[6]}:{found[7] or '00'}" if found[5] else ""
    return f"{found[4]}-{int(month):02d}-{int(day):02d}{time}"
