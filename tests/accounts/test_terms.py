"""The contract rules: exact examples, and what must hold for any subscription."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.terms import (
    Terms,
    add_months,
    contract_on,
    early_end_known_on,
    known_end,
    next_renewal,
    notice_known,
    planned_end,
)

START = date(2025, 1, 1)
DAYS = st.dates(date(2024, 1, 1), date(2029, 12, 31))


@st.composite
def subscriptions(draw: st.DrawFn) -> Terms:
    starts_on = draw(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
    later = st.none() | st.integers(0, 1_200).map(lambda days: starts_on + timedelta(days=days))
    return Terms(
        starts_on=starts_on,
        arr_minor=draw(st.integers(0, 10**13)),
        billing_period_months=draw(st.sampled_from([1, 3, 6, 12, 24, 36])),
        ends_on=draw(later),
        cancelled_on=draw(later),
        renewal_on=draw(later),
        auto_renews=draw(st.booleans()),
        notice_days=draw(st.none() | st.integers(0, 180)),
        seats=draw(st.none() | st.integers(0, 500)),
    )


def _state(terms: Terms | list[Terms], day: date, through: date | None = None) -> str:
    rows = terms if isinstance(terms, list) else [terms]
    return contract_on(rows, day, grace_days=30, through=through).state


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2025, 12, 15), 1, date(2026, 1, 15)),
    ],
)
def test_months_end_on_the_last_day_there_is(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_an_early_end_is_known_from_the_cancellation_and_not_before() -> None:
    early = Terms(START, 100, ends_on=date(2025, 6, 1), cancelled_on=date(2025, 4, 15))
    assert early_end_known_on(early) == date(2025, 4, 15)
    assert _state(early, date(2025, 4, 14)) == "active"
    assert next_renewal(early, date(2025, 4, 14)) == date(2026, 1, 1)
    assert _state(early, date(2025, 4, 15)) == "notice_given"
    assert next_renewal(early, date(2025, 4, 15)) == date(2025, 6, 1)
    assert _state(early, date(2025, 6, 1)) == "in_grace"


def test_an_early_end_without_a_cancellation_is_known_on_its_day() -> None:
    early = Terms(START, 100, ends_on=date(2025, 6, 1))
    assert _state(early, date(2025, 5, 31)) == "active"
    assert _state(early, date(2025, 6, 1)) == "in_grace"


def test_a_later_end_is_a_term_known_from_the_start() -> None:
    term = Terms(START, 100, ends_on=date(2026, 1, 1))
    assert known_end(term, START) == date(2026, 1, 1)
    assert early_end_known_on(term) is None
    assert _state(term, date(2025, 12, 31)) == "active"
    assert _state(term, date(2026, 1, 1)) == "in_grace"


def test_a_cancellation_without_an_end_runs_out_at_the_planned_end() -> None:
    rolled = Terms(START, 100, cancelled_on=date(2026, 3, 1))
    assert known_end(rolled, date(2026, 2, 28)) is None
    assert known_end(rolled, date(2026, 3, 1)) == date(2027, 1, 1)
    assert known_end(replace(rolled, renewal_on=date(2026, 7, 1)), date(2026, 3, 1)) == date(2026, 7, 1)
    assert known_end(replace(rolled, renewal_on=date(2025, 7, 1)), date(2026, 3, 1)) == date(2026, 7, 1)


def test_churn_is_dated_at_the_end_once_the_grace_period_has_passed() -> None:
    term = Terms(START, 100, ends_on=date(2026, 1, 1))
    assert _state(term, date(2026, 1, 31)) == "in_grace"
    churned = contract_on([term], date(2026, 2, 1), grace_days=30)
    assert (churned.state, churned.churned_on, churned.arr_minor) == ("churned", date(2026, 1, 1), 0)
    successor = Terms(date(2026, 1, 31), 100)
    assert _state([term, successor], date(2026, 2, 1)) == "active"
    assert _state(term, date(2027, 1, 1), through=date(2026, 1, 20)) == "in_grace"


def test_in_grace_the_seats_of_what_ended_last_still_stand() -> None:
    """Whether the seats are used is asked until the grace period is over: the customer may still renew."""
    ended = [
        Terms(START, 100, ends_on=date(2026, 1, 1), seats=10),
        Terms(START, 50, ends_on=date(2026, 1, 1), seats=5),
        Terms(START, 50, ends_on=date(2026, 1, 1)),
        Terms(date(2024, 1, 1), 70, ends_on=date(2025, 12, 1), seats=40),
        Terms(START, 0, ends_on=date(2026, 1, 1), seats=7),
    ]
    contract = contract_on(ended, date(2026, 1, 20), grace_days=30)
    assert (contract.state, contract.seats, contract.arr_minor) == ("in_grace", 15, 0)
    assert contract_on(ended[2:3], date(2026, 1, 20), grace_days=30).seats is None
    assert contract_on(ended, date(2026, 3, 1), grace_days=30).seats is None


def test_free_subscriptions_are_no_contract() -> None:
    assert _state(Terms(START, 0), date(2025, 5, 1)) == "none"
    assert _state([], date(2025, 5, 1)) == "none"
    assert _state(Terms(START, 100), date(2024, 12, 31)) == "none"


def test_several_subscriptions_add_up_and_the_earliest_deadline_counts() -> None:
    rows = [
        Terms(START, 100, seats=10, auto_renews=True, notice_days=90),
        Terms(date(2025, 3, 1), 50, seats=5, auto_renews=True, notice_days=30, renewal_on=date(2025, 9, 1)),
        Terms(date(2025, 2, 1), 7, cancelled_on=date(2025, 2, 2)),
    ]
    contract = contract_on(rows, date(2025, 4, 1), grace_days=30)
    assert (contract.state, contract.arr_minor, contract.seats) == ("active", 157, 15)
    assert (contract.customer_since, contract.renewal_on) == (START, date(2025, 9, 1))
    assert contract.notice_deadline == date(2025, 8, 2)


@given(subscriptions(), DAYS)
def test_before_it_is_known_an_early_end_makes_no_difference(terms: Terms, day: date) -> None:
    known_on = early_end_known_on(terms)
    if known_on is not None and day < known_on:
        untold = replace(terms, ends_on=None, cancelled_on=None)
        assert contract_on([terms], day, grace_days=30) == contract_on([untold], day, grace_days=30)


@given(subscriptions(), DAYS)
def test_a_renewal_lies_ahead_and_agrees_with_the_known_end(terms: Terms, day: date) -> None:
    renewal, end = next_renewal(terms, day), known_end(terms, day)
    assert renewal is None or renewal > day
    assert (renewal is None) == (end is not None and end <= day)
    assert end is None or renewal is None or renewal == end


@given(subscriptions(), DAYS)
def test_a_planned_end_is_the_first_one_not_past(terms: Terms, day: date) -> None:
    first = terms.renewal_on or add_months(terms.starts_on, terms.billing_period_months)
    end = planned_end(terms, day)
    assert end >= max(day, first)
    if end > first:
        periods = (end.year - first.year) * 12 + end.month - first.month
        assert periods % terms.billing_period_months == 0
        assert add_months(first, periods - terms.billing_period_months) < day


@given(st.lists(subscriptions(), max_size=4), DAYS, st.integers(0, 90))
def test_states_agree_with_their_dates(rows: list[Terms], day: date, grace_days: int) -> None:
    contract = contract_on(rows, day, grace_days=grace_days)
    running = contract.state in ("active", "notice_given")
    assert running == (contract.arr_minor > 0)
    assert (contract.state == "churned") == (contract.churned_on is not None)
    assert (contract.state == "none") == (contract.customer_since is None)
    if contract.churned_on:
        assert day - contract.churned_on > timedelta(days=grace_days)
    if contract.notice_deadline:
        assert day <= contract.notice_deadline
    assert contract == contract_on(rows[::-1], day, grace_days=grace_days)


@given(st.lists(subscriptions(), max_size=3), DAYS, DAYS)
def test_nothing_is_inferred_beyond_the_day_facts_are_complete(rows: list[Terms], day: date, through: date) -> None:
    capped = contract_on(rows, day, grace_days=30, through=through)
    assert capped == contract_on(rows, min(day, through), grace_days=30)


@given(subscriptions(), DAYS)
def test_a_notice_stays_known(terms: Terms, day: date) -> None:
    if notice_known(terms, day):
        assert notice_known(terms, day + timedelta(days=400))
