"""How the demo's departments hand customers over: how soon, how often refused, and in which words.

The same customer and stage give the same answer every time: the choice is drawn from their names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_REFUSED_OF_100 = 14
_ITEM_DONE_OF_100 = 78

DESKS = {
    "marketing": ("marketing@sherwood.example", "Marketing Desk"),
    "sales": ("sales@sherwood.example", "Sales Desk"),
    "customer_success": ("csm@sherwood.example", "Success North"),
}
"""Department → address and name of the demo's member who speaks for it."""

_WHY = {
    "sales": (
        "Asked for a demo on two sites",
        "The head of logistics wants prices",
        "Came by recommendation",
    ),
    "customer_success": (
        "The contract is signed",
        "Signed for two sites",
        "Starts before the season",
    ),
    "marketing": ("They would speak at our event", "Their results are worth telling", "Agreed to a reference call"),
}
_REFUSALS = {
    "sales": (
        ("too_early", "The budget is for next year"),
        ("incomplete", "Nobody knows who decides there"),
        ("no_fit", "Eight drivers: too small for us"),
    ),
    "customer_success": (
        ("incomplete", "No outcome with a figure was agreed"),
        ("incomplete", "The sponsor is not named"),
        ("no_capacity", "Nobody free before the first of the month"),
    ),
    "marketing": (("too_early", "Their figures are not out yet"), ("wrong_address", "This is for the event team")),
}


@dataclass(frozen=True, slots=True)
class Story:
    """One handover as it went. ``hours``: from the offer to the decision; ``ticks``: which lines were ticked.

    ``refused``: (cause, words, hours) of a first offer that was declined before it, or None.
    """

    reason: str
    hours: int
    ticks: tuple[bool, ...]
    refused: tuple[str, str, int] | None


def story(customer: str, stage: str, taker: str, lines: int) -> Story:
    """How ``customer`` (its external id) was handed over into ``stage`` to the department ``taker``."""
    draw = _Draw(f"{customer}:{stage}")
    cause, words = draw.one_of(_REFUSALS[taker])
    refused = (cause, words, 6 + draw.below(70)) if draw.below(100) < _REFUSED_OF_100 else None
    return Story(
        reason=draw.one_of(_WHY[taker]),
        hours=3 + draw.below(30) + (draw.below(120) if draw.below(5) == 0 else 0),
        ticks=tuple(draw.below(100) < _ITEM_DONE_OF_100 for _line in range(lines)),
        refused=refused,
    )


class _Draw:
    """Numbers drawn from a name, one after the other."""

    def __init__(self, name: str) -> None:
        self._name, self._count = name, 0

    def below(self, limit: int) -> int:
        self._count += 1
        digest = hashlib.blake2b(f"{self._name}:{self._count}".encode(), digest_size=4).digest()
        return int.from_bytes(digest) % limit

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]
