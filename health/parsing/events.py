"""Definitions of measures from events and contacts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from health.comparison import BEFORE_DIFFERENCE, COMPARISONS, FEWEST_WINDOWS, USUAL_RATIO, USUAL_Z
from health.measures import DefinitionError, More, Spec, span, windows_of
from health.parsing import conditions
from health.parsing.windows import window

MOST_EVENTS = 200
LONGEST_EVENT = 200
LONGEST_WINDOW = 365
# A year and the year before it: what a shard of customers can be read back in one go.
LONGEST_SPAN = 2 * LONGEST_WINDOW
USUAL_WINDOWS, MOST_WINDOWS = 6, 12
_WIDER = {"where", "property", "habit_days", "compare", "windows"}
PARTS = frozenset({"aggregation", "window_days", "scale", "events", *_WIDER})
CONTACT_PARTS = frozenset({"aggregation", "window_days", "scale", "events"})
# Each aggregation with the scales it can have.
SCALES = {
    "count": ("", "per_week", "per_seat_week"),
    "trend": ("",),
    "distinct_users": ("", "share_of_seats"),
    "distinct_events": ("",),
    "active_days": ("", "per_week"),
    "habit": ("share_of_users", "share_of_seats", ""),
    "sum": ("", "per_week", "per_seat_week"),
    "latest": ("",),
    "recency": ("",),
}
AGGREGATIONS = tuple(sorted(SCALES))
COMPARED = frozenset({"count", "distinct_users", "distinct_events", "active_days", "habit", "sum"})
WITH_AMOUNT = frozenset({"sum", "latest"})


def parse_contacts(definition: Mapping[str, Any]) -> Spec:
    if definition.get("aggregation") != "sponsor":
        raise DefinitionError("aggregation", "contacts can only be asked for a sponsor ('sponsor').")
    return Spec("sponsor", source="contacts")


def parse(definition: Mapping[str, Any]) -> Spec:
    aggregation = definition.get("aggregation")
    if not isinstance(aggregation, str) or aggregation not in SCALES:
        raise DefinitionError("aggregation", "expected one of " + ", ".join(AGGREGATIONS) + ".")
    days = window(definition, 28, LONGEST_WINDOW)
    more = More(
        where=conditions.parse(definition.get("where")),
        of=_property(definition, aggregation),
        habit_days=_habit_days(definition, aggregation, days),
        **_comparison(definition, aggregation),
    )
    spec = Spec(aggregation, days, _scale(definition, aggregation, more.compare), _names(definition), more=more)
    if span(spec) > LONGEST_SPAN:
        raise DefinitionError(
            "windows",
            f"{windows_of(spec)} windows of {days} days are {span(spec)} days; at most {LONGEST_SPAN} are looked back.",
        )
    return spec


def _scale(definition: Mapping[str, Any], aggregation: str, compare: str) -> str:
    scale = definition.get("scale", SCALES[aggregation][0])
    if not isinstance(scale, str) or scale not in SCALES[aggregation]:
        fitting = ", ".join(repr(each) for each in sorted(SCALES[aggregation]))
        raise DefinitionError("scale", f"with {aggregation!r} expected one of {fitting}.")
    if scale not in ("", "share_of_users") and compare not in ("", BEFORE_DIFFERENCE):
        raise DefinitionError("scale", f"{compare!r} compares like with like: leave {scale!r} out.")
    return scale


def _names(definition: Mapping[str, Any]) -> tuple[str, ...] | None:
    names = definition.get("events")
    if names is not None and not (isinstance(names, list) and all(isinstance(e, str) and e for e in names)):
        raise DefinitionError("events", "expected a list of event names, or nothing for every event.")
    if names and (len(names) > MOST_EVENTS or max(map(len, names)) > LONGEST_EVENT):
        raise DefinitionError("events", f"expected at most {MOST_EVENTS} names of at most {LONGEST_EVENT} characters.")
    return tuple(sorted(set(names))) if names else None


def _property(definition: Mapping[str, Any], aggregation: str) -> str:
    if aggregation not in WITH_AMOUNT:
        if "property" in definition:
            raise DefinitionError("property", f"{aggregation!r} adds nothing up: leave it out.")
        return ""
    name = definition.get("property", "")
    if not isinstance(name, str) or len(name) > conditions.LONGEST_NAME:
        raise DefinitionError(
            "property",
            f"expected a name of at most {conditions.LONGEST_NAME} characters; none for the event's own value.",
        )
    return name


def _habit_days(definition: Mapping[str, Any], aggregation: str, days: int) -> int:
    if aggregation != "habit":
        if "habit_days" in definition:
            raise DefinitionError("habit_days", "only 'habit' asks for it.")
        return 0
    told = definition.get("habit_days")
    if not isinstance(told, int) or isinstance(told, bool) or not 1 <= told <= days:
        raise DefinitionError("habit_days", f"expected on how many days of the {days} somebody must be seen.")
    return told


def _comparison(definition: Mapping[str, Any], aggregation: str) -> dict[str, Any]:
    compare = definition.get("compare", "")
    if not isinstance(compare, str) or compare not in ("", *COMPARISONS):
        raise DefinitionError("compare", "expected one of " + ", ".join(COMPARISONS) + ", or nothing.")
    if compare and aggregation not in COMPARED:
        raise DefinitionError("compare", f"{aggregation!r} is not compared: leave it out.")
    if compare not in (USUAL_RATIO, USUAL_Z):
        if "windows" in definition:
            raise DefinitionError("windows", "only a comparison with the own normal looks at several windows.")
        return {"compare": compare}
    windows = definition.get("windows", USUAL_WINDOWS)
    if not isinstance(windows, int) or isinstance(windows, bool) or not FEWEST_WINDOWS <= windows <= MOST_WINDOWS:
        raise DefinitionError("windows", f"expected {FEWEST_WINDOWS} to {MOST_WINDOWS} earlier windows.")
    return {"compare": compare, "windows": windows}
