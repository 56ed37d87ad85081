"""Chart geometry as pure functions: scales, ticks, paths.

Horizontal positions are percentages of the drawing's width (0–100), so that one rendered chart fits every
screen without its text being scaled; vertical ones are pixels, downwards. Values keep their own unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise


@dataclass(frozen=True)
class Scale:
    """Linear map from a domain of values to a range of positions; values outside are clamped."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Position of a value. A domain without width maps everything to the middle of the range."""
        if self.high == self.low:
            return (self.start + self.end) / 2
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def day_scale(first: date, last: date, start: float = 0.0, end: float = 100.0) -> Scale:
    """A scale over days; feed it `day.toordinal()`."""
    return Scale(first.toordinal(), last.toordinal(), start, end)


def month_ticks(first: date, last: date, *, most: int = 8) -> list[date]:
    """First days of months strictly after `first` up to `last`, thinned to at most `most` at even steps."""
    months: list[date] = []
    day = first.replace(day=1)
    while (day := (day + timedelta(days=32)).replace(day=1)) <= last:
        months.append(day)
    step = max(1, math.ceil(len(months) / most))
    return months[::step]


def line_paths(points: Sequence[tuple[float, float | None]], *, digits: int = 2) -> list[str]:
    """SVG paths through the known points; a missing value (None) breaks the line instead of being bridged.

    A known point without known neighbours becomes a path of zero length, which round caps draw as a dot.
    """
    runs: list[list[str]] = [[]]
    for x, y in points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append(f"{round(x, digits):g} {round(y, digits):g}")
    return ["M" + "L".join(run if len(run) > 1 else run * 2) for run in runs if run]


@dataclass(frozen=True)
class Spark:
    """A sparkline: `paths` to stroke and the last known point to mark (None when nothing is known)."""

    width: int
    height: int
    paths: tuple[str, ...]
    end: tuple[float, float] | None


def sparkline(
    values: Sequence[float | None], *, low: float = 0.0, high: float = 100.0, width: int = 88, height: int = 26
) -> Spark:
    """Oldest value first. `low` and `high` are the shared scale of the column, so that rows compare."""
    margin = 3.0
    x = Scale(0, max(len(values) - 1, 1), margin, width - margin)
    y = Scale(low, high, height - margin, margin)
    points = [(x(i), None if value is None else y(value)) for i, value in enumerate(values)]
    known = [(px, py) for px, py in points if py is not None]
    end = (round(known[-1][0], 1), round(known[-1][1], 1)) if known else None
    return Spark(width, height, tuple(line_paths(points, digits=1)), end)


@dataclass(frozen=True)
class Part:
    """A piece of a stacked bar: where it starts and how long it is, in percent."""

    start: float
    length: float


def stack(values: Sequence[float]) -> list[Part]:
    """Shares of the whole, in order; they add up to 100 exactly, or are all empty when the sum is 0."""
    if any(value < 0 for value in values):
        raise ValueError("a stacked bar cannot show a negative part")
    total = sum(values)
    if not total:
        return [Part(0.0, 0.0) for _ in values]
    edges = [0.0]
    running = 0.0
    for value in values:
        running += value
        edges.append(round(100 * running / total, 3))
    return [Part(a, round(b - a, 3)) for a, b in pairwise(edges)]


@dataclass(frozen=True)
class DriverBar:
    """Pieces of a driver's bar in percent of the longest bar: `track` is the driver's maximum."""

    track: float
    held: Part
    lost: Part
    gained: Part


def driver_bar(*, points: float, maximum: float, change: float, scale: float) -> DriverBar:
    """Points held, lost (`change` < 0) and gained (`change` > 0) since a date.

    `scale` is the largest maximum among the bars shown together, so that lengths compare. A loss is drawn
    behind the held part, a gain is the end of it; neither leaves the track.
    """
    if scale <= 0 or maximum < 0 or points < 0:
        raise ValueError("points and maxima must not be negative, the scale must be above 0")
    per = 100 / scale
    track, held = min(maximum, scale) * per, min(points, maximum) * per
    gained = min(max(change, 0.0) * per, held)
    lost = min(max(-change, 0.0) * per, track - held)
    return DriverBar(
        track=round(track, 2),
        held=Part(0.0, round(held - gained, 2)),
        lost=Part(round(held, 2), round(lost, 2)),
        gained=Part(round(held - gained, 2), round(gained, 2)),
    )


@dataclass(frozen=True)
class Waterfall:
    """From one level to another, step by step, along a line from 0 to 100 percent.

    ``bars``: a piece for each step; ``levels``: where it stands before the first step and after each; ``zones``: a
    piece for each stretch between ``edges`` that is in sight, with the place of the stretch in their order.
    """

    bars: tuple[Part, ...]
    levels: tuple[float, ...]
    zones: tuple[tuple[int, Part], ...]


def waterfall(start: float, steps: Sequence[float], *, edges: Sequence[float], margin: float) -> Waterfall:
    """A stretch of the scale that holds every level, with ``margin`` (in its unit) around; not from zero on.

    ``edges``: rising beginnings of zones, the last being the end of the scale; nothing is drawn beyond the outer two.
    """
    levels = [start]
    for step in steps:
        levels.append(levels[-1] + step)
    low = min(max(min(levels) - margin, edges[0]), min(levels))
    high = max(min(max(levels) + margin, edges[-1]), max(levels))
    x = Scale(low, high, 0, 100)
    places = [round(x(level), 2) for level in levels]
    bars = [Part(min(a, b), round(abs(b - a), 2)) for a, b in pairwise(places)]
    zones = [
        (index, Part(round(x(begin), 2), round(x(end) - x(begin), 2)))
        for index, (begin, end) in enumerate(pairwise(edges))
        if x(end) > x(begin)
    ]
    return Waterfall(tuple(bars), tuple(places), tuple(zones))


def root_height(value: float, largest: float, *, tallest: float, shortest: float = 0.0) -> float:
    """Height proportional to the square root of a value, so that small accounts stay visible."""
    if value <= 0 or largest <= 0:
        return shortest
    return shortest + (tallest - shortest) * math.sqrt(min(value / largest, 1.0))


def place_labels(
    heads: Sequence[tuple[float, float]], *, widths: Sequence[float], keep: int, gap: float = 1.8
) -> list[str]:
    """On which side of its head each label may be written: "right", "left" or "" for nowhere.

    `heads` are the tops of stems (x in percent, y in px, down to the floor), most important first;
    `widths` the labels' lengths in percent and `gap` what lies between head and label. A label must stay
    inside the drawing, clear of other labels (18 px apart where they overlap sideways) and of every stem
    that begins above its foot. At most `keep` labels are placed.
    """
    kept: list[tuple[float, float, float]] = []
    sides: list[str] = []
    for i, ((x, y), width) in enumerate(zip(heads, widths, strict=True)):
        others = [head for j, head in enumerate(heads) if j != i]
        side = ""
        for name, left in (("right", x), ("left", x - gap - width)):
            right = left + gap + width
            free = left >= 0 and right <= 100
            free = free and not any(left < b and a < right and abs(y - level) < 18 for a, b, level in kept)
            free = free and not any(left - 1 < stem < right + 1 and head < y + 12 for stem, head in others)
            if free and len(kept) < keep:
                kept.append((left, right, y))
                side = name
                break
        sides.append(side)
    return sides
