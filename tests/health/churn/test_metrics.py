"""Metrics agree with those of independent hands, do not depend on the order of rows, and tell how sure they are."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from health.churn import metrics

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=60)


def arrays(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([float(label) for label, _ in rows]), np.array([score / 10 for _, score in rows])


@given(ROWS)
def test_ranking_figures_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    labels, scores = arrays(rows)
    if 0 < labels.sum() < len(labels):
        assert metrics.roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
        assert metrics.average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores))


@given(ROWS, st.randoms(use_true_random=False))
def test_no_figure_depends_on_the_order_of_rows(rows: list[tuple[bool, int]], random: Random) -> None:
    shuffled = sorted(rows, key=lambda _: random.random())
    alone = metrics.Draws(())
    before, after = (metrics.measure(*arrays(each), alone) for each in (rows, shuffled))
    assert metrics.rounded(before) == metrics.rounded(after)


def test_a_resampled_weight_counts_like_repeated_rows() -> None:
    labels, scores = np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.4, 0.3, 0.6, 0.9])
    weights = np.array([2.0, 1.0, 3.0, 0.0])
    repeated = weights.astype(int)
    told = metrics.roc_auc(labels, scores, weights)
    assert told == pytest.approx(roc_auc_score(np.repeat(labels, repeated), np.repeat(scores, repeated)))


def test_where_nobody_or_everybody_churned_there_is_no_ranking_figure() -> None:
    for labels in (np.zeros(30), np.ones(30)):
        told = metrics.measure(labels, np.linspace(0.1, 0.9, 30), metrics.Draws.of(np.arange(30), draws=20))
        assert told["roc_auc"] is None
        assert told["roc_auc_ci"] is None
        assert math.isfinite(told["brier"])
    assert told["recall_at"]["10%"] == pytest.approx(0.1)


def test_an_empty_proof_has_no_figures() -> None:
    told = metrics.measure(np.zeros(0), np.zeros(0), metrics.Draws.of(np.zeros(0, dtype=np.int64)))
    assert told["roc_auc"] is None
    assert told["log_loss"] is None


def test_precision_and_recall_are_those_of_the_highest_scores() -> None:
    labels = np.array([1.0] * 5 + [0.0] * 95)
    scores = np.linspace(1, 0, 100)
    told = metrics.measure(labels, scores, metrics.Draws(()))
    assert told["precision_at"] == {"1%": 1.0, "5%": 1.0, "10%": 0.5}
    assert told["recall_at"] == {"1%": 0.2, "5%": 1.0, "10%": 1.0}
    assert told["lift_top_decile"] == pytest.approx(10.0)


def test_calibration_error_is_nothing_for_true_probabilities_and_the_gap_for_shifted_ones() -> None:
    labels = np.tile([1.0, 0.0, 0.0, 0.0], 500)
    assert metrics.expected_calibration_error(labels, np.full(2000, 0.25)) == pytest.approx(0.0, abs=1e-12)
    assert metrics.expected_calibration_error(labels, np.full(2000, 0.35)) == pytest.approx(0.10)


def test_rows_of_the_same_customers_make_nothing_surer() -> None:
    generator = np.random.default_rng(3)
    scores = generator.normal(size=80)
    labels = (generator.normal(size=80) + scores > 1).astype(float)
    once = metrics.Draws.of(np.arange(80)).auc_interval(labels, scores)
    often = metrics.Draws.of(np.repeat(np.arange(80), 12)).auc_interval(np.repeat(labels, 12), np.repeat(scores, 12))
    assert once is not None
    assert often is not None
    assert often[1] - often[0] == pytest.approx(once[1] - once[0], rel=0.15)
