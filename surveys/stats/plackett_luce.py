"""Plackett–Luce strengths with the unranked as losers: a check on the headline by another way of thinking.

Model: every option has a strength w > 0. A ballot is a sequence of choices, each out of all options not yet chosen,
the unranked included, and takes option j with probability w_j / Σ w of those remaining. That the unranked lose to
every choice is the point: a fit to the ranked options alone would learn nothing from being passed over. (It is the
likelihood of "top-1 choices", one for each place used.)

    log L(θ) = Σ over choices (θ_chosen − log Σ_remaining exp θ),   θ = log w

A little regularisation keeps strengths finite where an option is never, or always, chosen: `PRIOR` imagined ballots
for each option that choose it out of all, the mode under a Gamma prior (F. Caron and A. Doucet 2012, J. Comput. Graph.
Stat. 21, 174–196). It weighs as much as half a ballot for each option, and makes log L strictly concave, so that
there is one solution, found by Newton's method with step halving.

R. D. Luce (1959), Individual Choice Behavior; R. L. Plackett (1975), Appl. Stat. 24, 193–202; D. R. Hunter (2004),
Ann. Stat. 32, 384–406; L. Maystre and M. Grossglauser (2015), NIPS 28, on the same likelihood by spectral ranking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.stats.ballots import PLACES, UNCHOSEN, Floats, Integers, Patterns

PRIOR = 0.5
_STEPS = 200
_CLOSE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """``log_strengths`` (K) with mean 0; ``influence`` (P, K): by how much one more ballot of each pattern would move
    them, times n; ``prior_influence`` (K, K): the same for the imagined ballot of each option."""

    log_strengths: Floats
    influence: Floats
    prior_influence: Floats

    @property
    def strengths(self) -> Floats:
        """Adding up to 1: the chance to be chosen first."""
        return _softmax(self.log_strengths)


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """All that the likelihood needs of the ballots, the imagined ones included.

    ``wins`` (K): how often an option was chosen. ``full``: choices out of all options. ``without`` (K): choices out of
    all but one. ``without_two`` (K, K), symmetric: choices out of all but two.
    """

    wins: Floats
    full: float
    without: Floats
    without_two: Floats


def fit(patterns: Patterns) -> Fit:
    """The strengths, and what each ballot contributes to them. Any ballots will do, also none: then all are equal.

    ``influence`` is n·I⁻¹·s with the score s of a ballot and the information I of all: to the first order, the
    strengths of resampled ballots differ from these by the mean of it (a one-step bootstrap: D. W. K. Andrews 2002,
    Econometrica 70, 119–162).
    """
    order = _in_order_of_choice(patterns.choices)
    choices = _choices(patterns, order)
    theta = _newton(choices, patterns.k)
    weights = _softmax(theta)
    inverse = np.linalg.inv(_information(weights, choices) + 1 / patterns.k)
    scores = _scores(weights, order)
    prior_scores = np.eye(patterns.k) - weights
    n = max(patterns.n, 1)
    return Fit(theta, n * scores @ inverse, n * prior_scores @ inverse)


def _in_order_of_choice(choices: Integers) -> Integers:
    """The listed options of each ballot in order, moved up over places given to answers outside the list."""
    gaps_last = np.argsort(choices == UNCHOSEN, axis=1, kind="stable")
    return np.take_along_axis(choices, gaps_last, axis=1)


def _choices(patterns: Patterns, order: Integers) -> _Choices:
    k, counts = patterns.k, patterns.counts.astype(float)
    wins = np.full(k, PRIOR) + counts @ patterns.scored((1.0,) * PLACES)
    first, second, third = order.T
    two, three = second != UNCHOSEN, third != UNCHOSEN
    without: Floats = np.bincount(first[two], counts[two], minlength=k).astype(float)
    pair: Floats = (
        np.bincount(first[three] * k + second[three], counts[three], minlength=k * k).astype(float).reshape(k, k)
    )
    full = PRIOR * k + float(counts[first != UNCHOSEN].sum())
    return _Choices(wins, full, without, pair + pair.T)


def _softmax(theta: Floats) -> Floats:
    weights: Floats = np.exp(theta - theta.max())
    weights /= weights.sum()
    return weights


def _newton(choices: _Choices, k: int) -> Floats:
    theta = np.zeros(k)
    value = _likelihood(theta, choices)
    for _ in range(_STEPS):
        weights = _softmax(theta)
        gradient = choices.wins - weights * _exposure(weights, choices)
        step = np.linalg.solve(_information(weights, choices) + 1 / k, gradient)
        step -= step.mean()
        # Full steps are taken near the solution; far from it, half steps until the likelihood rises.
        while (better := _likelihood(theta + step, choices)) < value - 1e-12 * abs(value):
            step /= 2
        theta, value = theta + step, better
        if np.abs(step).max() < _CLOSE:
            break
    centred: Floats = theta - theta.mean()
    return centred


def _remaining(weights: Floats) -> tuple[Floats, Floats]:
    """Strength that remains without one option (K), and without two (K, K); 1 where nothing could remain."""
    without = 1 - weights
    two = without[:, None] - weights
    return np.where(without > 0, without, 1.0), np.where(two > 0, two, 1.0)


def _likelihood(theta: Floats, choices: _Choices) -> float:
    top = theta.max()
    weights = np.exp(theta - top)
    total = weights.sum()
    without, without_two = _remaining(weights / total)
    scale = top + np.log(total)
    value = choices.wins @ theta - choices.wins.sum() * scale
    value -= choices.without @ np.log(without) + (choices.without_two * np.log(without_two)).sum() / 2
    return float(value)


def _exposure(weights: Floats, choices: _Choices) -> Floats:
    """Σ 1 / (strength remaining) over the choices at which the option was there to be chosen."""
    without, without_two = _remaining(weights)
    one, two = choices.without / without, choices.without_two / without_two
    exposure: Floats = choices.full + (one.sum() - one) + (two.sum() / 2 - two.sum(axis=1))
    return exposure


def _information(weights: Floats, choices: _Choices) -> Floats:
    """Minus the second derivatives of log L: diag(w·exposure) − w wᵀ ∘ Σ 1/remaining² over choices open to both."""
    without, without_two = _remaining(weights)
    one, two = choices.without / without**2, choices.without_two / without_two**2
    alone = one + two.sum(axis=1)
    everything = choices.full + one.sum() + two.sum() / 2
    both = everything - alone[:, None] - alone + two
    np.fill_diagonal(both, everything - alone)
    information: Floats = np.diag(weights * _exposure(weights, choices)) - np.outer(weights, weights) * both
    return information


def _scores(weights: Floats, order: Integers) -> Floats:
    """Shape (P, K): the gradient of each pattern's own log likelihood."""
    padded = np.append(weights, 0.0)
    rows = np.arange(len(order))
    scores = np.zeros((len(order), len(padded)))
    still_open = np.ones_like(scores, dtype=bool)
    remaining = np.ones(len(order))
    for place in range(PLACES):
        chosen = order[:, place]
        used = chosen != UNCHOSEN
        share = np.where(used & (remaining > 0), 1 / np.where(remaining > 0, remaining, 1.0), 0.0)
        scores -= np.where(still_open, padded * share[:, None], 0.0)
        scores[rows[used], chosen[used]] += 1
        still_open[rows, chosen] = False
        remaining = remaining - padded[chosen]
    return scores[:, :-1]
