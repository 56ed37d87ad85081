"""What a ballot is, what is refused, and that patterns lose nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from surveys.stats.ballots import Ballots
from tests.surveys.stats.makers import any_ballots, ballots


def test_choices_keep_their_places_also_after_one_outside_the_list() -> None:
    assert ballots("abc", "d", "a-c", "---").choices.tolist() == [[0, 1, 2], [3, -1, -1], [0, -1, 2], [-1, -1, -1]]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([["a"], ["a", "b", "c", "d"]], "Ballot 2 has 4 choices"),
        ([["a"], ["b", "x"]], "Ballot 2 names 'x', which is no option"),
        ([["a", "b"], ["b", "a", "b"]], "Ballot 2 names an option twice"),
    ],
)
def test_a_bad_ballot_is_refused_by_its_number(rows: list[list[str]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Ballots.of("abcd", rows)


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ([[0, 1, 4]], "Ballot 1 names an option that does not exist"),
        ([[0, 1, 2], [0, -2, 1]], "Ballot 2 names an option that does not exist"),
        ([[0, 1]], "Choices have 3 columns"),
        ([[0.5, 1.0, 2.0]], "Choices are whole numbers"),
    ],
)
def test_a_bad_array_is_refused_with_what_is_wrong(choices: list[list[float]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Ballots(tuple("abcd"), np.array(choices))


@pytest.mark.parametrize("options", [(), ("a", "b", "a")])
def test_options_exist_and_differ(options: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least one option, and no option twice"):
        Ballots(options, np.zeros((0, 3), dtype=int))


def test_what_was_counted_cannot_be_changed_from_outside() -> None:
    given = np.array([[0, 1, 2]])
    counted = Ballots(tuple("abc"), given)
    given[0, 0] = 2
    assert counted.choices.tolist() == [[0, 1, 2]]
    with pytest.raises(ValueError, match="read-only"):
        counted.choices[0, 0] = 2


@given(any_ballots())
def test_patterns_with_their_counts_are_the_ballots_again(given: Ballots) -> None:
    patterns = given.patterns()
    assert patterns.n == given.n
    again = np.repeat(patterns.choices, patterns.counts, axis=0).tolist()
    assert sorted(again) == sorted(given.choices.tolist())
    assert len({tuple(row) for row in patterns.choices.tolist()}) == len(patterns.counts)


def test_patterns_of_many_options_are_found_the_same_way() -> None:
    """Beyond a few dozen options their codes are sorted instead of counted in a table."""
    keys = tuple(f"option-{number}" for number in range(90))
    generator = np.random.default_rng(3)
    choices = np.array([generator.choice(90, size=3, replace=False) for _ in range(60)])
    few = Ballots(keys, np.repeat(choices, 2, axis=0)).patterns()
    assert sorted(few.choices.tolist()) == sorted(choices.tolist())
    assert (few.counts == 2).all()


def test_chosen_says_who_named_what_and_where_keeps_whom_it_is_told_to() -> None:
    given = ballots("ab", "c", "---")
    assert given.chosen().tolist() == [[True, True, False, False], [False, False, True, False], [False] * 4]
    assert given.where(np.array([False, True, False])).choices.tolist() == [[2, -1, -1]]
