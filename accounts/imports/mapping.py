"""Matching a file's columns with ours: what was said, what is certain, and what is only near."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.imports.kinds import KNOWN_AT, Column, Extra, ImportKind
from accounts.services.attributes import key_of

IGNORE = "-"


class MappingError(Exception):
    """The columns cannot be matched; the message names what is missing or unknown and what to do."""


@dataclass(slots=True)
class Mapping:
    """``columns``: ours → theirs. ``extra``: key → theirs. ``ignored``: theirs. ``guessed``: only near."""

    columns: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    guessed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"columns": self.columns, "extra": self.extra, "ignored": self.ignored}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Mapping:
        return cls(dict(stored["columns"]), dict(stored["extra"]), list(stored["ignored"]))

    def pairs(self) -> list[tuple[str, str]]:
        """(theirs, ours) of every column; ``-`` for what is left out."""
        told = [(theirs, ours) for ours, theirs in self.columns.items()]
        told += [(theirs, key) for key, theirs in self.extra.items()]
        return told + [(theirs, IGNORE) for theirs in self.ignored]


def columns_of(kind: ImportKind) -> dict[str, Column]:
    """Our columns for ``kind`` by name, among them when a row was known."""
    named = {column.name: column for column in kind.columns}
    return named if KNOWN_AT.name in named else {**named, KNOWN_AT.name: KNOWN_AT}


def parse_pairs(texts: Iterable[str]) -> list[tuple[str, str]]:
    """``their=ours`` as typed; nothing or ``-`` behind the sign leaves their column out."""
    pairs = []
    for text in texts:
        theirs, sign, ours = text.rpartition("=")
        if not sign or not theirs:
            raise MappingError(f"“{text}” is not a mapping: write THEIRS=OURS.")
        pairs.append((theirs, ours or IGNORE))
    return pairs


def build(
    kind: ImportKind, headers: Sequence[str], pairs: Sequence[tuple[str, str]] = (), *, guess: bool = False
) -> Mapping:
    """Match ``headers`` with the columns of ``kind``.

    What ``pairs`` say holds; then equal names and what other tools call our columns; with ``guess`` also names
    that are only near. The rest is extra or left out, as the kind has it. Raises ``MappingError``.
    """
    ours = columns_of(kind)
    mapping = Mapping()
    taken: set[str] = set()
    for theirs, name in pairs:
        if theirs not in headers:
            raise MappingError(f"The file has no column “{theirs}”. It has: {', '.join(headers)}.")
        taken.add(theirs)
        _say(kind, ours, mapping, theirs, name)
    for look in (_equal, _alias, *((_near,) if guess else ())):
        for theirs in headers:
            if theirs in taken:
                continue
            free = [column for name, column in ours.items() if name not in mapping.columns]
            found = look(theirs, free)
            if found:
                mapping.columns[found] = theirs
                taken.add(theirs)
                if look is _near:
                    mapping.guessed[theirs] = found
    for theirs in headers:
        if theirs not in taken:
            _keep_or_leave(kind, mapping, theirs)
    return mapping


def missing(kind: ImportKind, mapping: Mapping) -> list[str]:
    """Required columns of ours that nothing is mapped to; alternatives joined by “or”."""
    absent = [column.name for column in kind.columns if column.required and column.name not in mapping.columns]
    return absent + [" or ".join(group) for group in kind.one_of if not mapping.columns.keys() & set(group)]


def require_complete(kind: ImportKind, mapping: Mapping) -> None:
    """Raise ``MappingError`` naming each missing column, with a suggestion where one of theirs is near."""
    absent = missing(kind, mapping)
    if not absent:
        return
    unmatched = [*mapping.extra.values(), *mapping.ignored]
    hints = []
    for name in absent:
        near = difflib.get_close_matches(name, [key_of(theirs) for theirs in unmatched], n=1, cutoff=0.5)
        theirs = next((theirs for theirs in unmatched if near and key_of(theirs) == near[0]), None)
        hints.append(f"{name} (is it --map '{theirs}={name}'?)" if theirs else name)
    there = ", ".join([*mapping.columns.values(), *unmatched])
    raise MappingError(f"Missing: {'; '.join(hints)}. The file has: {there}. Nothing was read.")


def _say(kind: ImportKind, ours: dict[str, Column], mapping: Mapping, theirs: str, name: str) -> None:
    if name == IGNORE:
        mapping.ignored.append(theirs)
    elif name in ours:
        if name in mapping.columns:
            raise MappingError(f"“{mapping.columns[name]}” and “{theirs}” are both mapped to {name}.")
        mapping.columns[name] = theirs
    elif kind.extra is Extra.IGNORED:
        raise MappingError(f"{kind.key} have no column “{name}”. They have: {', '.join(ours)}.")
    else:
        mapping.extra[key_of(name)] = theirs


def _keep_or_leave(kind: ImportKind, mapping: Mapping, theirs: str) -> None:
    if kind.extra is Extra.IGNORED:
        mapping.ignored.append(theirs)
        return
    key = key_of(theirs) if kind.extra is Extra.ATTRIBUTES else theirs[:200]
    if key in mapping.extra:
        mapping.ignored.append(theirs)
    else:
        mapping.extra[key] = theirs


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()).strip("_")


def _equal(theirs: str, free: Sequence[Column]) -> str | None:
    return next((column.name for column in free if column.name == _plain(theirs)), None)


def _alias(theirs: str, free: Sequence[Column]) -> str | None:
    return next((column.name for column in free if _plain(theirs) in column.aliases), None)


def _near(theirs: str, free: Sequence[Column]) -> str | None:
    near = difflib.get_close_matches(_plain(theirs), [column.name for column in free], n=1, cutoff=0.8)
    return near[0] if near else None
