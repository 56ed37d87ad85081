"""Outages of the sender as they were known on any day, for both executors."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from health.lost import Lost
from health.models import SenderOutage

_FOREVER = datetime.max.replace(tzinfo=UTC)


class OutageHistory:
    """The outages of the active workspace that began by ``last``, read once.

    ``recorded_through``: what was stored later takes no part, the end of an outage included.
    """

    def __init__(self, last: date, *, recorded_through: datetime | None = None) -> None:
        self._cut = recorded_through or _FOREVER
        self._last = last
        self._rows = list(SenderOutage.objects.filter(first_day__lte=last).order_by("first_day"))

    def at(self, day: date, known_through: date) -> Lost | None:
        """The days lost up to ``day``, of what was known by the end of ``known_through``; None for none.

        Of the days between the two, where ``day`` is the later, what was known on it: a silence that nobody could hear
        makes no fact older.
        """
        lost = self._days(day, known_through, self._cut)
        if known_through < day:
            passed = self._days(day, day, _FOREVER)
            lost = {each for each in lost if each <= known_through.toordinal()}
            lost |= {each for each in passed if each > known_through.toordinal()}
        return Lost(tuple(sorted(lost))) if lost else None

    @property
    def count(self) -> int:
        """How many days up to the last were held lost at any time."""
        return len(self._days(self._last, self._last, _FOREVER, withdrawn=True))

    def _days(self, day: date, known_through: date, cut: datetime, *, withdrawn: bool = False) -> set[int]:
        known = datetime.combine(known_through, time.max, UTC)
        days: set[int] = set()
        for row in self._rows:
            taken_back = row.withdrawn_at is not None and row.withdrawn_at <= min(known, cut)
            if row.recorded_at > cut or row.known_at > known or row.first_day > day or (taken_back and not withdrawn):
                continue
            ended = row.last_day if row.ended_at is not None and row.ended_at <= cut else None
            days.update(range(row.first_day.toordinal(), min(ended or day, day).toordinal() + 1))
        return days


def lasting() -> SenderOutage | None:
    """The outage that lasts in the active workspace."""
    found: SenderOutage | None = SenderOutage.objects.filter(last_day__isnull=True, withdrawn_at__isnull=True).first()
    return found
