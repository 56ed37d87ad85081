"""Would another way of counting give another ranking?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings

from surveys.stats.ballots import Ballots
from surveys.stats.sensitivity import Counting, sensitivity
from surveys.stats.shares import Method
from surveys.stats.tally import tally
from tests.surveys.stats.makers import any_ballots, ballots


def panel(given: Ballots, flagged: list[bool]) -> dict[tuple[Counting, Method], Mapping[str, int]]:
    return {(each.counting, each.method): each.places for each in sensitivity(given, np.array(flagged, dtype=bool))}


def test_flagged_answers_in_and_out() -> None:
    """Without the three flagged ballots for d, a leads; with them d does."""
    found = panel(ballots("ab", "a", "db", *["d"] * 3), [False] * 3 + [True] * 3)
    assert found[Counting.FLAGGED_IN, Method.MENTIONS] == {"a": 2, "b": 2, "c": 4, "d": 1}
    assert found[Counting.FLAGGED_OUT, Method.MENTIONS] == {"a": 1, "b": 1, "c": 4, "d": 3}
    assert found[Counting.FLAGGED_OUT, Method.FIRST] == {"a": 1, "b": 3, "c": 3, "d": 2}
    assert found[Counting.FLAGGED_OUT, Method.BORDA] == {"a": 1, "b": 2, "c": 4, "d": 3}


def test_three_choices_only_leaves_out_short_and_flagged_ballots() -> None:
    found = panel(ballots("abc", "d", "d", "dcb"), [False, False, False, True])
    assert found[Counting.THREE_CHOICES, Method.MENTIONS] == {"a": 1, "b": 1, "c": 1, "d": 4}


@settings(deadline=None, max_examples=40)
@given(any_ballots())
def test_with_nothing_flagged_the_places_are_those_of_the_tally(given: Ballots) -> None:
    found = panel(given, [False] * given.n)
    result = tally(given, seed=1, resamples=20)
    for method in Method:
        expected = {each.key: each.places[method] for each in result.options}
        assert found[Counting.FLAGGED_IN, method] == found[Counting.FLAGGED_OUT, method] == expected
    assert len(found) == len(Counting) * len(Method)


def test_one_flag_a_ballot() -> None:
    with pytest.raises(ValueError, match="1 flags for 2 ballots"):
        panel(ballots("a", "b"), [True])
