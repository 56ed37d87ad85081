"""From loaded facts to scores and risks, for arrays of customers: the one path of both executors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np

from health import risk, scoring
from health.adjusting import BANDS, OVERRIDE
from health.churn.serving import Serving
from health.measures import Facts, Floats, Spec, evaluate
from health.models import ScorecardVersion
from health.models.scores import ScoreFields


@dataclass(slots=True)
class Result:
    """``values``: n × m in the order of the version's items. ``override_ids``: by customer, the one that acted.

    ``model``: id of the churn model that was asked, if any.
    """

    values: Floats
    scores: scoring.Scores
    risks: risk.Risks
    override_ids: list[UUID | None]
    model: str | None = None


def card_of(version: ScorecardVersion) -> scoring.Card:
    """The parsed content; versions are immutable, so it is parsed once per process."""
    return _parsed(str(version.pk), _Content(version.content))


class _Content:
    """Carries the content past the cache without taking part in the key."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content)


@lru_cache(maxsize=256)
def _parsed(_version_id: str, content: _Content) -> scoring.Card:
    return scoring.parse_card(content.content)


def specs_of(card: scoring.Card, model: Serving | None = None) -> list[Spec]:
    """Everything that must be loaded to score with ``card`` and to assess risk, by ``model`` where there is one."""
    return [*card.specs, *risk.USAGE_SPECS, *(model.specs if model else ())]


def compute(card: scoring.Card, facts: Facts, base: risk.BaseRate, model: Serving | None = None) -> Result:
    """Score and assess all customers of ``facts``; the risk is the model's where there is one, else the rules'."""
    values = np.column_stack([evaluate(spec, facts) for spec in card.specs])
    told = facts.overrides
    scores = scoring.score(card, values, facts.applicable, told.codes if told else None)
    at_stake = facts.applicable & np.isin(facts.state, list(_AT_STAKE))
    risks = risk.assess(risk.gather(facts, base), at_stake, base.horizon)
    ids: list[UUID | None] = told.ids if told else [None] * len(values)
    return Result(values, scores, model.assess(risks, facts) if model else risks, ids, model.key if model else None)


def parts_of(card: scoring.Card, scores: scoring.Scores, index: int) -> dict[str, int]:
    """What makes the score of customer ``index``, in hundredths by driver; adjustments that did nothing are left out.

    They add up to the score where there is one.
    """
    points = scores.points[index].tolist()
    parts = {item.key: part for item, part in zip(card.items, points, strict=True)}
    names = [*(exception.name for exception in card.exceptions), OVERRIDE]
    moved = zip(names, scores.adjustments[index].tolist(), strict=True)
    return {**parts, **{name: part for name, part in moved if part}}


def scores_of(card: scoring.Card, stored: ScoreFields) -> scoring.Scores:
    """A stored row scored again from what it holds: points follow from values, version and override.

    Join ``override`` where many are read.
    """
    values = np.array([stored.values], dtype=np.float64)
    codes = None
    if stored.override is not None:
        codes = np.array([BANDS.index(stored.override.band) + 1], dtype=np.int8)
    return scoring.score(card, values, np.array([stored.band != scoring.NOT_APPLICABLE]), codes)


_AT_STAKE = ("active", "notice_given", "in_grace")
