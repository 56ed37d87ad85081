"""The proof tells signal from chance, and nothing that was not known takes part in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from health.churn import backtest, metrics
from health.churn.model import Rows
from tests.health.churn.worlds import GRACE, HORIZON, make_panel, true_risk

WORLD: dict[str, Any] = {"customers": 1000, "base": -4.2}


@pytest.fixture(scope="module")
def proof() -> tuple[backtest.Report, dict[str, Any]]:
    report = backtest.run(make_panel(**WORLD))
    return report, report.as_dict()


def test_a_planted_signal_is_found_with_its_strength(proof: tuple[backtest.Report, dict[str, Any]]) -> None:
    report, told = proof
    panel = make_panel(**WORLD)
    chosen = np.isin(panel.days, report.days)
    best = metrics.roc_auc(panel.labels[chosen].astype(float), true_risk(panel, base=WORLD["base"])[chosen])
    assert best is not None
    low, high = told["model"]["roc_auc_ci"]
    assert best > 0.7
    assert low <= best <= high + 0.02
    assert told["model"]["roc_auc"] > best - 0.06
    assert told["verdict"] == "model"


def test_probabilities_can_be_taken_at_their_word(proof: tuple[backtest.Report, dict[str, Any]]) -> None:
    _, told = proof
    assert told["model"]["ece"] < 0.02
    assert told["model"]["log_loss"] < told["naive"]["log_loss"]


def test_the_document_has_the_shape_of_the_contract(proof: tuple[backtest.Report, dict[str, Any]]) -> None:
    _, told = proof
    assert {"horizon_days", "folds", "n", "churned", "base_rate", "model", "rules", "naive", "verdict"} <= set(told)
    metrics_of_one = {"roc_auc", "roc_auc_ci", "pr_auc", "brier", "log_loss", "ece", "lift_top_decile"}
    for name in ("model", "rules", "naive"):
        assert metrics_of_one | {"precision_at", "recall_at"} == set(told[name])
    folds = told["folds"]
    assert sum(fold["n"] for fold in folds) == told["n"]
    assert sum(fold["churned"] for fold in folds) == told["churned"]


def test_shuffled_labels_say_nothing() -> None:
    panel = make_panel(**WORLD)
    people = int(panel.customers.max()) + 1
    # Whole histories change hands: what one looked like meets what became of another.
    other = np.random.default_rng(9).permutation(people)
    values = panel.values.copy()
    for day in np.unique(panel.days):
        rows = np.flatnonzero(panel.days == day)
        values[rows] = panel.values[rows][np.argsort(other[panel.customers[rows]])]
    told = backtest.run(replace(panel, values=values)).as_dict()
    low, high = told["model"]["roc_auc_ci"]
    assert low <= 0.5 <= high
    assert told["verdict"] != "model"


def test_every_fold_learns_only_from_what_was_settled_by_its_day() -> None:
    panel = make_panel()
    seen: list[tuple[int, int]] = []

    def spy(learned: Rows, values: np.ndarray) -> np.ndarray:
        seen.append((int(learned.settled_on.max()), int((learned.labels < 0).sum())))
        return np.full(len(values), 0.5)

    report = backtest.run(panel, others={"spy": spy})
    for fold, (newest, open_labels) in zip(report.folds, seen, strict=True):
        assert newest <= fold.as_of.toordinal()
        assert open_labels == 0


def test_labels_of_the_folds_own_day_cannot_help() -> None:
    """What a fold says stays the same whatever becomes of those it speaks of."""
    panel = make_panel(customers=250)
    last = panel.days == panel.days.max()
    turned = replace(panel, labels=np.where(last, 1 - panel.labels, panel.labels))
    ours, theirs = backtest.run(panel), backtest.run(turned)
    assert ours.told["model"] == pytest.approx(theirs.told["model"])


@pytest.mark.parametrize("value", [0, 1])
def test_where_nobody_or_everybody_churned_there_is_not_enough_data(value: int) -> None:
    panel = make_panel(customers=60)
    told = backtest.run(replace(panel, labels=np.full(len(panel.labels), value))).as_dict()
    assert told["verdict"] == ("not_enough_data")
    assert told["model"]["roc_auc"] is None


def test_without_settled_days_there_is_not_enough_data() -> None:
    panel = make_panel(customers=60)
    told = backtest.run(replace(panel, labels=np.full(len(panel.labels), -1))).as_dict()
    assert told["folds"] == []
    assert told["n"] == 0
    assert told["base_rate"] is None
    assert told["verdict"] == "not_enough_data"


def test_one_customer_is_no_error() -> None:
    assert backtest.run(make_panel(customers=1)).as_dict()["verdict"] == "not_enough_data"


def test_the_embargo_is_horizon_and_grace() -> None:
    panel = make_panel()
    day = int(panel.days[0]) + HORIZON + GRACE
    assert len(panel.settled(day - 1).labels) == 0
    assert len(panel.settled(day).labels) > 0
