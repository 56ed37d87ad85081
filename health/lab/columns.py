"""A measure's values over a history, two bytes each: codes into the sorted values that occur.

Curves and conditions are then asked once per value that occurs, not once per row, and looking a row up is a read of
a small table. More than ``MOST_VALUES`` distinct values are thinned to as many of their ranks: a value is then told
by a neighbour with at most one 65,534th of the distinct values between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from health.measures import Floats

Codes = npt.NDArray[np.uint16]
MISSING = np.iinfo(np.uint16).max
MOST_VALUES = int(MISSING)


@dataclass(frozen=True, slots=True)
class Column:
    """``values``: ascending, without NaN. ``codes``: per row a place in ``values``, or ``MISSING``."""

    values: Floats
    codes: Codes

    @classmethod
    def of(cls, told: Floats) -> Column:
        """The column of ``told`` (NaN: missing)."""
        known = ~np.isnan(told)
        values, place = np.unique(told[known], return_inverse=True)
        if len(values) > MOST_VALUES:
            group = np.arange(len(values)) * MOST_VALUES // len(values)
            values, place = values[np.searchsorted(group, np.arange(MOST_VALUES))], group[place]
        codes = np.full(len(told), MISSING, dtype=np.uint16)
        codes[known] = place
        return cls(values, codes)

    def table(self, per_value: Floats, missing: float) -> Floats:
        """``per_value`` by code, with ``missing`` for the code of what is missing."""
        table = np.full(int(MISSING) + 1, missing)
        table[: len(per_value)] = per_value
        return table

    def told(self) -> Floats:
        """The values row by row, NaN where missing."""
        found: Floats = self.table(self.values, np.nan)[self.codes]
        return found
