"""Outages of the sender as they were known on any day, for both executors."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from health.measures import Lost
from health.models import SenderOutage


class OutageHistory:
    """The outages of the active workspace that began by ``last``, read once.

    ``recorded_through``: what was stored later takes no part, the end of an outage included.
    """

    def __init__(self, last: date, *, recorded_through: datetime | None = None) -> None:
        rows = SenderOutage.objects.filter(first_day__lte=last).order_by("first_day")
        if recorded_through is not None:
            rows = rows.filter(recorded_at__lte=recorded_through)
        self._cut = recorded_through or datetime.max.replace(tzinfo=UTC)
        self._rows = list(rows)

    def at(self, day: date, known_through: date) -> Lost | None:
        """The days lost up to ``day``, of what was known by the end of ``known_through``; None for none."""
        known = datetime.combine(known_through, time.max, UTC)
        days: set[int] = set()
        is_lasting = False
        for row in self._rows:
            withdrawn = row.withdrawn_at is not None and row.withdrawn_at <= min(known, self._cut)
            if row.known_at > known or row.first_day > day or withdrawn:
                continue
            ended = row.last_day if row.ended_at is not None and row.ended_at <= self._cut else None
            is_lasting = is_lasting or ended is None or ended >= day
            days.update(range(row.first_day.toordinal(), min(ended or day, day).toordinal() + 1))
        return Lost(tuple(sorted(days)), is_lasting) if days else None


def lasting() -> SenderOutage | None:
    """The outage that lasts in the active workspace."""
    found: SenderOutage | None = SenderOutage.objects.filter(last_day__isnull=True, withdrawn_at__isnull=True).first()
    return found
