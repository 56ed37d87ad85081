"""Which days are looked at, what becomes of a customer, and what an outage looks like."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from accounts.terms import Terms, contract_on, spells
from health.churn.panel import closed_days, label, thin, touched

START = date(2026, 1, 1)


def on(day: int) -> date:
    return START + timedelta(days=day)


def test_days_go_back_from_the_last_in_weeks() -> None:
    assert closed_days(on(0), on(20)) == [on(6), on(13), on(20)]
    assert closed_days(on(0), on(20), left_out=[on(13)]) == [on(6), on(20)]


def test_ten_years_are_looked_at_for_three() -> None:
    days = closed_days(on(-3_650), on(0))
    assert on(0) - days[0] <= timedelta(days=3 * 365)


def test_too_many_rows_are_thinned_evenly_and_the_newest_day_stays() -> None:
    days = closed_days(on(-700), on(0))
    kept = thin(days, 20_000)
    assert kept[-1] == on(0)
    assert len(kept) * 20_000 <= 400_000
    assert len({b - a for a, b in pairwise(kept)}) == 1


def test_a_label_is_settled_when_a_successor_can_no_longer_come() -> None:
    assert label(10, horizon=28, grace=30, through=67, ends=[20]) == -1
    assert label(10, horizon=28, grace=30, through=68, ends=[20]) == 1
    assert label(10, horizon=28, grace=30, through=68, ends=[10, 39]) == 0


def test_a_day_is_left_out_with_a_silent_one_in_the_week_before() -> None:
    assert touched({on(56)}, [on(55), on(56), on(62), on(63)]) == {on(56), on(62)}


SPANS = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 90), st.booleans()), max_size=5)


@given(SPANS, st.integers(0, 40), st.integers(0, 400))
def test_spells_agree_with_the_contract_of_each_day(
    spans: list[tuple[int, int, bool]], grace: int, through: int
) -> None:
    """A customer is churned on the day after the grace period, dated at the end, exactly where a spell ended then."""
    terms = [
        Terms(on(start), 1_000, 1, ends_on=None if is_open else on(start + length)) for start, length, is_open in spans
    ]
    found = spells(terms, grace_days=grace, through=on(through))
    ends = {spell.ends_on for spell in found if spell.ends_on}
    for end in ends:
        contract = contract_on(terms, end + timedelta(days=grace + 1), grace_days=grace)
        assert (contract.state, contract.churned_on) == ("churned", end)
    last = contract_on(terms, on(through), grace_days=grace)
    assert (last.state == "none") == (not found)
    assert last.churned_on is None or last.churned_on in ends
    if last.state == "active":
        assert found[-1].ends_on is None
