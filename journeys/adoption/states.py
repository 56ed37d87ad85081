"""Where a person stands with the product on a day, from what they did. Pure; days are counted as ``date.toordinal``.

- invited: invited, and nothing done yet. first_use: something was done. activated: what the rules ask for was once
  done within their days in a row; a habit counts as that, too. habitual: active on enough of the last days.
  lapsed: was activated, and silent for as long as the rules say; silence goes before habit.
- Nobody falls behind activated again but by lapsing; using the product again ends a lapse.
- A person who was neither invited nor ever seen has no state.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from journeys.adoption.rules import ANY, Rules


class State(StrEnum):
    INVITED = "invited"
    FIRST_USE = "first_use"
    ACTIVATED = "activated"
    HABITUAL = "habitual"
    LAPSED = "lapsed"


AT_WORK = (State.ACTIVATED, State.HABITUAL)
"""Who works with the product: what stages ask for."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a person did on a day: how many events in all, and of each name that the rules tell apart."""

    day: int
    total: int
    counts: Mapping[str, int]

    def of(self, name: str) -> int:
        return self.total if name == ANY else self.counts.get(name, 0)


@dataclass(frozen=True, slots=True)
class InForce:
    """Rules that count from ``day`` on."""

    day: int
    rules: Rules


@dataclass(frozen=True, slots=True)
class Change:
    """From ``day`` on the person is in ``state``; ``before``: until then."""

    day: int
    state: State
    before: State | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands at the end of ``day``. ``due``: the day on which silence alone changes that, or None."""

    day: int
    state: State | None = None
    since: int | None = None
    first_use: int | None = None
    activated: int | None = None
    last_use: int | None = None
    due: int | None = None


NOBODY = Standing(day=0)
"""Before everything."""


def follow(
    start: Standing, *, invited: int | None, uses: Sequence[Use], versions: Sequence[InForce], through: int
) -> tuple[list[Change], Standing]:
    """What becomes of a person after ``start``: every change up to ``through``, and how they stand then.

    ``uses`` oldest first, one a day; of days up to ``start.day`` only as many as the rules look back. ``versions``
    oldest first; the first also counts before its own day. ``through`` lies not before ``start.day``.
    """
    way = _Way(start, invited, uses, versions)
    planned = {use.day for use in uses} | {version.day for version in versions} | {start.day + 1}
    if invited is not None:
        planned.add(invited)
    days = sorted(day for day in planned if start.day < day <= through)
    place = 0
    while True:
        planned_next = days[place] if place < len(days) else None
        due = way.now.due
        if due is not None and due <= through and (planned_next is None or due < planned_next):
            way.go_to(due)
            continue
        if planned_next is None:
            break
        way.go_to(planned_next)
        place += 1
    way.rest(through)
    return way.changes, way.now


class _Way:
    """A person's way through the states, day by interesting day."""

    def __init__(self, start: Standing, invited: int | None, uses: Sequence[Use], versions: Sequence[InForce]) -> None:
        self.now = start
        self.changes: list[Change] = []
        self._invited = invited
        self._uses = uses
        self._days = [use.day for use in uses]
        self._versions = versions
        self._from = [version.day for version in versions]

    def go_to(self, day: int) -> None:
        rules = self._versions[max(bisect_right(self._from, day) - 1, 0)].rules
        until = bisect_right(self._days, day)
        before = self.now
        newest = self._days[until - 1] if until else None
        last_use = newest if newest is not None else before.last_use
        first_use = before.first_use if before.first_use is not None else (self._days[0] if until else None)
        habit_ends = self._habit_ends(rules, day, until)
        activated = before.activated
        if activated is None and (habit_ends is not None or self._is_activated(rules, day, until)):
            activated = day
        lapses = None if last_use is None or activated is None else last_use + rules.lapse_days
        state = self._state(day, last_use, activated, habit_ends, lapses)
        ends = (habit_ends, lapses) if state is not State.LAPSED else ()
        due = [each for each in ends if each is not None and each > day]
        since = before.since if state == before.state else day
        if state is not None and state != before.state:
            self.changes.append(Change(day, state, before.state))
        self.now = Standing(
            day=day,
            state=state,
            since=since,
            first_use=first_use,
            activated=activated,
            last_use=last_use,
            due=min(due, default=None),
        )

    def rest(self, day: int) -> None:
        """Nothing more happens up to ``day``."""
        now = self.now
        self.now = Standing(day, now.state, now.since, now.first_use, now.activated, now.last_use, now.due)

    def _state(
        self, day: int, last_use: int | None, activated: int | None, habit_ends: int | None, lapses: int | None
    ) -> State | None:
        if last_use is None:
            return State.INVITED if self._invited is not None and self._invited <= day else None
        if activated is None:
            return State.FIRST_USE
        if lapses is not None and lapses <= day:
            return State.LAPSED
        return State.HABITUAL if habit_ends is not None else State.ACTIVATED

    def _habit_ends(self, rules: Rules, day: int, until: int) -> int | None:
        """The first day on which the habit of ``day`` is none any more, without further use; None without a habit."""
        found = 0
        for place in range(until - 1, -1, -1):
            use = self._uses[place]
            if use.day <= day - rules.window_days:
                return None
            if not rules.habit_events or any(use.of(name) for name in rules.habit_events):
                found += 1
                if found == rules.habit_days:
                    return use.day + rules.window_days
        return None

    def _is_activated(self, rules: Rules, day: int, until: int) -> bool:
        missing = {each.name: each.count for each in rules.activation}
        for place in range(until - 1, -1, -1):
            use = self._uses[place]
            if use.day <= day - rules.within_days:
                break
            for name in list(missing):
                missing[name] -= use.of(name)
                if missing[name] <= 0:
                    del missing[name]
                    if not rules.needs_all:
                        return True
            if not missing:
                return True
        return False
