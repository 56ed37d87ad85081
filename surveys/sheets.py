"""Sheets of options and questions as hosts fill them in: one row each, a column per language. Pure.

A sheet arrives as names of fields with one value per row, in the order of the rows. Rows left empty are no rows; a row
without a key gets one from its first label, and keeps it from then on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Sent = Mapping[str, Sequence[str]]
_NO_KEY = re.compile(r"[^a-z0-9]+")
_KEY_LENGTH = 40


def options(sent: Sent, languages: Sequence[str]) -> list[Row]:
    """Rows ``{"key", "label", "help", "is_retired"}``."""
    rows = []
    for i in range(_height(sent, "label", languages)):
        row: Row = {
            "key": _at(sent, "key", i),
            "label": _texts(sent, "label", languages, i),
            "help": _texts(sent, "help", languages, i),
            "is_retired": _at(sent, "is_retired", i) == "1",
        }
        if row["key"] or row["label"] or row["help"]:
            rows.append(row)
    return _keyed(rows, languages, reserved=["other"])


def questions(sent: Sent, languages: Sequence[str], known: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Rows with the columns of a question. ``known``: the choices each question has now, whose keys stay."""
    rows = []
    for i in range(_height(sent, "label", languages)):
        key, kind = _at(sent, "key", i), _at(sent, "kind", i) or "single"
        row: Row = {
            "key": key,
            "kind": kind,
            "label": _texts(sent, "label", languages, i),
            "help": _texts(sent, "help", languages, i),
            "is_segment": _at(sent, "is_segment", i) == "1",
            "is_required": _at(sent, "is_required", i) == "1",
            "choices": _choices(sent, languages, i, known.get(key, ())),
            "scale": _scale(sent, languages, i) if kind == "scale" else {},
        }
        if row["label"] or row["choices"] or key:
            rows.append(row)
    return _keyed(rows, languages)


def hosts(text: str) -> list[dict[str, str]]:
    """The host team from lines such as ``Name, Company``."""
    lines = [line.partition(",") for line in text.splitlines() if line.strip()]
    return [{"name": name.strip()[:120], "company": rest.strip()[:120]} for name, _, rest in lines]


def act(rows: list[Row], action: str) -> list[Row]:
    """``rows`` after ``up:2``, ``down:2``, ``drop:2``, ``retire:2`` or ``restore:2``; anything else changes nothing."""
    verb, _, place = action.partition(":")
    if not place.isdecimal() or int(place) >= len(rows):
        return rows
    i, changed = int(place), list(rows)
    if verb == "drop":
        del changed[i]
    elif verb in ("retire", "restore"):
        changed[i] = {**changed[i], "is_retired": verb == "retire"}
    elif verb in ("up", "down"):
        j = min(max(i + (1 if verb == "down" else -1), 0), len(changed) - 1)
        changed[i], changed[j] = changed[j], changed[i]
    return changed


def key_from(text: str, taken: Iterable[str]) -> str:
    """A key of lower-case letters, digits and hyphens from ``text``, unlike any in ``taken``."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss")).encode("ascii", "ignore").decode()
    stem = _NO_KEY.sub("-", plain).strip("-")[:_KEY_LENGTH].strip("-") or "option"
    used, key, n = set(taken), stem, 2
    while key in used:
        key, n = f"{stem}-{n}", n + 1
    return key


def _keyed(rows: list[Row], languages: Sequence[str], reserved: Sequence[str] = ()) -> list[Row]:
    taken = {row["key"] for row in rows} | set(reserved)
    for row in rows:
        if not row["key"]:
            row["key"] = key_from(_first(row["label"], languages), taken)
            taken.add(row["key"])
    return rows


def _choices(sent: Sent, languages: Sequence[str], i: int, known: Sequence[Row]) -> list[Row]:
    """One choice a line; lines of the same number are the same choice in another language."""
    columns = {language: _lines(_at(sent, f"choices_{language}", i)) for language in languages}
    keys = {text: str(choice["key"]) for choice in known for text in (choice.get("label") or {}).values() if text}
    rows: list[Row] = []
    taken: set[str] = set()
    for n in range(max(map(len, columns.values()), default=0)):
        label = {language: lines[n] for language, lines in columns.items() if n < len(lines) and lines[n]}
        if not label:
            continue
        old = next((keys[text] for text in label.values() if keys.get(text, "") not in {"", *taken}), "")
        key = old or key_from(_first(label, languages), {*taken, *keys.values()})
        taken.add(key)
        rows.append({"key": key, "label": label})
    return rows


def _scale(sent: Sent, languages: Sequence[str], i: int) -> Row:
    low, high = _at(sent, "scale_min", i), _at(sent, "scale_max", i)
    return {
        "min": int(low) if low.isdecimal() else 1,
        "max": int(high) if high.isdecimal() else 5,
        "min_label": _texts(sent, "min_label", languages, i),
        "max_label": _texts(sent, "max_label", languages, i),
    }


def _lines(text: str) -> list[str]:
    """Lines of a column; empty ones hold their place, so that the next line keeps its number."""
    return [line.strip() for line in text.rstrip().splitlines()]


def _height(sent: Sent, field: str, languages: Sequence[str]) -> int:
    return max((len(sent.get(f"{field}_{language}", ())) for language in languages), default=0)


def _at(sent: Sent, field: str, i: int) -> str:
    column = sent.get(field, ())
    return column[i].strip() if i < len(column) else ""


def _texts(sent: Sent, field: str, languages: Sequence[str], i: int) -> dict[str, str]:
    """Texts of one line each, by language; empty ones are left out."""
    found = {language: " ".join(_at(sent, f"{field}_{language}", i).split()) for language in languages}
    return {language: text for language, text in found.items() if text}


def _first(texts: Mapping[str, str], languages: Sequence[str]) -> str:
    return next((texts[language] for language in languages if texts.get(language)), "")
