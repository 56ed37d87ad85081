"""Who would change band, and the ARR that moves with them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from health.measures import Ints
from health.scoring import AT_RISK, HEALTHY, UNKNOWN, WATCH

BANDS = (HEALTHY, WATCH, AT_RISK, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Flow:
    """Customers (and their ARR in minor units) that go from one band to another, or stay where both are the same."""

    before: str
    after: str
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
