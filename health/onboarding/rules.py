"""What the way from files to a proof proposes. Pure: no Django, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

STILL_COMING = timedelta(days=7)
REGULAR_DAYS = 12
HORIZONS = (90, 60, 28)
_WARM_UP = 28


@dataclass(frozen=True, slots=True)
class Complete:
    """Until when the files are complete, and which say so: events, subscriptions, or nothing (still coming)."""

    through: date | None
    because: str


def complete_through(*, events: date | None, contracts: date | None, contract_days: int, today: date) -> Complete:
    """Until which day the files tell everything.

    ``events``, ``contracts``: the last day on which one occurred; ``contract_days``: on how many of the 28 days before
    a subscription began. Where they begin on most days, the day they stop is the day their file was made: a customer
    whose renewal is missing beyond it has not churned. Data up to the last week keeps coming.
    """
    if events is None and contracts is None:
        return Complete(None, "")
    told = events or contracts
    assert told is not None
    because = "events" if events else "subscriptions"
    if events and contracts and contracts < events and contract_days >= REGULAR_DAYS:
        told, because = contracts, "subscriptions"
    if told > today - STILL_COMING:
        return Complete(None, "")
    return Complete(told, because)


def horizon_for(*, history_days: int, grace_days: int) -> int:
    """The longest horizon of which the history holds three, each with its grace period, after a first month."""
    for horizon in HORIZONS:
        if history_days >= _WARM_UP + 3 * (horizon + grace_days):
            return horizon
    return HORIZONS[-1]


LEAST_COVERAGE = 0.5
_POINTS = ((0.25, 0.4), (0.5, 0.6), (0.75, 0.85), (0.9, 1.0))


def curve_of(values: Sequence[float]) -> list[list[float]]:
    """A rising curve through the quantiles of ``values``: nothing is worth 0, the upper tenth everything.

    ``values`` differ, and none is negative. Where quantiles fall together the higher worth counts.
    """
    ordered = sorted(values)
    curve: list[list[float]] = [[0.0, 0.0]]
    for share, worth in _POINTS:
        at = ordered[min(len(ordered) - 1, int(share * len(ordered)))]
        if at > curve[-1][0]:
            curve.append([at, worth])
        elif len(curve) > 1:
            curve[-1][1] = worth
    if len(curve) == 1:
        curve.append([ordered[-1], 1.0])
    curve[-1][1] = 1.0
    return curve
