"""What moved many customers' scores, read from stored values: no event is touched."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from health import scoring
from health.adjusting import OVERRIDE
from health.models import HealthScore, HealthSnapshot
from health.narrative import Cause
from health.services.compute import card_of, parts_of, scores_of


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
    now = {
        row.pk: row
        for row in HealthScore.objects.filter(pk__in=customer_ids).select_related("scorecard_version", "override")
    }
    snapshots = (
        HealthSnapshot.objects.filter(customer_id__in=customer_ids, as_of__lte=since)
        .select_related("scorecard_version", "override")
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
    card = card_of(after.scorecard_version)
    measures = {item.key for item in card.items}
    causes = []
    for name, label in {**_labels(card_of(before.scorecard_version), adjustments_only=True), **_labels(card)}.items():
        change = new.get(name, 0) - old.get(name, 0)
        if change:
            causes.append(Cause(label, change, lost=name in measures and name not in new))
    return tuple(causes)


def _labels(card: scoring.Card, *, adjustments_only: bool = False) -> dict[str, str]:
    """The names of a score's drivers by key, in the reader's language."""
    language = get_language() or "en"
    items = () if adjustments_only else card.items
    told = [(item.key, item.label) for item in items] + [(each.name, each.label) for each in card.exceptions]
    return {**{name: label.get(language, label["en"]) for name, label in told}, OVERRIDE: _("Set by hand")}


def _points(row: HealthScore | HealthSnapshot) -> dict[str, int]:
    """Points by driver: measures that had a value, and adjustments that did something."""
    if row.points is None:
        return {}
    card = card_of(row.scorecard_version)
    missing = {item.key for item, value in zip(card.items, row.values, strict=True) if math.isnan(value)}
    parts = parts_of(card, scores_of(card, row), 0)
    return {name: points for name, points in parts.items() if name not in missing}
