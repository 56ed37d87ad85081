"""Weights suggested by history: what tells churn gains, the rest loses, nothing is turned against its curve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from health.lab.columns import Column
from health.lab.history import History, key_of
from health.lab.weights import Suggestion, suggest
from health.scoring import Card, parse_card

CUSTOMERS, WEEKS = 1_500, 40


@pytest.fixture(scope="module")
def card() -> Card:
    def item(number: int) -> dict[str, Any]:
        definition = {"source": "events", "aggregation": "count", "window_days": 7 + number}
        return {
            "measure": f"m{number}",
            "label": {"en": "M"},
            "unit": "",
            "group": "g",
            "weight": 10,
            "curve": [[0, 0], [1, 1]],
            "definition": definition,
        }

    return parse_card(
        {
            "groups": [{"key": "g", "label": {"en": "G"}}],
            "items": [item(number) for number in range(3)],
            "bands": {"healthy": 75, "watch": 50},
            "min_coverage": 0.5,
        }
    )


def history(card: Card, effect: tuple[float, float, float], *, seed: int = 5, rate: float = -4.5) -> History:
    """Weekly rows in which a low share of a measure raises the log-odds of churn by so much."""
    generator = np.random.default_rng(seed)
    n = CUSTOMERS * WEEKS
    values = generator.random((n, 3))
    churned = generator.random(n) < 1 / (1 + np.exp(-(rate + (1 - values) @ np.array(effect))))
    columns = {key_of(item.spec): Column.of(values[:, place]) for place, item in enumerate(card.items)}
    day = np.repeat(np.arange(WEEKS, dtype=np.uint16), CUSTOMERS)
    customer = np.tile(np.arange(CUSTOMERS, dtype=np.int32), WEEKS)
    told = {"cards": ["a"], "macros": [""]}
    nothing = np.zeros(len(day), dtype=np.uint16)
    weeks = 7 * np.arange(1, WEEKS + 1)
    return History(weeks, day, customer, churned, columns, told, nothing, nothing.astype(np.uint8))


def suggested(card: Card, past: History, among: np.ndarray | None = None) -> Suggestion | None:
    everybody = np.ones(len(past), dtype=np.bool_)
    return suggest(card, past, everybody if among is None else among, horizon=28, grace=30, capacity=50)


def test_what_tells_churn_is_given_the_weight(card: Card) -> None:
    found = suggested(card, history(card, (3, 1, 0)))
    assert found is not None
    first, second, third = found.weights
    assert first.weight > 1.8 * second.weight > 0
    assert third.weight < 3
    assert first.low <= first.weight <= first.high
    assert sum(each.weight for each in found.weights) == pytest.approx(30, abs=0.2)
    assert found.later.verdict == "better"


def test_a_measure_that_says_the_opposite_of_its_curve_counts_for_nothing(card: Card) -> None:
    found = suggested(card, history(card, (2, -2, 0)))
    assert found is not None
    assert found.weights[1].weight == 0
    assert found.weights[1].kept < 0.1


def test_noise_is_not_sold_as_an_improvement(card: Card) -> None:
    found = suggested(card, history(card, (0, 0, 0), rate=-4))
    assert found is None or found.later.verdict != "better"


def test_too_few_churns_suggest_nothing(card: Card) -> None:
    assert suggested(card, history(card, (1, 1, 1), rate=-12)) is None


def test_it_learns_from_the_scorecards_customers_alone(card: Card) -> None:
    past = history(card, (3, 0, 0))
    others = history(card, (0, 0, 3))
    mixed = replace(past, churned=np.where(past.customer % 2 == 0, past.churned, others.churned))
    found = suggested(card, mixed, mixed.customer % 2 == 0)
    assert found is not None
    assert found.learned_customers <= CUSTOMERS // 2
    assert found.weights[0].weight > 5 * found.weights[2].weight
