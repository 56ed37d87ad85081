"""What changed: the difference of two scores is split by cause and measure, and always adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from health import ledger, scoring
from health.ledger import CAUSES, CONFIG, DATA, MISSING, OVERRIDE, WINDOW, Course, Split, State
from health.measures import Spec
from health.scoring import Card, Item

KEYS = ["a", "b", "c", "d", "e"]
CURVES = [((0.0, 0.0), (10.0, 1.0)), ((0.0, 1.0), (3.0, 1.0), (30.0, 0.1)), ((5.0, 0.37),), ((0.0, 0.2), (1 / 3, 0.9))]
VALUE = st.one_of(st.just(float("nan")), st.floats(-5, 50, allow_nan=False))
VALUES = st.lists(VALUE, min_size=5, max_size=5)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    chosen = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True))
    weights = draw(
        st.lists(st.sampled_from([0.0, 0.3, 1.0, 7.0, 12.5, 20.0, 40.0]), min_size=len(chosen), max_size=len(chosen))
    )
    weights[0] = max(weights[0], 0.5)
    items = []
    for key, weight in zip(chosen, weights, strict=True):
        curve = draw(st.sampled_from(CURVES))
        items.append(Item(key, {"en": key}, "", "g", weight, curve, Spec("count")))
    return Card(tuple(items), (("g", {"en": "g"}),), 75.0, 50.0, draw(st.floats(0, 1)))


def seen(card: Card, values: dict[str, float], *, applies: bool = True, capped: int = 0, override: int = 0) -> State:
    """One customer's state under ``card``."""
    row = np.array([[values[item.key] for item in card.items]])
    applicable = np.array([applies])
    scores = scoring.score(card, row, applicable)
    return ledger.state(
        card,
        KEYS,
        row,
        applicable,
        measured=scores.points.sum(axis=1),
        capped=np.array([[capped]]),
        override=np.array([override]),
    )


@st.composite
def courses(draw: st.DrawFn) -> tuple[Course, Course]:
    """Any way from one day to another: cards, values, exceptions, overrides, contracts that begin or end."""
    old = draw(cards())
    new = draw(st.one_of(st.just(old), cards()))
    moments = [dict(zip(KEYS, draw(VALUES), strict=True)) for _ in range(3)]
    applies = [draw(st.booleans()) or draw(st.booleans()) for _ in range(3)]
    overrides = [draw(st.integers(-3_000, 3_000)) for _ in range(2)]
    found = []
    for card in (old, new):
        capped = [draw(st.sampled_from([0, 0, -1_234, -5])) for _ in range(3)]
        states = [
            seen(card, moment, applies=applied, capped=cap, override=overrides[0])
            for moment, applied, cap in zip(moments, applies, capped, strict=True)
        ]
        found.append(states)
    if new is old:
        found[1] = found[0]
    before, after = Course(*found[0]), Course(*found[1])
    after = replace(after, end=replace(after.end, override=np.array([overrides[1]])))
    return before, after


def parts_of(split: Split, cause: str) -> list[int]:
    return [int(part) for part in split.parts[0, CAUSES.index(cause)]]


@settings(max_examples=150)
@given(courses())
def test_the_items_add_up_to_the_last_hundredth(way: tuple[Course, Course]) -> None:
    before, after = way
    split = ledger.split(before, after)
    assert split.parts.sum() == split.difference[0] == after.end.total[0] - before.start.total[0]
    assert sum(delta for _, _, delta in ledger.items_of(split)) == split.difference[0]


@settings(max_examples=60)
@given(courses())
def test_looked_at_backwards_every_item_changes_its_sign(way: tuple[Course, Course]) -> None:
    before, after = way
    # The way back has the same stations: what ageing took away, news would give, so the two change places.
    there = ledger.split(before, after)
    back = ledger.split(Course(after.end, after.aged, after.start), Course(before.end, before.aged, before.start))
    swapped = back.parts[:, [CAUSES.index(c) for c in (WINDOW, DATA, CONFIG, OVERRIDE, MISSING)]]
    # Rounding may favour another of two equal remainders.
    assert (np.abs(there.parts + swapped) <= 1).all()


@settings(max_examples=60)
@given(card=cards(), values=VALUES)
def test_where_nothing_changed_nothing_is_said(card: Card, values: list[float]) -> None:
    state = seen(card, dict(zip(KEYS, values, strict=True)))
    split = ledger.split(Course(state, state, state), Course(state, state, state))
    assert ledger.items_of(split) == []


