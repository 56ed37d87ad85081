"""From a score to a probability that can be taken at its word, and how sure one can be of it. Pure.

Both learn from scores of rows the scoring model had not seen. The sigmoid (Platt, 1999) has two parameters, which even
a small history can settle. The interval is that of an inductive Venn-Abers predictor (Vovk, Large and Petej,
"Large-scale probabilistic predictors", NIPS 2015): what isotonic calibration says of a score if the customer is
assumed to stay, and if it is assumed to churn. It is wide where history says little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from health.measures import Floats

_GRID = 101


def logit(p: float) -> float:
    """Log-odds of a probability, kept off 0 and 1."""
    kept = min(max(p, 1e-6), 1 - 1e-6)
    return float(np.log(kept / (1 - kept)))


def probability(log_odds: Floats) -> Floats:
    """1 / (1 + exp(−log-odds))."""
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -40, 40)))
    return result


def level_shift(log_odds: Floats, labels: Floats) -> float:
    """What to add to ``log_odds`` so that the mean probability is the share that churned, (n₊+½)/(n+1)."""
    target = (labels.sum() + 0.5) / (len(labels) + 1)
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(log_odds + middle).mean() < target else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """calibrated log-odds = slope · log-odds + shift. Never a negative slope: order is kept or lost, never turned."""

    slope: float
    shift: float

    @classmethod
    def fit(cls, log_odds: Floats, labels: Floats) -> Sigmoid:
        """By maximum likelihood with Platt's targets, (n₊+1)/(n₊+2) and 1/(n₋+2), instead of 1 and 0."""
        from sklearn.linear_model import LogisticRegression

        churned = labels.sum()
        stayed = len(labels) - churned
        constant = cls(0.0, logit((churned + 1) / (len(labels) + 2)))
        if not churned or not stayed or np.ptp(log_odds) < 1e-9:
            return constant
        targets = np.where(labels > 0, (churned + 1) / (churned + 2), 1 / (stayed + 2))
        column = np.concatenate([log_odds, log_odds])[:, None]
        sides = np.concatenate([np.ones(len(labels)), np.zeros(len(labels))])
        fitted = LogisticRegression(C=1e6, max_iter=1_000).fit(
            column, sides, sample_weight=np.concatenate([targets, 1 - targets])
        )
        slope = float(fitted.coef_[0, 0])
        return cls(slope, float(fitted.intercept_[0])) if slope > 0 else constant

    def levelled(self, scores: Floats, labels: Floats) -> Sigmoid:
        """The same slope at the level of other rows, of the newest, say."""
        return Sigmoid(self.slope, level_shift(self.slope * scores, labels))

    def log_odds(self, scores: Floats) -> Floats:
        return self.slope * scores + self.shift


@dataclass(frozen=True, slots=True)
class VennAbers:
    """Intervals for any score, read off a grid of scores: ``low`` and ``high`` at each of ``scores``."""

    scores: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def fit(cls, scores: Floats, labels: Floats) -> VennAbers:
        """From independent rows: one a customer, none of them seen by the model that scored them."""
        from sklearn.isotonic import IsotonicRegression

        grid = np.unique(np.quantile(scores, np.linspace(0, 1, _GRID)))
        ends: list[list[float]] = [[], []]
        for point in grid:
            for assumed in (0.0, 1.0):
                fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(
                    np.append(scores, point), np.append(labels, assumed)
                )
                ends[int(assumed)].append(float(fitted.predict([point])[0]))
        return cls(tuple(grid.tolist()), tuple(ends[0]), tuple(ends[1]))

    def around(self, scores: Floats, probabilities: Floats) -> tuple[Floats, Floats]:
        """The interval at each score, widened where needed to hold the probability that is told."""
        low, high = (np.interp(scores, self.scores, ends) for ends in (self.low, self.high))
        return np.minimum(low, probabilities), np.maximum(high, probabilities)

    def to_dict(self) -> dict[str, Any]:
        return {"scores": list(self.scores), "low": list(self.low), "high": list(self.high)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> VennAbers:
        return cls(tuple(stored["scores"]), tuple(stored["low"]), tuple(stored["high"]))
