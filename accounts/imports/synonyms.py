"""What headings mean: our columns by the names that people and other tools give them. Pure: no Django, no clock.

The names stand in ``synonyms.toml``. Compared is what a heading says, not how it is written: ``Kunden-Nr.``,
``KUNDEN NR`` and ``KundenNr`` are one, so are ``Währung`` and ``Waehrung``, ``Résilié le`` and ``resilie_le``.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_ANY, _FILES = "any", "files"
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l"})
_CUSTOM_FIELD = re.compile(r"__c\s*$", re.IGNORECASE)  # how one widespread CRM ends the names of fields of one's own
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_CURRENCY_LAST = re.compile(r"[\s_-]+(?:in[\s_-]+)?(?:eur|usd|gbp|chf|euro|dollars?)\s*$", re.IGNORECASE)


def plain(heading: str) -> str:
    """``heading`` without what does not count: case, accents, spaces and punctuation."""
    lowered = unicodedata.normalize("NFC", heading).casefold().translate(_SPELLED_OUT)
    return "".join(sign for sign in unicodedata.normalize("NFKD", lowered) if sign.isalnum())


def forms(heading: str) -> tuple[str, ...]:
    """The ways to look ``heading`` up: all that it says, then without units, brackets and marks of a tool."""
    bare = _CURRENCY_LAST.sub("", _BRACKETS.sub("", _CUSTOM_FIELD.sub("", heading)))
    return tuple(dict.fromkeys(form for form in (plain(heading), plain(bare)) if form))


@cache
def of(kind: str, column: str) -> tuple[str, ...]:
    """What ``column`` of ``kind`` may be called, plain, the surest first; its own name leads."""
    told = _table()
    names = [column, *told.get(kind, {}).get(column, []), *told[_ANY].get(column, [])]
    return tuple(dict.fromkeys(map(plain, names)))


@cache
def columns_told() -> frozenset[tuple[str, str]]:
    """(kind, column) of all that the table speaks of; ``any`` stands for every kind."""
    return frozenset((kind, column) for kind, columns in _table().items() if kind != _FILES for column in columns)


@cache
def of_files() -> Mapping[str, tuple[str, ...]]:
    """By kind: words in the name of a file that tell it."""
    return {kind: tuple(map(plain, words)) for kind, words in _table()[_FILES].items()}


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    with Path(__file__).with_name("synonyms.toml").open("rb") as file:
        return tomllib.load(file)
