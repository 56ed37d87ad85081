"""Whom one may ask: what holds for every history of asks."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from journeys.advocacy_rules import NEXT, Ask, Rest, Silence, State, Verdict, is_reachable, may_ask

DAY = date(2026, 6, 16)
PEOPLE = [UUID(int=1), UUID(int=2)]
contacts = st.sampled_from([None, *PEOPLE])
days = st.integers(-400, 400).map(lambda n: DAY + timedelta(days=n))
asks = st.lists(st.builds(Ask, on=days, contact=contacts), max_size=8)
silences = st.lists(st.builds(Silence, contact=contacts, until=st.none() | days), max_size=4)
rests = st.builds(Rest, customer_days=st.integers(0, 200), contact_days=st.integers(0, 200))


@given(days, contacts, asks, silences, rests)
def test_nobody_is_asked_within_the_rest_or_against_their_wish(
    today: date, contact: UUID | None, told: list[Ask], quiet: list[Silence], rest: Rest
) -> None:
    verdict = may_ask(today=today, contact=contact, asks=told, silences=quiet, rest=rest)
    near = [ask for ask in told if abs((ask.on - today).days) < rest.customer_days]
    same = [
        ask for ask in told if contact and ask.contact == contact and abs((ask.on - today).days) < rest.contact_days
    ]
    wish = [s for s in quiet if s.contact in (None, contact) and (s.until is None or today < s.until)]
    assert verdict.is_allowed == (not near and not same and not wish)


@given(days, contacts, asks, silences, rests)
def test_the_day_named_is_to_come_and_what_held_longest_is_over_then(
    today: date, contact: UUID | None, told: list[Ask], quiet: list[Silence], rest: Rest
) -> None:
    past = [ask for ask in told if ask.on <= today]
    verdict = may_ask(today=today, contact=contact, asks=past, silences=quiet, rest=rest)
    if not verdict.is_allowed and verdict.until is not None:
        assert verdict.until > today
        assert may_ask(today=verdict.until, contact=contact, asks=past, silences=quiet, rest=rest).is_allowed


@given(days, contacts, asks, silences, rests)
def test_the_order_in_which_things_are_told_does_not_matter(
    today: date, contact: UUID | None, told: list[Ask], quiet: list[Silence], rest: Rest
) -> None:
    first = may_ask(today=today, contact=contact, asks=told, silences=quiet, rest=rest)
    turned = may_ask(today=today, contact=contact, asks=told[::-1], silences=quiet[::-1], rest=rest)
    assert (first.is_allowed, first.until) == (turned.is_allowed, turned.until)


@given(st.lists(st.tuples(days, contacts), max_size=30), rests)
def test_asking_only_when_allowed_never_asks_too_often(attempts: list[tuple[date, UUID | None]], rest: Rest) -> None:
    asked: list[Ask] = []
    for on, contact in attempts:
        if may_ask(today=on, contact=contact, asks=asked, silences=[], rest=rest).is_allowed:
            asked.append(Ask(on, contact))
    for one in asked:
        for other in asked:
            if one is not other:
                apart = abs((one.on - other.on).days)
                assert apart >= rest.customer_days
                assert one.contact is None or one.contact != other.contact or apart >= rest.contact_days


def test_a_customer_nobody_asked_may_be_asked() -> None:
    assert may_ask(today=DAY, contact=None, asks=[], silences=[], rest=Rest()) == Verdict()


def test_no_sequence_of_states_comes_back_to_where_it_was() -> None:
    assert not any(is_reachable(state, state) for state in State)
    assert {state for state in State if not NEXT[state]} == {State.THANKED, State.DECLINED}
