"""What moved many customers' scores, read from stored values: no event is touched."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.utils.translation import get_language

from health import scoring
from health.models import HealthScore, HealthSnapshot
from health.narrative import Cause
from health.services.compute import card_of


@dataclass(frozen=True, slots=True)
class Movement:
    """From ``since`` to now. Points in hundredths; ``causes`` per measure; they add up to the difference."""

    since: date
    points_before: int | None
    band_before: str
    points: int | None
    computed_at: datetime
    coverage: int
    causes: tuple[Cause, ...]


def movements(customer_ids: Collection[UUID], since: date) -> dict[UUID, Movement]:
    """How scores moved since the closed day ``since`` (or the newest before it), in two queries.

    Customers without a stored score or an earlier snapshot are left out.
    """
    now = {row.pk: row for row in HealthScore.objects.filter(pk__in=customer_ids).select_related("scorecard_version")}
    snapshots = (
        HealthSnapshot.objects.filter(customer_id__in=customer_ids, as_of__lte=since)
        .select_related("scorecard_version")
        .order_by("customer_id", "-as_of", "revision")
        .distinct("customer_id")
    )
    found = {}
    for before in snapshots:
        row = now.get(before.customer_id)
        if row is not None:
            found[row.pk] = Movement(
                before.as_of,
                before.points,
                before.band,
                row.points,
                row.computed_at,
                row.coverage,
                _causes(before, row),
            )
    return found


def _causes(before: HealthSnapshot, after: HealthScore) -> tuple[Cause, ...]:
    old, new = _points(before), _points(after)
    language = get_language() or "en"
    causes = []
    for item in card_of(after.scorecard_version).items:
        change = new.get(item.key, 0) - old.get(item.key, 0)
        if change:
            label = item.label.get(language, item.label["en"])
            causes.append(Cause(label, change, lost=item.key not in new))
    return tuple(causes)


def _points(row: Any) -> dict[str, int]:
    """Points per measure that had a value."""
    card = card_of(row.scorecard_version)
    values = np.array([row.values], dtype=np.float64)
    scored = scoring.score(card, values, np.array([row.band != scoring.NOT_APPLICABLE]))
    return {
        item.key: int(scored.points[0, index])
        for index, item in enumerate(card.items)
        if not np.isnan(values[0, index]) and row.points is not None
    }
