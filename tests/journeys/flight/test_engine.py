"""What a move needs, whatever the stages are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.flight.engine import (
    RELAY,
    AlreadyThereError,
    Criterion,
    Kind,
    NoSuchStageError,
    Position,
    Rule,
    decide,
)

FIT, SIGNED, GOAL = Criterion("field:industry", "field"), Criterion("contract", "contract"), Criterion("win", "win")
JOURNEY = (
    Rule("heard", "demand"),
    Rule("talking", "demand", exit=(FIT,)),
    Rule("signing", "demand", exit=(SIGNED,)),
    Rule("using", "turnaround", entry=(SIGNED,), exit=(GOAL,)),
    Rule("praising", "boomerang"),
)


def nothing(_criterion: Criterion) -> bool:
    return False


def everything(_criterion: Criterion) -> bool:
    return True


def test_a_step_without_criteria_needs_nothing() -> None:
    decision = decide(JOURNEY, Position("heard"), "talking", nothing)
    assert decision.allowed
    assert decision.kind is Kind.FORWARD


def test_a_step_forwards_names_everything_that_does_not_hold() -> None:
    decision = decide(JOURNEY, Position("signing"), "using", nothing)
    assert [each.key for each in decision.missing] == ["contract"], "asked on both sides, named once"


def test_skipping_stages_needs_what_each_of_them_needs() -> None:
    decision = decide(JOURNEY, Position("heard"), "praising", nothing)
    assert [each.key for each in decision.missing] == ["field:industry", "contract", "win"]


def test_moving_back_needs_nothing() -> None:
    decision = decide(JOURNEY, Position("using"), "talking", nothing, [("using", "talking")])
    assert decision.allowed
    assert decision.kind is Kind.BACK


def test_an_override_passes_what_is_missing_and_says_so() -> None:
    decision = decide(JOURNEY, Position("signing"), "using", nothing, [("signing", "using")], override=True)
    assert decision.allowed
    assert decision.passed_over == ("contract", RELAY)


def test_an_override_with_nothing_missing_passes_nothing() -> None:
    assert decide(JOURNEY, Position("heard"), "talking", nothing, override=True).passed_over == ()


def test_the_handover_between_the_two_stages_is_needed() -> None:
    decision = decide(JOURNEY, Position("signing"), "using", everything, [("signing", "using")])
    assert decision.relay == ("signing", "using")
    assert not decision.allowed


def test_skipping_a_handover_needs_the_last_one_on_the_way() -> None:
    pairs = [("heard", "talking"), ("talking", "signing")]
    assert decide(JOURNEY, Position("heard"), "using", everything, pairs).relay == ("talking", "signing")


def test_an_accepted_handover_is_not_asked_for_again() -> None:
    decision = decide(JOURNEY, Position("signing"), "using", everything, [("signing", "using")], relay_accepted=True)
    assert decision.allowed


def test_who_left_the_journey_comes_back_on_a_new_lap() -> None:
    decision = decide(JOURNEY, Position(None, grounded=True), "heard", nothing)
    assert decision.allowed
    assert (decision.kind, decision.begins_lap) == (Kind.THROWN, True)


def test_coming_back_further_on_needs_what_the_way_there_needs() -> None:
    decision = decide(JOURNEY, Position(None, grounded=True), "using", nothing)
    assert [each.key for each in decision.missing] == ["field:industry", "contract"]


def test_from_the_last_phase_to_the_first_the_boomerang_is_thrown_again() -> None:
    decision = decide(JOURNEY, Position("praising"), "signing", nothing)
    assert (decision.kind, decision.begins_lap, decision.allowed) == (Kind.THROWN, True, True)


def test_the_first_step_back_on_a_lap_that_has_begun_is_a_throw_on_it() -> None:
    decision = decide(JOURNEY, Position("praising", lap_waits=True), "using", nothing)
    assert (decision.kind, decision.begins_lap) == (Kind.THROWN, False)


def test_a_stage_that_is_not_in_use_and_the_one_it_stands_at_are_refused() -> None:
    with pytest.raises(NoSuchStageError):
        decide(JOURNEY, Position("heard"), "sold", everything)
    with pytest.raises(AlreadyThereError):
        decide(JOURNEY, Position("heard"), "heard", everything)


CRITERIA = tuple(Criterion(f"c{number}", "win") for number in range(5))
SOME = st.lists(st.sampled_from(CRITERIA), max_size=3).map(tuple)


@st.composite
def journeys(draw: st.DrawFn) -> tuple[Rule, ...]:
    phases = sorted(draw(st.lists(st.integers(0, 3), min_size=2, max_size=12)))
    names = ("demand", "turnaround", "expand", "boomerang")
    return tuple(Rule(f"s{at}", names[phase], draw(SOME), draw(SOME)) for at, phase in enumerate(phases))


@given(journeys(), st.data())
def test_any_move_forwards_is_refused_exactly_when_something_on_the_way_does_not_hold(
    journey: tuple[Rule, ...], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(journey) - 2))
    to = data.draw(st.integers(at + 1, len(journey) - 1))
    held = data.draw(st.sets(st.sampled_from(CRITERIA)))
    decision = decide(journey, Position(f"s{at}"), f"s{to}", held.__contains__)
    asked = {criterion for place in range(at, to) for criterion in journey[place].exit}
    asked |= {criterion for place in range(at + 1, to + 1) for criterion in journey[place].entry}
    assert set(decision.missing) == asked - held
    assert len(decision.missing) == len({each.key for each in decision.missing})


@given(journeys(), st.data())
def test_a_way_in_one_leap_asks_for_as_much_as_the_same_way_step_by_step(
    journey: tuple[Rule, ...], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(journey) - 2))
    to = data.draw(st.integers(at + 1, len(journey) - 1))
    leap = decide(journey, Position(f"s{at}"), f"s{to}", nothing)
    steps = [decide(journey, Position(f"s{a}"), f"s{b}", nothing) for a, b in pairwise(range(at, to + 1))]
    assert set(leap.missing) == {criterion for step in steps for criterion in step.missing}


@given(journeys(), st.data())
def test_an_override_always_leads_there_and_names_just_what_it_passed(
    journey: tuple[Rule, ...], data: st.DataObject
) -> None:
    at, to = data.draw(st.permutations(range(len(journey))))[:2]
    pairs = data.draw(st.sets(st.tuples(st.sampled_from(journey), st.sampled_from(journey))))
    relays = [(a.key, b.key) for a, b in pairs]
    held = data.draw(st.sets(st.sampled_from(CRITERIA)))
    plain = decide(journey, Position(f"s{at}"), f"s{to}", held.__contains__, relays)
    forced = decide(journey, Position(f"s{at}"), f"s{to}", held.__contains__, relays, override=True)
    assert forced.allowed
    expected = [each.key for each in plain.missing] + ([RELAY] if plain.relay else [])
    assert list(forced.passed_over) == expected
    assert forced.kind is plain.kind
