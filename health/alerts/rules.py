"""How grave an alert is, when it is over, and when the next digest comes. Pure: the clock is passed in."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from health import risk

# An alert that was over for less than this is taken up again instead of told anew: who flutters is one episode.
REST = timedelta(days=3)
_BANDS = ("healthy", "watch", "at_risk")
_LEVELS = tuple(name for name, _least in risk.LEVELS)
_SATURDAY = 5


def band_gravity(band: str) -> int | None:
    """0 healthy, 1 watch, 2 at risk; None for a band that says nothing of how a customer is."""
    return _BANDS.index(band) if band in _BANDS else None


def fell(before: str, after: str) -> bool:
    """Whether going from one band to the other is a fall; what becomes unknown has not fallen."""
    left, reached = band_gravity(before), band_gravity(after)
    return left is not None and reached is not None and reached > left


def risk_gravity(level: str) -> int:
    """0 low … 3 very high; an unknown word is low."""
    return _LEVELS.index(level) if level in _LEVELS else 0


def is_known(band: str) -> bool:
    return band in _BANDS


def next_digest(now: datetime, *, zone: ZoneInfo, hour: int, only_weekdays: bool) -> datetime:
    """The first moment after ``now`` at which clocks in ``zone`` show ``hour``, on Monday to Friday where asked.

    Where that hour is skipped in spring the digest comes at the same distance from midnight, an hour later by the
    clock; where it comes twice in autumn, at the first of the two.
    """
    day: date = now.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, time(hour), zone)
        if moment.timestamp() > now.timestamp() and not (only_weekdays and day.weekday() >= _SATURDAY):
            return moment
        day += timedelta(days=1)
