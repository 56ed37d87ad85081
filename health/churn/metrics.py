"""How well probabilities rank and how far they can be taken at their word, with intervals that resample customers.

Rows of one customer are not independent, so intervals draw customers, not rows (cluster bootstrap; Field and Welsh,
"Bootstrapping clustered data", JRSS B 2007). Ties share what they reach: every figure is the mean over all orders of
tied rows, so that no figure depends on how rows happened to be sorted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from health.measures import Floats, Ints

DRAWS = 500
SHARES = (0.01, 0.05, 0.10)
_BINS = 10
_EDGE = 1e-6


def log_loss(labels: Floats, probabilities: Floats) -> Floats:
    """−log of the probability given to what happened, per row; probabilities are kept off 0 and 1."""
    p = np.clip(probabilities, _EDGE, 1 - _EDGE)
    losses: Floats = -(labels * np.log(p) + (1 - labels) * np.log(1 - p))
    return losses


def roc_auc(labels: Floats, scores: Floats, weights: Floats | None = None) -> float | None:
    """Chance that a churned row scores above one that stayed, ties counting half; None when either is missing."""
    levels, place = np.unique(scores, return_inverse=True)
    return _auc(labels, place, len(levels), np.ones(len(labels)) if weights is None else weights)


def _auc(labels: Floats, place: Ints, levels: int, weights: Floats) -> float | None:
    churned = np.bincount(place, weights * labels, levels)
    stayed = np.bincount(place, weights * (1 - labels), levels)
    pairs = churned.sum() * stayed.sum()
    if pairs <= 0:
        return None
    below = np.cumsum(stayed) - stayed
    return float((churned * (below + stayed / 2)).sum() / pairs)


def average_precision(labels: Floats, scores: Floats) -> float | None:
    """Σ (Rᵢ − Rᵢ₋₁)·Pᵢ over the distinct scores from the highest down; None when nobody churned."""
    if not labels.sum():
        return None
    levels, place = np.unique(-scores, return_inverse=True)
    churned = np.bincount(place, labels, len(levels))
    precision = np.cumsum(churned) / np.cumsum(np.bincount(place, minlength=len(levels)))
    return float((churned * precision).sum() / labels.sum())


def expected_calibration_error(labels: Floats, probabilities: Floats) -> float:
    """Σ nᵦ/n · |mean probability − share churned| over 10 bins of equal count (Naeini et al., AAAI 2015)."""
    levels, place = np.unique(probabilities, return_inverse=True)
    shared = (np.bincount(place, labels, len(levels)) / np.bincount(place, minlength=len(levels)))[place]
    order = np.argsort(probabilities, kind="stable")
    gaps = (probabilities - shared)[order]
    return float(sum(abs(part.sum()) for part in np.array_split(gaps, _BINS)) / len(labels))


def caught(labels: Floats, scores: Floats, share: float) -> tuple[float, float]:
    """Churned rows among the ``share`` of rows with the highest scores, and how many rows that is."""
    size = max(1.0, np.ceil(share * len(labels) - 1e-9))
    levels, place = np.unique(-scores, return_inverse=True)
    rows = np.bincount(place, minlength=len(levels))
    churned = np.bincount(place, labels, len(levels))
    taken = np.clip(size - (np.cumsum(rows) - rows), 0, rows)
    return float((churned * taken / rows).sum()), float(size)


@dataclass(frozen=True, slots=True)
class Draws:
    """Resamples of customers: how often each row takes part in each. The same draws make comparisons paired."""

    weights: tuple[Floats, ...]

    @classmethod
    def of(cls, customers: Ints, *, seed: int = 0, draws: int = DRAWS) -> Draws:
        """``customers``: whose row it is, as any integers."""
        _, code = np.unique(customers, return_inverse=True)
        count = int(code.max()) + 1 if len(code) else 0
        generator = np.random.default_rng(seed)
        times = (
            np.bincount(generator.integers(0, count, count), minlength=count) for _ in range(draws if count else 0)
        )
        return cls(tuple(each[code].astype(np.float64) for each in times))

    def auc_interval(self, labels: Floats, scores: Floats) -> list[float] | None:
        """The middle 95 % of the resampled ROC AUC."""
        levels, place = np.unique(scores, return_inverse=True)
        found = [_auc(labels, place, len(levels), weights) for weights in self.weights]
        return interval([value for value in found if value is not None])

    def auc_differences(self, labels: Floats, ours: Floats, theirs: Floats) -> list[float]:
        """ROC AUC of ours less that of theirs in each resample."""
        mine = np.unique(ours, return_inverse=True)
        other = np.unique(theirs, return_inverse=True)
        differences = []
        for weights in self.weights:
            a, b = (_auc(labels, place, len(levels), weights) for levels, place in (mine, other))
            if a is not None and b is not None:
                differences.append(a - b)
        return differences

    def loss_differences(self, labels: Floats, ours: Floats, theirs: Floats) -> list[float]:
        """Mean log-loss of ours less that of theirs in each resample; below nothing, ours is better."""
        gaps = log_loss(labels, ours) - log_loss(labels, theirs)
        return [float((weights * gaps).sum() / weights.sum()) for weights in self.weights if weights.any()]


def interval(values: list[float]) -> list[float] | None:
    """The 2.5th and the 97.5th percentile; None without values."""
    if not values:
        return None
    low, high = np.percentile(np.array(values), [2.5, 97.5])
    return [float(low), float(high)]


def measure(labels: npt.NDArray[Any], probabilities: Floats, draws: Draws) -> dict[str, Any]:
    """The metrics of the interface contract, unrounded; None where there is none (nobody, or all, churned)."""
    y = labels.astype(np.float64)
    if not len(y):
        return dict.fromkeys(("roc_auc", "roc_auc_ci", "pr_auc", "brier", "log_loss", "ece", "lift_top_decile")) | {
            "precision_at": {},
            "recall_at": {},
        }
    churned, base = y.sum(), y.mean()
    at = {f"{share:.0%}": caught(y, probabilities, share) for share in SHARES}
    tenth, size = at["10%"]
    return {
        "roc_auc": roc_auc(y, probabilities),
        "roc_auc_ci": draws.auc_interval(y, probabilities),
        "pr_auc": average_precision(y, probabilities),
        "brier": float(((probabilities - y) ** 2).mean()),
        "log_loss": float(log_loss(y, probabilities).mean()),
        "ece": expected_calibration_error(y, probabilities),
        "lift_top_decile": float(tenth / size / base) if churned else None,
        "precision_at": {key: hits / size for key, (hits, size) in at.items()},
        "recall_at": {key: float(hits / churned) if churned else None for key, (hits, _) in at.items()},
    }


def rounded(value: Any, digits: int = 6) -> Any:
    """Figures as they are told: floats rounded, wherever they stand in dictionaries and lists."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, Mapping):
        return {key: rounded(each, digits) for key, each in value.items()}
    return [rounded(each, digits) for each in value] if isinstance(value, list | tuple) else value
