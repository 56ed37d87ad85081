"""How handovers between departments go: how long they take, how many are refused, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from journeys.models import DeclineCause, Relay, RelayState
from journeys.selectors import working

MOST = 100_000
"""More handovers than this in one period are counted from the newest."""
_QUOTED = 3


@dataclass(slots=True)
class Pair:
    """What became of the handovers offered from one department to another in a period.

    ``hours``: working hours from the offer to the acceptance, one for each accepted handover. ``late``: decided or
    still waiting after the due time. ``words``: the newest reasons for declining.
    """

    giver_department: str
    taker_department: str
    offered: int = 0
    accepted: int = 0
    declined: int = 0
    withdrawn: int = 0
    waiting: int = 0
    late: int = 0
    hours: list[float] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)

    @property
    def median_hours(self) -> float | None:
        """Median working hours to acceptance; None where nothing was accepted."""
        return median(self.hours) if self.hours else None

    @property
    def declined_share(self) -> float | None:
        """Declined of decided by the taker; None where the taker decided nothing."""
        decided = self.accepted + self.declined
        return self.declined / decided if decided else None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Pairs of departments, the busiest first. ``hours_a_day``: what a working day has."""

    pairs: Sequence[Pair]
    hours_a_day: float
    is_partial: bool


def analyse(*, since: datetime, now: datetime) -> Analysis:
    """The handovers offered since ``since``, by pair of departments, in three queries."""
    days = working.working_days()
    rows = Relay.objects.filter(offered_at__gte=since).order_by("-offered_at")
    told = list(
        rows.values_list(
            "giver_department", "taker_department", "state", "offered_at", "decided_at", "due_at",
            "decline_cause", "decline_reason",
        )[:MOST]
    )  # fmt: skip
    pairs: dict[tuple[str, str], Pair] = {}
    for giver, taker, state, offered_at, decided_at, due_at, cause, reason in told:
        pair = pairs.setdefault((giver, taker), Pair(giver, taker))
        pair.offered += 1
        pair.late += (decided_at or now) > due_at
        if state == RelayState.ACCEPTED and decided_at is not None:
            pair.accepted += 1
            pair.hours.append(days.worked(offered_at, decided_at) / timedelta(hours=1))
        elif state == RelayState.DECLINED:
            pair.declined += 1
            pair.causes[cause] += 1
            if reason and reason not in pair.words and len(pair.words) < _QUOTED:
                pair.words.append(reason)
        elif state == RelayState.WITHDRAWN:
            pair.withdrawn += 1
        else:
            pair.waiting += 1
    busiest = sorted(pairs.values(), key=lambda pair: (-pair.offered, pair.giver_department, pair.taker_department))
    return Analysis(busiest, days.hours_a_day, len(told) == MOST)


def cause_words(pair: Pair) -> list[tuple[str, int]]:
    """The causes of a pair in words, the commonest first."""
    return [(str(DeclineCause(cause).label), count) for cause, count in pair.causes.most_common()]
