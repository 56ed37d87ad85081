"""Which kind of file is this, and what is in its columns? Proposed from names and from first values; never imposed.

A kind is proposed by how much of it the columns say: required columns count most, then the others that have a name of
ours or of another tool, then the name of the file. What names leave open, contents may settle: a column of moments is
when it happened, one whose cells are known customers names the customer. And contents overrule a heading that is not
ours: an “Owner” whose cells are no addresses is not the CSM's address.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from accounts import values
from accounts.imports import kinds, mapping, synonyms
from accounts.imports.day_order import are_dates
from accounts.imports.kinds import ImportKind
from accounts.imports.mapping import Mapping
from accounts.imports.readers import Batch

FIRST_ROWS = 200  # how many rows are asked what the columns hold
Known = Callable[[Collection[str]], Collection[str]]
"""Of these texts, those that are external ids of customers."""

_MOMENTS = ("timestamp", "occurred_at", "starts_on", "issued_on", "opened_at", "raised_at", "opened_on", "measured_on")
_MOST = 0.8  # of the first values that say anything
_REQUIRED, _OPTIONAL, _MISSING, _FILE_NAME = 3.0, 1.0, 4.0, 2.5
_ANY_CURRENCY = "EUR"  # whether a cell is an amount does not depend on it
_MISSING_CHOICE = 1.5  # of several columns one would do: people name them in more ways than can be told


@dataclass(frozen=True, slots=True)
class Proposal:
    """``by_content``: theirs → ours of the columns that only their values told."""

    kind: ImportKind
    mapping: Mapping
    by_content: dict[str, str]


def propose(*, name: str, headers: Sequence[str], first: Batch | None, known: Known) -> Proposal:
    """The kind that the file fits best, with its columns matched. There is always one; it may lack columns."""
    best: tuple[float, Proposal] | None = None
    for kind in kinds.all_kinds():
        if kind.explains and not _is_look_up(kind, name, headers):
            continue
        found = columns_for(kind, headers=headers, first=first, known=known)
        score = _score(kind, found, name)
        if best is None or score > best[0]:
            best = (score, found)
    assert best is not None
    return best[1]


def columns_for(kind: ImportKind, *, headers: Sequence[str], first: Batch | None, known: Known) -> Proposal:
    """``headers`` matched with the columns of ``kind``: by names as far as the first values agree with them, and by
    contents where a required one is missing."""
    if first is None:
        return Proposal(kind, mapping.build(kind, headers, guess=True), {})
    named, barred = _readable(kind, headers, first, (), guess=True)
    missing = mapping.missing(kind, named)
    free = [theirs for theirs in headers if theirs in {*named.extra.values(), *named.ignored}]
    told = _by_content(kind, missing, free, first, known) if missing else {}
    if not told:
        return Proposal(kind, named, {})
    pairs = [(theirs, ours) for ours, theirs in named.columns.items()] + list(told.items())
    return Proposal(kind, mapping.build(kind, headers, pairs, guess=True, barred=barred), told)


def columns_by_names(
    kind: ImportKind, *, headers: Sequence[str], first: Batch | None, pairs: Sequence[tuple[str, str]]
) -> Mapping:
    """What ``pairs`` say, then what headings say surely, as far as the first values agree. Raises ``MappingError``."""
    if first is None:
        return mapping.build(kind, headers, pairs)
    return _readable(kind, headers, first, pairs, guess=False)[0]


def _readable(
    kind: ImportKind, headers: Sequence[str], first: Batch, pairs: Sequence[tuple[str, str]], *, guess: bool
) -> tuple[Mapping, set[tuple[str, str]]]:
    """Matched by names without what can hardly be read: (the mapping, the (theirs, ours) that were given up)."""
    barred: set[tuple[str, str]] = set()
    said = {theirs for theirs, _ours in pairs}
    while True:
        named = mapping.build(kind, headers, pairs, guess=guess, barred=barred)
        refused = {
            (theirs, ours)
            for ours, theirs in named.columns.items()
            if theirs not in said
            and synonyms.plain(theirs) != synonyms.plain(ours)
            and not _reads(kind, ours, first.columns[theirs])
        }
        if not refused:
            return named, barred
        barred |= refused


def _reads(kind: ImportKind, ours: str, cells: Sequence[Any]) -> bool:
    """Whether as many of the first values can be read as ``ours`` as cannot; True where they say nothing.

    Dates of which nobody can tell day from month are dates: that is said of their rows, and is no other column.
    """
    said = [cell for cell in cells if not values.is_blank(cell)]
    return 2 * sum(_is_read(kind, ours, cell) for cell in said) >= len(said)


def _is_read(kind: ImportKind, ours: str, cell: Any) -> bool:
    try:
        kind.understood(ours, cell, _ANY_CURRENCY)
    except ValueError:
        return are_dates([cell])
    return True


def _by_content(
    kind: ImportKind, missing: Sequence[str], free: Sequence[str], first: Batch, known: Known
) -> dict[str, str]:
    cells = {theirs: _said(first.columns[theirs]) for theirs in free}
    told: dict[str, str] = {}
    for ours in missing:
        fits = _test_of(ours, known)
        if fits is None:
            continue
        theirs = next((each for each in free if each not in told and cells[each] and fits(cells[each])), None)
        if theirs is not None:
            told[theirs] = ours
    return told


def _test_of(ours: str, known: Known) -> Callable[[list[str]], bool] | None:
    if ours in _MOMENTS:
        return lambda cells: _share(cells, _is_moment) >= _MOST
    if ours == "customer_external_id":
        return lambda cells: len(set(known(set(cells)))) >= _MOST * len(set(cells))
    if ours == "event":
        return lambda cells: len(set(cells)) <= len(cells) / 2 and not any(map(_is_moment, cells))
    return None


def _said(cells: Sequence[Any]) -> list[str]:
    return [str(cell).strip() for cell in cells if not values.is_blank(cell)]


def _share(cells: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, cells)) / len(cells)


def _is_moment(cell: str) -> bool:
    if len(cell) < len("1.1.2026"):
        return False
    try:
        return values.moment(cell) is not None
    except ValueError:
        return False


def _score(kind: ImportKind, found: Proposal, name: str) -> float:
    required = {column.name for column in kind.columns if column.required} | {
        each for group in kind.one_of for each in group
    }
    matched = found.mapping.columns.keys()
    score = _REQUIRED * len(matched & required) + _OPTIONAL * len(matched - required)
    absent = len(mapping.missing(kind, found.mapping))
    choices = sum(not matched & set(group) for group in kind.one_of)
    score -= _MISSING * (absent - choices) + _MISSING_CHOICE * choices
    return score + (_FILE_NAME if _names(kind.key, name) else 0.0)


def _is_look_up(kind: ImportKind, name: str, headers: Sequence[str]) -> bool:
    """An id and a name may be anything: a look-up is told by its own name, or by all of its columns' names."""
    return _names(kind.key, name) or all(kind.explains in header.lower() for header in headers)


def _names(kind: str, file_name: str) -> bool:
    """Whether the file's name speaks of ``kind``; “event_type” speaks of names of events, not of events."""
    plain = synonyms.plain(file_name.partition(".")[0])
    spoken = {key for key, words in synonyms.of_files().items() if any(word in plain for word in words)}
    if "event_names" in spoken:
        spoken = {"event_names"}
    return kind in spoken
