"""Reading scorecards for pages: their order, versions, and whom each scores now."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from accounts.models import SavedSegment
from accounts.models.customers import HealthBand
from health.models import HealthScore, Scorecard, ScorecardDraft, ScorecardVersion
from journeys.models import Macro


@dataclass(frozen=True, slots=True)
class Row:
    """A scorecard in the order of precedence; ``segment``: its name, empty for none, None where it was deleted."""

    card: Scorecard
    latest: ScorecardVersion | None
    has_draft: bool
    stages: list[str]
    segment: str | None
    customers: int


def listing_rows() -> list[Row]:
    """Scorecards in their order, retired ones after the default one; the number of queries is that of none."""
    cards = list(Scorecard.objects.order_by("is_default", "position", "id"))
    newest = ScorecardVersion.objects.order_by("scorecard", "-version").distinct("scorecard").defer("content")
    latest = {version.scorecard_id: version for version in newest}
    drafted = set(ScorecardDraft.objects.values_list("scorecard_id", flat=True))
    names = dict(SavedSegment.objects.values_list("pk", "name"))
    scored = dict(
        HealthScore.objects.exclude(band=HealthBand.NOT_APPLICABLE)
        .values_list("scorecard_version__scorecard")
        .annotate(n=Count("pk"))
        .order_by()
    )
    rows = [
        Row(
            card,
            latest.get(card.pk),
            card.pk in drafted,
            [str(Macro(macro).label) for macro in card.macros],
            names.get(card.segment_id) if card.segment_id else "",
            scored.get(card.pk, 0),
        )
        for card in cards
    ]
    return sorted(rows, key=lambda row: row.card.retired_at is not None)


def versions_of(scorecard_id: UUID) -> list[ScorecardVersion]:
    """The newest first."""
    return list(ScorecardVersion.objects.filter(scorecard_id=scorecard_id).order_by("-version"))
