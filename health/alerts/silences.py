"""Finds customers that fell silent, from running state: few columns of few customers, whatever the number of events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health.alerts import opening, silence
from health.alerts.opening import Finding
from health.models import AlertKind
from health.streams import ALL_EVENTS
from health.windows import STATE_DAYS

# Enough to see an outage of the sender; whoever is in the sample says nothing of anybody else.
_SAMPLE = 2_000
_BATCH = 2_000

_SENDERS = """
SELECT anchor, counts FROM health_usagewindow
WHERE workspace_id = %(workspace)s AND stream = %(stream)s AND last_event_at >= %(since)s
ORDER BY md5(customer_id::text) LIMIT %(most)s
"""
# Who is quiet for longer than the least silence, and is not alerted already.
_QUIET = """
SELECT w.customer_id, w.anchor, w.counts, w.last_event_at
FROM accounts_customerhealth h
JOIN accounts_customer c ON c.workspace_id = h.workspace_id AND c.id = h.customer_id
JOIN health_usagewindow w ON w.workspace_id = h.workspace_id AND w.customer_id = h.customer_id
  AND w.stream = %(stream)s
WHERE h.workspace_id = %(workspace)s AND h.last_event_at >= %(since)s AND h.last_event_at < %(until)s
  AND c.contract_state IN ('active', 'notice_given', 'in_grace')
  AND (%(last)s::uuid IS NULL OR h.customer_id > %(last)s::uuid)
  AND NOT EXISTS (SELECT 1 FROM health_alert a WHERE a.workspace_id = h.workspace_id AND a.kind = 'went_silent'
    AND a.customer_id = h.customer_id AND a.state <> 'resolved')
ORDER BY h.customer_id LIMIT %(batch)s
"""


def look(*, now: datetime, through: date | None = None) -> int:
    """Begin alerts for customers of the active workspace that fell silent; returns how many.

    ``through``: the last day whose facts are complete, where the data do not keep arriving; silence is counted up to
    it. A day on which hardly any customer sent anything is an outage of the sender and counts for nobody.
    """
    today = min(now.date(), through + timedelta(days=1)) if through else now.date()
    values: dict[str, Any] = {
        "workspace": str(current_workspace_id()),
        "stream": ALL_EVENTS,
        "since": datetime.combine(today - timedelta(days=silence.LONGEST), datetime.min.time(), UTC),
        "until": datetime.combine(today - timedelta(days=silence.LEAST_SILENCE), datetime.min.time(), UTC),
    }
    begun, outage = 0, None
    for rows in _quiet(values):
        if outage is None:
            outage = _outages(values, today)
            if outage is None:
                return 0
        begun += opening.begin(_findings(rows, today, outage), now=now)
    return begun


def _quiet(values: dict[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
    last: UUID | None = None
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_QUIET, {**values, "last": str(last) if last else None, "batch": _BATCH})
            rows = cursor.fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _outages(values: dict[str, Any], today: date) -> set[int] | None:
    """The outages among the last days, as ordinals; None when too few customers send to tell."""
    with connection.cursor() as cursor:
        cursor.execute(_SENDERS, {**values, "most": _SAMPLE})
        rows = cursor.fetchall()
    if not silence.can_be_told(len(rows)):
        return None
    senders: dict[date, int] = {}
    for anchor, counts in rows:
        for day in _days(anchor, counts):
            senders[date.fromordinal(day)] = senders.get(date.fromordinal(day), 0) + 1
    first, last = today - timedelta(days=STATE_DAYS - 1), today - timedelta(days=1)
    seen = {day: number for day, number in senders.items() if day <= last}
    return {day.toordinal() for day in silence.outages(seen, first, last)}


def _findings(rows: list[tuple[Any, ...]], today: date, outage: set[int]) -> list[Finding]:
    found = []
    for customer_id, anchor, counts, last_event_at in rows:
        days = _days(anchor, counts)
        told = silence.assess(days, today.toordinal(), outage) if days else None
        if told is not None:
            details = {
                "quiet_days": told.quiet,
                "usual_days": round(told.usual, 1),
                "last_event_at": last_event_at.astimezone(UTC).isoformat(),
            }
            found.append(Finding(customer_id, AlertKind.WENT_SILENT, 0, details))
    return found


def _days(anchor: date, counts: bytes | memoryview) -> list[int]:
    """Ordinals of the days with events among the last ``STATE_DAYS`` up to ``anchor``."""
    numbers = np.frombuffer(counts, dtype="<i4")
    first = anchor.toordinal() - STATE_DAYS + 1
    return [first + int(place) for place in np.flatnonzero(numbers > 0)]