@settings(max_examples=60)
@given(card=cards(), first=VALUES, last=VALUES)
def test_a_cause_that_changed_nothing_has_no_item(card: Card, first: list[float], last: list[float]) -> None:
    start, end = (seen(card, dict(zip(KEYS, each, strict=True))) for each in (first, last))
    news = ledger.split(Course(start, start, end), Course(start, start, end))
    assert not any(parts_of(news, WINDOW) + parts_of(news, CONFIG) + parts_of(news, OVERRIDE))
    time = ledger.split(Course(start, end, end), Course(start, end, end))
    assert not any(parts_of(time, DATA) + parts_of(time, CONFIG) + parts_of(time, OVERRIDE))


@settings(max_examples=60)
@given(old=cards(), new=cards(), values=VALUES)
def test_another_scorecard_alone_is_configuration_alone(old: Card, new: Card, values: list[float]) -> None:
    named = dict(zip(KEYS, values, strict=True))
    before, after = seen(old, named), seen(new, named)
    split = ledger.split(Course(before, before, before), Course(after, after, after))
    assert sum(parts_of(split, CONFIG)) == split.difference[0]


def card_of(**weights: float) -> Card:
    curve = ((0.0, 0.0), (10.0, 1.0))
    items = tuple(Item(key, {"en": key}, "", "g", weight, curve, Spec("count")) for key, weight in weights.items())
    return Card(items, (("g", {"en": "g"}),), 75.0, 50.0, 0.0)


NAN = float("nan")


def told(before: Course, after: Course | None = None) -> dict[tuple[str, str], int]:
    split = ledger.split(before, after or before)
    names = [*KEYS, "exception", "override"]
    return {(cause, names[column]): delta for cause, column, delta in ledger.items_of(split)}


def test_events_that_leave_the_window_are_told_apart_from_use_that_came() -> None:
    card = card_of(a=30, b=70)
    start, aged, end = (seen(card, {"a": a, "b": 5.0}) for a in (8.0, 2.0, 6.0))
    assert told(Course(start, aged, end)) == {(WINDOW, "a"): -1_800, (DATA, "a"): 1_200}


def test_a_measure_that_lost_its_value_answers_for_what_its_weight_held_or_held_down() -> None:
    card = card_of(a=50, b=50)
    start, end = seen(card, {"a": 10.0, "b": 4.0}), seen(card, {"a": 10.0, "b": NAN})
    assert told(Course(start, start, end)) == {(MISSING, "b"): 3_000}


def test_from_nothing_measured_everything_came_to_be_known() -> None:
    card = card_of(a=50, b=50)
    start, end = seen(card, {"a": NAN, "b": NAN}), seen(card, {"a": 10.0, "b": 4.0})
    assert told(Course(start, start, end)) == {
        (MISSING, "a"): 5_000,
        (MISSING, "b"): 2_000,
    }


def test_a_heavier_weight_is_configuration_of_the_measure_that_got_it() -> None:
    old, new = card_of(a=50, b=50), card_of(a=150, b=50)
    before, after = (seen(card, {"a": 10.0, "b": 0.0}) for card in (old, new))
    ways = Course(before, before, before), Course(after, after, after)
    assert told(*ways) == {(CONFIG, "a"): 2_500}


def test_exceptions_and_overrides_have_items_of_their_own() -> None:
    card = card_of(a=100)
    start = seen(card, {"a": 9.0})
    end = seen(card, {"a": 9.5}, capped=-2_001, override=500)
    assert told(Course(start, start, end)) == {
        (DATA, "a"): 500,
        (DATA, "exception"): -2_001,
        (OVERRIDE, "override"): 500,
    }


def test_time_alone_says_nothing_where_only_it_would_leave_no_value() -> None:
    start, aged, end = np.array([[4.0, 1.0, NAN]]), np.array([[NAN, NAN, NAN]]), np.array([[6.0, NAN, 2.0]])
    np.testing.assert_array_equal(ledger.grown_older(start, aged, end), [[4.0, NAN, NAN]])


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=9), st.integers(-12, 12))
def test_rounding_adds_up_and_a_row_and_its_negative_are_rounded_alike(row: list[float], off: int) -> None:
    raw = np.array([row])
    total = np.rint(raw.sum(axis=1)).astype(np.int64) + off
    whole = ledger.apportion(raw, total)
    assert whole.sum() == total[0]
    assert (whole == -ledger.apportion(-raw, -total)).all()
