"""Finds customers that fell silent, from running state: few columns of few customers, whatever the number of events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health import outages
from health.alerts import opening, silence
from health.alerts.opening import Finding
from health.facts.outages import OutageHistory
from health.models import AlertKind
from health.services.outages import days_with_events, heard_lately
from health.streams import ALL_EVENTS
from health.windows import STATE_DAYS

_BATCH = 2_000

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
            outage = _outages(today)
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


def _outages(today: date) -> set[int] | None:
    """The days of outages, as ordinals: those of the last weeks, and of those on record, which may last longer than
    the weeks that can be looked at. None when too few customers send to tell.
    """
    heard = heard_lately(today - timedelta(days=1))
    if not silence.can_be_told(heard.customers):
        return None
    first, last = today - timedelta(days=STATE_DAYS - 1), today - timedelta(days=1)
    seen = outages.days_of(outages.found(heard.senders, first, last), last)
    on_record = OutageHistory(last).at(last, today)
    return {day.toordinal() for day in seen} | set(on_record.days if on_record else ())


def _findings(rows: list[tuple[Any, ...]], today: date, outage: set[int]) -> list[Finding]:
    found = []
    for customer_id, anchor, counts, last_event_at in rows:
        days = days_with_events(anchor, counts)
        told = silence.assess(days, today.toordinal(), outage) if days else None
        if told is not None:
            details = {
                "quiet_days": told.quiet,
                "usual_days": round(told.usual, 1),
                "last_event_at": last_event_at.astimezone(UTC).isoformat(),
            }
            found.append(Finding(customer_id, AlertKind.WENT_SILENT, 0, details))
    return found
