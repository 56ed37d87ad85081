"""Two scorecards on the same past: how well each ranks, and how sure the difference is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.churn import metrics
from health.lab.ranking import LEAST_CHURNED, Compared, compare

CUSTOMERS, DAYS = 400, 6


def past(*, ours: float, theirs: float, churning: float = 0.12, seed: int = 3) -> tuple[np.ndarray, ...]:
    """Scores that see a customer's frailty through noise of so many points."""
    generator = np.random.default_rng(seed)
    frailty = np.repeat(generator.standard_normal(CUSTOMERS)[None, :], DAYS, axis=0)
    likely = churning * np.exp(frailty - 0.5)
    churned = generator.random((DAYS, CUSTOMERS)) < likely
    scores = [
        np.clip(np.rint(5_000 - 1_000 * (frailty + noise * generator.standard_normal(frailty.shape))), 0, 10_000)
        for noise in (ours, theirs)
    ]
    customer = np.repeat(np.arange(CUSTOMERS, dtype=np.int32)[None, :], DAYS, axis=0)
    day = np.repeat(np.arange(DAYS)[:, None], CUSTOMERS, axis=1)
    return (*(each.astype(np.int64).ravel() for each in scores), churned.ravel(), customer.ravel(), day.ravel())


def compared(told: tuple[np.ndarray, ...], capacity: int = 20) -> Compared:
    draft, present, churned, customer, day = told
    return compare(draft, present, churned=churned, customer=customer, day=day, capacity=capacity)


def test_the_area_is_that_of_the_churn_models_proof() -> None:
    told = past(ours=0.5, theirs=2)
    found = compared(told)
    assert found.draft.auc == pytest.approx(metrics.roc_auc(told[2].astype(float), -told[0].astype(float)))
    assert found.present.auc == pytest.approx(metrics.roc_auc(told[2].astype(float), -told[1].astype(float)))


def test_the_interval_is_close_to_scoring_every_resample_anew() -> None:
    told = past(ours=0.5, theirs=1)
    found = compared(told)
    draws = metrics.Draws.of(told[3])
    slowly = metrics.interval(draws.auc_differences(told[2].astype(float), -told[0] * 1.0, -told[1] * 1.0))
    assert slowly is not None
    assert found.interval == pytest.approx(slowly, abs=0.006)


def test_what_sees_better_is_found_better_and_the_other_way_round() -> None:
    assert compared(past(ours=0.3, theirs=4)).verdict == "better"
    assert compared(past(ours=4, theirs=0.3)).verdict == "worse"


def test_the_same_scores_are_level() -> None:
    draft, _, *rest = past(ours=1, theirs=1)
    found = compared((draft, draft, *rest))
    assert (found.verdict, found.difference, found.interval) == ("level", 0, (0, 0))


def test_too_few_churned_customers_say_nothing() -> None:
    draft, present, churned, customer, day = past(ours=0.3, theirs=4)
    kept = churned & (customer < np.unique(customer[churned])[LEAST_CHURNED - 1])
    found = compared((draft, present, kept, customer, day))
    assert found.churned_customers == LEAST_CHURNED - 1
    assert found.verdict == "not_enough"


@pytest.mark.parametrize("everybody", [True, False])
def test_all_or_none_churned(everybody: bool) -> None:
    draft, present, churned, customer, day = past(ours=1, theirs=1)
    found = compared((draft, present, np.full_like(churned, everybody), customer, day))
    assert (found.verdict, found.draft.auc, found.difference) == ("not_enough", None, None)


def test_an_empty_past() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    found = compare(nothing, nothing, churned=nothing > 0, customer=nothing.astype(np.int32), day=nothing, capacity=5)
    assert (found.rows, found.verdict) == (0, "not_enough")


@given(st.integers(1, 500), st.integers(0, 5))
def test_precision_at_capacity_is_that_of_the_list_of_each_day(capacity: int, seed: int) -> None:
    draft, present, churned, customer, day = past(ours=1, theirs=1, seed=seed)
    # Without ties, so that the list of a day is plain.
    draft = np.concatenate([np.random.default_rng(seed).permutation(CUSTOMERS) for _ in range(DAYS)])
    found = compared((draft, present, churned, customer, day), capacity)
    hits = size = 0
    for each in range(DAYS):
        on = day == each
        lowest = np.argsort(draft[on])[:capacity]
        hits += churned[on][lowest].sum()
        size += len(lowest)
    assert found.draft.precision == pytest.approx(hits / size)
    assert found.draft.caught == pytest.approx(hits / churned.sum())


def test_rows_without_a_score_of_either_are_counted_and_left_out_for_both() -> None:
    draft, present, churned, customer, day = past(ours=1, theirs=1)
    draft[:30], present[20:40] = -1, -1
    found = compared((draft, present, churned, customer, day))
    assert (found.without_draft, found.without_present, found.rows) == (30, 20, len(draft) - 40)
