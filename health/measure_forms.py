"""The form of a measure: what a page sent becomes a definition, and a definition the fields of a page.

Which fields a source shows comes from ``health.parsing``: a source declared there appears by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils.text import slugify

from health import measure_words as words
from health.comparison import COMPARISONS, USUAL_RATIO, USUAL_Z
from health.parsing import SOURCES, conditions, declared, events

ROWS_OF_CONDITIONS = 3
Choices = list[tuple[str, str]]


def told_by(data: QueryDict) -> dict[str, Any]:
    """Label, unit and definition of what was sent; fields that do not belong to the choice are left out."""
    label = {code: text for code, _name in settings.LANGUAGES if (text := data.get(f"label_{code}", "").strip())}
    return {"label": label, "unit": data.get("unit", "").strip()[:40], "definition": definition_of(data)}


def key_for(label: Mapping[str, str], taken: set[str]) -> str:
    """A key of a new measure from its English label, with a number behind it where that is taken."""
    stem = slugify(label.get("en", "")).replace("-", "_")[:50] or "measure"
    return next(key for n in range(1, len(taken) + 2) if (key := stem if n == 1 else f"{stem}_{n}") not in taken)


def definition_of(data: QueryDict) -> dict[str, Any]:
    source, aggregation = data.get("source", ""), data.get("aggregation", "")
    told: dict[str, Any] = {"source": source, "aggregation": aggregation}
    if source == "events":
        return {**told, **_of_events(data, aggregation)}
    if source in declared.SOURCES:
        of = declared.SOURCES[source]
        told |= {part: value for part in of.parts if (value := data.get(part, "").strip())}
        if of.aggregations.get(aggregation) and data.get("window_days"):
            told["window_days"] = _whole(data.get("window_days", ""))
    return told


def _of_events(data: QueryDict, aggregation: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    names = [name for name in data.getlist("events") if name]
    more = [name.strip() for name in data.get("events_more", "").split(",") if name.strip()]
    if names or more:
        told["events"] = [*names, *more]
    where = [row for n in range(ROWS_OF_CONDITIONS) if (row := _condition(data, n))]
    if where:
        told["where"] = where
    if data.get("window_days"):
        told["window_days"] = _whole(data.get("window_days", ""))
    if data.get("scale") in events.SCALES.get(aggregation, ()):
        told["scale"] = data.get("scale", "")
    if aggregation in events.WITH_AMOUNT and data.get("property", "").strip():
        told["property"] = data.get("property", "").strip()
    if aggregation == "habit":
        told["habit_days"] = _whole(data.get("habit_days", ""))
    if aggregation in events.COMPARED and data.get("compare"):
        told["compare"] = data.get("compare", "")
        if data.get("compare") in (USUAL_RATIO, USUAL_Z) and data.get("windows"):
            told["windows"] = _whole(data.get("windows", ""))
    return told


def _condition(data: QueryDict, number: int) -> dict[str, Any] | None:
    test, value = data.get(f"is-{number}", ""), data.get(f"value-{number}", "").strip()
    if not test:
        return None
    row: dict[str, Any] = {"property": data.get(f"property-{number}", "").strip(), "is": test}
    if test == "one_of":
        row["value"] = [part.strip() for part in value.split(",") if part.strip()]
    elif test != "exists":
        row["value"] = value
    return row


def _whole(text: str) -> Any:
    """The number that was typed, else the text itself, which the definition refuses by name."""
    return int(text) if text.strip().isascii() and text.strip().isdigit() and len(text) < 9 else text


def fields_of(definition: Mapping[str, Any], label: Mapping[str, str], unit: str) -> QueryDict:
    """What the page would have sent for a stored measure."""
    data = QueryDict(mutable=True)
    for name, value in definition.items():
        if name == "where":
            for n, row in enumerate(value):
                data[f"property-{n}"], data[f"is-{n}"] = row.get("property", ""), row["is"]
                shown = row.get("value", "")
                data[f"value-{n}"] = ", ".join(map(str, shown)) if isinstance(shown, list) else str(shown)
        elif name == "events":
            data.setlist(name, value or [])
        else:
            data[name] = str(value)
    for code, text in label.items():
        data[f"label_{code}"] = text
    data["unit"] = unit
    return data


def choices(source: str) -> dict[str, Any]:
    """What the fields of a source can be chosen from."""
    found: dict[str, Any] = {
        "sources": [(name, words.source(name)) for name in SOURCES],
        "aggregations": [(name, words.aggregation(name)) for name in _aggregations(source)],
        "parts": [],
    }
    if source == "events":
        scales = dict.fromkeys(name for each in events.SCALES.values() for name in each)
        found |= {
            "scales": [(name, words.scale(name)) for name in sorted(scales)],
            "comparisons": [(name, words.compared(name)) for name in ("", *COMPARISONS)],
            "tests": [(name, words.test(name)) for name in conditions.TESTS],
        }
    elif source in declared.SOURCES:
        of = declared.SOURCES[source]
        found["parts"] = [
            {
                "name": name,
                "label": words.part(name),
                "required": name in of.required,
                "choices": [(value, words.chosen(name, value)) for value in values],
            }
            for name, values in of.parts.items()
        ]
    return found


def _aggregations(source: str) -> tuple[str, ...]:
    if source == "events":
        return events.AGGREGATIONS
    return tuple(declared.SOURCES[source].aggregations) if source in declared.SOURCES else ("sponsor",)
