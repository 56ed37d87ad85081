"""What sources ask of subscriptions: seats and revenue of the day, which whoever loads the facts has already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from health.measures import Floats


class Contracts(Protocol):
    """Of the customers asked about, in their order, as of a day, as known by the end of another."""

    def seats(self, day: date, known_through: date) -> Floats:
        """NaN where none are recorded."""
        ...

    def arr(self, day: date, known_through: date) -> Floats:
        """A year's revenue in minor units; 0 without a contract."""
        ...


@dataclass(frozen=True, slots=True)
class Present:
    """Those of now, as the customers' rows keep them."""

    seats_now: Floats
    arr_now: Floats

    def seats(self, day: date, known_through: date) -> Floats:
        return self.seats_now

    def arr(self, day: date, known_through: date) -> Floats:
        return self.arr_now
