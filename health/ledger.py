"""Why a score differs between two days, split exactly by cause and measure. Pure: no Django, no clock.

A score is a weighted mean, S = Σ eₖsₖ / Σ eₖ · 100 over the measures, with eₖ the weight (0 without a value) and sₖ the
share of its points. Between two states the difference is, exactly and whatever their order,

    S″ − S′ = Σₖ [ ēₖ·Δsₖ + (s̄ₖ − S̄)·Δeₖ ] / Σₖ ēₖ        (bars: the mean of the two states; Bennet 1920)

so every measure answers for its own value and its own weight. What lies between the days is walked in steps that
change one thing: the card (``config``), then time alone with nothing new known (``window``), then what became known
(``data``); and with the card last; the two walks are averaged (Shapley 1953), so that neither order is preferred. In a
step of facts a change of value is ``window`` or ``data``; a value that appears or is lost is ``missing``. What an
exception takes off follows the step that moved it. What an override adds is ``override``. Rounding goes to the largest
remainders, so that the items add up to the hundredth. Why so: docs/decisions/0022-what-changed.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from health.measures import Floats, Ints
from health.scoring import FULL, Card, share

DATA, WINDOW, CONFIG, OVERRIDE, MISSING = "data", "window", "config", "override", "missing"
CAUSES = (DATA, WINDOW, CONFIG, OVERRIDE, MISSING)
_DATA, _WINDOW, _CONFIG, _OVERRIDE, _MISSING = range(len(CAUSES))
_NOTHING = 1e-6  # of a hundredth: what is smaller is the noise of floating point


@dataclass(slots=True)
class State:
    """n customers under one card with one set of facts.

    ``weights``: n × u, 0 where the measure has no value or is not on the card. ``shares``: n × u from 0 to 1.
    ``measured``: hundredths the measures hold together, whether or not they suffice for a score; 0 where nothing is
    measured. ``capped``: n × k hundredths each exception adds. ``override``: hundredths an override adds.
    """

    weights: Floats
    shares: Floats
    measured: Ints
    capped: Ints
    override: Ints

    @property
    def total(self) -> Ints:
        """Hundredths in all: the score, where the data suffice for one."""
        total: Ints = self.measured + self.capped.sum(axis=1) + self.override
        return total


@dataclass(slots=True)
class Course:
    """The way from one day to another, as seen by one card: facts of the first day, the same facts grown older, facts
    of the last day.
    """

    start: State
    aged: State
    end: State


@dataclass(slots=True)
class Split:
    """``parts``: n × causes × (u measures, k exceptions, the override) hundredths that add up to ``difference``."""

    parts: Ints
    difference: Ints


def state(
    card: Card,
    keys: Sequence[str],
    values: Floats,
    applicable: npt.NDArray[np.bool_],
    *,
    measured: Ints,
    capped: Ints | None = None,
    override: Ints | None = None,
) -> State:
    """What ``card`` makes of ``values`` (n × its items), in the columns ``keys`` (every measure of either card)."""
    n = len(values)
    weights, shares = np.zeros((n, len(keys))), np.zeros((n, len(keys)))
    place = {key: index for index, key in enumerate(keys)}
    for index, item in enumerate(card.items):
        held = share(item.curve, values[:, index], item.scoring)
        known = ~np.isnan(held) & applicable
        weights[:, place[item.key]] = np.where(known, item.weight, 0.0)
        shares[:, place[item.key]] = np.where(known, held, 0.0)
    return State(
        weights,
        shares,
        np.where(applicable, measured, 0),
        np.zeros((n, 0), dtype=np.int64) if capped is None else capped,
        np.zeros(n, dtype=np.int64) if override is None else override,
    )


def grown_older(start: Floats, aged: Floats, end: Floats) -> Floats:
    """``aged`` values, without gaps of its own: where time alone leaves nothing to measure although both days have a
    value, it says nothing and all of the change is news.
    """
    return np.where(np.isnan(aged) & ~np.isnan(start) & ~np.isnan(end), start, aged)


def split(before: Course, after: Course) -> Split:
    """The difference from ``before.start`` (the card of the first day) to ``after.end`` (that of the last)."""
    first, last = before.start, after.end
    card_first = _walk([(_CONFIG, before.start, after.start), *_facts(after)])
    card_last = _walk([*_facts(before), (_CONFIG, before.end, after.end)])
    raw = (card_first + card_last) / 2
    n, causes, columns = raw.shape
    parts = np.zeros((n, causes, columns + 1), dtype=np.int64)
    overridden = last.override - first.override
    difference = last.total - first.total
    flat = raw.reshape(n, causes * columns)
    parts[:, :, :columns] = apportion(flat, difference - overridden).reshape(n, causes, columns)
    parts[:, _OVERRIDE, columns] = overridden
    return Split(parts, difference)


def _facts(course: Course) -> list[tuple[int, State, State]]:
    return [(_WINDOW, course.start, course.aged), (_DATA, course.aged, course.end)]


def _walk(steps: Sequence[tuple[int, State, State]]) -> Floats:
    """n × causes × (measures and exceptions), in hundredths that are not yet whole."""
    n, u = steps[0][1].weights.shape
    k = steps[0][1].capped.shape[1]
    found = np.zeros((n, len(CAUSES), u + k))
    for cause, old, new in steps:
        by_share, by_weight = _step(old, new)
        found[:, cause, :u] += by_share
        found[:, _CONFIG if cause == _CONFIG else _MISSING, :u] += by_weight
        found[:, cause, u:] += new.capped - old.capped
    return found


def _step(old: State, new: State) -> tuple[Floats, Floats]:
    """Each measure's part by the change of its share, and by the change of its weight."""
    held_old, held_new = old.weights > 0, new.weights > 0
    # A measure without a weight at one end has the share of the other: it came or went as it was.
    share_old = np.where(held_old, old.shares, new.shares)
    share_new = np.where(held_new, new.shares, old.shares)
    weight = (old.weights + new.weights) / 2
    whole_old, whole_new = old.weights.sum(axis=1), new.weights.sum(axis=1)
    # From nothing (or to nothing) there is no mean to compare with: each measure answers for the points it brings.
    both = (whole_old > 0) & (whole_new > 0)
    held = np.where(both, (whole_old + whole_new) / 2, whole_old + whole_new)
    mean = np.where(both, (_mean(old, whole_old) + _mean(new, whole_new)) / 2, 0.0)
    scale = np.divide(FULL, held, out=np.zeros(len(held)), where=held > 0)[:, None]
    by_share = weight * (share_new - share_old) * scale
    by_weight = ((share_old + share_new) / 2 - mean[:, None]) * (new.weights - old.weights) * scale
    return by_share, by_weight


