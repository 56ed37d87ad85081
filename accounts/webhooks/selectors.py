"""Reading webhooks and their deliveries for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet

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
    """The active workspace's endpoints, the oldest first, in two queries."""
    counted = (
        WebhookDelivery.objects.filter(created_at__gte=now - RECENT)
        .values_list("endpoint_id", "state")
        .annotate(n=Count("pk"))
    )
    counts: dict[tuple[UUID, str], int] = {(endpoint, state): n for endpoint, state, n in counted}
    return [
        Listed(
            endpoint,
            delivered=counts.get((endpoint.pk, DeliveryState.DELIVERED), 0),
            failed=counts.get((endpoint.pk, DeliveryState.FAILED), 0),
            pending=counts.get((endpoint.pk, DeliveryState.PENDING), 0),
        )
        for endpoint in WebhookEndpoint.objects.order_by("pk")
    ]


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
