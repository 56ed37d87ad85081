"""Whole waves of answers at once, for what looks at many: invented shares, fixed by a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from csplatform.core.ids import uuid7
from surveys.models import Response, Survey
from tests.factories import NOW

WEIGHTS = (50, 48, 26, 25, 25, 24, 19, 14, 12, 12, 8, 7, 6, 4)
ROLES = {"leader": 139, "csm": 134, "onboarding": 49, "account": 42, "support": 27, "other": 9, "": 12}
SIZES = {"1-49": 94, "50-249": 126, "250-999": 103, "1000": 77, "": 12}
REGIONS = {"europe": 291, "elsewhere": 107, "": 14}


def answer_row(survey: Survey, choices: Sequence[int], *, now: datetime = NOW, **fields: Any) -> Response:
    """An unsaved answer."""
    return Response(
        workspace_id=survey.workspace_id,
        survey=survey,
        choices=list(choices),
        submission_key=uuid7().hex,
        receipt_hash=uuid7().hex,
        occurred_at=now,
        known_at=now,
        **fields,
    )


def draw(weights: Mapping[Any, float] | Sequence[float], count: int, chance: random.Random) -> list[Any]:
    """``count`` different keys, by weight (indices from 1 for a sequence)."""
    pool = dict(weights) if isinstance(weights, Mapping) else dict(enumerate(weights, 1))
    drawn = []
    for _ in range(count):
        key = chance.choices(list(pool), list(pool.values()))[0]
        del pool[key]
        drawn.append(key)
    return drawn


def fill(
    survey: Survey,
    n: int,
    *,
    seed: int = 1,
    weights: Sequence[float] = WEIGHTS,
    segments: Mapping[str, Mapping[str, float]] | None = None,
    now: datetime = NOW,
) -> list[Response]:
    """``n`` stored answers of one to three choices; ``segments``: question → weights of its choices ("" not said)."""
    chance = random.Random(seed)
    told = {"role": ROLES, "size": SIZES, "region": REGIONS} if segments is None else segments
    rows = []
    for number in range(n):
        groups = {key: draw(choices, 1, chance)[0] for key, choices in told.items()}
        leaning = _leaning(weights, groups.get("role", ""))
        order = list(range(1, len(weights) + 1))
        chance.shuffle(order)
        rows.append(
            answer_row(
                survey,
                draw(leaning, chance.choices((1, 2, 3), (5, 10, 85))[0], chance),
                now=now + timedelta(minutes=number),
                segments={key: choice for key, choice in groups.items() if choice},
                shown_order=order,
            )
        )
    return list(Response.objects.bulk_create(rows))


def _leaning(weights: Sequence[float], role: str) -> list[float]:
    """Leaders name the first option more often, CSMs the fifth: groups that differ, for what tells groups apart."""
    leaning = list(weights)
    if len(leaning) >= 5 and role == "leader":
        leaning[0] *= 2
        leaning[4] /= 3
    if len(leaning) >= 5 and role == "csm":
        leaning[0] /= 3
        leaning[4] *= 2.5
    return leaning
