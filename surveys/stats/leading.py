"""Which of several choices lead: from how often people put one before another. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from surveys.stats.intervals import LEVEL

_ROUNDING = 1e-9


def leaders(before: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The choice that leads, and those that cannot be told from it; all of them where nobody prefers anything.

    ``before[i][j]``: how many people put choice i before choice j (chose i and not j, or ranked it higher). The one
    first in most pairs, then by its total, is compared with each other one by the sign test on those who preferred one
    of the two, with mid-p; it is ahead where the chance, times the number of pairs of all choices (Bonferroni), is at
    most 0.05. All pairs count, as the one that leads was picked after looking.
    """
    k = len(before)
    totals = [sum(row) for row in before]
    if not any(totals):
        return tuple(range(k))
    first = max(range(k), key=lambda i: (sum(before[i][j] > before[j][i] for j in range(k)), totals[i], -i))
    pairs = max(1, k * (k - 1) // 2)
    level = 1 - LEVEL + _ROUNDING
    tied = [j for j in range(k) if j != first and sign_mid_p(before[first][j], before[j][first]) * pairs > level]
    return (first, *tied)


def sign_mid_p(count: int, other: int) -> float:
    """Two-sided mid-p of the sign test: as many of ``count`` + ``other`` as here, or fewer alike, by a fair coin.

    The exact test is too shy for few answers; half the chance of what was seen makes it right on average
    (M. Fagerland, S. Lydersen, P. Laake 2013, BMC Med. Res. Methodol. 13, 91). 1 where nobody prefers either.
    """
    n, low = count + other, min(count, other)
    if not n:
        return 1.0
    logs = [_log_chance(n, x) for x in range(low + 1)]
    tail = sum(math.exp(each) for each in logs) - math.exp(logs[-1]) / 2
    return min(1.0, 2 * tail)


def _log_chance(n: int, x: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(x + 1) - math.lgamma(n - x + 1) - n * math.log(2)
