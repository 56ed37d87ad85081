"""The lab's layout of the past gives the scores that scoring every row would."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.lab.columns import MOST_VALUES, Column
from health.lab.history import History, UnreadableError, key_of, totals
from health.measures import Floats
from health.scoring import Card, parse_card, score

WINDOWS = (7, 14, 28, 56)
VALUES = st.one_of(st.just(float("nan")), st.integers(0, 9).map(float), st.floats(-5, 50, width=32))


def content(items: int, draw: Any) -> dict[str, Any]:
    """A scorecard over ``items`` measures with drawn weights, curves, steps and an exception."""
    told = []
    for number in range(items):
        xs = sorted(draw(st.sets(st.integers(-3, 40), min_size=1, max_size=4)))
        told.append(
            {
                "measure": f"m{number}",
                "label": {"en": "M"},
                "unit": "",
                "group": "g",
                "weight": draw(st.sampled_from([0, 1, 2.5, 10])) if number else 1,
                "curve": [[x, draw(st.integers(0, 20)) / 20] for x in xs],
                "scoring": draw(st.sampled_from(["linear", "bands"])),
                "definition": {"source": "events", "aggregation": "count", "window_days": WINDOWS[number]},
            }
        )
    exception = {"key": "e", "label": {"en": "E"}, "measure": "m0", "op": "<", "value": 3, "cap": "at_risk"}
    return {
        "groups": [{"key": "g", "label": {"en": "G"}}],
        "items": told,
        "bands": {"healthy": 75, "watch": 50},
        "min_coverage": draw(st.sampled_from([0, 0.4, 0.8])),
        "exceptions": [exception] if draw(st.booleans()) else [],
    }


def history_of(card: Card, values: Floats) -> History:
    n = len(values)
    columns = {key_of(item.spec): Column.of(values[:, place]) for place, item in enumerate(card.items)}
    places = np.zeros(n, dtype=np.uint16)
    whose = np.arange(n, dtype=np.int32)
    told = {"horizon": 9, "cards": ["a", "b"], "macros": ["", "trial"]}
    cards, macros = (whose % 2).astype(np.uint16), (whose // 2 % 2).astype(np.uint8)
    return History(np.array([1]), places, whose, np.zeros(n, dtype=bool), columns, told, cards, macros)


@st.composite
def pasts(draw: Any) -> tuple[Card, Floats]:
    items = draw(st.integers(1, 4))
    card = parse_card(content(items, draw))
    rows = draw(st.lists(st.lists(VALUES, min_size=items, max_size=items), min_size=1, max_size=12))
    return card, np.array(rows, dtype=np.float64)


@given(pasts())
def test_every_row_scores_as_the_scorecard_would_score_it(past: tuple[Card, Floats]) -> None:
    card, values = past
    slowly = score(card, values, np.ones(len(values), dtype=bool)).total
    assert totals(card, history_of(card, values)).tolist() == slowly.tolist()


@given(pasts())
def test_a_file_gives_back_what_was_written(past: tuple[Card, Floats]) -> None:
    card, values = past
    history = history_of(card, values)
    read = History.from_bytes(history.to_bytes())
    assert totals(card, read).tolist() == totals(card, history).tolist()
    assert (read.told, read.days.tolist(), read.customer.tolist()) == (history.told, [1], history.customer.tolist())
    assert read.scored_by("b").tolist() == (history.customer % 2 == 1).tolist()
    assert read.at(["trial"]).tolist() == (history.customer // 2 % 2 == 1).tolist()
    assert not read.scored_by("a card made since").any()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no file of ours"])
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        History.from_bytes(content)


@given(pasts())
def test_a_measure_the_history_lacks_is_missing_everywhere_and_named(past: tuple[Card, Floats]) -> None:
    card, values = past
    whole = history_of(card, values)
    lacked = card.items[-1]
    columns = {key: column for key, column in whole.columns.items() if key != key_of(lacked.spec)}
    part = replace(whole, columns=columns)
    values[:, -1] = np.nan
    slowly = score(card, values, np.ones(len(values), dtype=bool)).total
    assert totals(card, part).tolist() == slowly.tolist()
    assert part.lacks(card) == ([lacked.key] if lacked.weight else [])


def test_more_values_than_codes_are_kept_as_they_are_and_score_alike() -> None:
    values = np.random.default_rng(1).permutation(np.linspace(0, 40, 2 * MOST_VALUES))[:, None]
    values[5] = np.nan
    item = {
        "measure": "m",
        "label": {"en": "M"},
        "unit": "",
        "group": "g",
        "weight": 1,
        "curve": [[0, 0], [40, 1]],
        "definition": {"source": "events", "aggregation": "count", "window_days": 7},
    }
    bands = {"healthy": 75, "watch": 50}
    card = parse_card(
        {"groups": [{"key": "g", "label": {"en": "G"}}], "items": [item], "bands": bands, "min_coverage": 0.5}
    )
    history = History.from_bytes(history_of(card, values).to_bytes())
    (column,) = history.columns.values()
    assert np.array_equal(column.told(), values[:, 0], equal_nan=True)
    assert totals(card, history).tolist() == score(card, values, np.ones(len(values), dtype=bool)).total.tolist()
