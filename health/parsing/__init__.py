"""From a stored or submitted definition to a ``Spec``, with clear refusals. Pure: no Django, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from health.measures import DefinitionError, Spec
from health.parsing import declared, events

SOURCES = ("events", "contacts", *declared.SOURCES)
AGGREGATIONS = tuple(
    dict.fromkeys([*events.AGGREGATIONS, "sponsor", *(each for source in declared.SOURCES.values() for each in source)])
)


def parse(definition: Mapping[str, Any]) -> Spec:
    """Check a stored or submitted definition; raises ``DefinitionError`` naming what is wrong."""
    source = definition.get("source")
    if not isinstance(source, str) or source not in SOURCES:
        raise DefinitionError("source", "expected one of " + ", ".join(repr(each) for each in SOURCES) + ".")
    if source == "events":
        _refuse_unknown(source, definition, events.PARTS)
        return events.parse(definition)
    if source == "contacts":
        _refuse_unknown(source, definition, events.CONTACT_PARTS)
        return events.parse_contacts(definition)
    _refuse_unknown(source, definition, declared.SOURCES[source].parts_told)
    return declared.parse(source, definition)


def _refuse_unknown(source: str, definition: Mapping[str, Any], known: frozenset[str]) -> None:
    parts = {"source", *known}
    unknown = sorted(set(definition) - parts)
    if unknown:
        raise DefinitionError(
            unknown[0][:60], f"there is no such part of {source}; there are " + ", ".join(sorted(parts)) + "."
        )
