"""What moved many customers' scores: the ledger's split of stored values, so that no event is touched.

By measure it says what ``health.what_changed`` says, without why.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from health import ledger, scoring
from health.adjusting import OVERRIDE
from health.measures import Spec
from health.models import HealthScore, HealthSnapshot
from health.narrative import Cause
from health.services.compare import Stored, walk
from health.services.compute import card_of


@dataclass(frozen=True, slots=True)
class Movement:
    """From ``since`` to now. Points in hundredths; ``causes`` per measure; they add up to the difference of what was
    measured, whether or not it sufficed for a score.
    """

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
    pairs: dict[tuple[UUID, UUID], list[tuple[HealthSnapshot, HealthScore]]] = defaultdict(list)
    for before in snapshots:
        row = now.get(before.customer_id)
        if row is not None:
            pairs[(before.scorecard_version_id, row.scorecard_version_id)].append((before, row))
    return {row.pk: moved for mine in pairs.values() for row, moved in _moved(mine)}


def _moved(pairs: Sequence[tuple[HealthSnapshot, HealthScore]]) -> Iterator[tuple[HealthScore, Movement]]:
    """Pairs of the same two versions, each with what the ledger says of it."""
    cards = card_of(pairs[0][0].scorecard_version), card_of(pairs[0][1].scorecard_version)
    held = Stored.of([before for before, _ in pairs]), Stored.of([after for _, after in pairs])
    start, end = held[0].beside(held[1]), held[1].beside(held[0])
    # What time alone did is not told apart from what happened: that would ask for the events.
    ways = walk(cards, start, start, end)
    parts = ledger.split(ways.before, ways.after).parts.sum(axis=1)
    labels = _labels(cards)
    specs = {item.key: item.spec for card in cards for item in card.items}
    for place, (before, after) in enumerate(pairs):
        causes = tuple(
            Cause(labels[name], int(change), lost=name in specs and _is_lost(specs[name], start, end, place))
            for name, change in zip(ways.columns, parts[place].tolist(), strict=True)
            if change
        )
        yield (
            after,
            Movement(before.as_of, before.points, before.band, after.points, after.computed_at, after.coverage, causes),
        )


def _is_lost(spec: Spec, start: Stored, end: Stored, place: int) -> bool:
    return math.isnan(end.values[spec][place]) and not math.isnan(start.values[spec][place])


def _labels(cards: Sequence[scoring.Card]) -> dict[str, str]:
    """The names of drivers by key, in the reader's language."""
    language = get_language() or "en"
    told = [(item.key, item.label) for card in cards for item in card.items]
    told += [(each.name, each.label) for card in cards for each in card.exceptions]
    return {**{name: label.get(language, label["en"]) for name, label in told}, OVERRIDE: _("Set by hand")}
