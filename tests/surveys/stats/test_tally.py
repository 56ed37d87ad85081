"""A whole survey counted: by hand, and what holds for any ballots."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.stats.ballots import Ballots
from surveys.stats.rank_sets import RankSet
from surveys.stats.shares import Method
from surveys.stats.tally import Tally, tally
from surveys.stats.titles import Case
from tests.surveys.stats.makers import any_ballots, ballots, simulated


def count(given: Ballots, seed: int = 1) -> Tally:
    return tally(given, seed=seed, resamples=60)


def test_a_small_survey_by_hand() -> None:
    """Five people; the last of them named nothing on the list and is counted among the five."""
    result = count(ballots("abc", "ab", "b", "ca-", "---"))
    a, b, c, d = result.options
    assert result.n == 5
    assert [each.mentions for each in result.options] == [3, 3, 2, 0]
    assert [each.mention_share for each in result.options] == [0.6, 0.6, 0.4, 0.0]
    assert [each.first for each in result.options] == [2, 1, 1, 0]
    assert [each.borda_points for each in result.options] == [8, 7, 4, 0]
    assert (a.borda, b.first_share, c.borda) == (1.6, 0.2, 0.8)
    assert result.rankings[Method.MENTIONS].order == ("a", "b", "c", "d")
    assert [a.places[Method.MENTIONS], b.places[Method.MENTIONS], c.places[Method.MENTIONS]] == [1, 1, 3]
    assert d.places[Method.FIRST] == 4
    assert d.strength < c.strength < b.strength < a.strength


def test_one_first_place_does_not_make_a_leader() -> None:
    """Averaging ranks over those who ranked an option would put d first: 1.0 against 1.5 of a and b."""
    given = ballots(*["ab"] * 10, *["ba"] * 10, "d")
    result = count(given)
    for method in Method:
        assert result.option("d").places[method] == 3
        assert result.ranked(method)[0].key in {"a", "b"}


def test_equal_figures_share_a_place_and_stand_in_the_fixed_order() -> None:
    result = count(ballots("ba", "ab", "dc", "cd"))
    for method in Method:
        assert {each.places[method] for each in result.options} == {1}
        assert result.rankings[method].order == ("a", "b", "c", "d")


def test_the_same_seed_gives_the_same_publication_and_the_order_of_ballots_is_nothing() -> None:
    given = simulated(np.random.default_rng(5), 150, [5, 4, 3, 2, 1, 1])
    shuffled = Ballots(given.options, np.random.default_rng(6).permutation(given.choices))
    assert tally(given, seed=42) == tally(shuffled, seed=42)
    criticals = {tally(given, seed=seed).rankings[Method.MENTIONS].critical for seed in range(3)}
    assert len(criticals) == 3


@pytest.mark.parametrize("rows", [[], ["abc"], ["---"], ["abc"] * 5, ["a"] * 5, ["---"] * 40])
def test_too_little_to_tell_options_apart_tells_none_apart(rows: list[str]) -> None:
    result = count(ballots(*rows))
    for option in result.options:
        assert set(option.rank_sets.values()) == {RankSet(1, 4)}
        assert 0 <= option.interval.low <= option.mention_share <= option.interval.high <= 1
    assert all(ranking.clear_gaps == () for ranking in result.rankings.values())


def test_many_ballots_all_alike_tell_the_chosen_from_the_others_and_not_from_each_other() -> None:
    result = count(ballots(*["abc"] * 50, options="abcdef"))
    mentioned = [each.rank_sets[Method.MENTIONS] for each in result.options]
    assert mentioned == [RankSet(1, 3)] * 3 + [RankSet(4, 6)] * 3
    assert [each.rank_sets[Method.FIRST] for each in result.options] == [RankSet(1, 1)] + [RankSet(2, 6)] * 5
    assert result.rankings[Method.MENTIONS].clear_gaps == (3,)
    assert result.rankings[Method.BORDA].clear_gaps == (1, 2, 3)


@settings(deadline=None)
@given(any_ballots())
def test_what_holds_for_any_ballots(given: Ballots) -> None:
    result = count(given)
    k = len(given.options)
    assert [each.key for each in result.options] == list(given.options)
    assert sum(each.mentions for each in result.options) == (given.choices >= 0).sum()
    assert sum(each.first for each in result.options) == (given.choices[:, 0] >= 0).sum()
    assert math.isclose(sum(each.strength for each in result.options), 1)
    for each in result.options:
        assert 0 <= each.first <= each.mentions <= given.n
        assert each.mentions <= each.borda_points <= 3 * each.mentions
        assert each.interval.low <= each.mention_share <= each.interval.high
        assert each.first_interval.low <= each.first_share <= each.first_interval.high
        for method, ranks in each.rank_sets.items():
            assert 1 <= ranks.best <= each.places[method] <= ranks.worst <= k
    for method, ranking in result.rankings.items():
        assert sorted(ranking.order) == sorted(given.options)
        values = [each.value(method) for each in result.ranked(method)]
        assert all(one >= other - 1e-9 for one, other in pairwise(values))


@settings(deadline=None, max_examples=40)
@given(any_ballots(), st.randoms(use_true_random=False))
def test_other_names_and_another_fixed_order_change_no_figure(given: Ballots, random: Random) -> None:
    k = len(given.options)
    moved = list(range(k))
    random.shuffle(moved)
    new_index = np.append(np.array(moved), -1)
    options = [""] * k
    for old, new in enumerate(moved):
        options[new] = given.options[old]
    renamed = count(Ballots(tuple(options), new_index[given.choices]))
    for each in count(given).options:
        other = renamed.option(each.key)
        assert (each.mentions, each.first, each.borda_points) == (other.mentions, other.first, other.borda_points)
        assert math.isclose(each.strength, other.strength, rel_tol=1e-6)
        assert each.places == other.places


@settings(deadline=None, max_examples=40)
@given(any_ballots())
def test_one_more_ballot_for_an_option_alone_never_hurts_it(given: Ballots) -> None:
    vote = np.array([[0, -1, -1]])
    more = Ballots(given.options, np.concatenate((given.choices, vote)))
    before, after = count(given).options[0], count(more).options[0]
    for method in Method:
        assert after.places[method] <= before.places[method]
    assert after.mention_share >= before.mention_share
    assert after.strength >= before.strength - 1e-12


def test_a_ranking_by_another_method_is_read_by_its_own_figures() -> None:
    """a is named most often, b is put first most often."""
    result = count(ballots(*["bac"] * 30, *["da-"] * 25, *["ca-"] * 5))
    assert result.rankings[Method.MENTIONS].order[0] == "a"
    assert result.rankings[Method.FIRST].order[0] == "b"
    assert result.rankings[Method.MENTIONS].title.case is Case.ONE
    b = result.option("b")
    assert [b.value(method) for method in Method][:3] == [0.5, 0.5, 1.5]


def test_an_unknown_option_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="x"):
        count(ballots("a")).option("x")
