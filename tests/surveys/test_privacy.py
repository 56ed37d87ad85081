"""The rules of hiding, each by the property it guarantees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.results.people import NOT_SAID, Person, as_ballots, effective
from surveys.results.privacy import Basis, gives_away, hide, is_batch, rows_stay_ambiguous

SIZES = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e", NOT_SAID]), st.integers(0, 60), min_size=1)


@given(SIZES)
def test_no_group_under_ten_is_shown_and_those_hidden_are_ten_or_nobody(sizes: dict[str, int]) -> None:
    hiding = hide(sizes)
    shown = [] if hiding.is_whole else [group for group in sizes if group not in hiding.groups]
    assert all(sizes[group] >= 10 for group in shown)
    assert all(sizes[group] < 10 for group in hiding.small)
    assert all(sizes[group] >= 10 for group in hiding.as_well)
    assert hiding.is_whole or hiding.together == 0 or hiding.together >= 10
    assert hiding.together == sum(sizes[group] for group in hiding.groups)


@given(SIZES)
def test_the_rules_worked_backwards_leave_five_sizes_for_every_small_group(sizes: dict[str, int]) -> None:
    """All an outsider knows: who is hidden why, how many they are together, the smallest group shown."""
    hiding = hide(sizes)
    if hiding.is_whole or not hiding.together:
        return
    largest = min(size for group, size in sizes.items() if group not in hiding.groups)
    small, company = len(hiding.small), len(hiding.as_well)
    possible = {
        size
        for size in range(10)
        for others in range(9 * (small - 1) + 1)
        if 10 * company <= hiding.together - size - others <= largest * company
    }
    assert len(possible) >= 5


@pytest.mark.parametrize(
    ("sizes", "small", "as_well"),
    [
        ({"a": 30, "b": 20}, (), ()),
        ({"a": 30, "b": 20, "c": 9}, ("c",), ("b",)),
        ({"a": 30, "b": 12, "c": 9, "d": 4}, ("c", "d"), ()),
        ({"a": 30, "b": 20, "c": 0}, ("c",), ()),
        ({"a": 30, "b": 20, NOT_SAID: 3}, (NOT_SAID,), ("b",)),
        ({"a": 30, "b": 11, "c": 10, "d": 9}, ("d",), ("b", "c")),
    ],
)
def test_the_next_smallest_group_keeps_a_small_one_company(
    sizes: dict[str, int], small: tuple[str, ...], as_well: tuple[str, ...]
) -> None:
    hiding = hide(sizes)
    assert (hiding.small, hiding.as_well) == (small, as_well)


def test_a_question_inside_another_gives_away_what_the_other_hides() -> None:
    people = [
        Person(str(i), (1,), ("fr" if i < 20 else "uk" if i < 24 else "us", "eu" if i < 24 else "no"))
        for i in range(60)
    ]
    assert gives_away(people, [(0, "fr"), (1, "eu")])
    assert not gives_away(people, [(0, "us"), (1, "no")])


@given(st.integers(0, 25))
def test_a_batch_is_none_or_ten(moved: int) -> None:
    earlier = Basis({str(i): ("x", ()) for i in range(30)})
    later = Basis({str(i): ("y" if i < moved else "x", ()) for i in range(30)})
    assert is_batch(earlier, later) == (moved == 0 or moved >= 10)


def test_rows_carry_no_question_where_totals_could_single_them_out() -> None:
    assert rows_stay_ambiguous(412, [291, 107, 14], 14)
    assert not rows_stay_ambiguous(20, [10, 10], 14)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True), st.none() | st.integers(1, 4))
def test_merging_own_words_names_no_option_twice_and_moves_none_up(choices: list[int], merged: int | None) -> None:
    counted = effective(choices, merged)
    named = [choice for choice in counted if choice is not None]
    assert len(named) == len(set(named))
    assert all(counted[place] in (choice, merged, None) for place, choice in enumerate(choices[: len(counted)]))
    assert as_ballots([counted], [(i, str(i)) for i in range(1, 5)]).n == 1
