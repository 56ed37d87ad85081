"""Who would change band, and the ARR that moves with them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from health.measures import Ints
from health.scoring import AT_RISK, HEALTHY, UNKNOWN, WATCH

BANDS = (HEALTHY, WATCH, AT_RISK, UNKNOWN)
WORSE, BETTER, LOST, GAINED = "worse", "better", "lost", "gained"


@dataclass(frozen=True, slots=True)
class Flow:
    """Customers (and their ARR in minor units) that go from one band to another, or stay where both are the same."""

    before: str
    after: str
    customers: int
    arr_minor: int


class Sum(NamedTuple):
    """Customers who go one ``way``, and their ARR in minor units."""

    way: str
    customers: int
    arr_minor: int


@dataclass(frozen=True, slots=True)
class Movement:
    """``flows``: of every pair of bands with somebody, in the order of ``BANDS``. ``moved``: places of the customers
    who change band, the most ARR first.
    """

    flows: tuple[Flow, ...]
    moved: Ints
    customers: int

    def sums(self) -> list[Sum]:
        """Who moves to a worse band, to a better one, to unknown and from unknown; those that nobody does left out."""
        found = []
        for way in (WORSE, BETTER, LOST, GAINED):
            mine = [flow for flow in self.flows if _way(flow) == way]
            if mine:
                found.append(Sum(way, sum(flow.customers for flow in mine), sum(flow.arr_minor for flow in mine)))
        return found


def _way(flow: Flow) -> str:
    if UNKNOWN in (flow.before, flow.after):
        return "" if flow.before == flow.after else LOST if flow.after == UNKNOWN else GAINED
    moved = BANDS.index(flow.after) - BANDS.index(flow.before)
    return WORSE if moved > 0 else BETTER if moved < 0 else ""


def movement(before: Sequence[str], after: Sequence[str], arr_minor: Ints) -> Movement:
    """Compare bands customer by customer; whoever is in neither of ``BANDS`` (health is no question) takes no part."""
    earlier, later = _codes(before), _codes(after)
    taking_part = (earlier >= 0) & (later >= 0)
    width = len(BANDS)
    pair = (earlier * width + later)[taking_part]
    customers = np.bincount(pair, minlength=width * width)
    moved_arr = np.zeros(width * width, dtype=np.int64)
    np.add.at(moved_arr, pair, arr_minor[taking_part])
    flows = tuple(
        Flow(BANDS[place // width], BANDS[place % width], int(customers[place]), int(moved_arr[place]))
        for place in np.flatnonzero(customers).tolist()
    )
    changed = np.flatnonzero(taking_part & (earlier != later))
    order = np.argsort(-arr_minor[changed], kind="stable")
    return Movement(flows, changed[order], int(taking_part.sum()))


def _codes(bands: Sequence[str]) -> npt.NDArray[np.int64]:
    places = {band: place for place, band in enumerate(BANDS)}
    return np.array([places.get(band, -1) for band in bands], dtype=np.int64)
