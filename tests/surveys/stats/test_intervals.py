"""Intervals, tail chances and corrections against statsmodels and scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from surveys.stats.contrasts import Counted, contrasts
from surveys.stats.intervals import Interval, newcombe, wilson
from surveys.stats.tails import chi_square_tail, fisher_mid_p, holm, student_quantile

pair = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_wilson_by_hand() -> None:
    """5 of 10 by the formula: (0.5 + 0.192 ± 1.96 √(0.025 + 0.0096)) / 1.384."""
    found = wilson(5, 10)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2366, 0.7634)


@given(pair, st.sampled_from([0.9, 0.95, 0.99]))
def test_wilson_agrees_with_statsmodels(share: tuple[int, int], level: float) -> None:
    count, n = share
    low, high = proportion_confint(count, n, alpha=1 - level, method="wilson")
    found = wilson(count, n, level)
    assert math.isclose(found.low, low, abs_tol=1e-9)
    assert math.isclose(found.high, high, abs_tol=1e-9)


@given(pair)
def test_wilson_holds_the_share_and_is_never_empty(share: tuple[int, int]) -> None:
    count, n = share
    found = wilson(count, n)
    assert 0 <= found.low <= count / n <= found.high <= 1
    assert found.high - found.low > 0.005


@given(pair, pair)
def test_newcombe_agrees_with_statsmodels(this: tuple[int, int], other: tuple[int, int]) -> None:
    low, high = confint_proportions_2indep(*this, *other, method="newcomb", compare="diff")
    found = newcombe(*this, *other)
    assert math.isclose(found.low, low, abs_tol=1e-9)
    assert math.isclose(found.high, high, abs_tol=1e-9)


@given(pair, pair)
def test_newcombe_turns_around_with_the_sides(this: tuple[int, int], other: tuple[int, int]) -> None:
    forth, back = newcombe(*this, *other), newcombe(*other, *this)
    assert math.isclose(forth.low, -back.high, abs_tol=1e-12)
    assert math.isclose(forth.high, -back.low, abs_tol=1e-12)


def test_nothing_asked_leaves_everything_possible() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)
    assert newcombe(0, 0, 3, 4) == newcombe(3, 4, 0, 0) == Interval(-1.0, 1.0)
    assert fisher_mid_p(0, 0, 3, 4) == fisher_mid_p(3, 4, 0, 0) == 1.0


def test_fisher_mid_p_by_hand() -> None:
    """3 of 3 against 0 of 3: both extreme tables have 1/20, and half of the observed one is left out."""
    assert math.isclose(fisher_mid_p(3, 3, 0, 3), 2 / 20 - 1 / 40)


@given(pair, pair)
def test_fisher_mid_p_is_the_exact_test_less_half_the_table(this: tuple[int, int], other: tuple[int, int]) -> None:
    (a, n), (c, m) = this, other
    exact = stats.fisher_exact([[a, n - a], [c, m - c]]).pvalue
    table = stats.hypergeom.pmf(a, n + m, a + c, n)
    assert math.isclose(fisher_mid_p(a, n, c, m), exact - table / 2, rel_tol=1e-6, abs_tol=1e-12)


def test_fisher_mid_p_of_large_groups_meets_the_z_test() -> None:
    a, n, c, m = 20_300, 100_000, 3_900, 20_000
    table = [[a, n - a], [c, m - c]]
    asymptotic = stats.chi2_contingency(table, correction=False).pvalue
    assert math.isclose(fisher_mid_p(a, n, c, m), asymptotic, rel_tol=0.05)
    assert fisher_mid_p(90_000, 100_000, 10, 100_000) == 0.0


@given(st.floats(0, 500), st.integers(1, 60))
def test_chi_square_tail_agrees_with_scipy(statistic: float, freedom: int) -> None:
    expected = stats.chi2.sf(statistic, freedom)
    assert math.isclose(chi_square_tail(statistic, freedom), expected, rel_tol=1e-9, abs_tol=1e-290)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 10, 29, 100, 1_000, 100_000])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_student_quantile_agrees_with_scipy(level: float, freedom: int) -> None:
    assert math.isclose(student_quantile(level, freedom), stats.t.ppf(0.5 + level / 2, freedom), rel_tol=1e-9)


def test_student_quantile_of_a_table() -> None:
    assert [round(student_quantile(0.95, freedom), 3) for freedom in (1, 4, 10, 30)] == [12.706, 2.776, 2.228, 2.042]


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([]) == ()


@settings(max_examples=15, deadline=None)  # theirs is slow
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_holm_agrees_with_statsmodels(chances: list[float]) -> None:
    assert holm(chances) == pytest.approx(multipletests(chances, method="holm")[1], abs=1e-12)


def test_what_is_clear_alone_may_not_be_clear_among_many() -> None:
    striking, nothing = (Counted(30, 60), Counted(18, 60)), (Counted(20, 60), Counted(20, 60))
    (alone,) = contrasts([striking])
    assert (alone.clear, alone.difference) == (True, 0.2)
    among = contrasts([striking, *[nothing] * 9])
    assert [each.clear for each in among] == [False] * 10
    assert among[0].chance == pytest.approx(10 * alone.chance)
    assert among[0].interval == alone.interval
    assert among[0].interval.low > 0
