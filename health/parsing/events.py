"""Definitions of measures from events and contacts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from health.measures import STATE_DAYS, DefinitionError, Spec
from health.parsing.windows import window

MOST_EVENTS = 200
LONGEST_EVENT = 200
PARTS = frozenset({"aggregation", "window_days", "scale", "events"})
CONTACT_PARTS = PARTS
AGGREGATIONS = ("active_days", "count", "distinct_events", "distinct_users", "recency", "trend")
_SCALES = {
    "count": {"", "per_seat_week"},
    "distinct_users": {"", "share_of_seats"},
    "active_days": {"", "per_week"},
}


def parse_contacts(definition: Mapping[str, Any]) -> Spec:
    if definition.get("aggregation") != "sponsor":
        raise DefinitionError("aggregation", "contacts can only be asked for a sponsor ('sponsor').")
    return Spec("sponsor", source="contacts")


def parse(definition: Mapping[str, Any]) -> Spec:
    aggregation = definition.get("aggregation")
    if not isinstance(aggregation, str) or aggregation not in AGGREGATIONS:
        raise DefinitionError("aggregation", "expected one of " + ", ".join(AGGREGATIONS) + ".")
    days = window(definition, 28, STATE_DAYS // 2 if aggregation == "trend" else STATE_DAYS)
    scale = definition.get("scale", "")
    if not isinstance(scale, str) or scale not in _SCALES.get(aggregation, {""}):
        fitting = ", ".join(repr(each) for each in sorted(_SCALES.get(aggregation, {""})))
        raise DefinitionError("scale", f"with {aggregation!r} expected one of {fitting}.")
    names = definition.get("events")
    if names is not None and not (isinstance(names, list) and all(isinstance(e, str) and e for e in names)):
        raise DefinitionError("events", "expected a list of event names, or nothing for every event.")
    if names and (len(names) > MOST_EVENTS or max(map(len, names)) > LONGEST_EVENT):
        raise DefinitionError("events", f"expected at most {MOST_EVENTS} names of at most {LONGEST_EVENT} characters.")
    return Spec(aggregation, days, scale, tuple(sorted(set(names))) if names else None)
