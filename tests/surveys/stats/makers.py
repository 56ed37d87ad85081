"""Ballots for tests: by hand, arbitrary ones, and simulated ones with known true ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from surveys.stats.ballots import Ballots, Floats

KEYS = "abcdefghijklmno"


def ballots(*rows: str, options: str = "abcd") -> Ballots:
    """One ballot a word, a letter a choice, "-" a place outside the list: ``ballots("abc", "b", "-a")``."""
    return Ballots.of(options, [[None if each == "-" else each for each in row] for row in rows])


@st.composite
def any_ballots(draw: st.DrawFn, most: int = 40) -> Ballots:
    """From no ballot to ``most``, of 1 to 6 options, with gaps and empty ones."""
    k = draw(st.integers(1, 6))
    row = st.lists(st.sampled_from([*range(k), -1]), min_size=3, max_size=3).map(_without_repeats)
    rows = draw(st.lists(row, max_size=most))
    return Ballots(tuple(KEYS[:k]), np.array(rows, dtype=np.int64).reshape(-1, 3))


def _without_repeats(row: list[int]) -> list[int]:
    return [-1 if choice in row[:place] else choice for place, choice in enumerate(row)]


def simulated(
    generator: np.random.Generator, n: int, strengths: Sequence[float] | Floats, lengths: Sequence[float] = (0, 0, 1)
) -> Ballots:
    """``n`` ballots drawn from Plackett–Luce (Gumbel's trick), of 1, 2 or 3 choices with the chances ``lengths``.

    By every method here the true ranking is that of the strengths, equal ones being true ties.
    """
    utilities = np.log(strengths) + generator.gumbel(size=(n, len(strengths)))
    choices = np.argsort(-utilities, axis=1)[:, :3]
    used = generator.choice(3, size=n, p=lengths)
    choices = np.where(np.arange(choices.shape[1]) > used[:, None], -1, choices)
    padding = np.full((n, 3 - choices.shape[1]), -1)
    return Ballots(tuple(KEYS[: len(strengths)]), np.concatenate((choices, padding), axis=1))
