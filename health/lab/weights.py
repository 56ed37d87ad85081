"""Weights that history suggests: what each measure's share of points says of churn, never turned against its curve.

log-odds of churn = b + Σ βᵢ·(1 − sᵢ) with βᵢ ≥ 0, where sᵢ is the measure's curve at its value: a suggestion may say
that a measure counts for nothing, never that what its curve calls good is bad. A missing share counts as its mean.
Fitted by penalised maximum likelihood on the earlier rows, judged on later ones whose labels could not have been
known when the earlier ones' were. How sure: the same fit on resampled customers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from health.lab.columns import Ask
from health.lab.history import Flags, History, key_of, totals
from health.lab.ranking import LEAST_CHURNED, Compared, compare
from health.measures import Floats, Ints
from health.scoring import Card, Item, share

RESAMPLES = 40
_MOST_STAYED = 20_000
_RIDGE = 1.0
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Suggested:
    """For one measure. ``low``, ``high``: the middle 80 % of the resamples; ``kept``: share of them above nothing."""

    key: str
    present: float
    weight: float
    low: float
    high: float
    kept: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``weights`` add up to what the card's own do. ``later``: suggested against present, on rows not learned from."""

    weights: tuple[Suggested, ...]
    learned_rows: int
    learned_customers: int
    churned_customers: int
    later: Compared

    def as_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


def suggest(
    card: Card, history: History, among: Flags, *, horizon: int, grace: int, capacity: int
) -> Suggestion | None:
    """Learned and judged on the rows ``among``, those of customers the card is for.

    None when there is too little to learn from: under 20 churned customers before the last quarter of the days.
    """
    first_judged = int(history.days[-max(1, len(history.days) // 4)]) if len(history.days) else 0
    on = history.days[history.day]
    learned = _thinned(among & (on + horizon + grace <= first_judged), history)
    if len(np.unique(history.customer[learned][history.churned[learned]])) < LEAST_CHURNED:
        return None
    lost = _lost(card, history, learned)
    label = history.churned[learned].astype(np.float64)
    # The thinned rows stand for all those they were drawn from, which only moves the level; ranks do not see it.
    fitted = _fit(lost, label, np.ones(len(label)))
    if not fitted.any():
        return None
    _, who = np.unique(history.customer[learned], return_inverse=True)
    count = int(who.max()) + 1
    generator = np.random.default_rng(0)
    drawn = np.array(
        [
            _fit(lost, label, np.bincount(generator.integers(0, count, count), minlength=count)[who].astype(np.float64))
            for _ in range(RESAMPLES)
        ]
    )
    whole = sum(item.weight for item in card.items)
    suggested = _scaled(fitted[None, :], whole)[0]
    low, high = np.percentile(_scaled(drawn, whole), [10, 90], axis=0)
    weights = tuple(
        Suggested(item.key, item.weight, round(float(suggested[i]), 1), float(low[i]), float(high[i]), float(kept))
        for i, (item, kept) in enumerate(zip(card.items, (drawn > 0).mean(axis=0), strict=True))
    )
    changed = with_weights(card, [each.weight for each in weights])
    judged = among & (on >= first_judged)
    later = compare(
        totals(changed, history)[judged],
        totals(card, history)[judged],
        churned=history.churned[judged],
        customer=history.customer[judged],
        day=history.day[judged].astype(np.int64),
        capacity=capacity,
    )
    out = len(np.unique(who[label > 0]))
    return Suggestion(weights, len(label), count, out, later)


def with_weights(card: Card, weights: list[float]) -> Card:
    """The card with other weights, in the order of its items."""
    items = (replace(item, weight=weight) for item, weight in zip(card.items, weights, strict=True))
    return replace(card, items=tuple(items))


def _thinned(wanted: np.ndarray, history: History) -> Ints:
    """Places of the wanted rows: all that churned, and so many of the others that a fit stays quick."""
    out = np.flatnonzero(wanted & history.churned)
    stayed = np.flatnonzero(wanted & ~history.churned)
    if len(stayed) > _MOST_STAYED:
        stayed = np.random.default_rng(0).choice(stayed, _MOST_STAYED, replace=False)
    return np.sort(np.concatenate([out, stayed]))


def _lost(card: Card, history: History, rows: Ints) -> Floats:
    """What each measure lost of its points, row by row: rows × items; the mean where it is missing."""
    lost = np.zeros((len(rows), len(card.items)))
    for place, item in enumerate(card.items):
        column = history.columns.get(key_of(item.spec))
        if column is None:
            continue
        told = column.mapped(_lost_of(item), missing=np.nan, rows=rows)
        known = ~np.isnan(told)
        lost[:, place] = np.where(known, told, told[known].mean() if known.any() else 0.0)
    return lost


def _lost_of(item: Item) -> Ask:
    return lambda values: 1 - share(item.curve, values, item.scoring)


def _fit(lost: Floats, label: Floats, times: Floats) -> Floats:
    """β of the penalised likelihood, each row taking part ``times``."""
    from scipy.optimize import minimize

    def loss(beta: Floats) -> tuple[float, Floats]:
        z = beta[0] + lost @ beta[1:]
        error = times * (1 / (1 + np.exp(-z)) - label)
        value = (times * (np.logaddexp(0, z) - label * z)).sum() + _RIDGE / 2 * (beta[1:] ** 2).sum()
        return float(value), np.concatenate([[error.sum()], lost.T @ error + _RIDGE * beta[1:]])

    start = np.zeros(lost.shape[1] + 1)
    bounds = [(None, None)] + [(0.0, None)] * lost.shape[1]
    found: Floats = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS}).x
    return found[1:]


def _scaled(beta: Floats, whole: float) -> Floats:
    """Rows of β as weights that add up to ``whole``; a row of nothing stays one."""
    added = beta.sum(axis=1, keepdims=True)
    scaled: Floats = np.divide(beta * whole, added, out=np.zeros_like(beta), where=added > 0)
    return scaled
