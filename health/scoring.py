"""From values to a score: curves, weights, points, coverage, bands. Pure: no Django, no clock.

score = Σ wᵢ·sᵢ / Σ wᵢ · 100 over the measures that have a value, where sᵢ ∈ [0, 1] is what the measure's curve says
of its value: ``linear`` between its points, or ``bands``, steps that begin at them. A missing measure takes no part
in the score and lowers the coverage (the share of weight that has a value). Points are hundredths and add up exactly:
the rounding residual goes to the largest remainders (Hamilton's method). What exceptions and overrides do comes on
top, as parts of its own (``health.adjusting``).

A group weighs what its measures weigh together, unless it has a weight of its own, which they then share in
proportion to theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from health import adjusting
from health.adjusting import Codes, Edges, Exceptional
from health.measures import DefinitionError, Floats, Ints, Spec
from health.parsing import parse

FULL = 10_000  # 100.00 points, in hundredths
MOST_POINTS = 50
LARGEST_VALUE = 1e12
LARGEST_WEIGHT = 1e6
LINEAR, BANDS = "linear", "bands"
SCORINGS = (LINEAR, BANDS)
HEALTHY, WATCH, AT_RISK, UNKNOWN, NOT_APPLICABLE = "healthy", "watch", "at_risk", "unknown", "not_applicable"


@dataclass(frozen=True, slots=True)
class Item:
    """One measure on a scorecard. ``weight``: what it counts, its group's weight seen to.

    ``curve``: (value, share of points) pairs with rising values; straight lines between, or steps from there.
    """

    key: str
    label: Mapping[str, str]
    unit: str
    group: str
    weight: float
    curve: tuple[tuple[float, float], ...]
    spec: Spec
    scoring: str = LINEAR


@dataclass(frozen=True, slots=True)
class Card:
    """A published scorecard version's content. Bands start at their threshold (0–100)."""

    items: tuple[Item, ...]
    groups: tuple[tuple[str, Mapping[str, str]], ...]
    healthy_from: float
    watch_from: float
    min_coverage: float
    exceptions: tuple[Exceptional, ...] = ()

    @property
    def edges(self) -> Edges:
        return Edges.of(self.healthy_from, self.watch_from)

    @property
    def specs(self) -> list[Spec]:
        return [item.spec for item in self.items]


@dataclass
class Scores:
    """For n customers and m measures. ``max_points``: n × m hundredths that add up to 100.00; ``points`` (the same) and
    ``adjustments`` (n × exceptions and, last, the override) add up to ``total``: −1 where there is no score;
    ``coverage``: percent. Points are split when first asked for: full runs keep none.
    """

    total: Ints
    coverage: Ints
    band: npt.NDArray[np.object_]
    adjustments: Ints
    measured: Ints
    shared: Floats
    shared_max: Floats

    @cached_property
    def points(self) -> Ints:
        """What each measure gave."""
        return split_exactly(self.shared, self.measured)

    @cached_property
    def max_points(self) -> Ints:
        """What each could have given."""
        return split_exactly(self.shared_max, np.where(self.shared_max.any(axis=1), FULL, 0))


def parse_card(content: Mapping[str, Any]) -> Card:
    """Check a scorecard's content; raises ``DefinitionError`` naming what is wrong."""
    groups = tuple((group["key"], group["label"]) for group in content["groups"])
    known = {key for key, _ in groups}
    items = _shared_out(content["groups"], tuple(parse_item(raw, known) for raw in content["items"]))
    if not items or sum(item.weight for item in items) <= 0:
        raise DefinitionError("items", "the weights must sum to more than nothing.")
    if len({item.key for item in items}) != len(items):
        raise DefinitionError("items", "each measure may appear once.")
    bands = content["bands"]
    if not 0 < bands["watch"] < bands["healthy"] <= 100:
        raise DefinitionError("bands", "expected 0 < watch < healthy ≤ 100.")
    if not 0 <= content["min_coverage"] <= 1:
        raise DefinitionError("min_coverage", "expected a share from 0 to 1.")
    exceptions = adjusting.parse_exceptions(content.get("exceptions", ()), [item.key for item in items])
    return Card(
        items, groups, float(bands["healthy"]), float(bands["watch"]), float(content["min_coverage"]), exceptions
    )


