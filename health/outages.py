"""Outages of the sender: days on which hardly anybody sent anything say nothing of any customer.

Pure, and the one rule for alerts, training, scores and pages. An outage is three days or more in a row on each of which
less than 5 % was heard of what is usual, the median of the 28 days before them. A score leaves its days out: usage is
counted over as many days as the window has, of those that could be heard. So while it lasts, usage stands as it was
heard last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from health.lost import Lost
from health.measures import STATE_DAYS, Facts, Ints

QUIET_SHARE = 0.05
QUIET_DAYS = 3
USUAL_DAYS = 28
# Where fewer customers than this send on a usual day, a holiday looks like an outage: scores are left alone.
LEAST_USUAL = 5


@dataclass(frozen=True, slots=True)
class Outage:
    """``last``: None while it lasts. ``usual``: how many were heard on a day before it."""

    first: date
    last: date | None
    usual: float

    @property
    def known_from(self) -> date:
        """The day by whose end enough silent days had passed to tell."""
        return self.first + timedelta(days=QUIET_DAYS - 1)


def found(heard_on: Mapping[date, int], first: date, last: date) -> list[Outage]:
    """The outages of the days from ``first`` to ``last`` in order; only the last can last still.

    ``heard_on``: events, or customers with events, on each day; a day that is not named had none.
    """
    outages: list[Outage] = []
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    counts = [heard_on.get(day, 0) for day in days]
    index = USUAL_DAYS
    while index < len(days):
        usual = float(np.median(counts[index - USUAL_DAYS : index]))
        end = index
        while end < len(days) and usual > 0 and counts[end] < QUIET_SHARE * usual:
            end += 1
        if end - index >= QUIET_DAYS:
            outages.append(Outage(days[index], days[end - 1] if end < len(days) else None, usual))
        index = max(end, index + 1)
    return outages


def days_of(outages: Sequence[Outage], last: date) -> set[date]:
    """Their days; of one that lasts, those up to ``last``."""
    return {
        each.first + timedelta(days=n) for each in outages for n in range(((each.last or last) - each.first).days + 1)
    }


def came_back(heard_on: Mapping[date, int], outage: Outage, until: date) -> date | None:
    """The first day after the beginning of ``outage`` on which as much was heard as no outage has; None for none."""
    loud = (day for day, count in heard_on.items() if outage.first <= day <= until and not _is_quiet(count, outage))
    return min(loud, default=None)


def _is_quiet(count: int, outage: Outage) -> bool:
    return count < QUIET_SHARE * outage.usual


def leave_out(facts: Facts, lost: Lost | None) -> Facts:
    """The same facts with the days of outages taken out of the tallies, older days moving up to where they were."""
    if lost is None:
        return facts
    first = facts.as_of - STATE_DAYS + 1
    kept = lost.heard(np.arange(first, facts.as_of + 1))
    streams = {
        events: replace(stream, counts=_moved_up(stream.counts, kept)) for events, stream in facts.streams.items()
    }
    return replace(facts, streams=streams, lost=lost)


def _moved_up(counts: Ints, kept: npt.NDArray[np.bool_]) -> Ints:
    moved = np.zeros_like(counts)
    moved[:, STATE_DAYS - int(kept.sum()) :] = counts[:, kept]
    return moved
