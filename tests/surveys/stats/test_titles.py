"""Which sentence a ranking deserves."""

from __future__ import annotations

import pytest

from surveys.stats.shares import Method
from surveys.stats.tally import tally
from surveys.stats.titles import Case, Title
from tests.surveys.stats.makers import ballots


def title_of(*rows: str, options: str = "abcdefgh", method: Method = Method.MENTIONS) -> Title:
    return tally(ballots(*rows, options=options), seed=1).rankings[method].title


def level(leaders: str, times: int = 40) -> list[str]:
    """Each of ``leaders`` alone on as many ballots, and each other option on one."""
    return [letter for letter in leaders for _ in range(times)] + [each for each in "abcdefgh" if each not in leaders]


@pytest.mark.parametrize(
    ("leaders", "case"),
    [
        ("c", Case.ONE),
        ("ce", Case.TWO),
        ("bce", Case.THREE),
        ("abce", Case.FOUR_FIVE),
        ("abceg", Case.FOUR_FIVE),
        ("abcegh", Case.SIX_PLUS),
    ],
)
def test_the_case_goes_by_how_many_could_be_first(leaders: str, case: Case) -> None:
    found = title_of(*level(leaders))
    assert (found.case, found.leaders, found.clear_gap) == (case, tuple(leaders), True)


def test_leaders_stand_in_the_order_of_their_shares() -> None:
    assert title_of(*["b"] * 40, *["a"] * 38, "c").leaders == ("b", "a")


@pytest.mark.parametrize("rows", [["a"] * 9, ["abc"] * 9, []])
def test_fewer_than_ten_answers_say_nothing_of_anybody(rows: list[str]) -> None:
    assert title_of(*rows) == Title(Case.TOO_FEW, (), False, {})


def test_ten_answers_are_enough() -> None:
    assert title_of(*["a"] * 10).case is Case.ONE


def test_answers_that_separate_nothing_are_called_so() -> None:
    found = title_of(*"abcdefgh" * 5)
    assert (found.case, found.clear_gap) == (Case.ALL_ALIKE, False)
    assert title_of(*["ab", "ba"] * 20, options="ab").case is Case.ALL_ALIKE


def test_without_a_clear_gap_the_next_may_be_level_with_some_leader() -> None:
    """c is clearly behind a, but not clearly behind b, which could be first as well."""
    found = title_of(*["a"] * 62, *["b"] * 40, *["c"] * 26, "d")
    assert (found.case, found.leaders, found.clear_gap) == (Case.TWO, ("a", "b"), False)


def test_another_method_that_puts_another_one_first_is_named() -> None:
    """a is on every ballot but never first."""
    rows = [*["ba-"] * 30, *["ca-"] * 20, *["da-"] * 10]
    found = title_of(*rows)
    assert found.leaders == ("a",)
    assert found.others_first[Method.FIRST] == ("b",)
    assert Method.BORDA not in found.others_first
    assert title_of(*rows, method=Method.FIRST).others_first[Method.MENTIONS] == ("a",)


def test_a_method_that_puts_one_of_several_level_ones_first_does_not_differ() -> None:
    found = title_of(*["ab"] * 30, *["ba"] * 20)
    assert found.leaders == ("a", "b")
    assert Method.FIRST not in found.others_first


def test_a_single_option_leads_alone() -> None:
    assert title_of(*["a"] * 12, options="a").case is Case.ONE
