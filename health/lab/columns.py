"""A measure's values over a history: two bytes each where few distinct values occur, else each as it is.

Where there are at most ``MOST_VALUES`` distinct ones a row holds a code into the sorted values: curves and conditions
are then asked once per value that occurs, not once per row, and looking a row up is a read of a small table. Above
that a code would be longer than the sharing is worth, and the values stand row by row. Either way nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from health.measures import Floats

Codes = npt.NDArray[np.uint16]
Ask = Callable[[Floats], Floats]
MISSING = np.iinfo(np.uint16).max
MOST_VALUES = int(MISSING)


@dataclass(frozen=True, slots=True)
class Column:
    """``values``: ascending, without NaN, and ``codes`` per row a place in them, or ``MISSING``. Without ``codes``
    the values are those of the rows, NaN where missing.
    """

    values: Floats
    codes: Codes | None

    @classmethod
    def of(cls, told: Floats) -> Column:
        """The column of ``told`` (NaN: missing)."""
        known = ~np.isnan(told)
        values, place = np.unique(told[known], return_inverse=True)
        if len(values) > MOST_VALUES:
            return cls(told, None)
        codes = np.full(len(told), MISSING, dtype=np.uint16)
        codes[known] = place
        return cls(values, codes)

    def mapped(self, ask: Ask, *, missing: float, rows: Any = slice(None)) -> Floats:
        """What ``ask`` (value by value) says of each of ``rows``; ``missing`` where there is no value."""
        if self.codes is None:
            told = self.values[rows]
            return np.where(np.isnan(told), missing, ask(told))
        table = np.full(int(MISSING) + 1, missing)
        table[: len(self.values)] = ask(self.values)
        found: Floats = table[self.codes[rows]]
        return found

    def told(self) -> Floats:
        """The values row by row, NaN where missing."""
        return self.mapped(lambda values: values, missing=np.nan)
