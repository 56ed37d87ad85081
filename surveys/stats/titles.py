"""Which sentence a ranking deserves as its title. The words are made elsewhere, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from surveys.stats.rank_sets import Comparison
from surveys.stats.shares import Method

ENOUGH = 10  # answers from which on a ranking is shown


class Case(StrEnum):
    """By how many options may be first."""

    TOO_FEW = "too_few"
    ALL_ALIKE = "all_alike"
    ONE = "one"
    TWO = "two"
    THREE = "three"
    FOUR_FIVE = "four_five"
    SIX_PLUS = "six_plus"


@dataclass(frozen=True, slots=True)
class Title:
    """``leaders``: the options whose rank set begins at 1st, in the order of their values; a tie has no first.

    ``clear_gap``: each of them is clearly ahead of all others. ``others_first``: by each other method that puts none
    of this method's top options first, what it puts there (several when level).
    """

    case: Case
    leaders: tuple[str, ...]
    clear_gap: bool
    others_first: Mapping[Method, tuple[str, ...]]


def title(method: Method, comparisons: Mapping[Method, Comparison], *, options: tuple[str, ...], n: int) -> Title:
    """The case for the ranking by ``method``; with fewer than 10 answers nothing is said of anybody."""
    if n < ENOUGH:
        return Title(Case.TOO_FEW, (), False, {})
    comparison = comparisons[method]
    leaders = tuple(j for j in comparison.order if comparison.rank_sets[j].best == 1)
    rest = [j for j in comparison.order if j not in leaders]
    clear_gap = bool(rest) and all(comparison.ahead[j, k] for j in leaders for k in rest)
    case = _case(len(leaders), len(options))
    tops = {each: frozenset(_top(other)) for each, other in comparisons.items()}
    others = {
        each: tuple(options[j] for j in _top(other))
        for each, other in comparisons.items()
        if not tops[each] & tops[method]
    }
    return Title(case, tuple(options[j] for j in leaders), clear_gap, others)


def _top(comparison: Comparison) -> list[int]:
    return [j for j in comparison.order if comparison.places[j] == 1]


def _case(leaders: int, k: int) -> Case:
    if leaders == k > 1:
        return Case.ALL_ALIKE
    small = {1: Case.ONE, 2: Case.TWO, 3: Case.THREE, 4: Case.FOUR_FIVE, 5: Case.FOUR_FIVE}
    return small.get(leaders, Case.SIX_PLUS)
