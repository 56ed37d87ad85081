"""Whether a model still meets the customers it learned from. Pure.

PSI = Σ (p − q)·ln(p / q) over the bins of a column, p being shares then and q now (Siddiqi, "Credit Risk Scorecards",
2006); by custom under 0.1 is stable and over 0.25 a shift to look at, but of few customers chance alone makes more.
Shares are kept off nothing by half a customer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from health.measures import Floats

ALARM = 0.25
_Z95 = 1.96
_FALSE_ALARMS = 0.01


def reference(values: Floats) -> list[dict[str, Any]]:
    """Per column its inner edges (tenths) and the share of rows in each bin, the missing ones last."""
    found = []
    for column in values.T:
        known = column[~np.isnan(column)]
        edges = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9))) if len(known) else np.zeros(0)
        found.append({"edges": edges.tolist(), "shares": _shares(column, edges)})
    return found


def _shares(column: Floats, edges: Floats) -> list[float]:
    bins = np.where(np.isnan(column), len(edges) + 1, np.searchsorted(edges, column))
    counts = np.bincount(bins.astype(np.int64), minlength=len(edges) + 2) + 0.5
    shares: list[float] = (counts / counts.sum()).tolist()
    return shares


def shifts(stored: Sequence[Mapping[str, Any]], values: Floats) -> list[float]:
    """The stability index of each column of ``values`` against what ``reference`` kept."""
    found = []
    for told, column in zip(stored, values.T, strict=True):
        then = np.array(told["shares"])
        now = np.array(_shares(column, np.array(told["edges"])))
        found.append(float(((then - now) * np.log(then / now)).sum()))
    return found


def chance(stored: Sequence[Mapping[str, Any]], customers: int) -> list[float]:
    """The index of each column that sampling alone exceeds once in a hundred looks at all columns.

    PSI is about (1/n + 1/m)·χ² with one degree of freedom less than there are bins (Yurdakul, "Statistical Properties
    of Population Stability Index", 2018); 2/n here, the rows learned from being at least as many.
    """
    from scipy.stats import chi2

    share = 1 - _FALSE_ALARMS / max(1, len(stored))
    return [2 * float(chi2.ppf(share, len(told["shares"]) - 1)) / max(1, customers) for told in stored]


def level(told: Floats, labels: Floats) -> dict[str, Any]:
    """Calibration-in-the-large: churns expected and come, and whether chance explains the gap (normal, 95 %)."""
    expected, spread = float(told.sum()), math.sqrt(float((told * (1 - told)).sum()))
    churned = int(labels.sum())
    return {
        "n": len(labels),
        "expected": expected,
        "churned": churned,
        "is_off": bool(spread and abs(churned - expected) > _Z95 * spread),
    }
