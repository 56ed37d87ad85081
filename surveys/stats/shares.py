"""The counting methods that add up points: mention share, first choice, Borda 3-2-1."""

from __future__ import annotations

from enum import StrEnum

from surveys.stats.ballots import Floats, Integers, Patterns

# What the option in first, second and third place gets; the unchosen get nothing.
MENTION_POINTS = (1.0, 1.0, 1.0)
FIRST_POINTS = (1.0, 0.0, 0.0)
BORDA_POINTS = (3.0, 2.0, 1.0)


class Method(StrEnum):
    """How a ranking is made; `MENTIONS` is the headline of a top-3 survey."""

    MENTIONS = "mentions"
    FIRST = "first"
    BORDA = "borda"
    PLACKETT_LUCE = "plackett_luce"


POINTS = {Method.MENTIONS: MENTION_POINTS, Method.FIRST: FIRST_POINTS, Method.BORDA: BORDA_POINTS}


def totals(patterns: Patterns, method: Method) -> Integers:
    """Points of each option over all ballots: mentions, first choices, or Borda points 3-2-1 with 0 for the unchosen.

    Counting the unchosen as 0, rather than averaging over those who ranked an option, keeps an option that one person
    put first from leading.
    """
    total: Integers = patterns.counts @ patterns.scored(POINTS[method]).astype("int64")
    return total


def means(patterns: Patterns, method: Method) -> Floats:
    """`totals` for each ballot: a share for mentions and first choices, points from 0 to 3 for Borda; 0 of none."""
    mean: Floats = totals(patterns, method) / max(patterns.n, 1)
    return mean
