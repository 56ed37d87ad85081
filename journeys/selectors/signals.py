"""Reading signals: what waits for an answer, and how quickly customers and we respond to change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts.models import Membership
from accounts.paging import Cursor, Ordering, Page, page
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Signal, SignalState

PAGE = 50
YEAR = timedelta(days=365)
_OLDEST, _NEWEST = Ordering("known_at"), Ordering("known_at", descending=True)

_MEDIAN = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - known_at))
         FILTER (WHERE state = 'answered'),
       count(*) FILTER (WHERE state = 'answered'), count(*) FILTER (WHERE state = 'open')
FROM journeys_signal
WHERE workspace_id = %s AND known_at >= %s AND (%s::uuid IS NULL OR customer_id = %s::uuid)
"""


@dataclass(frozen=True, slots=True)
class Adaptability:
    """Of the last year's signals: the median time to response in seconds (None: nothing answered), how many."""

    median_seconds: int | None
    answered: int
    waiting: int


def adaptability(*, now: datetime, customer_id: UUID | None = None) -> Adaptability:
    """How quickly change is answered, for one customer or for everybody."""
    wanted = str(customer_id) if customer_id else None
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, [current_workspace_id(), now - YEAR, wanted, wanted])
        median, answered, waiting = cursor.fetchone()
    return Adaptability(None if median is None else round(median), answered, waiting)


def listing(
    *,
    state: str = SignalState.OPEN,
    kind: str = "",
    of: Membership | None = None,
    after: Cursor | None = None,
    before: Cursor | None = None,
) -> Page[Signal]:
    """Signals in a state: those that wait, the longest waiting first; others, the newest first."""
    rows = Signal.objects.filter(state=state).select_related("customer")
    if kind:
        rows = rows.filter(kind=kind)
    if of is not None:
        rows = rows.filter(customer__csm=of)
    ordering = _OLDEST if state == SignalState.OPEN else _NEWEST
    return page(rows, ordering, size=PAGE, after=after, before=before)


def of_customer(customer_id: UUID, *, most: int = 20) -> list[Signal]:
    """A customer's signals, those that wait before all, then the newest."""
    rows = Signal.objects.filter(customer_id=customer_id).order_by("-known_at", "-id")[:most]
    return sorted(rows, key=lambda each: each.state != SignalState.OPEN)
