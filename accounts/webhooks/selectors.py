"""Reading webhooks and their deliveries for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q, QuerySet

from accounts.models import DeliveryState, WebhookDelivery, WebhookEndpoint

RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """An endpoint and what became of the deliveries of the last day."""

    endpoint: WebhookEndpoint
    delivered: int
    failed: int
    pending: int


def listing(*, now: datetime) -> list[Listed]:
    """The active workspace's endpoints, the oldest first, in one query."""
    recent = FilteredRelation("deliveries", condition=Q(deliveries__created_at__gte=now - RECENT))
    rows = WebhookEndpoint.objects.annotate(recent=recent).annotate(
        delivered=_recent(DeliveryState.DELIVERED),
        failed=_recent(DeliveryState.FAILED),
        pending=_recent(DeliveryState.PENDING),
    )
    return [Listed(row, delivered=row.delivered, failed=row.failed, pending=row.pending) for row in rows.order_by("pk")]


def _recent(state: DeliveryState) -> Count:
    return Count("recent", filter=Q(recent__state=state))


def with_failures() -> QuerySet[WebhookEndpoint]:
    """The active workspace's endpoints, each with ``has_failed``: whether a delivery of its log did."""
    failed = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), state=DeliveryState.FAILED)
    rows: QuerySet[WebhookEndpoint] = WebhookEndpoint.objects.annotate(has_failed=Exists(failed))
    return rows


def deliveries_of(
    endpoint: WebhookEndpoint, *, state: str = "", event: str = "", since: date | None = None
) -> QuerySet[WebhookDelivery]:
    """Deliveries of one endpoint, the newest first. ``since``: a UTC day."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-pk")
    if state:
        rows = rows.filter(state=state)
    if event:
        rows = rows.filter(event=event)
    if since:
        rows = rows.filter(occurred_at__gte=start_of(since))
    return rows


def start_of(day: date) -> datetime:
    """The first moment of a UTC day."""
    return datetime.combine(day, time.min, UTC)
