"""What measures from sources other than events and contacts may say: a table, and one way to read it. Pure.

A source of its own is a line here and a loader in ``health.facts``, registered in ``HealthConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from health.measures import DefinitionError, Spec
from health.parsing.windows import window

LONGEST = 1_095
LONGEST_TEXT = 60


@dataclass(frozen=True, slots=True)
class Source:
    """What one source can be asked.

    ``aggregations``: each with the window it has unless told, in days; 0 where it has none. ``parts``: further parts
    with the values they may have; nothing in place of the values: any key. ``required``: those that cannot be left out.
    """

    aggregations: Mapping[str, int]
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[str]:
        return iter(self.aggregations)

    @property
    def parts_told(self) -> frozenset[str]:
        """Every part a definition of this source may have."""
        windows = {"window_days"} if any(self.aggregations.values()) else set()
        return frozenset({"aggregation", *windows, *self.parts})


_DIRECTIONS = ("vendor_to_customer", "customer_to_vendor", "customer_to_customer", "customer_to_third_party")
_STATES = ("invited", "first_use", "activated", "habitual", "lapsed")
_CHANNELS = ("email", "call", "meeting", "chat", "event", "community", "other")

SOURCES: Mapping[str, Source] = {
    "surveys": Source({"latest": 365, "mean": 365}, {"kind": ("nps", "csat", "ces")}, frozenset({"kind"})),
    "engagements": Source(
        {"count": 90, "recency": 0, "sentiment": 180}, {"direction": _DIRECTIONS, "channel": _CHANNELS}
    ),
    "relays": Source({"overdue": 0, "waiting_days": 0, "declined": 90}),
    "tickets": Source(
        {"open": 0, "opened": 28, "first_reply_hours": 90, "csat": 180},
        {"priority": ("low", "normal", "high", "urgent")},
    ),
    "outcomes": Source({"achieved": 0, "on_track": 0, "kpi_progress": 0}),
    "adoption": Source({"people": 0, "share_of_seats": 0}, {"state": _STATES}),
    "sponsors": Source({"silence": 90, "left": 180}),
    "judgement": Source({"latest": 0}),
    "attribute": Source({"latest": 0}, {"key": ()}, frozenset({"key"})),
    "invoices": Source({"overdue_days": 0, "overdue_share": 0, "paid_late": 365}),
}

# Every further part of some source with all the values it may have there; none: any key.
PARTS: Mapping[str, tuple[str, ...]] = {
    name: tuple(dict.fromkeys(value for each in SOURCES.values() for value in each.parts.get(name, ())))
    for name in sorted({part for each in SOURCES.values() for part in each.parts})
}


def parse(source: str, definition: Mapping[str, Any]) -> Spec:
    """The spec of a definition of ``source``; raises ``DefinitionError`` naming what is wrong."""
    declared = SOURCES[source]
    where = tuple(
        (name, value) for name in sorted(declared.parts) if (value := _part(declared, name, definition)) is not None
    )
    aggregation = definition.get("aggregation")
    if not isinstance(aggregation, str) or aggregation not in declared.aggregations:
        expected = ", ".join(repr(each) for each in declared)
        raise DefinitionError("aggregation", f"{source} can be asked for one of {expected}.")
    usual = declared.aggregations[aggregation]
    if not usual and "window_days" in definition:
        raise DefinitionError("window_days", f"{aggregation!r} looks at the day itself; leave the window out.")
    days = window(definition, usual, LONGEST) if usual else 0
    return Spec(aggregation, days, source=source, where=where)


def _part(declared: Source, name: str, definition: Mapping[str, Any]) -> str | None:
    value, known = definition.get(name), declared.parts[name]
    if value is None and name not in declared.required:
        return None
    if known and value not in known:
        raise DefinitionError(name, "expected one of " + ", ".join(known) + ".")
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise DefinitionError(name, f"expected a key of at most {LONGEST_TEXT} characters.")
    return value
