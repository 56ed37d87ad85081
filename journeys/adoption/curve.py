"""The share of a customer's people in habit against a plan. Pure; shares in percent of those who have a state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from journeys.adoption.states import State

MOST_TARGETS = 12


@dataclass(frozen=True, slots=True)
class Target:
    """``percent`` of the people are to be in habit on ``on``."""

    on: date
    percent: int


@dataclass(frozen=True, slots=True)
class Moved:
    """So many people came from ``before`` (None: from nowhere) into ``state`` on a day."""

    on: date
    state: str
    before: str | None
    people: int


@dataclass(frozen=True, slots=True)
class DayOfStates:
    """How many people were in each state at the end of a day."""

    on: date
    counts: dict[str, int]

    @property
    def people(self) -> int:
        return sum(self.counts.values())

    @property
    def habit_percent(self) -> float | None:
        """None while nobody has a state."""
        return 100 * self.counts.get(State.HABITUAL, 0) / self.people if self.people else None


def faults(baseline_on: date, baseline_percent: int, targets: Sequence[Target]) -> list[tuple[str, str]]:
    """What is wrong with a plan, as (field, code); empty when nothing is."""
    found = []
    if not 0 <= baseline_percent <= 100:
        found.append(("baseline_percent", "no_percent"))
    if not 1 <= len(targets) <= MOST_TARGETS:
        found.append(("targets", "number_of_targets"))
    if any(not 0 <= target.percent <= 100 for target in targets):
        found.append(("targets", "no_percent"))
    days = [baseline_on, *(target.on for target in targets)]
    if any(later <= earlier for earlier, later in pairwise(days)):
        found.append(("targets", "out_of_order"))
    return found


def planned(baseline_on: date, baseline_percent: int, targets: Sequence[Target], day: date) -> float | None:
    """Where the plan wants to be on ``day``: straight between points, level at last, None before it."""
    if day < baseline_on:
        return None
    points = [Target(baseline_on, baseline_percent), *targets]
    for left, right in pairwise(points):
        if day <= right.on:
            way = (day - left.on).days / (right.on - left.on).days
            return left.percent + (right.percent - left.percent) * way
    return float(points[-1].percent)


def over_time(moves: Iterable[Moved], *, first: date, last: date, most: int = 160) -> list[DayOfStates]:
    """The states at at most ``most`` evenly spaced days from ``first`` to ``last``, both among them."""
    rows = sorted(moves, key=lambda move: move.on)
    step = max(1, -(-(last - first).days // (most - 1)))
    days = [last - timedelta(days=step * n) for n in range((last - first).days // step + 1)]
    days = sorted({first, *days})
    counts: dict[str, int] = {}
    found, place = [], 0
    for day in days:
        while place < len(rows) and rows[place].on <= day:
            move = rows[place]
            counts[move.state] = counts.get(move.state, 0) + move.people
            if move.before:
                counts[move.before] = counts.get(move.before, 0) - move.people
            place += 1
        found.append(DayOfStates(day, {state: number for state, number in counts.items() if number}))
    return found
