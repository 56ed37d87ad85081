"""Figures of what customers say, as pages draw them: by month with intervals, and by group on one scale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from csplatform.core import charts, formats
from surveys.ballots import SCORES
from surveys.selectors.voice import Cell, score_of
from surveys.stats.scores import DETRACTOR, PROMOTER, Score

SCALES = {"nps": (-100.0, 100.0), "csat": (0.0, 1.0), "ces": (1.0, 7.0)}
MOST_GROUPS = 12
_TICKS = {"nps": (-100, -50, 0, 50, 100), "csat": (0, 0.25, 0.5, 0.75, 1), "ces": (1, 3, 5, 7)}
_TOP, _TALL, _SMALL = 12, 210, 96


@dataclass(frozen=True, slots=True)
class Point:
    """One month. ``x`` in percent, the others in pixels from the top."""

    month: date
    score: Score
    x: float
    y: float
    low: float
    high: float
    value: str
    interval: str


def shown(kind: str, value: float | None) -> str:
    """A figure as people write it: NPS as a signed whole number, CSAT in percent, CES with one decimal."""
    language = get_language()
    if value is None:
        return formats.UNKNOWN
    if kind == "nps":
        return formats.signed(round(value), language)
    return formats.percent(value, language) if kind == "csat" else formats.number(value, language, digits=1)


def interval(kind: str, score: Score) -> str:
    """Both ends in words."""
    low, high = shown(kind, score.interval.low), shown(kind, score.interval.high)
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def word(kind: str, answer: int) -> str:
    """What one answer is called."""
    if kind == "nps":
        if answer >= PROMOTER:
            return _("Promoter")
        return _("Detractor") if answer <= DETRACTOR else _("Passive")
    return _("%(n)d of %(top)d") % {"n": answer, "top": SCORES[kind][1]}


def tone(kind: str, answer: int) -> str:
    """The colour class of an answer; its word stands beside it."""
    low, high = SCORES[kind]
    if kind == "nps":
        return "ok" if answer >= PROMOTER else "risk" if answer <= DETRACTOR else "watch"
    share = (answer - low) / (high - low)
    return "ok" if share >= 0.7 else "risk" if share <= 0.3 else "watch"


def overall(kind: str, cells: Sequence[Cell], first: date, last: date) -> dict[str, Any]:
    """The chart of everybody."""
    return _chart(kind, _by_month(cells), first, last, _TALL)


def groups(kind: str, cells: Sequence[Cell], first: date, last: date, none: str) -> list[dict[str, Any]]:
    """A small chart for each group, the largest first; ``none``: what customers without a group are called."""
    parts: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        parts[cell.group].append(cell)
    sizes = {name: sum(cell.n for cell in part) for name, part in parts.items()}
    names = sorted(parts, key=lambda name: (-sizes[name], name))[:MOST_GROUPS]
    return [
        {
            "name": name or none,
            "n": sizes[name],
            "now": _whole(kind, parts[name]),
            **_chart(kind, _by_month(parts[name]), first, last, _SMALL),
        }
        for name in names
    ]


def ranges(kind: str, cells: Sequence[Cell], none: str) -> list[dict[str, Any]]:
    """One line a group, the largest first, with positions in percent of the whole scale."""
    low, high = SCALES[kind]
    at = charts.Scale(low, high, 0.0, 100.0)
    parts: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        parts[cell.group].append(cell)
    rows = []
    for name, part in parts.items():
        score = score_of(kind, [cell.score for cell in part for _each in range(cell.n)])
        dot = at(score.value) if score.value is not None else 0.0
        left, right = at(score.interval.low), at(score.interval.high)
        rows.append({"name": name or none, **_whole(kind, part), "dot": dot, "left": left, "right": right})
    return sorted(rows, key=lambda row: (-row["n"], row["name"]))[:MOST_GROUPS]


def whole(kind: str, cells: Sequence[Cell]) -> dict[str, Any]:
    """The figure of all ``cells`` together."""
    return _whole(kind, cells)


def _whole(kind: str, cells: Sequence[Cell]) -> dict[str, Any]:
    score = score_of(kind, [cell.score for cell in cells for _each in range(cell.n)])
    return {"n": score.n, "value": shown(kind, score.value), "interval": interval(kind, score)}


def _by_month(cells: Sequence[Cell]) -> dict[date, list[int]]:
    months: dict[date, list[int]] = defaultdict(list)
    for cell in cells:
        months[cell.month].extend([cell.score] * cell.n)
    return dict(sorted(months.items()))


def _chart(kind: str, months: Mapping[date, list[int]], first: date, last: date, height: int) -> dict[str, Any]:
    x = charts.day_scale(first, last, 4.0, 96.0)
    y = charts.Scale(*SCALES[kind], height, _TOP)
    points = [_point(kind, month, answers, x, y) for month, answers in months.items()]
    links = [
        {"x1": a.x, "y1": a.y, "x2": b.x, "y2": b.y} for a, b in pairwise(points) if (b.month - a.month).days < 190
    ]
    ticks = charts.month_ticks(first, last, most=6)
    return {
        "points": points,
        "links": links,
        "height": height,
        "tall": height + 22,
        "lines": [{"y": round(y(value), 1), "text": shown(kind, value)} for value in _TICKS[kind]],
        "months": [{"x": round(x(tick.toordinal()), 2), "day": tick} for tick in ticks],
        "is_small": height == _SMALL,
    }


def _point(kind: str, month: date, answers: list[int], x: charts.Scale, y: charts.Scale) -> Point:
    score = score_of(kind, answers)
    return Point(
        month=month,
        score=score,
        x=round(x(month.toordinal()), 2),
        y=round(y(score.value if score.value is not None else 0.0), 1),
        low=round(y(score.interval.low), 1),
        high=round(y(score.interval.high), 1),
        value=shown(kind, score.value),
        interval=interval(kind, score),
    )
