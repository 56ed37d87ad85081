"""Geometry of the results' charts. Pure. Horizontal positions are percent of the drawing, so that one markup serves
every width; vertical ones are pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``low`` to ``high`` with marks at ``ticks``."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Where ``value`` is, in percent of the width; values outside stay at the edge."""
        inside = min(max(value, self.low), self.high)
        return round(100 * (inside - self.low) / (self.high - self.low), 3)


def from_zero(highest: float, step: float) -> Axis:
    """From 0 to the next ``step`` above ``highest``; at most eight marks."""
    steps = max(1, math.ceil(highest / step - 1e-9))
    every = math.ceil(steps / 8)
    return Axis(0.0, steps * step, tuple(round(i * step, 6) for i in range(0, steps + 1, every)))


def around_zero(lowest: float, highest: float, step: float) -> Axis:
    """A diverging axis that holds 0, with marks at multiples of ``step`` inside it."""
    low = min(math.floor(lowest / step), -1) * step
    high = max(math.ceil(highest / step), 1) * step
    count = round((high - low) / step)
    return Axis(low, high, tuple(round(low + i * step, 6) for i in range(count + 1)))


def ceiling(value: float, step: float) -> float:
    """The next multiple of ``step`` at or above ``value``."""
    return math.ceil(value / step - 1e-9) * step
