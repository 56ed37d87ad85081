"""Matching a file's columns with ours: what was said, what is certain, and what is only near."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.imports import labels, synonyms
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
    kind: ImportKind,
    headers: Sequence[str],
    pairs: Sequence[tuple[str, str]] = (),
    *,
    guess: bool = False,
    barred: Collection[tuple[str, str]] = (),
) -> Mapping:
    """Match ``headers`` with the columns of ``kind``.

    What ``pairs`` say holds; then equal names and what people and other tools call our columns; with ``guess`` also
    names that are only near. The rest is extra or left out, as the kind has it. ``barred``: (theirs, ours) that their
    cells speak against. Raises ``MappingError``.
    """
    ours = columns_of(kind)
    mapping = Mapping()
    taken: set[str] = set()
    for theirs, name in pairs:
        if theirs not in headers:
            raise MappingError(f"The file has no column “{theirs}”. It has: {', '.join(headers)}.")
        taken.add(theirs)
        _say(kind, ours, mapping, theirs, name)
    for theirs, name in _by_name(kind, [each for each in headers if each not in taken], ours, mapping, barred):
        mapping.columns[name] = theirs
        taken.add(theirs)
    for theirs in headers if guess else ():
        free = [name for name in ours if name not in mapping.columns and (theirs, name) not in barred]
        if theirs not in taken and (found := _near(theirs, free)):
            mapping.columns[found] = theirs
            mapping.guessed[theirs] = found
            taken.add(theirs)
    for theirs in headers:
        if theirs not in taken:
            _keep_or_leave(kind, mapping, theirs)
    return mapping


def missing(kind: ImportKind, mapping: Mapping) -> list[str]:
    """Required columns of ours that nothing is mapped to; alternatives joined by “or”."""
    return [" or ".join(group) for group in _missing(kind, mapping)]


def missing_labels(kind: ImportKind, mapping: Mapping) -> list[str]:
    """The same in the words of pages, in the active language."""
    return [str(_(" or ")).join(labels.of(name) for name in group) for group in _missing(kind, mapping)]


def _missing(kind: ImportKind, mapping: Mapping) -> list[tuple[str, ...]]:
    there = mapping.columns.keys()
    absent = [(column.name,) for column in kind.columns if column.required and column.name not in there]
    return absent + [group for group in kind.one_of if not there & set(group)]


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


def _by_name(
    kind: ImportKind,
    headers: Sequence[str],
    ours: dict[str, Column],
    mapping: Mapping,
    barred: Collection[tuple[str, str]],
) -> list[tuple[str, str]]:
    """(theirs, ours) by what headings say. Our own names go first; of several other names, the surest does."""
    told: list[tuple[int, int, int, str, str]] = []
    for name in ours:
        if name in mapping.columns:
            continue
        rank = {word: place for place, word in enumerate(synonyms.of(kind.key, name))}
        for place, theirs in enumerate(headers):
            for bareness, form in enumerate(synonyms.forms(theirs)):
                if form in rank and (theirs, name) not in barred:
                    told.append((min(rank[form], 1), bareness, rank[form] * len(headers) + place, theirs, name))
                    break
    found: dict[str, str] = {}
    for *_order, theirs, name in sorted(told):
        if theirs not in found and name not in found.values():
            found[theirs] = name
    return list(found.items())


def _near(theirs: str, free: Sequence[str]) -> str | None:
    plain = {synonyms.plain(name): name for name in free}
    near = difflib.get_close_matches(synonyms.plain(theirs), plain, n=1, cutoff=0.8)
    return plain[near[0]] if near else None
