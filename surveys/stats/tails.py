"""Tail chances of the distributions that tests need, and Holm's correction, without a statistics library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

_ROUNDING = 1e-7


def holm(chances: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values: the i-th smallest of m is multiplied by m − i + 1, made monotone, and kept to 1.

    Calling clear what is at most 0.05 leaves at most a 5 % chance of any false call among all m, however the tests
    hang together. S. Holm (1979), Scand. J. Stat. 6, 65–70.
    """
    adjusted = [0.0] * len(chances)
    running = 0.0
    for rank, index in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        running = max(running, min(1.0, chances[index] * (len(chances) - rank)))
        adjusted[index] = running
    return tuple(adjusted)


def fisher_mid_p(count: int, n: int, other_count: int, other_n: int) -> float:
    """Two-sided Fisher mid-p of two independent shares, count/n and other_count/other_n.

    Given both sizes and the total count, ``count`` is hypergeometric if the shares are equal: the chances of all
    tables no likelier than the observed one are added up, less half the chance of the observed one. Valid to within a
    trace for small groups, where the plain exact test is far too shy and the z-test too bold. S. Lydersen,
    M. W. Fagerland, P. Laake (2009), Stat. Med. 28, 1159–1175. 1 where one side is empty.
    """
    total, size = count + other_count, n + other_n
    if not n or not other_n:
        return 1.0
    share = total / size
    middle, deviation = n * share, math.sqrt(n * share * (1 - share) * other_n / max(size - 1, 1))
    # Beyond this many deviations lies less than 1e-30 of the chances (Bernstein's inequality).
    reach = 40 * deviation + 40
    low = max(0, total - other_n, math.floor(middle - reach))
    high = min(n, total, math.ceil(middle + reach))
    if not low <= count <= high:
        return 0.0
    x = np.arange(low, high, dtype=float)
    # Each chance is the one before times (total − x)(n − x) / ((x + 1)(other_n − total + x + 1)).
    steps = np.log((total - x) * (n - x)) - np.log((x + 1) * (other_n - total + x + 1))
    logs = np.concatenate(([0.0], np.cumsum(steps)))
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    observed = chances[count - low]
    as_unlikely = chances <= observed * (1 + _ROUNDING)
    return float(min(1.0, chances[as_unlikely].sum() - observed / 2))


def chi_square_tail(statistic: float, freedom: int) -> float:
    """P(χ² ≥ statistic) with ``freedom`` ≥ 1 degrees of freedom: the regularised gamma function Q(freedom/2, x/2), by

        Q(½, y) = erfc √y,   Q(1, y) = e^−y,   Q(a + 1, y) = Q(a, y) + y^a e^−y / Γ(a + 1)

    whose terms are all positive (M. Abramowitz and I. Stegun 1964, 6.5.21 and 26.4).
    """
    y = statistic / 2
    if y <= 0:
        return 1.0
    half = 0.5 if freedom % 2 else 1.0
    tail = math.erfc(math.sqrt(y)) if freedom % 2 else math.exp(-y)
    while half < freedom / 2:
        tail += math.exp(half * math.log(y) - y - math.lgamma(half + 1))
        half += 1
    return min(1.0, tail)


@lru_cache(maxsize=1024)
def student_quantile(level: float, freedom: float) -> float:
    """t with P(|T| ≤ t) = ``level`` for Student's T with ``freedom`` > 0: bisection on the incomplete beta function,
    P(|T| > t) = I_x(freedom/2, ½) at x = freedom / (freedom + t²)."""
    low, high = 0.0, 1.0
    while _outside(high, freedom) > 1 - level:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _outside(middle, freedom) > 1 - level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _outside(t: float, freedom: float) -> float:
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b) by its continued fraction (Abramowitz and Stegun 26.5.8, evaluated by Lentz's method), turned around
    where it converges slowly."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = 1 + term / c, 1 / (1 + term * d)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return math.exp(front) * fraction / a
