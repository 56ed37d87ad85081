"""Working days and hours of a workspace: its time zone, its weekend, its holidays. Pure.

Days are the workspace's own calendar days; moments come in aware and go out in UTC. Working hours run from ``opens`` to
``closes`` by the clock on the wall, so on a day the clocks change inside them they are an hour longer or shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SATURDAY, SUNDAY = 5, 6
_DAY = timedelta(days=1)
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """When a workspace works. ``weekend``: days off every week, Monday is 0. ``holidays``: days off by date.

    Raises ``ValueError`` when no day of the week is left to work on, or it closes before it opens.
    """

    zone: ZoneInfo
    weekend: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    holidays: frozenset[date] = frozenset()
    opens: time = time(9)
    closes: time = time(17)
    _hours: dict[date, tuple[datetime, datetime]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.weekend >= frozenset(range(7)):
            raise ValueError("at least one day of the week must be a working day")
        if self.opens >= self.closes:
            raise ValueError("the working day must close after it opens")

    @property
    def hours_a_day(self) -> float:
        """Hours between opening and closing by the clock."""
        opening = datetime.combine(date.min, self.opens)
        return (datetime.combine(date.min, self.closes) - opening) / timedelta(hours=1)

    def is_working(self, day: date) -> bool:
        return day.weekday() not in self.weekend and day not in self.holidays

    def day_of(self, moment: datetime) -> date:
        """The workspace's calendar day at ``moment``."""
        return moment.astimezone(self.zone).date()

    def after(self, day: date, days: int) -> date:
        """The day ``days`` working days after ``day``; 0: ``day`` itself, or the next working day if it is none.

        A day off counts as the working day that follows it. Raises ``ValueError`` for a negative number.
        """
        if days < 0:
            raise ValueError("working days are counted forwards")
        while not self.is_working(day):
            day += _DAY
        for _step in range(days):
            day += _DAY
            while not self.is_working(day):
                day += _DAY
        return day

    def due(self, since: datetime, days: int) -> datetime:
        """Closing time of the day ``days`` working days after ``since``; after closing counts as the next day."""
        day = self.day_of(since)
        if self.is_working(day) and since >= self.hours(day)[1]:
            day += _DAY
        return self.hours(self.after(day, days))[1]

    def between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and with ``end``; 0 when ``end`` is not later."""
        return sum(1 for day in _days(start + _DAY, end) if self.is_working(day))

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two moments; nothing when ``end`` is not later."""
        total = _NONE
        for day in _days(self.day_of(start), self.day_of(end)):
            if self.is_working(day):
                opening, closing = self.hours(day)
                total += max(_NONE, min(end, closing) - max(start, opening))
        return total

    def hours(self, day: date) -> tuple[datetime, datetime]:
        """When ``day`` opens and closes, in UTC. A time the clocks skip is read by the offset before the change."""
        known = self._hours.get(day)
        if known is None:
            opening = datetime.combine(day, self.opens, self.zone).astimezone(UTC)
            closing = datetime.combine(day, self.closes, self.zone).astimezone(UTC)
            known = self._hours[day] = (opening, max(opening, closing))
        return known


def _days(first: date, last: date) -> Iterator[date]:
    """Every day from ``first`` to ``last``, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
