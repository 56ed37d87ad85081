"""What a measure looks at is said in words that a reader knows, never by the keys of its definition."""

from __future__ import annotations

from typing import Any

import pytest

from health import measure_words
from health.parsing import declared, parse
from health.units import value_text


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (
            {"source": "surveys", "aggregation": "latest", "kind": "nps"},
            "Survey answers · Latest value · NPS · 365 days",
        ),
        (
            {"source": "engagements", "aggregation": "count", "direction": "vendor_to_customer", "channel": "email"},
            "Conversations · How many · E-mail · We → customer · 90 days",
        ),
        ({"source": "tickets", "aggregation": "open", "priority": "urgent"}, "Tickets · How many are open · Urgent"),
        (
            {"source": "attribute", "aggregation": "latest", "key": "depots"},
            "A number of your own · Latest value · depots",
        ),
    ],
)
def test_a_definition_is_said_in_words(definition: dict[str, Any], said: str) -> None:
    assert measure_words.describe(parse(definition)) == said


def test_every_value_of_every_part_has_words_of_its_own() -> None:
    for name, values in declared.PARTS.items():
        told = [measure_words.chosen(name, value) for value in values]
        assert len(set(told)) == len(values)
        assert not set(told) & set(values)


def test_every_figure_of_a_source_has_words_of_its_own() -> None:
    for source in declared.SOURCES.values():
        told = {measure_words.aggregation(name) for name in source}
        assert len(told) == len(list(source))
        assert not any("_" in each for each in told)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1, "days ago", "1 day ago"),
        (2, "days ago", "2 days ago"),
        (0.96, "days a week", "1 day a week"),
        (1, "lorries", "1 lorries"),
    ],
)
def test_one_is_said_of_one(value: float, unit: str, said: str) -> None:
    assert value_text(value, unit) == said
