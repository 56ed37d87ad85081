"""From loaded facts to scores and risks, for arrays of customers: the one path of both executors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from health import risk, scoring
from health.measures import Facts, Floats, Spec, evaluate
from health.models import ScorecardVersion


@dataclass(slots=True)
class Result:
    """``values``: n × m in the order of the version's items."""

    values: Floats
    scores: scoring.Scores
    risks: risk.Risks


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


def specs_of(card: scoring.Card) -> list[Spec]:
    """Everything that must be loaded to score with ``card`` and to assess risk."""
    return [*card.specs, *risk.USAGE_SPECS]


def compute(card: scoring.Card, facts: Facts, base: risk.BaseRate) -> Result:
    """Score and assess all customers of ``facts``."""
    values = np.column_stack([evaluate(spec, facts) for spec in card.specs])
    scores = scoring.score(card, values, facts.applicable)
    risks = risk.assess(risk.gather(facts, base), facts.applicable & np.isin(facts.state, list(_AT_STAKE)))
    return Result(values, scores, risks)


_AT_STAKE = ("active", "notice_given", "in_grace")
