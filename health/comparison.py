"""What a customer's window is compared with: the window before it, or the customer's own normal. Pure: arrays only.

The own normal is the median of several earlier windows of the same length, end to end. How far the present window
lies from it is told as a ratio, or as a robust z: (x − median) / (1.4826 · MAD), with MAD the median absolute deviation
from the median, 1.4826 making it the standard deviation of a normal distribution (Iglewicz and Hoaglin, How to Detect
and Handle Outliers, 1993). Where more than half of the earlier windows are equal the MAD is 0; their mean absolute
deviation times 1.2533 takes its place, and where all are equal a difference lies at the cap.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BEFORE_RATIO, BEFORE_DIFFERENCE, USUAL_RATIO, USUAL_Z = "before_ratio", "before_difference", "usual_ratio", "usual_z"
COMPARISONS = (BEFORE_RATIO, BEFORE_DIFFERENCE, USUAL_RATIO, USUAL_Z)
RATIO_CAP = 4.0
Z_CAP = 10.0
FEWEST_WINDOWS = 3  # earlier windows without which nothing is normal yet
_MAD = 1.4826
_MEAN_DEVIATION = 1.2533


def days_had(age: Floats, days: int, windows: int) -> Floats:
    """How many days of each window (n × windows, the present one first) a customer seen for ``age`` days has had."""
    earlier = np.arange(windows)[None, :] * days
    had: Floats = np.clip(age[:, None] - earlier, 0, days)
    return had


def comparable(totals: Floats, age: Floats, days: int, *, additive: bool) -> Floats:
    """Totals per window as if each had been had in full; NaN where it was not, so that nothing is made up.

    What adds up over days is scaled from the days a young customer has had, of which there must be 7 (or the whole
    window when it is shorter); what does not add up (distinct people) needs the whole window.
    """
    had = days_had(age, days, totals.shape[1])
    enough = had >= (min(7, days) if additive else days)
    enough[:, 0] &= had[:, 0] >= days
    scaled = totals * (days / np.maximum(had, 1)) if additive else totals
    return np.where(enough, scaled, np.nan)


def compare(how: str, windows: Floats) -> Floats:
    """One figure per row of ``windows`` (the present first, NaN where unknown); NaN with nothing to compare."""
    now, earlier = windows[:, 0], windows[:, 1:]
    if how == BEFORE_DIFFERENCE:
        return np.asarray(now - earlier[:, 0])
    if how == BEFORE_RATIO:
        return ratio(now, earlier[:, 0])
    enough = (~np.isnan(earlier)).sum(axis=1) >= FEWEST_WINDOWS
    filled = np.where(enough[:, None], earlier, 0.0)
    normal = np.nanmedian(filled, axis=1)
    told = ratio(now, normal) if how == USUAL_RATIO else _robust_z(now, filled, normal)
    return np.where(enough, told, np.nan)


def ratio(now: Floats, before: Floats) -> Floats:
    """``now`` over ``before`` within ±RATIO_CAP. From nothing to something is the cap; nothing twice is unknown.

    Below zero before there is no ratio that says more or less.
    """
    quotient = np.divide(now, before, out=np.full(len(now), np.nan), where=before > 0)
    told = np.where((before == 0) & (now > 0), RATIO_CAP, quotient)
    return np.clip(told, -RATIO_CAP, RATIO_CAP)


def _robust_z(now: Floats, earlier: Floats, normal: Floats) -> Floats:
    away = np.abs(earlier - normal[:, None])
    spread = _MAD * np.nanmedian(away, axis=1)
    spread = np.where(spread > 0, spread, _MEAN_DEVIATION * np.nanmean(away, axis=1))
    distance = now - normal
    told = np.divide(distance, spread, out=np.sign(distance) * Z_CAP, where=spread > 0)
    return np.clip(told, -Z_CAP, Z_CAP)