def _mean(state: State, held: Floats) -> Floats:
    summed = (state.weights * state.shares).sum(axis=1)
    mean: Floats = np.divide(summed, held, out=np.zeros(len(held)), where=held > 0)
    return mean


def apportion(raw: Floats, totals: Ints) -> Ints:
    """Whole numbers near each row of ``raw`` (n × m, any sign) that add up to ``totals``.

    To the nearest, and what is then over or short goes to the largest remainders, the earlier column among equals: as
    Hamilton's method does, but alike for a row and its negative. What is nothing stays nothing, unless all is.
    """
    whole = np.rint(raw)
    over = totals - whole.sum(axis=1).astype(np.int64)
    counts = np.abs(raw) > _NOTHING
    counts |= ~counts.any(axis=1, keepdims=True)
    sign = np.where(over < 0, -1, 1)[:, None]
    everybody, some = np.divmod(np.abs(over), counts.sum(axis=1))
    order = np.argsort(np.where(counts, -sign * (raw - whole), np.inf), axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(raw.shape[1]), raw.shape), axis=1)
    more = np.where(counts, everybody[:, None] + (ranks < some[:, None]), 0)
    parts: Ints = whole.astype(np.int64) + sign * more
    return parts


def items_of(split: Split) -> list[tuple[str, int, int]]:
    """The first customer's items that are not nothing: cause, column, hundredths; by column, then cause."""
    found = [
        (cause, column, int(split.parts[0, index, column]))
        for column in range(split.parts.shape[2])
        for index, cause in enumerate(CAUSES)
    ]
    return [each for each in found if each[2]]
