"""Comparing a window with the one before or with the own normal, on windows small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.comparison import (
    BEFORE_DIFFERENCE,
    BEFORE_RATIO,
    RATIO_CAP,
    USUAL_RATIO,
    USUAL_Z,
    Z_CAP,
    comparable,
    compare,
)

NAN = float("nan")


def told(how: str, *windows: float) -> float:
    return float(compare(how, np.array([windows]))[0])


def test_the_window_before() -> None:
    assert told(BEFORE_RATIO, 30, 60) == 0.5
    assert told(BEFORE_DIFFERENCE, 30, 60) == -30
    assert told(BEFORE_RATIO, 5, 0) == told(BEFORE_RATIO, 900, 1) == RATIO_CAP
    assert np.isnan(told(BEFORE_RATIO, 0, 0))
    assert np.isnan(told(BEFORE_RATIO, 5, -1))


def test_the_own_normal_is_the_median_which_one_odd_window_does_not_move() -> None:
    assert told(USUAL_RATIO, 5, 10, 10, 900) == 0.5
    assert told(USUAL_RATIO, 5, 10, 10, 900) == told(USUAL_RATIO, 5, 10, 10, 0)


def test_the_robust_z_is_the_distance_in_scaled_median_deviations() -> None:
    # median 12, deviations 2, 0, 2, 4, 1 → MAD 2
    assert told(USUAL_Z, 6, 10, 12, 14, 16, 11) == pytest.approx((6 - 12) / (1.4826 * 2))


def test_where_most_windows_are_equal_the_mean_deviation_takes_its_place() -> None:
    assert told(USUAL_Z, 8, 10, 10, 10, 14) == pytest.approx((8 - 10) / (1.2533 * 1))


def test_where_all_are_equal_a_difference_lies_at_the_cap() -> None:
    assert told(USUAL_Z, 10, 10, 10, 10) == 0
    assert told(USUAL_Z, 9, 10, 10, 10) == -Z_CAP


def test_two_earlier_windows_are_no_normal() -> None:
    assert np.isnan(told(USUAL_Z, 5, 10, 10, NAN))
    assert np.isnan(told(USUAL_RATIO, 5, 10, 10, NAN))


def test_a_young_customers_earlier_window_is_scaled_from_the_days_it_has_had() -> None:
    totals = np.array([[28.0, 7.0]])
    assert comparable(totals, np.array([28.0 + 14]), 28, additive=True).tolist() == [[28, 14]]
    assert np.isnan(comparable(totals, np.array([28.0 + 6]), 28, additive=True)[0, 1])
    assert np.isnan(comparable(totals, np.array([28.0 + 27]), 28, additive=False)[0, 1])
    assert comparable(totals, np.array([56.0]), 28, additive=False).tolist() == [[28, 7]]


NUMBERS = st.one_of(st.just(NAN), st.floats(-1e9, 1e9))


@given(st.lists(NUMBERS, min_size=4, max_size=13))
def test_whatever_the_windows_a_comparison_is_within_its_caps_or_unknown(windows: list[float]) -> None:
    for how, cap in ((BEFORE_RATIO, RATIO_CAP), (USUAL_RATIO, RATIO_CAP), (USUAL_Z, Z_CAP)):
        value = told(how, *windows)
        assert np.isnan(value) or abs(value) <= cap
