"""Rank sets: by hand, what holds for any, and that they cover the truth as often as they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from surveys.stats.ballots import Ballots
from surveys.stats.rank_sets import Comparison, Measured, RankSet, clear_gaps, compare
from surveys.stats.shares import Method
from surveys.stats.tally import tally
from tests.surveys.stats.makers import any_ballots, ballots, simulated

SURVEYS = 500
COVERED_AT_LEAST = 465  # of 500, for sets that promise 95 %

# True strengths and n.
WORLDS = {
    "all tied, few ballots": ([1.0] * 6, 15),
    "all tied": ([1.0] * 8, 120),
    "steps of ties": ([8.0, 8, 4, 4, 2, 2, 1, 1], 250),
    "no ties": ([6.0, 4, 3, 2, 1.4, 1], 150),
    "hardly named": ([20.0, 20, 10, 0.3, 0.1, 0.1], 40),
    "one above all": ([60.0, 1, 1, 1, 1], 25),
}


@pytest.mark.parametrize("world", WORLDS)
def test_sets_cover_all_true_ranks_at_once_in_465_of_500_surveys_ties_included(world: str) -> None:
    strengths, n = WORLDS[world]
    truth = true_ranks(strengths)
    generator = np.random.default_rng(2026)
    covered = dict.fromkeys(Method, 0)
    for number in range(SURVEYS):
        result = tally(simulated(generator, n, strengths, (0.1, 0.2, 0.7)), seed=number, resamples=199)
        for method in Method:
            sets = [each.rank_sets[method] for each in result.options]
            covered[method] += all(
                one.best <= true.best and true.worst <= one.worst for one, true in zip(sets, truth, strict=True)
            )
    assert min(covered.values()) >= COVERED_AT_LEAST, covered


# Patterns with their chances, and the true places by mentions, first choices and Borda points as sets.
LOPSIDED = {
    "seldom first against often third: level by Borda only": (
        [((0, 4, -1), 0.1), ((4, 3, 1), 0.3), ((4, 2, 3), 0.6)],
        {Method.MENTIONS: "54321", Method.FIRST: "23331", Method.BORDA: "33221"},
    ),
    "always named together": (
        [((0, 1, 2), 0.5), ((3, 4, 5), 0.5)],
        {Method.MENTIONS: "111111", Method.FIRST: "122122", Method.BORDA: "123123"},
    ),
}


@pytest.mark.parametrize("world", LOPSIDED)
def test_true_ties_are_also_covered_where_the_tied_are_unlike(world: str) -> None:
    """Levels are written as digits: options with the same one are truly tied, a smaller one is truly ahead."""
    patterns, levels = LOPSIDED[world]
    choices, chances = np.array([each for each, _ in patterns]), [chance for _, chance in patterns]
    generator = np.random.default_rng(2027)
    covered = dict.fromkeys(levels, 0)
    for number in range(SURVEYS):
        drawn = choices[generator.choice(len(choices), size=100, p=chances)]
        result = tally(Ballots(tuple("abcdef"[: len(levels[Method.BORDA])]), drawn), seed=number, resamples=199)
        for method, level in levels.items():
            truth = true_ranks([-float(digit) for digit in level])
            sets = [each.rank_sets[method] for each in result.options]
            covered[method] += all(
                one.best <= true.best and true.worst <= one.worst for one, true in zip(sets, truth, strict=True)
            )
    assert min(covered.values()) >= COVERED_AT_LEAST, covered


def true_ranks(strengths: list[float]) -> list[RankSet]:
    """A tie holds all the ranks it shares."""
    k = len(strengths)
    return [
        RankSet(1 + sum(other > one for other in strengths), k - sum(other < one for other in strengths))
        for one in strengths
    ]


def test_sets_are_not_wider_than_they_must_be() -> None:
    """Covering is easy for sets that say nothing: with 2,000 ballots, four clear steps are told apart."""
    result = tally(simulated(np.random.default_rng(1), 2_000, [8, 8, 4, 4, 2, 2, 1, 1]), seed=1)
    for method in Method:
        sets = [each.rank_sets[method] for each in result.options]
        assert sets == [RankSet(1, 2)] * 2 + [RankSet(3, 4)] * 2 + [RankSet(5, 6)] * 2 + [RankSet(7, 8)] * 2
        assert result.rankings[method].clear_gaps == (2, 4, 6)


@pytest.mark.parametrize(("alike", "told_apart"), [(1, False), (5, False), (6, True), (60, True)])
def test_ballots_all_alike_prove_as_much_as_the_sign_test(alike: int, told_apart: bool) -> None:
    """Five times the same side of a coin has chance 1/16, six times 1/32."""
    result = tally(ballots(*["a"] * alike), seed=3)
    assert result.option("a").rank_sets[Method.MENTIONS] == (RankSet(1, 1) if told_apart else RankSet(1, 4))
    assert result.option("b").rank_sets[Method.MENTIONS] == (RankSet(2, 4) if told_apart else RankSet(1, 4))


def test_an_option_named_by_three_is_not_clearly_ahead_of_one_named_by_nobody() -> None:
    given = ballots(*["ab"] * 40, *["ba"] * 37, *["cab"] * 3)
    result = tally(given, seed=4)
    for method in Method:
        c, d = result.option("c").rank_sets[method], result.option("d").rank_sets[method]
        assert (c, d) == (RankSet(3, 4), RankSet(3, 4))


def test_options_always_named_together_are_tied_by_mentions_and_told_apart_by_order() -> None:
    result = tally(ballots(*["ab"] * 60, *["cd"] * 5), seed=5)
    a, b = result.option("a"), result.option("b")
    assert a.rank_sets[Method.MENTIONS] == b.rank_sets[Method.MENTIONS] == RankSet(1, 2)
    assert (a.rank_sets[Method.BORDA], b.rank_sets[Method.BORDA]) == (RankSet(1, 1), RankSet(2, 2))


def compared(given: Ballots, resamples: int = 80) -> Comparison:
    patterns = given.patterns()
    parts = patterns.scored((3.0, 2.0, 1.0))
    values = patterns.counts @ parts / max(patterns.n, 1)
    measured = [Measured(values, parts)]
    return compare(patterns, measured, generator=np.random.default_rng(8), resamples=resamples)[0]


@settings(deadline=None)
@given(any_ballots(most=60))
def test_clearly_ahead_is_ahead_and_goes_one_way_only(given: Ballots) -> None:
    found = compared(given)
    ahead = found.ahead
    assert not (ahead & ahead.T).any()
    assert not ahead.diagonal().any()
    for j, k in np.argwhere(ahead):
        assert found.values[j] > found.values[k]
    for j, ranks in enumerate(found.rank_sets):
        assert ranks.best == 1 + ahead[:, j].sum()
        assert ranks.worst == len(found.values) - ahead[j].sum()


@settings(deadline=None)
@given(any_ballots(most=60))
def test_above_a_clear_gap_everybody_is_ahead_of_everybody_below(given: Ballots) -> None:
    found = compared(given)
    gaps = clear_gaps(found, found.order)
    for rows in range(1, len(found.order)):
        sets = [found.rank_sets[j] for j in found.order]
        apart = all(each.worst <= rows for each in sets[:rows]) and all(each.best > rows for each in sets[rows:])
        assert (rows in gaps) == apart


def test_as_many_resamples_as_a_quantile_needs() -> None:
    with pytest.raises(ValueError, match="19 resamples are too few"):
        compared(ballots("abc"), resamples=19)
    assert compared(ballots("abc"), resamples=20).critical > 0


def test_memory_is_bounded_by_working_in_parts_and_the_answer_still_depends_on_the_seed_alone() -> None:
    """3,000 ballots, nearly all different, are resampled in several parts."""
    generator = np.random.default_rng(10)
    choices = np.argsort(generator.random((3_000, 30)), axis=1)[:, :3]
    given = Ballots(tuple(f"option-{number}" for number in range(30)), choices)
    assert tally(given, seed=1, resamples=1_400) == tally(given, seed=1, resamples=1_400)
