"""Days of a simulation: UTC dates as numbers, month arithmetic, and the curves of a year.

A *day number* counts from the window's first day (0); days before the window are negative.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

MS_PER_DAY = 86_400_000

# What is left of an ordinary day around the turn of the year, by (month, day).
_HOLIDAYS = {
    (12, 24): 0.35,
    (12, 25): 0.05,
    (12, 26): 0.1,
    (12, 31): 0.4,
    (1, 1): 0.05,
    (5, 1): 0.3,
} | {(12, day): 0.45 for day in (27, 28, 29, 30)}


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later (earlier when negative); the month's last day where it is too short."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_between(earlier: date, later: date) -> int:
    """Whole months from `earlier` to `later`; 0 when `later` is not after it."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    if add_months(earlier, months) > later:
        months -= 1
    return max(months, 0)


@dataclass(frozen=True)
class Window:
    """The closed span of UTC days for which events are simulated; `end` is its last day."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def last(self) -> int:
        """The number of the last day."""
        return self.days - 1

    def number(self, day: date) -> int:
        return (day - self.start).days

    def date(self, number: int) -> date:
        return self.start + timedelta(days=int(number))

    @cached_property
    def midnight_ms(self) -> int:
        """Milliseconds since 1970 of the first day's midnight, UTC."""
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp()) * 1000

    @cached_property
    def weekdays(self) -> IntArray:
        """0 = Monday, for every day."""
        return (np.arange(self.days) + self.start.weekday()) % 7

    @cached_property
    def holidays(self) -> FloatArray:
        """Share of an ordinary day's work done on each day, for the feasts that most of Europe keeps."""
        factors = np.ones(self.days, dtype=np.float32)
        for number in range(self.days):
            day = self.date(number)
            factors[number] = _HOLIDAYS.get((day.month, day.day), 1.0)
        return factors

    @cached_property
    def _year_position(self) -> NDArray[np.float64]:
        """Where in its year each day lies, in months: 0.5 is the middle of January."""
        position = np.empty(self.days)
        for number in range(self.days):
            day = self.date(number)
            position[number] = day.month - 1 + (day.day - 0.5) / monthrange(day.year, day.month)[1]
        return position

    def season(self, months: list[float]) -> FloatArray:
        """Twelve monthly factors as a smooth daily curve: each holds in the middle of its month."""
        middles = np.arange(12) + 0.5
        return np.interp(self._year_position, middles, months, period=12).astype(np.float32)
