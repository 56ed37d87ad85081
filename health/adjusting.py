"""What a score is adjusted by: exceptions of the scorecard, and overrides by name. Pure: no Django, no clock.

Neither changes what a measure gave. Each is a part of its own in hundredths, often negative, so that measures and
adjustments add up to the score exactly. Exceptions come first, in the scorecard's order, each from where the one
before left the score; an override has the last word. Without a score there is nothing to adjust: an override then
names the band alone.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from health.measures import DefinitionError, Floats, Ints

MOST_EXCEPTIONS = 20
OVERRIDE = "override"
CAPS = ("watch", "at_risk")
"""The best band that an exception leaves."""
BANDS = ("at_risk", "watch", "healthy")
"""What an override may name; its code is the place, counted from 1, and 0 is no override."""
Codes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]

_COMPARED: dict[str, Callable[[Floats, float], Flags]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
IS_UNKNOWN = "is_unknown"
OPERATORS = (*_COMPARED, IS_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Edges:
    """The lowest scores in hundredths at which a customer is healthy, or to be watched."""

    healthy: int
    watch: int

    @classmethod
    def of(cls, healthy_from: float, watch_from: float) -> Edges:
        return cls(math.ceil(healthy_from * 100 - 1e-9), math.ceil(watch_from * 100 - 1e-9))

    def most_under(self, cap: str) -> int:
        """The highest score whose band is no better than ``cap``."""
        return (self.healthy if cap == "watch" else self.watch) - 1

    @property
    def floors(self) -> list[int]:
        """By the code of an override, the lowest score of its band."""
        return [0, 0, self.watch, self.healthy]

    @property
    def ceilings(self) -> list[int]:
        """By the code of an override, the highest score of its band."""
        return [10_000, self.watch - 1, self.healthy - 1, 10_000]


@dataclass(frozen=True, slots=True)
class Exceptional:
    """Where ``measure`` (the place of an item on the card) compares so with ``value``, no band is better than ``cap``.

    An unknown value is neither above nor below anything; only ``is_unknown`` speaks of it.
    """

    key: str
    label: Mapping[str, str]
    place: int
    op: str
    value: float
    cap: str

    @property
    def name(self) -> str:
        """How it is called among the drivers of a score."""
        return f"exception:{self.key}"

    def holds(self, values: Floats) -> Flags:
        """For which customers, of n × m ``values`` in the order of the card's items."""
        column = values[:, self.place]
        if self.op == IS_UNKNOWN:
            return np.isnan(column)
        return _COMPARED[self.op](column, self.value)


def parse_exceptions(raw: Sequence[Mapping[str, Any]], measures: Sequence[str]) -> tuple[Exceptional, ...]:
    """Check a scorecard's exceptions; ``measures``: keys of its items. Raises ``DefinitionError`` naming the field."""
    if len(raw) > MOST_EXCEPTIONS:
        raise DefinitionError("exceptions", f"at most {MOST_EXCEPTIONS}.")
    found = tuple(_parse(each, measures, f"exceptions.{number}") for number, each in enumerate(raw))
    if len({each.key for each in found}) != len(found):
        raise DefinitionError("exceptions", "each key may appear once.")
    return found


def _parse(raw: Mapping[str, Any], measures: Sequence[str], path: str) -> Exceptional:
    if raw["measure"] not in measures:
        reason = f"{raw['measure']!r} is not on this scorecard; add it, with weight 0 where it shall not count."
        raise DefinitionError(f"{path}.measure", reason)
    if raw["op"] not in OPERATORS:
        raise DefinitionError(f"{path}.op", f"expected one of {', '.join(OPERATORS)}.")
    if raw["cap"] not in CAPS:
        raise DefinitionError(f"{path}.cap", f"expected one of {', '.join(CAPS)}.")
    value = raw.get("value")
    if raw["op"] == IS_UNKNOWN:
        value = 0.0
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DefinitionError(f"{path}.value", "expected a number to compare with.")
    return Exceptional(raw["key"], raw["label"], measures.index(raw["measure"]), raw["op"], float(value), raw["cap"])


def adjust(
    total: Ints, values: Floats, exceptions: Sequence[Exceptional], edges: Edges, overrides: Codes | None
) -> Ints:
    """What each exception, and last the override, does to n scores (``total``, −1 for none): n × (exceptions + 1)."""
    parts = np.zeros((len(total), len(exceptions) + 1), dtype=np.int64)
    if not exceptions and overrides is None:
        return parts
    left, known = total.copy(), total >= 0
    for column, exception in enumerate(exceptions):
        most = edges.most_under(exception.cap)
        parts[:, column] = np.where(known & exception.holds(values) & (left > most), most - left, 0)
        left += parts[:, column]
    if overrides is not None:
        wanted = np.clip(left, np.take(edges.floors, overrides), np.take(edges.ceilings, overrides))
        parts[:, -1] = np.where(known, wanted - left, 0)
    return parts
