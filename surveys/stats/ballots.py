"""Ballots of a "top 3" survey as an array, and their distinct patterns with counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

PLACES = 3
UNCHOSEN = -1

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Ballots:
    """``options`` in their fixed order, and per ballot the indices of the first, second and third choice.

    ``choices`` has shape (n, 3); -1 stands for a place without a listed option: left empty, or given to an answer in
    one's own words. Such a gap keeps the places after it where they are. A ballot without any listed option counts in
    n, like everybody who was asked. Raises ``ValueError`` that names the first bad ballot (counted from 1).
    """

    options: tuple[str, ...]
    choices: Integers

    def __post_init__(self) -> None:
        if not self.options or len(set(self.options)) != len(self.options):
            raise ValueError("A survey needs at least one option, and no option twice.")
        given = np.asarray(self.choices)
        if given.size and not np.issubdtype(given.dtype, np.integer):
            raise ValueError(f"Choices are whole numbers, not {given.dtype}.")
        choices = given.reshape(-1, PLACES) if not given.size else given.astype(np.int64)
        if choices.ndim != 2 or choices.shape[1] != PLACES:
            raise ValueError(f"Choices have {PLACES} columns, one for each place; these have the shape {given.shape}.")
        outside = (choices < UNCHOSEN) | (choices >= len(self.options))
        _refuse(np.any(outside, axis=1, keepdims=True), "names an option that does not exist")
        first, second, third = choices.T
        twice = ((first == second) | (first == third)) & (first != UNCHOSEN) | (second == third) & (second != UNCHOSEN)
        _refuse(twice, "names an option twice")
        choices = choices.astype(np.int64)
        choices.flags.writeable = False
        object.__setattr__(self, "choices", choices)

    @classmethod
    def of(cls, options: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Self:
        """From rows of at most three option keys in order of choice; None is a place outside the list.

        Raises ``ValueError`` for an unknown key, four choices or the same option twice.
        """
        index = {key: number for number, key in enumerate(options)}
        choices = []
        for number, row in enumerate(rows, 1):
            if len(row) > PLACES:
                raise ValueError(f"Ballot {number} has {len(row)} choices: expected at most {PLACES}.")
            unknown = [key for key in row if key is not None and key not in index]
            if unknown:
                raise ValueError(f"Ballot {number} names {unknown[0]!r}, which is no option.")
            places = [UNCHOSEN if key is None else index[key] for key in row]
            choices.append(places + [UNCHOSEN] * (PLACES - len(places)))
        return cls(tuple(options), np.array(choices, dtype=np.int64).reshape(-1, PLACES))

    @property
    def n(self) -> int:
        return len(self.choices)

    def where(self, kept: NDArray[Any]) -> Ballots:
        """The ballots for which ``kept`` (n booleans) is true."""
        return Ballots(self.options, self.choices[np.asarray(kept, dtype=bool)])

    def chosen(self) -> Booleans:
        """Shape (n, K): whether the ballot names the option in any place."""
        chosen = np.zeros((self.n, len(self.options) + 1), dtype=bool)
        chosen[np.arange(self.n)[:, None], self.choices] = True  # -1 falls into the column added for it
        return chosen[:, :-1]

    def patterns(self) -> Patterns:
        """The distinct ballots with their counts, in an order that does not depend on the order of the ballots."""
        base = len(self.options) + 1
        shifted = self.choices + 1
        codes = (shifted[:, 0] * base + shifted[:, 1]) * base + shifted[:, 2]
        if base**PLACES <= max(self.n, 1 << 16):
            tally = np.bincount(codes, minlength=1)
            found = np.flatnonzero(tally)
            counts = tally[found]
        else:
            found, counts = np.unique(codes, return_counts=True)
        places = np.stack((found // base**2, found // base % base, found % base), axis=1)
        return Patterns(len(self.options), places - 1, counts)


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """``choices`` (P, 3) as in `Ballots`, each occurring ``counts`` times; ``k`` options.

    All that any counting method here needs: resampling n ballots with replacement is one multinomial draw of the
    counts, exactly.
    """

    k: int
    choices: Integers
    counts: Integers

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    def scored(self, points: Sequence[float]) -> Floats:
        """Shape (P, K): ``points[place]`` for the option in that place, 0 for the unchosen."""
        scored = np.zeros((len(self.counts), self.k + 1))
        rows = np.arange(len(self.counts))
        for place, worth in enumerate(points):
            scored[rows, self.choices[:, place]] = worth
        return scored[:, :-1]


def _refuse(bad: NDArray[Any], why: str) -> None:
    if bad.any():
        raise ValueError(f"Ballot {int(np.argmax(bad)) + 1} {why}.")
