"""Who used to speak and does not any more. Pure.

The usual gap of a direction is the median of the days between its conversations of the last year. It has fallen silent
when nothing was said for more than three usual gaps, and for more than three weeks; a direction with fewer than four
days of talk has no rhythm to break. Robust against bursts: days count, not messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

YEAR = timedelta(days=365)
LEAST_DAYS = 4
LEAST_QUIET = 21
TIMES = 3


@dataclass(frozen=True, slots=True)
class Silence:
    """``last``: the day something was said last. ``usual_gap`` and ``quiet`` in days."""

    last: date
    usual_gap: float
    quiet: int


def silence(days: Iterable[date], today: date) -> Silence | None:
    """The silence of a direction that spoke on ``days``; None while it speaks as usual, or never had a rhythm."""
    spoken = sorted({day for day in days if today - YEAR <= day <= today})
    if len(spoken) < LEAST_DAYS:
        return None
    gaps = [(later - earlier).days for earlier, later in pairwise(spoken)]
    usual = float(median(gaps))
    quiet = (today - spoken[-1]).days
    return Silence(spoken[-1], usual, quiet) if quiet > max(LEAST_QUIET, TIMES * usual) else None
