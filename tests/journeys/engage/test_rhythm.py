"""When somebody who used to speak has fallen silent."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from journeys.engagement.rhythm import LEAST_DAYS, LEAST_QUIET, TIMES, silence

TODAY = date(2026, 6, 16)
_AGES = st.lists(st.integers(min_value=0, max_value=500), max_size=40)


def days_ago(*ages: int) -> list[date]:
    return [TODAY - timedelta(days=age) for age in ages]


def test_weekly_talk_that_stopped_six_weeks_ago_is_silence() -> None:
    found = silence(days_ago(42, 49, 56, 63, 70), TODAY)
    assert found is not None
    assert (found.quiet, found.usual_gap) == (42, 7.0)


def test_quarterly_talk_is_no_silence_after_six_weeks() -> None:
    assert silence(days_ago(42, 132, 222, 312), TODAY) is None


def test_a_burst_on_one_day_makes_no_rhythm() -> None:
    assert silence(days_ago(60, 60, 60, 60, 60), TODAY) is None


@given(_AGES)
def test_silence_means_longer_than_usual_and_long_enough(ages: list[int]) -> None:
    found = silence(days_ago(*ages), TODAY)
    if found is not None:
        assert found.quiet > max(LEAST_QUIET, TIMES * found.usual_gap)
        assert len({age for age in ages if age <= 365}) >= LEAST_DAYS


@given(_AGES)
def test_order_and_repeats_do_not_matter(ages: list[int]) -> None:
    assert silence(days_ago(*ages), TODAY) == silence(days_ago(*reversed(ages), *ages), TODAY)


@given(_AGES)
def test_speaking_again_ends_it(ages: list[int]) -> None:
    assert silence(days_ago(*ages, 0), TODAY) is None


@given(_AGES, st.integers(min_value=1, max_value=30))
def test_a_silence_goes_on_while_nothing_is_said_and_the_year_holds(ages: list[int], later: int) -> None:
    recent = [age for age in ages if age + later <= 365]
    if silence(days_ago(*recent), TODAY) is not None:
        assert silence(days_ago(*recent), TODAY + timedelta(days=later)) is not None
