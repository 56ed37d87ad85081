"""Did the place of an option on the screen matter? Every respondent saw the options in a random order, which is kept.

If place does not matter, each of the K places is chosen equally often, by the mean number of choices over K.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.stats.ballots import Ballots, Integers
from surveys.stats.intervals import LEVEL, Interval, wilson
from surveys.stats.tails import chi_square_tail


@dataclass(frozen=True, slots=True)
class Shown:
    """Of all respondents, the share who chose what stood at ``place`` (1 is the top)."""

    place: int
    count: int
    share: float
    interval: Interval
    misses: bool


@dataclass(frozen=True, slots=True)
class PositionCheck:
    """``missed`` intervals leave out the flat line at ``expected``; by chance alone about ``missed_by_chance`` do.

    ``chance``: of a pattern at least as uneven without any effect of place, by Cochran's Q. ``pattern``: whether that
    is below 0.05.
    """

    n: int
    expected: float
    places: tuple[Shown, ...]
    missed: int
    missed_by_chance: float
    statistic: float
    chance: float
    pattern: bool


def position_check(ballots: Ballots, orders: Integers) -> PositionCheck:
    """``orders`` (n, K): per ballot the option indices from top to bottom; a row of -1 where none was kept, which
    leaves that ballot out.

    With T_p choices at place p and m_i choices of respondent i,

        Q = K (K − 1) Σ_p (T_p − T̄)² / Σ_i m_i (K − m_i)

    is χ² with K − 1 degrees of freedom if places do not matter (W. G. Cochran 1950, Biometrika 37, 256–266): given m_i
    any m_i of the K places are equally likely, which a random order guarantees. Raises ``ValueError`` for a row that
    does not show every option once.
    """
    k = len(ballots.options)
    shown = np.asarray(orders, dtype=np.int64)
    if shown.shape != (ballots.n, k):
        raise ValueError(f"Display orders have the shape {shown.shape}: expected {(ballots.n, k)}.")
    kept = ~(shown == -1).all(axis=1)
    shown, chosen = shown[kept], ballots.chosen()[kept]
    if (np.sort(shown, axis=1) != np.arange(k)).any():
        raise ValueError("A display order must show every option once.")
    by_place = np.take_along_axis(chosen, shown, axis=1)
    return _judge(by_place.sum(axis=0).tolist(), by_place.sum(axis=1))


def _judge(counts: list[int], choices: Integers) -> PositionCheck:
    n, k = len(choices), len(counts)
    expected = sum(counts) / max(n * k, 1)
    places = []
    for place, count in enumerate(counts, 1):
        interval = wilson(count, n)
        misses = not interval.low <= expected <= interval.high
        places.append(Shown(place, count, count / max(n, 1), interval, misses))
    spread = int((choices * (k - choices)).sum())
    uneven = sum((count - sum(counts) / k) ** 2 for count in counts)
    statistic = k * (k - 1) * uneven / spread if spread else 0.0
    chance = chi_square_tail(statistic, k - 1) if spread else 1.0
    return PositionCheck(
        n=n,
        expected=expected,
        places=tuple(places),
        missed=sum(each.misses for each in places),
        missed_by_chance=k * (1 - LEVEL),
        statistic=statistic,
        chance=chance,
        pattern=chance < 1 - LEVEL,
    )
