"""Whether the place on the screen mattered."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import cochrans_q

from surveys.stats.ballots import Ballots
from surveys.stats.intervals import wilson
from surveys.stats.position import position_check
from tests.surveys.stats.makers import ballots, simulated


def shuffled(generator: np.random.Generator, n: int, k: int) -> np.ndarray:
    return np.argsort(generator.random((n, k)), axis=1)


def test_choices_are_counted_where_they_stood() -> None:
    given = ballots("ab", "c", "a", options="abc")
    orders = np.array([[2, 0, 1], [2, 1, 0], [-1, -1, -1]])
    found = position_check(given, orders)
    assert found.n == 2
    assert [(each.place, each.count, each.share) for each in found.places] == [(1, 1, 0.5), (2, 1, 0.5), (3, 1, 0.5)]
    assert found.expected == 0.5
    assert found.places[0].interval == wilson(1, 2)
    assert (found.statistic, found.missed, found.pattern) == (0.0, 0, False)
    assert found.missed_by_chance == pytest.approx(0.15)


@pytest.mark.parametrize("lengths", [(0, 0, 1), (0.3, 0.3, 0.4)])
def test_the_test_is_cochrans_q(lengths: tuple[float, ...]) -> None:
    generator = np.random.default_rng(7)
    given = simulated(generator, 80, [4, 3, 2, 1, 1, 1], lengths)
    orders = shuffled(generator, 80, 6)
    expected = cochrans_q(np.take_along_axis(given.chosen(), orders, axis=1).astype(int))
    found = position_check(given, orders)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.chance == pytest.approx(expected.pvalue)


def test_random_orders_are_seldom_called_a_pattern_though_some_options_are_far_more_popular() -> None:
    generator = np.random.default_rng(14)
    checks = [
        position_check(simulated(generator, 60, [20, 8, 2, 1, 1, 1, 1]), shuffled(generator, 60, 7)) for _ in range(400)
    ]
    assert sum(check.pattern for check in checks) <= 31  # 20 expected; more than 31 has a chance of 1 in 100
    mean_missed = sum(check.missed for check in checks) / 400
    assert mean_missed == pytest.approx(checks[0].missed_by_chance, abs=0.15)


def test_people_who_take_what_stands_on_top_are_noticed() -> None:
    generator = np.random.default_rng(15)
    orders = shuffled(generator, 200, 8)
    lazy = generator.random((200, 1)) < 0.3
    free = np.argsort(generator.random((200, 8)), axis=1)[:, :3]
    given = Ballots(tuple("abcdefgh"), np.where(lazy, orders[:, :3], free))
    found = position_check(given, orders)
    assert found.pattern
    assert found.chance < 0.001
    assert found.places[0].misses
    assert found.places[0].share > found.expected


@pytest.mark.parametrize("rows", [[], ["---"], ["abc", "bca"], ["a"]])
def test_nothing_to_tell_is_told_as_no_pattern(rows: list[str]) -> None:
    given = ballots(*rows, options="abc")
    found = position_check(given, np.tile([0, 1, 2], (given.n, 1)))
    assert not found.pattern
    assert 0 <= found.expected <= 1


def test_without_any_order_kept_nothing_is_said() -> None:
    found = position_check(ballots("a", "b"), np.full((2, 4), -1))
    assert (found.n, found.chance, found.missed, found.pattern) == (0, 1.0, 0, False)


def test_an_order_must_show_every_option_once() -> None:
    with pytest.raises(ValueError, match="every option once"):
        position_check(ballots("a", options="abc"), np.array([[0, 0, 1]]))
    with pytest.raises(ValueError, match=r"expected \(1, 3\)"):
        position_check(ballots("a", options="abc"), np.array([[0, 1]]))
