"""The editor's form: what was typed, as a scorecard's content and back. Nothing that was typed is lost.

Rows are numbered fields (``i0-weight``); a row whose first field is empty says nothing. Numbers may be written with a
point or a comma. Paths of errors are those of the content (``items.0.weight``), counted as the rows are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.text import slugify
from django.utils.translation import gettext as _

from health.adjusting import IS_UNKNOWN

LANGUAGES = [code for code, _name in settings.LANGUAGES]
SPARE_POINTS = 2
Typed = Mapping[str, str]


@dataclass(slots=True)
class Read:
    """``content`` is whole only where there are no ``errors`` (path → texts)."""

    content: dict[str, Any]
    errors: dict[str, list[str]] = field(default_factory=dict)


def typed_of(content: Mapping[str, Any]) -> dict[str, str]:
    """A content as it would have been typed."""
    typed = {
        "healthy": _text(content["bands"]["healthy"]),
        "watch": _text(content["bands"]["watch"]),
        "min_coverage": _text(content["min_coverage"] * 100),
    }
    for n, group in enumerate(content["groups"]):
        typed |= {f"g{n}-key": group["key"], f"g{n}-weight": _text(group.get("weight"))}
        typed |= _labels(f"g{n}", group["label"])
    for n, item in enumerate(content["items"]):
        typed |= {f"i{n}-{name}": item[name] for name in ("measure", "group")}
        typed |= {f"i{n}-weight": _text(item["weight"]), f"i{n}-scoring": item.get("scoring", "linear")}
        for m, (x, y) in enumerate(item["curve"]):
            typed |= {f"i{n}-x{m}": _text(x), f"i{n}-y{m}": _text(y * 100)}
    for n, each in enumerate(content.get("exceptions", ())):
        typed |= {f"e{n}-{name}": each[name] for name in ("key", "measure", "op", "cap")}
        typed |= {f"e{n}-value": _text(each.get("value")), **_labels(f"e{n}", each["label"])}
    return typed


def read(typed: Typed) -> Read:
    """What was typed as a content; what is no number is named where it stands."""
    found = Read({})
    taken: set[str] = set()
    found.content = {
        "groups": [_group(typed, n, found, taken) for n in numbers(typed, "g", "-label-en")],
        "items": [_item(typed, n, found) for n in numbers(typed, "i", "-measure")],
        "exceptions": [_exception(typed, n, found, taken) for n in numbers(typed, "e", "-measure")],
        "bands": {name: _number(typed, name, "bands", found) for name in ("healthy", "watch")},
        "min_coverage": _number(typed, "min_coverage", "min_coverage", found) / 100,
    }
    return found


def numbers(typed: Typed, prefix: str, first: str) -> Iterator[int]:
    """The numbers of the rows that say something, in order."""
    found = {name[1 : -len(first)] for name in typed if name.startswith(prefix) and name.endswith(first)}
    for number in sorted(int(each) for each in found if each.isdecimal() and len(each) < 4):
        if typed[f"{prefix}{number}{first}"].strip():
            yield number


def _group(typed: Typed, n: int, found: Read, taken: set[str]) -> dict[str, Any]:
    group: dict[str, Any] = {"key": _key(typed, f"g{n}", taken), "label": _label(typed, f"g{n}")}
    if typed.get(f"g{n}-weight", "").strip():
        group["weight"] = _number(typed, f"g{n}-weight", f"groups.{n}.weight", found)
    return group


def _item(typed: Typed, n: int, found: Read) -> dict[str, Any]:
    path = f"items.{n}"
    return {
        "measure": typed[f"i{n}-measure"].strip(),
        "group": typed.get(f"i{n}-group", ""),
        "weight": _number(typed, f"i{n}-weight", f"{path}.weight", found),
        "scoring": typed.get(f"i{n}-scoring", "linear"),
        "curve": [
            [
                _number(typed, f"i{n}-x{m}", f"{path}.curve", found),
                _number(typed, f"i{n}-y{m}", f"{path}.curve", found) / 100,
            ]
            for m in range(points(typed, n))
            if typed.get(f"i{n}-x{m}", "").strip() or typed.get(f"i{n}-y{m}", "").strip()
        ],
    }


def points(typed: Typed, n: int) -> int:
    """How many rows of points item ``n`` has, empty ones included."""
    given = [name.removeprefix(f"i{n}-x") for name in typed if name.startswith(f"i{n}-x")]
    return max((int(each) + 1 for each in given if each.isdecimal() and len(each) < 3), default=0)


def _exception(typed: Typed, n: int, found: Read, taken: set[str]) -> dict[str, Any]:
    op = typed.get(f"e{n}-op", "")
    each: dict[str, Any] = {
        "key": _key(typed, f"e{n}", taken),
        "label": _label(typed, f"e{n}"),
        "measure": typed[f"e{n}-measure"].strip(),
        "op": op,
        "cap": typed.get(f"e{n}-cap", ""),
    }
    if op != IS_UNKNOWN:
        each["value"] = _number(typed, f"e{n}-value", f"exceptions.{n}.value", found)
    return each


def _key(typed: Typed, row: str, taken: set[str]) -> str:
    """The row's key; a new row gets one from its English name."""
    wanted = typed.get(f"{row}-key", "").strip()
    if not wanted:
        base = slugify(typed.get(f"{row}-label-en", ""))[:50] or "unnamed"
        wanted, n = base, 2
        while f"{row[0]}:{wanted}" in taken:
            wanted, n = f"{base}-{n}", n + 1
    taken.add(f"{row[0]}:{wanted}")
    return wanted


def _label(typed: Typed, row: str) -> dict[str, str]:
    told = {code: typed.get(f"{row}-label-{code}", "").strip() for code in LANGUAGES}
    return {code: text for code, text in told.items() if text or code == "en"}


def _labels(row: str, label: Mapping[str, str]) -> dict[str, str]:
    return {f"{row}-label-{code}": label.get(code, "") for code in LANGUAGES}


def _number(typed: Typed, name: str, path: str, found: Read) -> float:
    text = typed.get(name, "").strip()
    try:
        value = float(text.replace(",", ".").replace("\u202f", "").replace("\u2212", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = (
            _("Expected a number, found nothing.") if not text else _("“%(text)s” is no number.") % {"text": text[:40]}
        )
        found.errors.setdefault(path, []).append(message)
        return 0.0
    return value


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
