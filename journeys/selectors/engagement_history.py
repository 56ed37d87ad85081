"""Which conversations were known at a moment of the past: what scores of past days are rebuilt from."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from journeys.models import EngagementVersion


def known(
    customer_ids: Collection[UUID], *, as_of: datetime, since: datetime | None = None
) -> QuerySet[EngagementVersion]:
    """Conversations of these customers as they were known at ``as_of``, oldest first: one row a customer of each.

    Those had by then, from ``since`` on where it is told. Later corrections and deletions change nothing of it.
    """
    latest = (
        EngagementVersion.objects.filter(customer_id__in=customer_ids, known_at__lte=as_of)
        .order_by("customer_id", "engagement_id", "-known_at", "-id")
        .distinct("customer_id", "engagement_id")
    )
    rows = EngagementVersion.objects.filter(pk__in=latest.values("pk"), took_part=True, occurred_at__lte=as_of)
    if since is not None:
        rows = rows.filter(occurred_at__gte=since)
    return rows.order_by("occurred_at", "id")
