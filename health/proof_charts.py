"""Geometry of the proof's charts. Pure: horizontal positions in percent of the drawing, vertical ones in pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csplatform.core.charts import Scale, line_paths
from health.churn.details import GAINS

HEIGHT = 240
_UP = Scale(0, 1, HEIGHT, 0)
_ACROSS = Scale(0, 1, 0, 100)


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with its interval, upright; all positions as drawn."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """``lines``: (what it is, path). ``area``: path of the interval around the first line. ``top``: of the scale."""

    lines: list[tuple[str, str]]
    area: str
    dots: list[Dot]
    top: float


def ranking(curves: Mapping[str, Sequence[float]], band: Sequence[Sequence[float]]) -> Chart:
    """Found churns over false alarms, each curve at even shares of the latter."""
    lines = [(name, _path(_even(curve))) for name, curve in curves.items() if curve]
    return Chart([*lines, ("chance", _path([(0, 0), (1, 1)]))], _area(band), [], 1.0)


def gains(curves: Mapping[str, Sequence[float]]) -> Chart:
    """Found churns over the share of customers looked at, the highest risks first."""
    lines = [
        (name, _path([(0.0, 0.0), *zip(GAINS, curve, strict=True)])) for name, curve in curves.items() if len(curve)
    ]
    return Chart([*lines, ("chance", _path([(0, 0), (1, 1)]))], "", [], 1.0)


def calibration(bins: Sequence[Mapping[str, Any]]) -> Chart:
    """What came over what was told, per tenth, on scales that end at the next tenth above both."""
    highest = max((max(each["told"], each["churned"], (each["interval"] or [0, 0])[1]) for each in bins), default=0.1)
    top = min(1.0, -(-highest * 20 // 1) / 20) or 0.05
    up, across = Scale(0, top, HEIGHT, 0), Scale(0, top, 0, 100)
    dots = []
    for each in bins:
        low, high = each["interval"] or (each["churned"], each["churned"])
        dots.append(Dot(across(each["told"]), up(each["churned"]), up(low), up(high)))
    return Chart([("chance", _path([(0, 0), (1, 1)]))], "", dots, top)


def by_score(bins: Sequence[Mapping[str, Any]]) -> Chart:
    """What came over the score (1 less what was told), per tenth, from ``lowest_score`` to 100."""
    highest = max((max(each["churned"], (each["interval"] or [0, 0])[1]) for each in bins), default=0.1)
    top = min(1.0, -(-highest * 20 // 1) / 20) or 0.05
    up, across = Scale(0, top, HEIGHT, 0), Scale(lowest_score(bins), 100, 0, 100)
    dots = []
    for each in bins:
        low, high = each["interval"] or (each["churned"], each["churned"])
        dots.append(Dot(across(100 * (1 - each["told"])), up(each["churned"]), up(low), up(high)))
    return Chart([], "", dots, top)


def lowest_score(bins: Sequence[Mapping[str, Any]]) -> int:
    """Where the scale of scores begins: ten points or more below 100, at a multiple of ten."""
    lowest = min((100 * (1 - each["told"]) for each in bins), default=0)
    return min(90, int(lowest // 10) * 10)


def _even(curve: Sequence[float]) -> list[tuple[float, float]]:
    return [(place / (len(curve) - 1), value) for place, value in enumerate(curve)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return line_paths([(_ACROSS(x), _UP(y)) for x, y in points])[0]


def _area(band: Sequence[Sequence[float]]) -> str:
    if len(band) != 2:
        return ""
    low, high = (_even(edge) for edge in band)
    return _path([*high, *reversed(low)]) + "Z"
