"""The estimator: as much model as the history carries, probabilities at their word, drivers that add up."""

from __future__ import annotations

import json

import numpy as np
import pytest

from health.churn import parts
from health.churn.calibration import Sigmoid, VennAbers, probability
from health.churn.model import Model, Rows, fit, splits
from tests.health.churn.worlds import NAMES, make_panel


@pytest.fixture(scope="module")
def learned() -> tuple[Rows, Model]:
    rows = make_panel(seed=5).settled()
    return rows, fit(rows)


def flat(count: int = 600, churned: int = 150, *, seed: int = 1) -> Rows:
    """Rows without time, in which the product of two columns decides, which no sum of columns can say."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(count, 3))
    drive = values[:, 0] * values[:, 1] + 0.3 * generator.normal(size=count)
    labels = (drive >= np.sort(drive)[-churned]).astype(np.float64)
    everyone = np.arange(count)
    return Rows(("a", "b", "c"), values, labels, everyone, np.zeros(count, dtype=np.int64))


def test_drivers_add_up_to_the_log_odds_of_the_probability(learned: tuple[Rows, Model]) -> None:
    rows, model = learned
    values = rows.values[:200].copy()
    values[::7, 0] = np.nan
    assert probability(model.drivers(values).sum(axis=1)) == pytest.approx(model.probabilities(values), abs=1e-9)


def test_a_stored_model_says_the_same(learned: tuple[Rows, Model]) -> None:
    rows, model = learned
    again = Model.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again.probabilities(rows.values) == pytest.approx(model.probabilities(rows.values), abs=1e-12)
    assert again.recipe == model.recipe


def test_intervals_hold_the_probability_that_is_told(learned: tuple[Rows, Model]) -> None:
    rows, model = learned
    found = model.intervals(rows.values)
    assert found is not None
    low, high = found
    told = model.probabilities(rows.values)
    assert (low <= told).all()
    assert (told <= high).all()
    assert (high - low).mean() < 0.3


def test_what_drives_churn_is_named_as_its_driver(learned: tuple[Rows, Model]) -> None:
    rows, model = learned
    weight = np.abs(model.drivers(rows.values)).mean(axis=0)
    assert NAMES[int(np.argmax(weight[:-1]))] == "drive"


@pytest.mark.parametrize("churned", [0, 3, 19])
def test_a_short_history_gets_the_rules_scaled_to_its_base_rate(churned: int) -> None:
    rows = flat(churned=max(churned, 1))
    rows.labels[:] = np.arange(len(rows.labels)) < churned
    model = fit(rows)
    assert model.recipe == "rules"
    assert model.probabilities(rows.values).mean() == pytest.approx((churned + 0.5) / 601, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_or_all_churned_is_no_error(share: float) -> None:
    rows = flat()
    rows.labels[:] = share
    told = fit(rows).probabilities(rows.values)
    assert np.abs(told - share).max() < 0.01


def test_one_customer_is_no_error() -> None:
    rows = flat().take(np.array([0]))
    assert np.isfinite(fit(rows).probabilities(rows.values)).all()


def test_one_day_of_many_customers_carries_no_model() -> None:
    panel = make_panel(base=-1.0)
    first = panel.of_day(int(panel.days[0]))
    assert first.churned_customers >= 20
    assert fit(first).recipe == "rules"


def test_with_many_churns_trees_find_what_no_sum_can_say() -> None:
    rows = flat(1200, 300)
    model = fit(rows)
    assert "trees" in model.recipe
    assert model.losses[model.recipe] < model.losses["logistic"] - 0.1


def test_without_the_systems_library_there_are_no_trees_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "trees_missing", lambda: parts.NO_TREES)
    assert fit(flat()).recipe == "logistic"
    assert "libgomp1" in parts.trees_missing()


def test_choices_are_made_on_rows_settled_before_those_they_are_judged_by() -> None:
    rows = make_panel(customers=900, base=-1.5).settled()
    found = splits(rows)
    assert len(found) >= 3
    for learn, judge in found:
        assert rows.settled_on[learn].max() <= rows.days[judge].min()


def test_where_time_does_not_allow_it_choices_are_made_on_other_customers() -> None:
    rows = flat()
    for learn, judge in splits(rows):
        assert not set(rows.customers[learn]) & set(rows.customers[judge])


def test_an_order_that_history_contradicts_is_dropped_not_turned() -> None:
    scores = np.linspace(-2, 2, 200)
    sigmoid = Sigmoid.fit(scores, (scores < -1).astype(np.float64))
    assert sigmoid.slope == 0.0
    assert probability(sigmoid.log_odds(scores)).mean() == pytest.approx(0.25, abs=0.02)


def test_intervals_narrow_with_history() -> None:
    generator = np.random.default_rng(2)

    def width(count: int) -> float:
        scores = generator.normal(size=count)
        labels = (generator.uniform(size=count) < probability(scores - 2)).astype(np.float64)
        low, high = VennAbers.fit(scores, labels).around(scores, probability(scores - 2))
        return float((high - low).mean())

    assert width(2000) < width(60) / 2
