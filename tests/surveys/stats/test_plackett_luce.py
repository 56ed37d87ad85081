"""Plackett–Luce with the unranked as losers, against choix and by hand."""

from __future__ import annotations

import math
from unittest.mock import patch

import choix
import numpy as np
import pytest
from hypothesis import given, settings

from surveys.stats import plackett_luce
from surveys.stats.ballots import Ballots
from tests.surveys.stats.makers import any_ballots, ballots, simulated


def as_choices(given: Ballots) -> list[tuple[int, tuple[int, ...]]]:
    """Each place used as the choice of one option over all not yet chosen: what choix calls top-1 lists."""
    found = []
    for row in given.choices.tolist():
        left = list(range(len(given.options)))
        for chosen in (choice for choice in row if choice >= 0):
            left.remove(chosen)
            found.append((chosen, tuple(left)))
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lengths", [(0, 0, 1), (0.3, 0.3, 0.4), (1, 0, 0)])
def test_strengths_agree_with_choix_where_every_option_is_chosen(seed: int, lengths: tuple[float, ...]) -> None:
    generator = np.random.default_rng(seed)
    given = simulated(generator, 400, generator.uniform(0.5, 4, size=8), lengths)
    expected = choix.ilsr_top1(8, as_choices(given), alpha=0.0, max_iter=500)
    with patch.object(plackett_luce, "PRIOR", 1e-9):
        found = plackett_luce.fit(given.patterns()).log_strengths
    assert found == pytest.approx(expected - expected.mean(), abs=1e-5)


def test_regularisation_moves_strengths_by_less_than_their_noise() -> None:
    given = simulated(np.random.default_rng(9), 400, [4, 3, 2, 1, 1, 0.5])
    expected = choix.ilsr_top1(6, as_choices(given))
    found = plackett_luce.fit(given.patterns()).log_strengths
    assert found == pytest.approx(expected - expected.mean(), abs=0.02)


def test_first_choices_alone_give_their_shares() -> None:
    """With one choice a ballot the solution is (count + ½) / (n + K/2) by hand."""
    found = plackett_luce.fit(ballots(*["a"] * 6, *["b"] * 3, "c").patterns()).strengths
    assert found == pytest.approx([6.5 / 12, 3.5 / 12, 1.5 / 12, 0.5 / 12])


def test_being_passed_over_counts_against_an_option() -> None:
    """Each of c and d is ranked behind nobody but a; d is passed over far more often. A fit to the ranked options
    alone would see no difference."""
    fit = plackett_luce.fit(ballots(*["ac"] * 12, *["ad"] * 2, *["ab"] * 9).patterns())
    a, b, c, d = fit.strengths
    assert a > c > b > d


def test_a_place_given_to_an_answer_outside_the_list_is_passed_over() -> None:
    one, other = ballots("ab", "c").patterns(), ballots("-ab", "c", "---").patterns()
    assert plackett_luce.fit(one).strengths == pytest.approx(plackett_luce.fit(other).strengths)


@settings(deadline=None)
@given(any_ballots())
def test_at_the_solution_no_small_change_is_likelier(given: Ballots) -> None:
    """The likelihood itself, written as in its definition, has its top at the fit."""
    k = len(given.options)
    found = plackett_luce.fit(given.patterns()).log_strengths
    assert np.isfinite(found).all()

    def likelihood(theta: np.ndarray) -> float:
        chosen = [(winner, (winner, *losers)) for winner, losers in as_choices(given)]
        real = sum(theta[winner] - np.log(np.exp(theta[list(open_)]).sum()) for winner, open_ in chosen)
        return float(real + plackett_luce.PRIOR * (theta.sum() - k * np.log(np.exp(theta).sum())))

    top = likelihood(found)
    for j in range(k):
        for change in (-0.05, 0.05):
            assert likelihood(found + change * np.eye(k)[j]) <= top + 1e-9


def test_one_more_ballot_moves_the_strengths_as_its_influence_says() -> None:
    """Influence over n is the move to the first order: the rest shrinks with 1/n²."""
    given = simulated(np.random.default_rng(2), 4_000, [4, 2, 1, 1])
    patterns = given.patterns()
    fit = plackett_luce.fit(patterns)
    for index in (0, len(patterns.counts) // 2, len(patterns.counts) - 1):
        more = Ballots(given.options, np.concatenate((given.choices, patterns.choices[index : index + 1])))
        moved = plackett_luce.fit(more.patterns()).log_strengths - fit.log_strengths
        assert moved == pytest.approx(fit.influence[index] / given.n, abs=3e-6)


def test_the_influence_of_all_ballots_real_and_imagined_cancels() -> None:
    given = ballots("abc", "ab", "b", "ca", "---")
    patterns = given.patterns()
    fit = plackett_luce.fit(patterns)
    together = patterns.counts @ fit.influence + plackett_luce.PRIOR * fit.prior_influence.sum(axis=0)
    assert together == pytest.approx(np.zeros(4), abs=1e-8)


@pytest.mark.parametrize("n", [1, 1_000, 100_000])
def test_an_option_never_or_always_chosen_keeps_a_finite_strength(n: int) -> None:
    given = Ballots(tuple("abc"), np.tile([[0, -1, -1]], (n, 1)))
    a, b, c = plackett_luce.fit(given.patterns()).strengths
    assert math.isclose(a, (n + 0.5) / (n + 1.5), rel_tol=1e-9)
    assert math.isclose(b, c)
    assert b > 0
