"""Scoring as a first version would do it: one customer after the other, with a few queries each, through the ORM."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Max

from accounts.models import Customer, Workspace
from csplatform.core.tenancy import workspace_scope
from health.models import Event, HealthScore
from health.scoring import Card, share
from health.services.cards import version_on
from health.services.compute import card_of

_WINDOW = timedelta(days=28)


def score_customers(workspace: Workspace, customer_ids: Sequence[UUID], day: date) -> None:
    """Five queries over the events and two ``save()`` a customer, all taken back at the end."""
    with workspace_scope(workspace), transaction.atomic():
        version = version_on(day)
        card = card_of(version)
        for customer_id in customer_ids:
            _score(customer_id, day, card, version.pk)
        transaction.set_rollback(True)


def values_of(customer: Customer, day: date) -> tuple[dict[str, float], datetime | None]:
    """The values of the usage measures on ``day`` by five queries, and when the customer was last heard of."""
    until = datetime.combine(day + timedelta(days=1), time.min, UTC)
    events = Event.objects.filter(workspace_id=customer.workspace_id, customer_id=customer.pk)
    recent = events.filter(occurred_at__gte=until - _WINDOW, occurred_at__lt=until)
    count = recent.count()
    before = events.filter(occurred_at__gte=until - 2 * _WINDOW, occurred_at__lt=until - _WINDOW).count()
    users = recent.values("contact_id").distinct().count()
    features = recent.values("name").distinct().count()
    last: datetime | None = events.filter(occurred_at__lt=until).aggregate(last=Max("occurred_at"))["last"]
    seats = customer.seats or 1
    values = {
        "activity_level": count / 4 / seats,
        "activity_trend": min(count / before, 4.0) if before else 1.0,
        "active_users": float(users),
        "seat_share": users / seats,
        "breadth": float(features),
        "recency": float((day - last.date()).days) if last else 64.0,
    }
    return values, last


def _score(customer_id: UUID, day: date, card: Card, version_id: UUID) -> None:
    customer = Customer.objects.select_related("health").get(pk=customer_id)
    values, last = values_of(customer, day)
    points = _points(card, values)
    score = HealthScore.objects.filter(customer_id=customer_id).first() or HealthScore(
        customer_id=customer_id, workspace_id=customer.workspace_id
    )
    score.scorecard_version_id = version_id
    score.as_of, score.computed_at = day, datetime.combine(day + timedelta(days=1), time.min, UTC)
    score.points, score.band, score.coverage = points, "healthy" if points >= 7_000 else "watch", 100
    score.values, score.risk_inputs = list(values.values()), []
    score.save()
    listed = customer.health
    listed.points, listed.band, listed.last_event_at = points, score.band, last
    listed.save()


def _points(card: Card, values: dict[str, float]) -> int:
    """The score in hundredths over the measures at hand."""
    total = weight = 0.0
    for item in card.items:
        if item.key in values:
            total += item.weight * float(share(item.curve, np.array([values[item.key]]))[0])
            weight += item.weight
    return round(10_000 * total / weight)
