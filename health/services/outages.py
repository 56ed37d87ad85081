"""Finding out that the sender as a whole fell silent, that it is back, and that it had not been silent after all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from health import outages
from health.facts.outages import lasting
from health.models import SenderOutage
from health.outages import LEAST_USUAL, QUIET_DAYS, Outage
from health.streams import ALL_EVENTS
from health.windows import STATE_DAYS

# Enough to see an outage; whoever is in the sample says nothing of anybody else.
_SAMPLE = 2_000
_LONGEST = timedelta(days=90)
_SENDERS = """
SELECT anchor, counts FROM health_usagewindow
WHERE workspace_id = %(workspace)s AND stream = %(stream)s AND last_event_at >= %(since)s
ORDER BY md5(customer_id::text) LIMIT %(most)s
"""
_SENDERS_EVER = """
SELECT day, count(*) FROM (
  SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date AS day, customer_id FROM health_event
  WHERE workspace_id = %(workspace)s AND customer_id IS NOT NULL
    AND occurred_at < (%(through)s::date + 1)::timestamp AT TIME ZONE 'UTC') AS heard
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """``senders``: how many customers of a sample sent anything on each day; ``customers``: how large the sample is."""

    senders: dict[date, int]
    customers: int


def heard_lately(today: date) -> Heard:
    """From the running state: the days it holds up to ``today``."""
    since = datetime.combine(today - _LONGEST, time.min, UTC)
    values: dict[str, Any] = {
        "workspace": str(current_workspace_id()),
        "stream": ALL_EVENTS,
        "since": since,
        "most": _SAMPLE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SENDERS, values)
        rows = cursor.fetchall()
    senders: dict[date, int] = {}
    for anchor, counts in rows:
        for day in days_with_events(anchor, counts):
            senders[date.fromordinal(day)] = senders.get(date.fromordinal(day), 0) + 1
    return Heard({day: n for day, n in senders.items() if day <= today}, len(rows))


def days_with_events(anchor: date, counts: bytes | memoryview) -> list[int]:
    """Ordinals of the days with events among the last ``STATE_DAYS`` up to ``anchor``."""
    first = anchor.toordinal() - STATE_DAYS + 1
    return [first + int(place) for place in np.flatnonzero(np.frombuffer(counts, dtype="<i4") > 0)]


@transaction.atomic
def look(*, now: datetime, by: audit.Actor = audit.SYSTEM) -> bool:
    """Keep what is found of the last weeks of the active workspace; returns whether anything changed.

    Days to which no file has reached yet are silent, too: the next file withdraws that. Scores follow when they are
    computed again: the caller starts that.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=current_workspace_id())
    today = now.astimezone(UTC).date()
    senders = heard_lately(today).senders
    first, last = today - timedelta(days=STATE_DAYS - 1), today - timedelta(days=1)
    changed = [_reconsider(row, senders, today, now=now, by=by) for row in _recent(first)]
    if lasting() is None:
        known = _recorded(first)
        changed += [
            _record(each, now=now, by=by)
            for each in outages.found(senders, first, last)
            if not any(row.first_day <= each.first <= (row.last_day or each.first) for row in known)
        ]
    return any(changed)


@transaction.atomic
def look_back(*, now: datetime, by: audit.Actor = audit.SYSTEM) -> int:
    """Keep the outages of the whole history that nobody has looked at yet; returns how many. Reads every event once."""
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=current_workspace_id())
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    through = min(workspace.data_through or yesterday, yesterday)
    with connection.cursor() as cursor:
        cursor.execute(_SENDERS_EVER, {"workspace": str(workspace.pk), "through": through})
        senders = dict(cursor.fetchall())
    if not senders:
        return 0
    known = _recorded(min(senders))
    # One that lasts is found by looking at the last weeks, which also sees its end.
    fresh = [
        each
        for each in outages.found(senders, min(senders), through)
        if each.last is not None
        and not any(
            row.first_day <= each.last and (row.last_day is None or each.first <= row.last_day) for row in known
        )
    ]
    return sum(_record(each, now=now, by=by) for each in fresh)


def _recorded(since: date) -> list[SenderOutage]:
    rows = SenderOutage.objects.filter(withdrawn_at__isnull=True)
    return [row for row in rows if row.last_day is None or row.last_day >= since]


def _recent(first: date) -> list[SenderOutage]:
    """Those whose days can still be seen, and the one that lasts."""
    return [row for row in _recorded(first) if row.last_day is None or row.first_day >= first]


def _record(outage: Outage, *, now: datetime, by: audit.Actor) -> bool:
    if outage.usual < LEAST_USUAL:
        return False
    row = SenderOutage.objects.create(
        workspace_id=current_workspace_id(),
        first_day=outage.first,
        last_day=outage.last,
        usual=outage.usual,
        known_at=datetime.combine(outage.known_from, time.max, UTC),
        recorded_at=now,
        ended_at=now if outage.last else None,
    )
    _note("health.outage_found", row, now=now, by=by)
    return True


def _reconsider(row: SenderOutage, senders: dict[date, int], until: date, *, now: datetime, by: audit.Actor) -> bool:
    """End or withdraw one by what has arrived since; returns whether it was."""
    outage = Outage(row.first_day, row.last_day, row.usual)
    back = outages.came_back(senders, outage, min(row.last_day or until, until))
    if back is None:
        return False
    if (back - row.first_day).days < QUIET_DAYS:
        row.withdrawn_at = now
        _note("health.outage_withdrawn", row, now=now, by=by)
    elif row.last_day is None:
        row.last_day, row.ended_at = back - timedelta(days=1), now
        _note("health.outage_ended", row, now=now, by=by)
    else:
        return False
    row.save(update_fields=["last_day", "ended_at", "withdrawn_at"])
    return True


def _note(action: str, row: SenderOutage, *, now: datetime, by: audit.Actor) -> None:
    days = {"first_day": row.first_day.isoformat(), "last_day": row.last_day.isoformat() if row.last_day else None}
    audit.record(actor=by, action=action, subject=row, data=days, now=now)
