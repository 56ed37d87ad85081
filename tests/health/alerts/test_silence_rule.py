"""What a sudden silence is: longer than the customer's own normal, and not an outage of the sender."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from health.alerts import silence

DAILY = list(range(1, 61))


def test_a_customer_that_worked_every_day_is_silent_after_more_than_a_week() -> None:
    assert silence.assess(DAILY, 60 + 8, ()) is None
    found = silence.assess(DAILY, 60 + 9, ())
    assert found is not None
    assert (found.quiet, found.usual) == (8, 1.0)


def test_a_customer_that_comes_every_nine_days_is_not_silent_before_one_and_a_half_times_that() -> None:
    every_ninth = list(range(0, 64, 9))
    assert silence.assess(every_ninth, 63 + 14, ()) is None
    assert silence.assess(every_ninth, 63 + 15, ()) is not None


def test_a_customer_that_hardly_used_it_has_no_normal_to_fall_from() -> None:
    assert silence.assess([1, 30, 31, 33, 40, 50, 60], 200, ()) is None


def test_days_of_an_outage_count_for_nobody() -> None:
    outage = set(range(61, 69))
    assert silence.assess(DAILY, 69, outage) is None
    assert silence.assess(DAILY, 69 + 8, outage) is not None


def test_an_outage_inside_the_past_makes_nobody_slower() -> None:
    around = [day for day in DAILY if not 20 <= day < 40]
    assert silence.longest_usual(around, set(range(20, 40))) == 1.0


@given(
    days=st.lists(st.integers(0, 63), min_size=1, max_size=64, unique=True).map(sorted),
    waited=st.integers(1, 120),
    outage=st.sets(st.integers(0, 200), max_size=40),
)
def test_a_silence_never_ends_by_waiting_and_outages_never_make_one(
    days: list[int], waited: int, outage: set[int]
) -> None:
    today = days[-1] + waited
    lost = outage - set(days)
    found = silence.assess(days, today, lost)
    if found is not None:
        assert found.quiet > silence.LEAST_SILENCE
        assert found.quiet > silence.MARKEDLY * found.usual
        assert silence.assess(days, today + 1, lost) is not None
        assert found.quiet <= today - days[-1] - 1
