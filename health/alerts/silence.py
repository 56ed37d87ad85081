"""Sudden silence: a customer that used the product regularly sends nothing for markedly longer than it ever does.

Pure. Days are numbers; what nobody sent at all is an outage of the sender (``health.outages``) and counts as no day
for anybody.

A *gap* is the distance between two days in a row on which the customer sent something. A customer is *regular* with
``LEAST_DAYS`` such days among the last 64 of its use. It is silent from the moment on at which the days since its last
event are more than ``MARKEDLY`` times the 95th percentile of its own gaps, and more than ``LEAST_SILENCE``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_DAYS = 8
LEAST_SILENCE = 7
MARKEDLY = 1.5
# Silences older than this began before anybody listened; they are no news.
LONGEST = 90
# A workspace this small cannot tell the silence of its customers from an outage.
_LEAST_SENDERS = 2


@dataclass(frozen=True, slots=True)
class Silence:
    """``quiet``: days without an event, outages left out; ``usual``: the 95th percentile of the customer's own gaps."""

    quiet: int
    usual: float


def longest_usual(days: Sequence[int], outage: Collection[int]) -> float | None:
    """The 95th percentile of the gaps between ``days`` (rising), outages left out; None for who is not regular."""
    if len(days) < LEAST_DAYS:
        return None
    lost = np.array(sorted(outage), dtype=np.int64)
    # A day's number among the days that count.
    places = np.array(days, dtype=np.int64)
    places = places - np.searchsorted(lost, places)
    return float(np.percentile(np.diff(places), 95))


def assess(days: Sequence[int], today: int, outage: Collection[int]) -> Silence | None:
    """The silence of a customer on ``today`` (not counted: it is not over), or None where there is none.

    ``days``: those on which it sent something, rising.
    """
    usual = longest_usual(days, outage)
    if usual is None:
        return None
    quiet = sum(1 for day in range(days[-1] + 1, today) if day not in outage)
    if quiet > LEAST_SILENCE and quiet > MARKEDLY * usual:
        return Silence(quiet, usual)
    return None


def can_be_told(senders: int) -> bool:
    """Whether so many customers that send are enough to tell a silence from an outage."""
    return senders >= _LEAST_SENDERS
