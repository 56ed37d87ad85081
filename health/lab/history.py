"""The past of a workspace laid out for the lab: a customer on a day, its values, and whether it churned afterwards.

Rows are those of the churn panel: under contract on that day, no notice known, with a settled label
(``health.churn.panel``), in the order of their days.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from health.adjusting import adjust
from health.lab.columns import Ask, Column
from health.measures import Floats, Ints
from health.scoring import FULL, Card, Item, share

Flags = npt.NDArray[np.bool_]

_FORMAT = 2


class UnreadableError(ValueError):
    """The file is none of ours, or of another release."""


@dataclass(frozen=True, slots=True)
class History:
    """``days``: ordinals of the days, ascending; ``day`` and ``customer``: per row, places in ``days`` and among the
    customers. ``churned``: per row. ``columns``: by what a measure's definition says (``key_of``). ``card`` and
    ``macro``: per row, places in ``told["cards"]`` (the scorecard the customer had then, by id) and in
    ``told["macros"]`` (where it stood on its journey, empty for nowhere). ``told``: about how it was made, as JSON.
    """

    days: Ints
    day: npt.NDArray[np.uint16]
    customer: npt.NDArray[np.int32]
    churned: npt.NDArray[np.bool_]
    columns: Mapping[str, Column]
    told: Mapping[str, Any]
    card: npt.NDArray[np.uint16]
    macro: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.day)

    def lacks(self, card: Card) -> list[str]:
        """Measures of the card that the history holds nothing of, by key."""
        return [item.key for item in card.items if item.weight and key_of(item.spec) not in self.columns]

    def scored_by(self, scorecard_id: str) -> Flags:
        """The rows of customers that had this scorecard on that day."""
        return _among(self.card, self.told["cards"], [scorecard_id])

    def at(self, macros: Iterable[str]) -> Flags:
        """The rows of customers that stood at one of ``macros`` on that day."""
        return _among(self.macro, self.told["macros"], macros)

    def to_bytes(self) -> bytes:
        """As a file's content; holds no names, only places and numbers."""
        keys = list(self.columns)
        told = json.dumps({"format": _FORMAT, "keys": keys, "told": dict(self.told)})
        arrays: dict[str, npt.NDArray[Any]] = {
            "told": np.frombuffer(told.encode(), dtype=np.uint8),
            "days": self.days,
            "day": self.day,
            "customer": self.customer,
            "churned": self.churned,
            "card": self.card,
            "macro": self.macro,
        }
        for number, key in enumerate(keys):
            column = self.columns[key]
            arrays[f"values{number}"] = column.values
            if column.codes is not None:
                arrays[f"codes{number}"] = column.codes
        buffer = io.BytesIO()
        np.savez(buffer, **cast(Any, arrays))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> History:
        """What ``to_bytes`` wrote; raises ``UnreadableError``."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                head = json.loads(file["told"].tobytes())
                if head["format"] != _FORMAT:
                    raise UnreadableError("The file is of another release.")
                columns = {
                    key: Column(file[f"values{number}"], file.get(f"codes{number}"))
                    for number, key in enumerate(head["keys"])
                }
                rows = {name: file[name] for name in ("days", "day", "customer", "churned", "card", "macro")}
                return cls(columns=columns, told=head["told"], **rows)
        except (EOFError, KeyError, OSError, TypeError, ValueError, BadZipFile) as error:
            raise UnreadableError(str(error)) from error


def key_of(spec: object) -> str:
    """What a measure looks at, as text: two measures that look at the same thing share a column."""
    return repr(spec)


def totals(card: Card, history: History) -> Ints:
    """The score in hundredths that ``card`` gives each row, −1 for none: as ``health.scoring.score`` does.

    Measures that the history holds nothing of are missing everywhere. Nobody's override takes part: it is no merit
    of a scorecard.
    """
    n = len(history)
    earned, available = np.zeros(n), np.zeros(n)
    for item in card.items:
        column = history.columns.get(key_of(item.spec))
        if column is None or not item.weight:
            continue
        earned += column.mapped(_points_of(item), missing=0.0)
        available += column.mapped(partial(np.full_like, fill_value=item.weight), missing=0.0)
    weight = sum(item.weight for item in card.items)
    known = (available > 0) & (available >= card.min_coverage * weight - 1e-9)
    measured = np.floor(np.divide(earned * FULL, available, out=np.zeros(n), where=known) + 0.5 + 1e-9)
    total = np.where(known, measured, -1).astype(np.int64)
    if not card.exceptions:
        return total
    values = _compared(card, history)
    adjusted: Ints = total + adjust(total, values, card.exceptions, card.edges, None).sum(axis=1)
    return adjusted


def _points_of(item: Item) -> Ask:
    """Shares of the points by value, times the weight."""
    return lambda values: share(item.curve, values, item.scoring) * item.weight


def _among(codes: npt.NDArray[Any], names: Sequence[str], wanted: Iterable[str]) -> Flags:
    places = [names.index(name) for name in wanted if name in names]
    found: Flags = np.isin(codes, places)
    return found


def _compared(card: Card, history: History) -> Floats:
    """The values that exceptions look at, each in the place of its item."""
    values = np.full((len(history), len(card.items)), np.nan)
    for place in {exception.place for exception in card.exceptions}:
        column = history.columns.get(key_of(card.items[place].spec))
        if column is not None:
            values[:, place] = column.told()
    return values
