"""From values to a score: curves, weights, points, coverage, bands. Pure: no Django, no clock.

score = Σ wᵢ·sᵢ / Σ wᵢ · 100 over the measures that have a value, where sᵢ ∈ [0, 1] is the measure's
piecewise-linear curve at its value. A missing measure takes no part in the score and lowers the coverage
(the share of weight that has a value). Points are hundredths and add up exactly: the rounding residual goes
to the largest remainders (Hamilton's method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from health.measures import DefinitionError, Floats, Ints, Spec
from health.parsing import parse

FULL = 10_000  # 100.00 points, in hundredths
MOST_POINTS = 50
LARGEST_VALUE = 1e12
LARGEST_WEIGHT = 1e6
HEALTHY, WATCH, AT_RISK, UNKNOWN, NOT_APPLICABLE = "healthy", "watch", "at_risk", "unknown", "not_applicable"


@dataclass(frozen=True, slots=True)
class Item:
    """One measure on a scorecard. ``curve``: (value, share of points) pairs with rising values."""

    key: str
    label: Mapping[str, str]
    unit: str
    group: str
    weight: float
    curve: tuple[tuple[float, float], ...]
    spec: Spec


@dataclass(frozen=True, slots=True)
class Card:
    """A published scorecard version's content. Bands start at their threshold (0–100)."""

    items: tuple[Item, ...]
    groups: tuple[tuple[str, Mapping[str, str]], ...]
    healthy_from: float
    watch_from: float
    min_coverage: float

    @property
    def specs(self) -> list[Spec]:
        return [item.spec for item in self.items]


@dataclass(slots=True)
class Scores:
    """For n customers and m measures. ``points``, ``max_points``: n × m hundredths that add up to ``total`` and
    100.00; ``total``: −1 where there is no score; ``coverage``: percent.
    """

    points: Ints
    max_points: Ints
    total: Ints
    coverage: Ints
    band: npt.NDArray[np.object_]


def parse_card(content: Mapping[str, Any]) -> Card:
    """Check a scorecard's content; raises ``DefinitionError`` naming what is wrong."""
    groups = tuple((group["key"], group["label"]) for group in content["groups"])
    known = {key for key, _ in groups}
    items = tuple(parse_item(raw, known) for raw in content["items"])
    if not items or sum(item.weight for item in items) <= 0:
        raise DefinitionError("items", "the weights must sum to more than nothing.")
    if len({item.key for item in items}) != len(items):
        raise DefinitionError("items", "each measure may appear once.")
    bands = content["bands"]
    if not 0 < bands["watch"] < bands["healthy"] <= 100:
        raise DefinitionError("bands", "expected 0 < watch < healthy ≤ 100.")
    if not 0 <= content["min_coverage"] <= 1:
        raise DefinitionError("min_coverage", "expected a share from 0 to 1.")
    return Card(items, groups, float(bands["healthy"]), float(bands["watch"]), float(content["min_coverage"]))


def parse_item(raw: Mapping[str, Any], groups: set[str]) -> Item:
    """Check one item of a scorecard's content; raises ``DefinitionError`` naming what is wrong."""
    curve = tuple((float(x), float(y)) for x, y in raw["curve"])
    if not 1 <= len(curve) <= MOST_POINTS:
        raise DefinitionError("curve", f"{raw['measure']}: expected 1 to {MOST_POINTS} points.")
    if any(not abs(x) <= LARGEST_VALUE for x, _ in curve):
        raise DefinitionError("curve", f"{raw['measure']}: values must be numbers within ±{LARGEST_VALUE:g}.")
    if any(a[0] >= b[0] for a, b in pairwise(curve)):
        raise DefinitionError("curve", f"{raw['measure']}: values must rise.")
    if any(not 0 <= y <= 1 for _, y in curve):
        raise DefinitionError("curve", f"{raw['measure']}: shares must lie between 0 and 1.")
    if raw["group"] not in groups:
        raise DefinitionError("group", f"{raw['measure']}: no group {raw['group']!r}.")
    weight = float(raw["weight"])
    if not 0 <= weight <= LARGEST_WEIGHT:
        raise DefinitionError("weight", f"{raw['measure']}: expected 0 to {LARGEST_WEIGHT:g}.")
    return Item(raw["measure"], raw["label"], raw["unit"], raw["group"], weight, curve, parse(raw["definition"]))


def share(curve: Sequence[tuple[float, float]], values: Floats) -> Floats:
    """The curve at each value, flat beyond its ends; NaN stays NaN."""
    xs, ys = zip(*curve, strict=True)
    return np.where(np.isnan(values), np.nan, np.interp(values, xs, ys))


def split_exactly(parts: Floats, totals: Ints) -> Ints:
    """Round each row of n × m non-negative ``parts`` so that it adds up to ``totals`` (within m of its own sum).

    Hamilton's largest-remainder method; equal remainders go to the earlier column.
    """
    floors = np.floor(parts + 1e-9).astype(np.int64)
    deficit = totals - floors.sum(axis=1)
    order = np.argsort(-(parts - floors), axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(parts.shape[1])[None, :].repeat(len(parts), axis=0), axis=1)
    split: Ints = floors + (ranks < deficit[:, None])
    return split


def score(card: Card, values: Floats, applicable: npt.NDArray[np.bool_]) -> Scores:
    """Score n customers. ``values``: n × m in the order of the card's items, NaN where missing."""
    weights = np.array([item.weight for item in card.items])
    shares = np.column_stack([share(item.curve, values[:, i]) for i, item in enumerate(card.items)])
    present = ~np.isnan(shares)
    held = np.where(present, weights, 0.0)
    available = held.sum(axis=1)
    has_any = available > 0
    scale = np.divide(FULL, available, out=np.zeros(len(values)), where=has_any)[:, None]
    raw_max = held * scale
    raw = np.where(present, shares, 0.0) * raw_max
    total = np.where(has_any, np.floor(raw.sum(axis=1) + 0.5 + 1e-9), 0).astype(np.int64)
    max_points = split_exactly(raw_max, np.where(has_any, FULL, 0))
    points = split_exactly(raw, total)
    coverage = np.floor(available / weights.sum() * 100 + 0.5).astype(np.int64)
    known = has_any & (available >= card.min_coverage * weights.sum() - 1e-9) & applicable
    band = np.full(len(values), UNKNOWN, dtype=object)
    band[known & (total >= card.healthy_from * 100)] = HEALTHY
    band[known & (total < card.healthy_from * 100)] = WATCH
    band[known & (total < card.watch_from * 100)] = AT_RISK
    band[~applicable] = NOT_APPLICABLE
    total = np.where(known, total, -1)
    return Scores(points, max_points, total, np.where(applicable, coverage, 0), band)
