"""One look over the whole file before anything is written: how many rows, which repeat, of what type extras are."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from accounts.imports.kinds import Extra, ImportKind
from accounts.imports.mapping import Mapping
from accounts.imports.readers import Source
from accounts.models import AttributeKind
from accounts.services import attributes
from accounts.values import is_blank

_BATCH = 20_000
_NARROW_TO_WIDE = (AttributeKind.BOOLEAN, AttributeKind.NUMBER, AttributeKind.DATE)


@dataclass(slots=True)
class Survey:
    """``total``: positions in the file. ``superseded``: numbers of rows that a later row says again.

    ``repeated``: numbers of rows whose external id stands in several rows. ``kinds``: type of each extra column.
    """

    total: int = 0
    superseded: frozenset[int] = frozenset()
    repeated: frozenset[int] = frozenset()
    kinds: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "superseded": sorted(self.superseded),
            "repeated": sorted(self.repeated),
            "kinds": self.kinds,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Survey:
        return cls(
            stored["total"], frozenset(stored["superseded"]), frozenset(stored["repeated"]), dict(stored["kinds"])
        )


def look_over(
    source: Source, kind: ImportKind, mapping: Mapping, *, between: Callable[[], None] = lambda: None
) -> Survey:
    """Read ``source`` once; ``between`` is called after every batch. Raises ``SourceError`` where it is damaged."""
    survey = Survey()
    versions = _Repeats([mapping.columns[name] for name in kind.version_columns(frozenset(mapping.columns))])
    has_ids = bool(versions.names) and "external_id" in mapping.columns
    records = _Repeats([mapping.columns["external_id"]] if has_ids else [])
    types = {key: _Types(theirs) for key, theirs in mapping.extra.items()} if kind.extra is Extra.ATTRIBUTES else {}
    if not versions.names and not types:
        return Survey(total=source.positions(between))
    for batch in source.batches(_BATCH):
        survey.total = batch.end
        versions.add(batch.numbers, batch.columns)
        records.add(batch.numbers, batch.columns)
        for column in types.values():
            column.narrow(batch.columns[column.theirs])
        between()
    survey.superseded = versions.all_but_last()
    survey.repeated = records.all_repeated()
    survey.kinds = {key: str(column.found) for key, column in types.items()}
    return survey


class _Repeats:
    """Finds rows with the same cells, by 64-bit hashes: 16 bytes a row."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._numbers = array("q")
        self._hashes = array("q")

    def add(self, numbers: Collection[int], columns: dict[str, list[Any]]) -> None:
        if self.names:
            self._numbers.extend(numbers)
            cells = zip(*(columns[name] for name in self.names), strict=True)
            self._hashes.extend(hash(tuple(str(cell).strip() for cell in row)) for row in cells)

    def _equal_to_next(self) -> tuple[Any, Any]:
        """Row numbers ordered by hash then place, and whether each has the hash of the next one."""
        hashes = np.frombuffer(self._hashes, dtype=np.int64) if self._hashes else np.empty(0, dtype=np.int64)
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        return np.asarray(self._numbers, dtype=np.int64)[order], np.append(ordered[:-1] == ordered[1:], False)[
            : len(order)
        ]

    def all_but_last(self) -> frozenset[int]:
        numbers, same = self._equal_to_next()
        return frozenset(numbers[same].tolist())

    def all_repeated(self) -> frozenset[int]:
        numbers, same = self._equal_to_next()
        before = np.append(False, same[:-1])[: len(same)]
        return frozenset(numbers[same | before].tolist())


class _Types:
    """The narrowest type that every value of a column fits."""

    def __init__(self, theirs: str) -> None:
        self.theirs = theirs
        self._possible = list(_NARROW_TO_WIDE)
        self._said_anything = False

    def narrow(self, cells: Sequence[Any]) -> None:
        if not self._possible:
            return
        distinct = {str(cell) if isinstance(cell, (list, dict)) else cell for cell in cells}
        for cell in distinct:
            if is_blank(cell):
                continue
            self._said_anything = True
            self._possible = [kind for kind in self._possible if attributes.fits(kind, cell)]
            if not self._possible:
                return

    @property
    def found(self) -> AttributeKind:
        return self._possible[0] if self._possible and self._said_anything else AttributeKind.TEXT


def type_of(cells: Sequence[Any]) -> AttributeKind:
    """The narrowest type that all of ``cells`` fit; text when nothing is said."""
    types = _Types("")
    types.narrow(cells)
    return types.found
