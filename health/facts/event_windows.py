"""From grouped events to figures per customer and window. Pure: numpy only; both executors use it on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from health.lost import Lost
from health.measures import Floats, Ints, Spec, look_back, windows_of

_NOBODY = 0


@dataclass(slots=True)
class Grouped:
    """Events of one filter, grouped by customer, day, day known and ``what``, sorted by day.

    ``what``: a small number for each contact or name; 0 is nobody. ``total``, ``numbers``: sum of the amounts, and how
    many events had one. ``latest``, ``at``: the amount of the group's latest event that had one, and its moment.
    """

    customer: Ints
    day: Ints
    known: Ints
    what: Ints
    count: Ints
    total: Floats
    numbers: Ints
    latest: Floats
    at: Ints


@dataclass(slots=True)
class _Cut:
    """The rows of a look back from a day, as known then. ``cell``: customer × window, the present window first."""

    rows: Grouped
    pick: Ints
    cell: Ints
    n: int
    windows: int

    def column(self, name: str) -> npt.NDArray[np.float64]:
        values: npt.NDArray[np.float64] = getattr(self.rows, name)[self.pick].astype(np.float64)
        return values

    def add_up(self, weights: npt.NDArray[np.float64]) -> Floats:
        cells = self.n * self.windows
        sums = np.bincount(self.cell, weights=weights, minlength=cells).astype(np.float64)
        return sums.reshape(self.n, self.windows)

    @property
    def what(self) -> Ints:
        return self.rows.what[self.pick]

    def distinct(self, codes: Ints, where: npt.NDArray[np.bool_] | None = None) -> Floats:
        """How many different ``codes`` (0 or more) each cell has, among the rows ``where``."""
        cells, codes = (self.cell, codes) if where is None else (self.cell[where], codes[where])
        size = int(codes.max(initial=0)) + 1
        return self.tally(np.unique(cells * size + codes) // size)

    def tally(self, cells: Ints) -> Floats:
        return np.bincount(cells, minlength=self.n * self.windows).astype(np.float64).reshape(self.n, self.windows)


def figures(
    spec: Spec, rows: Grouped, as_of: int, known_by: int, n: int, lost: Lost | None = None
) -> tuple[Floats, Ints]:
    """Per customer and window the figure of ``spec`` (NaN: unknown), and the day of the newest event (−1: none).

    ``lost``: days that windows pass over.
    """
    happened = rows.day
    if lost is not None:
        rows, happened = _without(rows, lost)
    days = look_back(spec)
    low = int(np.searchsorted(rows.day, as_of - days * windows_of(spec) + 1))
    high = int(np.searchsorted(rows.day, as_of, side="right"))
    pick = low + np.flatnonzero(rows.known[low:high] <= known_by)
    cell = rows.customer[pick] * windows_of(spec) + (as_of - rows.day[pick]) // days
    cut = _Cut(rows, pick, cell, n, windows_of(spec))
    found = _FIGURES[spec.aggregation](spec, cut, as_of, _newest(cut, rows.day))
    return found, _newest(cut, happened)


def _without(rows: Grouped, lost: Lost) -> tuple[Grouped, Ints]:
    """The rows of days that were not lost, moved up over those that were; and when they happened."""
    heard = lost.heard(rows.day)
    kept = replace(rows, **{each.name: getattr(rows, each.name)[heard] for each in fields(rows)})
    return replace(kept, day=lost.moved_up(kept.day)), kept.day


def _newest(cut: _Cut, days: Ints) -> Ints:
    newest = np.full(cut.n, -1, dtype=np.int64)
    np.maximum.at(newest, cut.rows.customer[cut.pick], days[cut.pick])
    return newest


def _count(spec: Spec, cut: _Cut, as_of: int, newest: Ints) -> Floats:
    return cut.add_up(cut.column("count"))


def _active_days(spec: Spec, cut: _Cut, as_of: int, newest: Ints) -> Floats:
    return cut.distinct(as_of - cut.rows.day[cut.pick])


def _distinct_events(spec: Spec, cut: _Cut, as_of: int, newest: Ints) -> Floats:
    return cut.distinct(cut.what)


def _distinct_users(spec: Spec, cut: _Cut, as_of: int, newest: Ints) -> Floats:
    return _known_people(cut, _people(cut))


def _habit(spec: Spec, cut: _Cut, as_of: int, newest: Ints) -> Floats:
    """People with events on enough distinct days of the window, or their share of the people seen in it."""
    named = cut.what != _NOBODY
    people, days = int(cut.what.max(initial=0)) + 1, look_back(spec) * cut.windows
    back = as_of - cut.rows.day[cut.pick][named]
    met = np.unique((cut.cell[named] * people + cut.what[named]) * days + back) // days
    who, times = np.unique(met, return_counts=True)
    often = cut.tally(who[times >= spec.more.habit_days] // people)
    if spec.scale != "share_of_users":
        return _known_people(cut, often)
    seen = _people(cut)
    return np.divide(often, seen, out=np.full_like(often, np.nan), where=seen > 0)


def _sum(spec: Spec, cut: _Cut, as_of: int, newest: Ints) -> Floats:
    """The amounts added up. Events none of which carries a number add up to nothing that is known."""
    numbers, events = cut.add_up(cut.column("numbers")), cut.add_up(cut.column("count"))
    return np.where((numbers == 0) & (events > 0), np.nan, cut.add_up(cut.column("total")))


def _latest(spec: Spec, cut: _Cut, as_of: int, newest: Ints) -> Floats:
    told = np.full(cut.n * cut.windows, np.nan)
    with_number = np.flatnonzero(cut.column("numbers") > 0)
    pick = cut.pick[with_number]
    order = np.lexsort((cut.rows.known[pick], cut.rows.at[pick]))
    told[cut.cell[with_number][order]] = cut.rows.latest[pick][order]  # the last one written stays
    return told.reshape(cut.n, cut.windows)


def _recency(spec: Spec, cut: _Cut, as_of: int, newest: Ints) -> Floats:
    return np.where(newest < 0, look_back(spec), as_of - newest).astype(np.float64)[:, None]


def _people(cut: _Cut) -> Floats:
    return cut.distinct(cut.what, cut.what != _NOBODY)


def _known_people(cut: _Cut, people: Floats) -> Floats:
    """Somebody sent the events: where none of them says who, the number of people is unknown."""
    nobody_named = (_people(cut) == 0) & (cut.add_up(cut.column("count")) > 0)
    return np.where(nobody_named, np.nan, people)


_FIGURES: dict[str, Callable[[Spec, _Cut, int, Ints], Floats]] = {
    "count": _count,
    "trend": _count,
    "active_days": _active_days,
    "distinct_events": _distinct_events,
    "distinct_users": _distinct_users,
    "habit": _habit,
    "sum": _sum,
    "latest": _latest,
    "recency": _recency,
}
