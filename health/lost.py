"""Days on which nothing could be heard: what reads usage passes over them and reaches as much further back. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lost:
    """Days (ordinals, rising) on which the sender was silent as a whole, as far as they were known of."""

    days: tuple[int, ...]

    def reach(self, as_of: int, heard: int) -> int:
        """How many days up to ``as_of``, itself included, hold ``heard`` days that were not lost."""
        back = heard
        for day in reversed(self.days):
            if day <= as_of - back:
                break
            back += 1
        return back

    def heard_within(self, as_of: int, days: int) -> int:
        """How many of the ``days`` days up to ``as_of``, itself included, were not lost."""
        return days - sum(1 for day in self.days if as_of - days < day <= as_of)

    def heard_until(self, as_of: int) -> int:
        """The last day up to ``as_of`` that was not lost."""
        return as_of - self.reach(as_of, 1) + 1

    def heard(self, days: Ints) -> npt.NDArray[np.bool_]:
        """Which of ``days`` were not lost."""
        return np.isin(days, self.days, invert=True)

    def moved_up(self, days: Ints) -> Ints:
        """``days`` as many days later as were lost since, so that those lost leave no gap."""
        later: Ints = days + len(self.days) - np.searchsorted(self.days, days, side="right")
        return later
