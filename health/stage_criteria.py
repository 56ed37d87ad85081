"""What stages may ask of usage: the present value of each measure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from uuid import UUID

from health import segments
from health.models import HealthScore, ScorecardVersion


def names() -> dict[str, str]:
    """Key → name of the measures of the present scorecard, for the reader."""
    prefix = f"{segments.MEASURES}."
    return {field.key.removeprefix(prefix): str(field.label) for field in segments.measures()}


def values(customer_ids: Sequence[UUID], keys: Sequence[str]) -> Mapping[UUID, Mapping[str, float]]:
    """The present value of each of these measures by customer; one that is missing is left out."""
    found: dict[UUID, dict[str, float]] = {}
    places: dict[UUID, dict[str, int]] = {}
    scores = HealthScore.objects.filter(customer_id__in=customer_ids)
    for customer_id, version_id, stored in scores.values_list("customer_id", "scorecard_version_id", "values"):
        if version_id not in places:
            content = ScorecardVersion.objects.values_list("content", flat=True).get(pk=version_id)
            places[version_id] = {item["measure"]: place for place, item in enumerate(content["items"])}
        at = {key: places[version_id][key] for key in keys if key in places[version_id]}
        found[customer_id] = {key: stored[place] for key, place in at.items() if not math.isnan(stored[place])}
    return found