def _shared_out(groups: Sequence[Mapping[str, Any]], items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items with the weights of their groups, where those have one, shared out among them."""
    factors: dict[str, float] = {}
    for number, group in enumerate(groups):
        weight = group.get("weight")
        if weight is None:
            continue
        if not 0 <= weight <= LARGEST_WEIGHT:
            raise DefinitionError(f"groups.{number}.weight", f"expected 0 to {LARGEST_WEIGHT:g}.")
        together = sum(item.weight for item in items if item.group == group["key"])
        if weight and not together:
            reason = "the weights of its measures must sum to more than nothing, to share this one."
            raise DefinitionError(f"groups.{number}.weight", reason)
        factors[group["key"]] = weight / together if together else 0.0
    return tuple(replace(item, weight=item.weight * factors.get(item.group, 1.0)) for item in items)


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
    scoring = raw.get("scoring", LINEAR)
    if scoring not in SCORINGS:
        raise DefinitionError("scoring", f"{raw['measure']}: expected one of {', '.join(SCORINGS)}.")
    spec = parse(raw["definition"])
    return Item(raw["measure"], raw["label"], raw["unit"], raw["group"], weight, curve, spec, scoring)


def share(curve: Sequence[tuple[float, float]], values: Floats, scoring: str = LINEAR) -> Floats:
    """The curve at each value, flat beyond its ends; NaN stays NaN."""
    xs, ys = zip(*curve, strict=True)
    if scoring == BANDS:
        found = np.take(ys, np.maximum(np.searchsorted(xs, values, side="right") - 1, 0))
    else:
        found = np.interp(values, xs, ys)
    return np.where(np.isnan(values), np.nan, found)


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


def score(card: Card, values: Floats, applicable: npt.NDArray[np.bool_], overrides: Codes | None = None) -> Scores:
    """Score n customers. ``values``: n × m in the order of the card's items, NaN where missing.

    ``overrides``: by customer, as ``health.adjusting.BANDS`` numbers them; None where nobody has one.
    """
    weights = np.array([item.weight for item in card.items])
    shares = np.column_stack([share(item.curve, values[:, i], item.scoring) for i, item in enumerate(card.items)])
    present = ~np.isnan(shares)
    held = np.where(present, weights, 0.0)
    available = held.sum(axis=1)
    has_any = available > 0
    scale = np.divide(FULL, available, out=np.zeros(len(values)), where=has_any)[:, None]
    raw_max = held * scale
    raw = np.where(present, shares, 0.0) * raw_max
    measured = np.where(has_any, np.floor(raw.sum(axis=1) + 0.5 + 1e-9), 0).astype(np.int64)
    coverage = np.floor(available / weights.sum() * 100 + 0.5).astype(np.int64)
    known = has_any & (available >= card.min_coverage * weights.sum() - 1e-9) & applicable
    total = np.where(known, measured, -1)
    adjustments = adjusting.adjust(total, values, card.exceptions, card.edges, overrides)
    total = total + adjustments.sum(axis=1)
    band = _bands(card.edges, total, applicable, overrides)
    covered = np.where(applicable, coverage, 0)
    return Scores(total, covered, band, adjustments, measured, raw, raw_max)


def _bands(
    edges: Edges, total: Ints, applicable: npt.NDArray[np.bool_], overrides: Codes | None
) -> npt.NDArray[np.object_]:
    band = np.full(len(total), UNKNOWN, dtype=object)
    band[total >= 0] = AT_RISK
    band[total >= edges.watch] = WATCH
    band[total >= edges.healthy] = HEALTHY
    if overrides is not None:
        for code, name in enumerate(adjusting.BANDS, start=1):
            band[overrides == code] = name
    band[~applicable] = NOT_APPLICABLE
    return band
