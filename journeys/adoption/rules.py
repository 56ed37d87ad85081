"""What a workspace's adoption rules may say, and the rules as the engine reads them. Pure.

``{"activation": {"match": "all", "within_days": 14, "events": [{"name": "report.sent", "count": 3}]},
"habit": {"days": 8, "window_days": 28, "events": []}, "lapse_days": 28}``. The event name ``*`` means any event; an
empty list of habit events does, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANY = "*"
ALL_OF, ANY_OF = "all", "any"
MOST_EVENTS = 20
MOST_COUNT = 10_000
MOST_DAYS = 366
MOST_NAME = 200

DEFAULT: Mapping[str, Any] = {
    "activation": {"match": ALL_OF, "within_days": 14, "events": [{"name": ANY, "count": 10}]},
    "habit": {"days": 8, "window_days": 28, "events": []},
    "lapse_days": 28,
}
"""In force until a workspace sets its own: ten events within two weeks, two days a week, four weeks of silence."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at ``path`` (``habit.days``); ``code`` and ``told`` become words elsewhere."""

    path: str
    code: str
    told: tuple[tuple[str, Any], ...] = ()


class RulesError(ValueError):
    """A definition that cannot be used; ``faults`` name everything that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(", ".join(f"{fault.path}: {fault.code}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class EventCount:
    """So many events of a name (``*``: of any)."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Rules:
    """``activation``: what counts within ``within_days`` days in a row. ``habit_events``: empty means any event.

    Habit: active on ``habit_days`` of the last ``window_days`` days. Lapsed: no event at all for ``lapse_days`` days.
    """

    activation: tuple[EventCount, ...]
    needs_all: bool
    within_days: int
    habit_days: int
    window_days: int
    habit_events: frozenset[str]
    lapse_days: int

    @property
    def look_back(self) -> int:
        """Older use than so many days changes nothing that is decided today."""
        return max(self.within_days, self.window_days, self.lapse_days)

    @property
    def names(self) -> frozenset[str]:
        """The event names that are told apart."""
        return frozenset({each.name for each in self.activation} | self.habit_events) - {ANY}


def parse(data: object) -> Rules:
    """The rules a document says; raises ``RulesError`` naming everything that is wrong with it."""
    faults: list[Fault] = []
    said = _object(data, "", {"activation", "habit", "lapse_days"}, faults)
    activation = _object(said.get("activation"), "activation", {"match", "within_days", "events"}, faults)
    habit = _object(said.get("habit"), "habit", {"days", "window_days", "events"}, faults)
    match = activation.get("match", ALL_OF)
    if match not in (ALL_OF, ANY_OF):
        faults.append(Fault("activation.match", "no_match"))
    found = Rules(
        activation=_events(activation.get("events"), faults),
        needs_all=match == ALL_OF,
        within_days=_number(activation.get("within_days"), "activation.within_days", MOST_DAYS, faults),
        habit_days=_number(habit.get("days"), "habit.days", MOST_DAYS, faults),
        window_days=_number(habit.get("window_days"), "habit.window_days", MOST_DAYS, faults),
        habit_events=_names(habit.get("events", []), faults),
        lapse_days=_number(said.get("lapse_days"), "lapse_days", MOST_DAYS, faults),
    )
    if not faults and found.habit_days > found.window_days:
        faults.append(Fault("habit.days", "more_days_than_window", (("most", found.window_days),)))
    if faults:
        raise RulesError(faults)
    return found


def as_json(rules: Rules) -> dict[str, Any]:
    """The rules in the form they are kept; ``parse`` reads it back."""
    return {
        "activation": {
            "match": ALL_OF if rules.needs_all else ANY_OF,
            "within_days": rules.within_days,
            "events": [{"name": each.name, "count": each.count} for each in rules.activation],
        },
        "habit": {
            "days": rules.habit_days,
            "window_days": rules.window_days,
            "events": sorted(rules.habit_events),
        },
        "lapse_days": rules.lapse_days,
    }


def _object(data: object, path: str, known: set[str], faults: list[Fault]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        faults.append(Fault(path, "no_object"))
        return {}
    for name in sorted(str(key) for key in data if key not in known):
        faults.append(Fault(f"{path}.{name}" if path else name, "unknown_field"))
    return data


def _number(value: object, path: str, most: int, faults: list[Fault]) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        faults.append(Fault(path, "no_number", (("most", most),)))
        return 1
    return value


def _events(data: object, faults: list[Fault]) -> tuple[EventCount, ...]:
    path = "activation.events"
    if not isinstance(data, list) or not 1 <= len(data) <= MOST_EVENTS:
        faults.append(Fault(path, "no_events", (("most", MOST_EVENTS),)))
        return ()
    found: dict[str, EventCount] = {}
    for place, each in enumerate(data):
        here = f"{path}.{place}"
        told = _object(each, here, {"name", "count"}, faults)
        name = _name(told.get("name"), f"{here}.name", faults)
        if name in found:
            faults.append(Fault(f"{here}.name", "twice", (("given", name),)))
        found[name] = EventCount(name, _number(told.get("count"), f"{here}.count", MOST_COUNT, faults))
    return tuple(found.values())


def _names(data: object, faults: list[Fault]) -> frozenset[str]:
    if not isinstance(data, list) or len(data) > MOST_EVENTS:
        faults.append(Fault("habit.events", "no_names", (("most", MOST_EVENTS),)))
        return frozenset()
    names = {_name(each, f"habit.events.{place}", faults) for place, each in enumerate(data)}
    return frozenset() if ANY in names else frozenset(names)


def _name(value: object, path: str, faults: list[Fault]) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not 0 < len(name) <= MOST_NAME or "\0" in name:
        faults.append(Fault(path, "no_name", (("most", MOST_NAME),)))
        return ""
    return name
