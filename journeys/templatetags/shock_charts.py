"""The recovery curve of a shock, drawn to scale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import template

from journeys.selectors.shocks import Week

register = template.Library()
WIDTH, HEIGHT, EDGE = 640, 160, 8


@register.simple_tag
def recovery_chart(weeks: Sequence[Week], struck_on: date) -> dict[str, Any] | None:
    """Points of both lines and the place of the day it struck, in a box of ``WIDTH`` × ``HEIGHT``; scores 0 to 100.

    None where no day has a score of the exposed.
    """
    if len(weeks) < 2 or not any(week.exposed for week in weeks):
        return None
    first, last = weeks[0].day, weeks[-1].day
    span = (last - first).days

    def at(day: date) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (day - first).days / span, 1)

    def line(group: str) -> str:
        told = ((week.day, getattr(week, group)) for week in weeks)
        height = HEIGHT - 2 * EDGE
        return " ".join(
            f"{at(day)},{EDGE + height * (1 - each.mean_points / 10_000):.1f}" for day, each in told if each is not None
        )

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "exposed": line("exposed"),
        "others": line("others"),
        "struck": at(struck_on) if first <= struck_on <= last else None,
        "first": first,
        "last": last,
    }
