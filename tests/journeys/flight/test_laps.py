"""Which laps a customer's subscriptions and moves amount to."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accounts.terms import Terms, contract_on
from journeys.flight.laps import Flown, Throw, Version, earned, flown

TODAY = date(2026, 6, 16)
MET = date(2023, 11, 2)


def sold(subscription: str, starts_on: date, arr: int = 12_000, **more: Any) -> Version[str]:
    return Version(subscription, starts_on, Terms(starts_on, arr, **more))


def laps(*versions: Version[str], throws: tuple[Throw, ...] = (), day: date = TODAY) -> list[Flown[str]]:
    return flown(MET, versions, throws, day=day, grace_days=30)


def told(found: list[Flown[str]]) -> list[tuple[str, date, date | None, int]]:
    return [(lap.kind, lap.began_on, lap.ended_on, lap.gained_minor) for lap in found]


def test_a_prospect_is_on_its_first_lap_since_the_relation_began() -> None:
    assert told(laps()) == [("first_sale", MET, None, 0)]


def test_the_first_sale_belongs_to_the_lap_that_led_to_it() -> None:
    assert told(laps(sold("a", date(2026, 3, 1)))) == [("first_sale", MET, None, 12_000)]


def test_each_renewal_of_a_term_is_a_lap_and_adds_nothing_by_itself() -> None:
    found = laps(sold("a", date(2024, 3, 1)))
    assert told(found) == [
        ("first_sale", MET, date(2025, 3, 1), 12_000),
        ("renewal", date(2025, 3, 1), date(2026, 3, 1), 0),
        ("renewal", date(2026, 3, 1), None, 0),
    ]


def test_a_monthly_subscription_renews_once_a_year_for_this_purpose() -> None:
    found = laps(sold("a", date(2025, 3, 1), billing_period_months=1))
    assert [lap.began_on for lap in found] == [MET, date(2026, 3, 1)]


def test_a_renewal_date_of_its_own_decides() -> None:
    found = laps(sold("a", date(2025, 3, 1), renewal_on=date(2027, 1, 1)))
    assert [lap.began_on for lap in found] == [MET, date(2026, 1, 1)]


def test_growth_is_an_expansion_and_growth_soon_after_it_belongs_to_it() -> None:
    first = sold("a", date(2026, 1, 1))
    grown = Version("a", date(2026, 4, 1), replace(first.terms, arr_minor=15_000))
    again = Version("a", date(2026, 4, 20), replace(first.terms, arr_minor=16_000))
    assert told(laps(first, grown, again)) == [
        ("first_sale", MET, date(2026, 4, 1), 12_000),
        ("expansion", date(2026, 4, 1), None, 4_000),
    ]


def test_shrinking_is_taken_off_the_lap_it_happens_in() -> None:
    first = sold("a", date(2026, 1, 1))
    assert told(laps(first, Version("a", date(2026, 4, 1), replace(first.terms, arr_minor=9_000)))) == [
        ("first_sale", MET, None, 9_000)
    ]


def test_a_successor_within_the_grace_period_renews() -> None:
    ended = sold("a", date(2025, 1, 1), ends_on=date(2026, 1, 1))
    found = laps(ended, sold("b", date(2026, 1, 31), 18_000))
    assert told(found) == [
        ("first_sale", MET, date(2026, 1, 31), 12_000),
        ("renewal", date(2026, 1, 31), None, 6_000),
    ]


def test_a_churn_ends_the_lap_at_the_end_and_a_later_sale_is_a_return() -> None:
    ended = sold("a", date(2024, 1, 1), ends_on=date(2025, 1, 1))
    assert told(laps(ended)) == [("first_sale", MET, date(2025, 1, 1), 12_000)]
    assert told(laps(ended, sold("b", date(2026, 2, 1), 5_000))) == [
        ("first_sale", MET, date(2025, 1, 1), 12_000),
        ("return", date(2026, 2, 1), None, 5_000),
    ]


def test_in_the_grace_period_the_lap_goes_on() -> None:
    assert laps(sold("a", date(2025, 6, 1), ends_on=date(2026, 6, 1)))[-1].ended_on is None


def test_winning_back_begins_the_lap_before_anything_is_signed() -> None:
    ended = sold("a", date(2024, 1, 1), ends_on=date(2025, 1, 1))
    again = Throw(date(2025, 12, 1), "return")
    assert told(laps(ended, throws=(again,)))[-1] == ("return", date(2025, 12, 1), None, 0)
    found = laps(ended, sold("b", date(2026, 2, 1), 5_000), throws=(again,))
    assert told(found)[-1] == ("return", date(2025, 12, 1), None, 5_000)
    assert len(found) == 2


def test_a_throw_before_the_renewal_is_the_renewals_own_lap() -> None:
    throw = Throw(date(2025, 11, 1), "expansion")
    found = laps(sold("a", date(2025, 1, 1)), throws=(throw,))
    assert told(found) == [
        ("first_sale", MET, date(2025, 11, 1), 12_000),
        ("renewal", date(2025, 11, 1), None, 0),
    ]


def test_free_plans_are_no_sale() -> None:
    assert told(laps(sold("a", date(2026, 1, 1), 0))) == [("first_sale", MET, None, 0)]


def test_life_time_value_is_what_was_paid_by_days() -> None:
    versions = [sold("a", date(2024, 6, 17), 36_500)]
    found = laps(*versions)
    assert earned(found, versions, day=TODAY) == [36_500, 36_500]


MONEY = st.integers(1, 50).map(lambda thousands: thousands * 1_000)
DAYS = st.integers(0, 1_400).map(lambda days: date(2022, 6, 1) + timedelta(days=days))


@st.composite
def histories(draw: st.DrawFn) -> list[Version[str]]:
    versions = []
    for name in draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4)):
        starts_on = draw(DAYS)
        length = draw(st.none() | st.integers(1, 900))
        period = draw(st.sampled_from([1, 3, 6, 12, 18, 24, 36]))
        ends_on = starts_on + timedelta(days=length) if length else None
        terms = Terms(starts_on, draw(MONEY), period, ends_on, renewal_on=draw(st.none() | st.just(starts_on)))
        versions.append(Version(name, starts_on, terms))
        for day in draw(st.lists(DAYS, max_size=2)):
            if day > starts_on:
                versions.append(Version(name, day, replace(terms, arr_minor=draw(MONEY))))
    return versions


@given(histories(), st.lists(st.builds(Throw, DAYS, st.just("expansion")), max_size=2))
def test_laps_follow_one_another_and_only_the_last_can_be_open(
    versions: list[Version[str]], throws: list[Throw]
) -> None:
    found = laps(*versions, throws=tuple(throws))
    assert found[0].kind == "first_sale"
    for earlier, later in itertools.pairwise(found):
        assert earlier.ended_on is not None
        assert earlier.began_on <= earlier.ended_on <= later.began_on
    assert all(lap.began_on <= TODAY for lap in found)


@given(histories())
def test_the_laps_since_the_last_return_add_up_to_the_yearly_revenue(versions: list[Version[str]]) -> None:
    found = laps(*versions)
    contract = contract_on(
        [_latest(versions, name) for name in {v.subscription for v in versions}], TODAY, grace_days=30
    )
    returned = max((place for place, lap in enumerate(found) if lap.kind == "return"), default=0)
    if contract.state in ("active", "notice_given"):
        assert sum(lap.gained_minor for lap in found[returned:]) == contract.arr_minor
    assert (found[-1].ended_on is not None) == (contract.state == "churned")


def _latest(versions: list[Version[str]], name: str) -> Terms:
    return sorted((v for v in versions if v.subscription == name), key=lambda v: v.known_on)[-1].terms


@given(histories(), st.lists(st.builds(Throw, DAYS, st.just("expansion")), max_size=2))
def test_life_time_value_is_the_same_however_many_laps_it_is_spread_over(
    versions: list[Version[str]], throws: list[Throw]
) -> None:
    flat = earned(laps(*versions), versions, day=TODAY)
    spread = earned(laps(*versions, throws=tuple(throws)), versions, day=TODAY)
    assert abs(sum(flat) - sum(spread)) <= len(flat) + len(spread)
