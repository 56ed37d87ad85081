"""Which choices lead, and which groups differ: against independent computation and by hand."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.results.measures import Measure, figures
from surveys.stats.leading import leaders, sign_mid_p
from surveys.stats.score_contrasts import clearly_different


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_the_binomial_sum_less_half_of_what_was_seen(a: int, b: int) -> None:
    n, low = a + b, min(a, b)
    expected = 1.0
    if n:
        expected = min(1.0, 2 * (sum(comb(n, x) for x in range(low + 1)) - comb(n, low) / 2) / 2**n)
    assert sign_mid_p(a, b) == pytest.approx(expected)


def test_a_choice_far_ahead_leads_alone_and_near_ones_share() -> None:
    assert leaders([[0, 40, 40], [5, 0, 20], [5, 18, 0]]) == (0,)
    assert leaders([[0, 20, 40], [18, 0, 40], [2, 2, 0]]) == (0, 1)
    assert leaders([[0, 0], [0, 0]]) == (0, 1)


def test_of_choices_that_are_all_alike_one_seldom_leads() -> None:
    chance = random.Random(2)
    alone = 0
    for _ in range(400):
        counts = [0, 0, 0, 0]
        for _ in range(60):
            counts[chance.randrange(4)] += 1
        alone += len(leaders([[own] * 4 for own in counts])) < 4
    assert alone <= 24, "more than 5 % false, with room for chance"


def test_groups_that_differ_are_told_and_random_ones_seldom() -> None:
    assert clearly_different([[2, 0, 18], [18, 0, 2]], [20, 0, 20], (-1, 0, 1), seed=1) == (True, True)
    chance = random.Random(3)
    false = 0
    for seed in range(200):
        answers = [chance.randrange(3) for _ in range(90)]
        groups = [answers[:30], answers[30:60], answers[60:]]
        counts = [[group.count(step) for step in range(3)] for group in groups]
        everyone = [answers.count(step) for step in range(3)]
        false += any(clearly_different(counts, everyone, (-1, 0, 1), seed=seed))
    assert false <= 18, "more than 5 % false, with room for chance"


def test_a_group_of_nobody_or_of_everybody_differs_from_no_one() -> None:
    assert clearly_different([[0, 0], [3, 4]], [3, 4], (0, 1), seed=1) == (False, False)


def test_what_a_ranking_leaves_out_shares_the_places_that_are_left() -> None:
    found = figures(Measure("order", "ranking", ("a", "b", "c")), [["a"], ["a", "b", "c"]])
    assert {each["key"]: each["mean_place"] for each in found["options"]} == {"a": 1.0, "b": 2.25, "c": 2.75}


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, unique=True), max_size=40))
def test_shares_of_several_choices_count_each_person_once(chosen: list[list[str]]) -> None:
    found = figures(Measure("some", "multiple", tuple("abcd")), chosen)
    for option in found["options"]:
        assert option["count"] == sum(option["key"] in each for each in chosen)
        assert option["interval"][0] <= (option["share"] or 0) <= option["interval"][1] + 1e-4
    assert set(found["leaders"]) <= set("abcd")
    assert found["leaders"]
