"""Reading alerts: the list, how many are unread, what is muted."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import Membership
from accounts.paging import Cursor, Ordering, Page, page
from health.models import Alert, AlertChannel, AlertDelivery, AlertMute, AlertState

PAGE = 50
_NEWEST = Ordering("began_at", descending=True)


def unread(member: Membership) -> int:
    """How many alerts in the app ``member`` has not read; one query, answered from a partial index."""
    count: int = _unread_of(member).count()
    return count


def _unread_of(member: Membership) -> QuerySet[AlertDelivery]:
    rows: QuerySet[AlertDelivery] = AlertDelivery.objects.filter(
        member=member, channel=AlertChannel.IN_APP, done_at__isnull=True
    )
    return rows


def _visible(of: Membership | None) -> QuerySet[Alert]:
    """All alerts, or those of the customers and deliveries of ``of``."""
    rows: QuerySet[Alert] = Alert.objects.all()
    if of is not None:
        heard = AlertDelivery.objects.filter(alert=OuterRef("pk"), member=of, channel=AlertChannel.IN_APP)
        rows = rows.filter(Q(customer__csm=of) | Exists(heard))
    return rows


def listing(
    member: Membership,
    *,
    state: str,
    kind: str = "",
    of: Membership | None = None,
    after: Cursor | None = None,
    before: Cursor | None = None,
) -> Page[Alert]:
    """Alerts in a state, the newest first, each with ``is_unread`` for ``member``."""
    rows = _visible(of).filter(state=state).select_related("customer__health", "mute")
    if kind:
        rows = rows.filter(kind=kind)
    rows = rows.annotate(is_unread=Exists(_unread_of(member).filter(alert=OuterRef("pk"))))
    return page(rows, _NEWEST, size=PAGE, after=after, before=before)


def counts(of: Membership | None, kind: str = "") -> dict[str, int]:
    """How many alerts stand in each state that is not over; muted ones are counted as well."""
    rows = _visible(of).exclude(state=AlertState.RESOLVED)
    if kind:
        rows = rows.filter(kind=kind)
    return dict(rows.order_by().values_list("state").annotate(n=Count("pk")))


def mutes(today: date) -> list[tuple[AlertMute, int]]:
    """The mutes in force, those that end first before, each with the number of alerts it keeps quiet."""
    rows = AlertMute.objects.filter(undone_at=None, until__gt=today).select_related("customer")
    counted = rows.annotate(quiet=Count("alerts", filter=Q(alerts__state=AlertState.MUTED)))
    return [(row, row.quiet) for row in counted.order_by("until", "pk")]


def newest_for(member: Membership, *, leaving_out: set[UUID], most: int) -> list[Alert]:
    """The unread alerts of ``member`` of other customers than these, most at stake first, one per customer."""
    rows = Alert.objects.filter(Exists(_unread_of(member).filter(alert=OuterRef("pk"))), state=AlertState.OPEN)
    rows = rows.exclude(customer__in=leaving_out).select_related("customer__health")
    found: dict[UUID, Alert] = {}
    for alert in rows.order_by(F("arr_minor").desc(), "-began_at")[: 4 * most]:
        found.setdefault(alert.customer_id, alert)
    return list(found.values())[:most]
