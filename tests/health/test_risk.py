"""Churn risk by rules: scaled to the workspace, ordered as the domain says, with parts that add up."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from health.risk import INPUTS, BaseRate, assess, contributions, level, rose

ORDINARY = {
    "activity_trend": 1.0,
    "recency": 7.0,
    "habit": 3.0,
    "sponsor_present": 1.0,
    "days_to_renewal": 110.0,
    "tenure_days": 365.0,
    "notice": 0.0,
}


def inputs(base: BaseRate, **changes: float) -> np.ndarray:
    values = {**ORDINARY, "base_log_odds": base.log_odds, "base_sd": base.sd, **changes}
    return np.array([[values[name] for name in INPUTS]])


def risk(base: BaseRate, **changes: float) -> int:
    return int(assess(inputs(base, **changes), np.array([True])).risk[0])


QUIET = BaseRate.observed(4, 100 * 365)


def test_without_history_the_prior_is_five_percent_a_quarter() -> None:
    p = 1 / (1 + math.exp(-BaseRate.observed(0, 0).log_odds))
    assert abs(p - 0.05) < 1e-9


@given(st.integers(0, 500), st.integers(1, 10**7))
def test_more_churn_in_the_same_time_means_more_risk_for_everybody(churns: int, days: int) -> None:
    assert risk(BaseRate.observed(churns + 1, days)) >= risk(BaseRate.observed(churns, days))


def test_each_warning_sign_raises_the_risk() -> None:
    ordinary = risk(QUIET)
    for change in (
        {"activity_trend": 0.3},
        {"recency": 30.0},
        {"habit": 0.2},
        {"sponsor_present": 0.0},
        {"days_to_renewal": 20.0},
        {"notice": 1.0},
    ):
        assert risk(QUIET, **change) > ordinary


@given(st.dictionaries(st.sampled_from(sorted(ORDINARY)), st.one_of(st.just(math.nan), st.floats(0, 400))))
def test_parts_add_up_to_the_log_odds_and_the_interval_holds_the_risk(changes: dict[str, float]) -> None:
    row = inputs(QUIET, **changes)
    found = assess(row, np.array([True]))
    log_odds = QUIET.log_odds + sum(float(part[0]) for part in contributions(row).values())
    assert abs(found.risk[0] - 10_000 / (1 + math.exp(-log_odds))) <= 0.5 + 1e-6
    assert 0 <= found.low[0] <= found.risk[0] <= found.high[0] <= 10_000


def test_without_a_contract_risk_is_no_question() -> None:
    found = assess(inputs(QUIET), np.array([False]))
    assert (found.risk[0], found.low[0], found.high[0]) == (-1, -1, -1)


@given(before=st.integers(0, 10_000), after=st.integers(0, 10_000))
def test_a_risk_rises_only_to_a_higher_level_and_never_while_it_falls(before: int, after: int) -> None:
    assert rose(before, after) == (after > before and level(after) != level(before))


def test_a_risk_that_is_no_question_has_not_risen() -> None:
    assert [level(points) for points in (0, 999, 1_000, 2_500, 5_000)] == ["low", "low", "raised", "high", "very_high"]
    assert not rose(None, 9_000)
    assert not rose(-1, 9_000)
    assert not rose(500, None)
