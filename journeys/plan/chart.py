"""Where the figures of a KPI stand in its chart. Pure: horizontal places in percent, vertical ones in pixels down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from csplatform.core import charts
from journeys.plan.rules import KpiStanding, Reading

HEIGHT = 180
TOP = 14
MOST_POINTS = 160
SPARK_WIDTH, SPARK_HEIGHT = 128, 34


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure in the chart."""

    x: float
    y: float
    reading: Reading


@dataclass(frozen=True, slots=True)
class Progress:
    """A KPI on its way. ``way``: both ends of the straight line, None without a due date; ``now``: where today is."""

    marks: tuple[Mark, ...]
    paths: tuple[str, ...]
    way: tuple[float, float, float, float] | None
    target: float
    baseline: float
    now: float
    first: date
    last: date
    months: tuple[tuple[float, date], ...]


@dataclass(frozen=True, slots=True)
class SmallProgress:
    """The same in a row: the line of what was measured, and the target dotted."""

    spark: charts.Spark
    target: float


def thinned(readings: Sequence[Reading], most: int = MOST_POINTS) -> list[Reading]:
    """At most ``most`` of them, evenly over their order; the first and the newest always among them."""
    if len(readings) <= most:
        return list(readings)
    step = (len(readings) - 1) / (most - 1)
    return [readings[round(place * step)] for place in range(most)]


def progress(standing: KpiStanding, readings: Sequence[Reading], *, day: date) -> Progress:
    """The chart from where the line or the first figure begins to the due date or ``day``, whichever is later."""
    shown = thinned(readings)
    first = min([standing.began_on, *(reading.measured_on for reading in shown)])
    last = max([day, *([standing.due_on] if standing.due_on else [])])
    x = charts.day_scale(first, last, 1.0, 99.0)
    aim = standing.aim
    values = [float(aim.baseline), float(aim.target), *(float(reading.value) for reading in shown)]
    y = charts.Scale(min(values), max(values), HEIGHT - 8, TOP)
    marks = tuple(
        Mark(round(x(reading.measured_on.toordinal()), 2), round(y(float(reading.value)), 1), reading)
        for reading in shown
    )
    target, baseline = round(y(float(aim.target)), 1), round(y(float(aim.baseline)), 1)
    way = None
    if standing.due_on is not None and standing.due_on > standing.began_on:
        ends = (round(x(standing.began_on.toordinal()), 2), round(x(standing.due_on.toordinal()), 2))
        way = (ends[0], baseline, ends[1], target)
    return Progress(
        marks=marks,
        paths=tuple(charts.line_paths([(mark.x, mark.y) for mark in marks])) if len(marks) > 1 else (),
        way=way,
        target=target,
        baseline=baseline,
        now=round(x(day.toordinal()), 2),
        first=first,
        last=last,
        months=tuple(
            (place, tick)
            for tick in charts.month_ticks(first, last, most=6)
            if 12 < (place := round(x(tick.toordinal()), 2)) < 84
        ),
    )


def small(standing: KpiStanding, readings: Sequence[Reading]) -> SmallProgress:
    """The newest figures from the baseline on; the scale holds baseline and target."""
    values = [float(standing.aim.baseline), *(float(reading.value) for reading in thinned(readings, 40))]
    target = float(standing.aim.target)
    low, high = min(*values, target), max(*values, target)
    spark = charts.sparkline(values, low=low, high=high, width=SPARK_WIDTH, height=SPARK_HEIGHT)
    level = charts.Scale(low, high, SPARK_HEIGHT - 3.0, 3.0)(target)
    return SmallProgress(spark, round(level, 1))
