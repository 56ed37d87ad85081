"""Does the counting matter, and did the order on the screen? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from surveys.results.people import Person
from surveys.results.privacy import SMALLEST
from surveys.stats.ballots import PLACES, UNCHOSEN, Ballots
from surveys.stats.position import position_check
from surveys.stats.sensitivity import Column, Counting
from surveys.stats.sensitivity import sensitivity as columns
from surveys.stats.shares import Method

if TYPE_CHECKING:
    from surveys.results.document import Source


def sensitivity(source: Source) -> list[dict[str, Any]]:
    """Places of every option by each method, and by the headline over other sets of answers. Places only, never
    shares: with a few answers more or less, shares would tell what those few said.

    ``removed_in`` adds back what a host removed; ``flagged_out`` and ``three_choices`` as in the tally; a set of fewer
    than ten answers, or one that is the same as all answers, is left out.
    """
    ballots = source.ballots(source.people)
    flagged = np.array([person.is_flagged for person in source.people], dtype=bool)
    found = columns(ballots, flagged)
    told = [_column(str(each.method), each) for each in found if each.counting == Counting.FLAGGED_IN]
    headline = {each.counting: each for each in found if each.method == Method.MENTIONS}
    full = (ballots.choices != UNCHOSEN).sum(axis=1) == PLACES
    if flagged.any() and (~flagged).sum() >= SMALLEST:
        told.append(_column("flagged_out", headline[Counting.FLAGGED_OUT]))
    if source.removed:
        everybody = source.ballots([*source.people, *source.removed])
        unflagged = np.zeros(everybody.n, dtype=bool)
        told.append(_column("removed_in", _headline(columns(everybody, unflagged))))
    if not full.all() and (full & ~flagged).sum() >= SMALLEST:
        told.append(_column("three_choices", headline[Counting.THREE_CHOICES]))
    return told


def _headline(found: Sequence[Column]) -> Column:
    return next(each for each in found if each.method == Method.MENTIONS and each.counting == Counting.FLAGGED_IN)


def _column(name: str, column: Column) -> dict[str, Any]:
    return {"name": name, "places": dict(column.places)}


def position(people: Sequence[Person], ballots: Ballots, options: Sequence[tuple[int, str]]) -> dict[str, Any] | None:
    """Whether the place on the screen mattered; None where fewer than ten answers keep the order they saw."""
    index = {number: position for position, (number, _) in enumerate(options)}
    everything = set(index)
    orders = np.full((len(people), len(options)), -1, dtype=np.int64)
    for row, person in enumerate(people):
        if set(person.shown) == everything and len(person.shown) == len(options):
            orders[row] = [index[number] for number in person.shown]
    if int((orders[:, 0] != -1).sum()) < SMALLEST:
        return None
    found = position_check(ballots, orders)
    return {
        "n": found.n,
        "expected": round(found.expected, 4),
        "places": [
            {
                "place": each.place,
                "share": round(each.share, 4),
                "interval": [round(each.interval.low, 4), round(each.interval.high, 4)],
                "misses": bool(each.misses),
            }
            for each in found.places
        ],
        "missed": int(found.missed),
        "missed_by_chance": round(found.missed_by_chance, 1),
        "chance": round(found.chance, 4),
        "pattern": bool(found.pattern),
    }
