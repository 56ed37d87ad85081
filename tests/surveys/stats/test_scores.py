"""NPS, CSAT and CES."""

from __future__ import annotations

import math
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from surveys.stats.intervals import Interval, wilson
from surveys.stats.scores import Score, ces, csat, nps


def test_nps_by_hand() -> None:
    """5 promoters, 3 passives, 2 detractors: 100 · (5 − 2)/10; p = 5.75/13, q = 2.75/13."""
    found = nps([10, 9, 9, 10, 9, 8, 7, 7, 6, 0])
    assert (found.n, found.value) == (10, 30.0)
    middle, reach = 300 / 13, 100 * stats.t.ppf(0.975, 10) * math.sqrt((8.5 / 13 - (3 / 13) ** 2) / 13)
    assert found.interval.low == pytest.approx(middle - reach, abs=1e-4)
    assert found.interval.high == pytest.approx(middle + reach, abs=1e-4)


@pytest.mark.parametrize("n", [1, 3, 5, 10, 20, 60])
@pytest.mark.parametrize(
    "chances", [(0.2, 0.3, 0.5), (0.05, 0.15, 0.8), (0.4, 0.2, 0.4), (0.01, 0.04, 0.95), (0.5, 0.0, 0.5)]
)
def test_the_nps_interval_covers_the_truth_by_exact_enumeration(n: int, chances: tuple[float, ...]) -> None:
    """All tables of n answers with their trinomial chances: at least 93 % of them, few answers included."""
    truth = 100 * (chances[2] - chances[0])
    tables = [(low, n - low - high, high) for low in range(n + 1) for high in range(n + 1 - low)]
    found = [nps([0] * low + [8] * middle + [10] * high).interval for low, middle, high in tables]
    holds = np.array([each.low - 1e-9 <= truth <= each.high + 1e-9 for each in found])
    covered = stats.multinomial.pmf(tables, n, chances)[holds].sum()
    assert covered >= 0.93


@given(st.lists(st.integers(0, 10), max_size=80))
def test_nps_stays_on_its_scale_and_turns_around_with_it(answers: list[int]) -> None:
    found = nps(answers)
    assert -100 <= found.interval.low <= found.interval.high <= 100
    turned = nps([{0: 10, 10: 0}.get(answer, 8) for answer in answers])
    back = nps([{0: 0, 10: 10}.get(answer, 8) for answer in answers])
    assert turned.interval.low == pytest.approx(-back.interval.high)
    if found.value is not None:
        assert found.interval.low <= found.value <= found.interval.high
        assert found.interval.high - found.interval.low > 1


def test_csat_is_the_share_of_fours_and_fives() -> None:
    assert csat([5, 4, 3, 1, 4]) == Score(5, 0.6, wilson(3, 5))


def test_ces_is_the_mean_with_students_interval() -> None:
    answers = [5, 6, 7, 4, 6, 6, 3, 5]
    low, high = stats.t.interval(0.95, 7, loc=fmean(answers), scale=stats.sem(answers))
    found = ces(answers)
    assert found.value == fmean(answers)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))


def test_ces_is_kept_to_its_scale() -> None:
    assert ces([7, 1]).interval == Interval(1, 7)
    assert ces([5, 4, 5], lowest=1, highest=5).interval.high == 5


def test_answers_all_alike_are_not_certainty() -> None:
    """Of 5 equal answers, others may still be 1 − 0.025^(1/5) = 52 % of all; of 500, 0.7 %."""
    few, many = ces([6] * 5), ces([6] * 500)
    assert few.interval.low == pytest.approx(6 - 0.5218 * 5, abs=0.001)
    assert few.interval.high == pytest.approx(6.5218, abs=0.001)
    assert many.interval.low > 5.95
    assert ces([3]).interval.high - ces([3]).interval.low > 5


def test_the_ces_interval_covers_a_skewed_truth() -> None:
    generator = np.random.default_rng(16)
    chances = [0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.3]
    truth = sum(answer * chance for answer, chance in enumerate(chances, 1))
    covered = 0
    for _ in range(500):
        found = ces([int(each) for each in generator.choice(range(1, 8), size=12, p=chances)]).interval
        covered += found.low <= truth <= found.high
    assert covered >= 460


def test_no_answers_have_no_score() -> None:
    assert nps([]) == Score(0, None, Interval(-100, 100))
    assert csat([]) == Score(0, None, Interval(0, 1))
    assert ces([]) == Score(0, None, Interval(1, 7))


def test_an_answer_off_the_scale_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match="Answer 2 is 11: expected 0 to 10"):
        nps([3, 11])
    with pytest.raises(ValueError, match="Answer 1 is 0: expected 1 to 5"):
        csat([0])
    with pytest.raises(ValueError, match="Answer 1 is 8: expected 1 to 7"):
        ces([8])
