"""Moments as whole microseconds since 1970 UTC: exact, sortable and cheap to carry. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
DAY_MICROS = 86_400_000_000
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC; a naive ``moment`` is read as UTC.

    Raises ``OverflowError`` at the calendar's ends.
    """
    return ((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - EPOCH) // _MICROSECOND


def parse_micros(text: str) -> int:
    """Microseconds of an ISO 8601 text; without a zone it is UTC. Raises ``ValueError`` or ``OverflowError``."""
    return micros(datetime.fromisoformat(text.strip()))


def moment(at: int) -> datetime:
    """The UTC moment of ``at`` microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at)


def day_of(number: int) -> date:
    """The date of a day number counted from 1970-01-01."""
    return EPOCH_DAY + timedelta(days=number)


def day_number(day: date) -> int:
    """Days from 1970-01-01 to ``day``."""
    return (day - EPOCH_DAY).days


def month_of(at: int) -> date:
    """The first day of the UTC month of ``at``."""
    return day_of(at // DAY_MICROS).replace(day=1)
