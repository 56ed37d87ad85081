"""Would another way of counting give another ranking? Places only, by every method, over several sets of ballots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from surveys.stats import plackett_luce
from surveys.stats.ballots import PLACES, UNCHOSEN, Ballots, Booleans
from surveys.stats.rank_sets import places
from surveys.stats.shares import POINTS, Method, means


class Counting(StrEnum):
    """Which ballots are counted."""

    FLAGGED_IN = "flagged_in"
    FLAGGED_OUT = "flagged_out"
    THREE_CHOICES = "three_choices"


@dataclass(frozen=True, slots=True)
class Column:
    """``places`` by option: 1 + the options strictly ahead, so that equal ones share a place.

    No shares and no n: with few flagged answers these would tell what the flagged ones said.
    """

    counting: Counting
    method: Method
    places: Mapping[str, int]


def sensitivity(ballots: Ballots, flagged: Booleans) -> tuple[Column, ...]:
    """Every method with the flagged ballots in, without them, and for unflagged ballots with three choices only.

    ``flagged``: n booleans; raises ``ValueError`` for another number of them.
    """
    marks = np.asarray(flagged, dtype=bool)
    if marks.shape != (ballots.n,):
        raise ValueError(f"{marks.size} flags for {ballots.n} ballots.")
    full = (ballots.choices != UNCHOSEN).sum(axis=1) == PLACES
    sets = {
        Counting.FLAGGED_IN: ballots,
        Counting.FLAGGED_OUT: ballots.where(~marks),
        Counting.THREE_CHOICES: ballots.where(~marks & full),
    }
    return tuple(
        Column(counting, method, dict(zip(ballots.options, _places(counted, method), strict=True)))
        for counting, counted in sets.items()
        for method in Method
    )


def _places(ballots: Ballots, method: Method) -> tuple[int, ...]:
    patterns = ballots.patterns()
    if method in POINTS:
        return places(means(patterns, method))
    return places(plackett_luce.fit(patterns).log_strengths)
