"""Intervals of shares and of differences of shares, 95 % unless told.

For people an interval is called a "95 % resampling interval among similar volunteers", see the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def normal_quantile(level: float = LEVEL) -> float:
    """z with P(|Z| ≤ z) = ``level`` for a standard normal Z: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(count: float, n: float, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a share, p = count/n:

        (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)

    It stays within 0 and 1 and is wide, not empty, at 0 and n of n. Nothing asked (n = 0) is (0, 1).
    E. B. Wilson (1927), J. Am. Stat. Assoc. 22, 209–212; L. Brown, T. Cai, A. DasGupta (2001), Stat. Sci. 16, 101–133.
    """
    if n <= 0:
        return Interval(0.0, 1.0)
    z, p = normal_quantile(level), count / n
    middle = p + z * z / (2 * n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula is exactly 0 or 1; rounding must not leave the true share outside.
    low = 0.0 if count <= 0 else (middle - reach) / scale
    high = 1.0 if count >= n else (middle + reach) / scale
    return Interval(low, high)


def newcombe(count: float, n: float, other_count: float, other_n: float, level: float = LEVEL) -> Interval:
    """Newcombe's interval of a difference of two independent shares, p − q, from their Wilson intervals
    (l, u) and (l′, u′):

        (p − q) − √((p − l)² + (u′ − q)²)   to   (p − q) + √((u − p)² + (q − l′)²)

    R. G. Newcombe (1998), Stat. Med. 17, 873–890, method 10. (−1, 1) where one side is empty.
    """
    if n <= 0 or other_n <= 0:
        return Interval(-1.0, 1.0)
    p, q = count / n, other_count / other_n
    own, other = wilson(count, n, level), wilson(other_count, other_n, level)
    low = (p - q) - math.hypot(p - own.low, other.high - q)
    high = (p - q) + math.hypot(own.high - p, q - other.low)
    return Interval(low, high)
