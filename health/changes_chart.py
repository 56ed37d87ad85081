"""What changed, as a picture: one row a measure, each beginning where the one before it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csplatform.core import charts
from csplatform.core.charts import Part
from health.what_changed import Changes, Moved

MOST_ROWS = 12
_MARGIN = 400  # hundredths of points left and right of the outermost level


@dataclass(frozen=True, slots=True)
class Row:
    """A measure that moved the score: its bar, and where the score stands after it (percent of the picture)."""

    moved: Moved
    bar: Part
    level: float


@dataclass(frozen=True, slots=True)
class Picture:
    """``zones``: (band, where it lies). ``start``, ``end``: where the scores stand. ``others``: drawn as one bar."""

    rows: tuple[Row, ...]
    zones: tuple[tuple[str, Part], ...]
    start: float
    end: float
    others: tuple[Moved, ...]
    others_sum: int
    others_bar: Part


def draw(changes: Changes, thresholds: Sequence[tuple[str, int]]) -> Picture:
    """Losses, then gains; beyond ``MOST_ROWS`` the smallest are one bar. What cancels out has no bar."""
    moved = [each for each in changes.moved if each.delta]
    largest = sorted(moved, key=lambda each: -abs(each.delta))[:MOST_ROWS]
    drawn = [each for each in moved if each in largest]
    others = tuple(each for each in moved if each not in largest)
    rest = sum(each.delta for each in others)
    fall = charts.waterfall(
        changes.measured[0],
        [*(each.delta for each in drawn), rest],
        edges=[*(edge for _, edge in thresholds), 10_000],
        margin=_MARGIN,
    )
    return Picture(
        tuple(Row(each, fall.bars[place], fall.levels[place + 1]) for place, each in enumerate(drawn)),
        tuple((thresholds[index][0], part) for index, part in fall.zones),
        fall.levels[0],
        fall.levels[-1],
        others,
        rest,
        fall.bars[-1],
    )
