"""What may be shown, so that nobody can work out the answers of a group of fewer than ten people. Pure.

The threshold is on *people in a group*, never on mentions of an option. The rules, and the attack each one answers:

1. A group under ten is hidden; so is the number of its people. (Reading.)
2. The people hidden of one question, taken together, number at least ten and come from at least two groups; where they
   would not, the next smallest group is hidden as well. (Everybody minus the groups shown.)
3. Their total leaves at least five possible sizes for each small group, given that it is under ten and the others
   are at most as large as the smallest group shown. (Working the rules backwards.)
4. A question whose shown groups, combined with those of the questions before it, would give away a group under ten is
   hidden whole: "Europe" minus "France" minus "Germany". (Nested questions; `gives_away`.)
5. A later version counts anew only when at least ten answers changed since every earlier count, and the groups of a
   question only when each of its groups, and the hidden ones together, changed by none or by at least ten, with the
   same groups hidden; otherwise the earlier figures stay, and say from which version. (Version 2 minus version 1.)
6. Rows carry at most one question, with the small groups as one value, and none where the published figures of the
   other questions could single out which rows they count. (Fitting rows to totals; `rows_stay_ambiguous`.)

Not answered: somebody who controls nine of ten changed answers learns the tenth person's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from surveys.results.people import NOT_SAID, Person

SMALLEST = 10
_FEWEST_SIZES = 5
_AMBIGUITY_BITS = 20


@dataclass(frozen=True, slots=True)
class Hiding:
    """What a question keeps back: groups under ten, those hidden so that subtracting reveals nothing, and how many
    people they are together (0, or at least ten). ``is_whole``: no group of the question is shown.
    """

    small: tuple[str, ...] = ()
    as_well: tuple[str, ...] = ()
    together: int = 0
    is_whole: bool = False

    @property
    def groups(self) -> tuple[str, ...]:
        return self.small + self.as_well


def hide(sizes: Mapping[str, int]) -> Hiding:
    """Rules 1 to 3 for one question. ``sizes``: people by group, those who did not say under ``NOT_SAID``.

    Groups nobody belongs to are hidden like other small ones, but need no company.
    """
    small = tuple(group for group, size in sizes.items() if size < SMALLEST)
    if not any(sizes[group] for group in small):
        return Hiding(small, is_whole=not any(group != NOT_SAID for group in sizes if group not in small))
    shown = sorted((group for group in sizes if group not in small), key=lambda group: sizes[group])
    as_well: list[str] = []
    while shown:
        together = sum(sizes[group] for group in (*small, *as_well))
        if _is_covered(together, len(small), len(as_well), sizes[shown[0]]):
            break
        as_well.append(shown.pop(0))
    order = list(sizes)
    kept = tuple(sorted(as_well, key=order.index))
    together = sum(sizes[group] for group in (*small, *kept))
    return Hiding(small, kept, together, is_whole=not any(group != NOT_SAID for group in shown))


def _is_covered(together: int, small: int, as_well: int, smallest_shown: int) -> bool:
    """Whether ``together`` people in that many small and company groups leave each small group's size open."""
    if together < SMALLEST or small + as_well < 2:
        return False
    top = SMALLEST - 1
    low = max(0, together - top * (small - 1) - smallest_shown * as_well)
    high = min(top, together - SMALLEST * as_well)
    return high - low + 1 >= _FEWEST_SIZES


def hidings(people: Sequence[Person], sizes: Sequence[Mapping[str, int]]) -> list[Hiding]:
    """Rules 1 to 4 for all segment questions of a survey, in their order; ``sizes`` by question."""
    decided: list[Hiding] = []
    shown: list[tuple[int, str]] = []
    for question, groups in enumerate(sizes):
        hiding = hide(groups)
        if not hiding.is_whole:
            more = [(question, group) for group in groups if group not in hiding.groups]
            if gives_away(people, [*shown, *more]):
                hiding = Hiding(hiding.small, hiding.as_well, 0, is_whole=True)
            else:
                shown += more
        decided.append(hiding)
    return decided


