"""Customers laid out by day: which days are looked at, what becomes of each, and what is left out. Pure.

A row is one customer on one day, at risk then: under contract, with no notice known. Its label is 1 when a churn is
dated in (day, day + horizon], and is settled once day + horizon + grace have passed within the complete data: before,
a successor could still come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from health.churn.model import Rows
from health.measures import Floats, Ints

LONGEST_SPAN = 3 * 365
MOST_ROWS = 400_000
_STEP = 7


class Ending(IntEnum):
    """How a customer's time under contract ended: not renewed, by a notice, or because it was not paid for."""

    LAPSED = 0
    CANCELLED = 1
    UNPAID = 2


def ending(end: date, notice_on: date | None, debts: Sequence[tuple[date, date | None]]) -> Ending:
    """How a time under contract that was over on ``end`` ended. ``debts``: days on which invoices were due and paid.

    Involuntary is what ended with an invoice overdue and no notice before: nobody decided to leave. A notice given
    before the end is a decision, whatever is owed; one entered on the very day is how billing systems close an account.
    """
    if notice_on is not None and notice_on < end:
        return Ending.CANCELLED
    if any(due < end and (paid is None or paid > end) for due, paid in debts):
        return Ending.UNPAID
    return Ending.LAPSED if notice_on is None else Ending.CANCELLED


@dataclass(frozen=True, slots=True)
class Aside:
    """Who took no part on a day because it was known already. ``noticed``: positions of customers with a notice;
    ``leaving``: which of them left within the horizon; ``in_grace``: how many were in grace.
    """

    noticed: Ints
    leaving: npt.NDArray[np.bool_]
    in_grace: int

    def with_more(self, other: Aside) -> Aside:
        """Of two shards together."""
        return Aside(
            np.concatenate([self.noticed, other.noticed]),
            np.concatenate([self.leaving, other.leaving]),
            self.in_grace + other.in_grace,
        )


def closed_days(first: date, last: date, *, step: int = _STEP, left_out: Sequence[date] = ()) -> list[date]:
    """Every ``step``-th day back from ``last`` to ``first``, oldest first, over three years at most."""
    span = min((last - first).days, LONGEST_SPAN)
    return [day for n in range(span // step, -1, -1) if (day := last - timedelta(days=n * step)) not in left_out]


def touched(silent: set[date], days: Sequence[date], window: int = 7) -> set[date]:
    """Those of ``days`` with a silent day among the ``window`` days that end with them."""
    return {day for day in days if any(day - timedelta(days=n) in silent for n in range(window))}


@dataclass(slots=True)
class Panel:
    """Rows in the order of their days. ``labels``: 1, 0, or −1 while not settled. ``customers`` are positions.

    ``left_out``: days that took no part, with the reason. ``endings``: how the time under contract ended (``Ending``),
    where it did. ``ends``: the day of the next churn, 0 for none known. ``arr``: revenue a year on that day, in minor
    units.
    """

    names: tuple[str, ...]
    values: Floats
    labels: Ints
    customers: Ints
    days: Ints
    horizon: int
    grace: int
    endings: Ints
    ends: Ints
    arr: Floats
    through: int
    left_aside: Mapping[date, Aside] = field(default_factory=dict)
    left_out: Mapping[date, str] = field(default_factory=dict)

    def only(self, names: Sequence[str]) -> Panel:
        """The same rows with the columns of ``names``."""
        places = [self.names.index(name) for name in names]
        return replace(self, names=tuple(names), values=self.values[:, places])

    def settled(self, by: int | None = None) -> Rows:
        """Rows whose labels are settled on day ``by`` (ordinal), or at all."""
        chosen = self.labels >= 0
        if by is not None:
            chosen &= self.days + self.horizon + self.grace <= by
        return self._rows(chosen)

    def of_day(self, day: int) -> Rows:
        """The rows of one day with their labels."""
        return self._rows(self.is_of_day(day))

    def is_of_day(self, day: int) -> npt.NDArray[np.bool_]:
        """Which rows are of one day and settled."""
        chosen: npt.NDArray[np.bool_] = (self.days == day) & (self.labels >= 0)
        return chosen

    def _rows(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        return Rows(
            self.names,
            self.values[chosen],
            self.labels[chosen].astype(np.float64),
            self.customers[chosen],
            self.days[chosen],
            self.horizon,
            self.grace,
        )


def label(day: int, horizon: int, grace: int, through: int, ends: Sequence[int]) -> int:
    """1, 0 or −1 (not settled) for a customer at risk on ``day``; ``ends``: its churns. All are ordinals of days."""
    if day + horizon + grace > through:
        return -1
    return int(any(day < end <= day + horizon for end in ends))


def thin(days: Sequence[date], customers: int) -> list[date]:
    """Fewer days, evenly, the newest kept, where all of them would make more rows than memory should hold."""
    stride = max(1, -(-len(days) * customers // MOST_ROWS))
    return list(days[::-1][::stride][::-1])