def gives_away(people: Sequence[Person], shown: Sequence[tuple[int, str]]) -> bool:
    """Whether totals over everybody and over each group in ``shown`` (question, group) add and subtract to the total
    over fewer than ten people who are a group, or the common members of two groups.

    People with the same groups are one column; such a total exists if the small group lies in the row space of the
    groups shown.
    """
    profiles = Counter(person.groups for person in people)
    columns = list(profiles)
    counts = np.array([profiles[profile] for profile in columns])
    members = {
        (question, group): np.array([profile[question] == group for profile in columns], dtype=float)
        for question in range(len(columns[0]) if columns else 0)
        for group in {profile[question] for profile in columns}
    }
    if not members:
        return False
    released = np.stack([np.ones(len(columns)), *(members[each] for each in shown if each in members)])
    targets = [vector for vector in members.values() if 0 < counts @ vector < SMALLEST]
    for (first, one), (second, other) in combinations(members.items(), 2):
        common = one * other
        if first[0] != second[0] and 0 < counts @ common < SMALLEST:
            targets.append(common)
    return bool(targets) and _any_in_row_space(released, np.stack(targets))


def _any_in_row_space(released: NDArray[np.float64], targets: NDArray[np.float64]) -> bool:
    _, strengths, directions = np.linalg.svd(released, full_matrices=False)
    basis = directions[strengths > 1e-9 * strengths.max()]
    outside = targets - (targets @ basis.T) @ basis
    return bool((np.linalg.norm(outside, axis=1) < 1e-7).any())


# -- from version to version -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Basis:
    """Who was counted in a version: token → (fingerprint of the ballot, groups). Private, never published."""

    people: Mapping[str, tuple[str, tuple[str, ...]]]


def changed(earlier: Basis, now: Basis) -> set[str]:
    """Tokens of answers that came, went or changed between two counts."""
    tokens = earlier.people.keys() | now.people.keys()
    return {each for each in tokens if earlier.people.get(each) != now.people.get(each)}


def is_batch(earlier: Basis, now: Basis) -> bool:
    """Whether enough answers changed for a new count: none, or at least ten."""
    return _none_or_many(len(changed(earlier, now)))


def may_recount(question: int, hiding: Hiding, earlier: Basis, earlier_hiding: Hiding, now: Basis) -> bool:
    """Rule 5 for the groups of one question against one earlier count of them."""
    if set(hiding.groups) != set(earlier_hiding.groups) or hiding.is_whole != earlier_hiding.is_whole:
        return False
    moved: Counter[str] = Counter()
    for each in changed(earlier, now):
        blocks = set()
        for basis in (earlier, now):
            if each in basis.people:
                group = basis.people[each][1][question]
                blocks.add("hidden" if group in hiding.groups else f"shown {group}")
        moved.update(blocks)
    return all(_none_or_many(count) for count in moved.values())


def _none_or_many(count: int) -> bool:
    return count == 0 or count >= SMALLEST


# -- rows --------------------------------------------------------------------------------------------
def rows_stay_ambiguous(people: int, groups: Sequence[int], options: int) -> bool:
    """Rule 6: whether rows that carry one question stay unlinkable to the groups of another.

    The other question tells, of each of ``groups`` (sizes), how often each of ``options`` is named. A group of g out
    of n rows can be chosen in C(n, g) ways; its published counts distinguish at most (g + 1)^options of them. True
    where at least 2^20 choices of rows fit each group's counts on average.
    """
    return all(
        _bits_of_choices(people, size) - options * math.log2(size + 1) >= _AMBIGUITY_BITS
        for size in groups
        if 0 < size < people
    )


def _bits_of_choices(people: int, size: int) -> float:
    log = math.lgamma(people + 1) - math.lgamma(size + 1) - math.lgamma(people - size + 1)
    return log / math.log(2)
