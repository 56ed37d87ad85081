"""The filter builder: rows of field, operator and value in groups, as a form that works without JavaScript.

The form's names: ``join``; for each group ``0.join`` and ``0.new``; for each row ``0.1.field``, ``.op`` and its values.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts import segments
from accounts.segments import Catalogue, Field, Filter, kinds, language
from accounts.segments.kinds import Kind, Shape
from accounts.segments.language import ALL, ANY, NOT, Condition, Group, Negation, Node

NONE = "none"
MOST_GROUPS = 10
_VALUES = {Shape.PAIR: ("low", "high"), Shape.SPAN: ("days",), Shape.PERIOD: ("days",), Shape.COUNT: ("count", "days")}


@dataclass
class Row:
    """A condition as the form holds it. ``told``: its values as they were typed."""

    field: str
    op: str = ""
    told: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    error: str = ""

    def document(self) -> dict[str, Any]:
        said: dict[str, Any] = {"field": self.field, "op": self.op}
        value = self._value()
        return said if value is None else {**said, "value": value}

    def _value(self) -> Any:
        shape = kinds.SHAPES.get(self.op, Shape.NOTHING)
        if shape is Shape.NOTHING:
            return None
        if shape is Shape.MANY:
            typed = [word.strip() for word in self.one("more").split(",")]
            return [word for word in (*self.told.get("value", []), *typed) if word]
        if shape is Shape.ONE:
            return self.one("value")
        parts = {name: self.one(name) for name in _VALUES[shape]}
        if shape is Shape.PAIR:
            return [parts["low"], parts["high"]]
        if shape is Shape.SPAN:
            return parts["days"]
        return {name: value for name, value in parts.items() if value}

    def one(self, name: str) -> str:
        return "".join(self.told.get(name, [])[-1:]).strip()


@dataclass
class Block:
    """A group of rows of which all, any or none must hold."""

    join: str = ALL
    rows: list[Row] = dataclasses.field(default_factory=list)

    def document(self) -> dict[str, Any]:
        rows = [row.document() for row in self.rows]
        return {NOT: {ANY: rows}} if self.join == NONE else {self.join: rows}


@dataclass
class Build:
    """The builder's state."""

    join: str = ALL
    blocks: list[Block] = dataclasses.field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The filter document; groups without rows say nothing."""
        return {self.join: parts} if (parts := [block.document() for block in self.blocks if block.rows]) else {}

    def check(self, catalogue: Catalogue, *, strictly: bool) -> bool:
        """Whether every row can be read; each that cannot gets its ``error``, those still empty only ``strictly``."""
        ready = True
        for row in self.rows():
            try:
                segments.parse(row.document(), catalogue)
            except segments.SegmentError as error:
                ready = False
                if strictly or any("".join(values).strip() for values in row.told.values()):
                    row.error = " ".join(message for _path, message in error.problems)
        return ready

    def rows(self) -> Iterator[Row]:
        for block in self.blocks:
            yield from block.rows


def posted(data: QueryDict, catalogue: Catalogue) -> Build:
    """What the form said, after the button that was pressed has done its work."""
    build = Build(data.get("join", ALL) if data.get("join") in (ALL, ANY) else ALL)
    for number in range(MOST_GROUPS):
        if f"{number}.join" not in data:
            break
        join = data[f"{number}.join"]
        block = Block(join if join in (ALL, ANY, NONE) else ALL)
        for place in range(language.MAX_CONDITIONS):
            start = f"{number}.{place}."
            if f"{start}field" not in data:
                break
            told = {name.removeprefix(start): values for name, values in data.lists() if name.startswith(start)}
            block.rows.append(Row(told.pop("field")[-1], told.pop("op", [""])[-1], told))
        build.blocks.append(block)
        if new := data.get(f"{number}.new"):
            block.rows.append(_new(new, catalogue))
    _press(build, data.get("do", ""))
    return build


def _new(key: str, catalogue: Catalogue) -> Row:
    found = catalogue.find(key)
    return Row(key, found.allowed[0] if found else "")


def _press(build: Build, button: str) -> None:
    what, _point, where = button.partition(".")
    if what == "group" and len(build.blocks) < MOST_GROUPS:
        build.blocks.append(Block(ANY))
    numbers = [int(part) if part.isdecimal() and len(part) < 4 else -1 for part in where.split(".")]
    if what != "remove" or not 0 <= numbers[0] < len(build.blocks):
        return
    block = build.blocks[numbers[0]]
    if len(numbers) == 1:
        build.blocks.remove(block)
    elif 0 <= numbers[1] < len(block.rows):
        del block.rows[numbers[1]]


def of(filter: Filter) -> Build | None:
    """The builder's state for a filter; None where its groups lie too deep for rows."""
    root = filter.root
    if not isinstance(root, Group):
        root = Group(ALL, (root,))
    loose = [part for part in root.parts if isinstance(part, Condition)]
    build = Build(root.join, [Block(root.join, [_row(part) for part in loose])])
    for part in root.parts:
        if isinstance(part, Condition):
            continue
        block = _block(part)
        if block is None:
            return None
        build.blocks.append(block)
    if not loose and len(build.blocks) > 1:
        del build.blocks[0]
    return build if len(build.blocks) <= MOST_GROUPS else None


def _block(node: Node) -> Block | None:
    join, inner = (NONE, node.part) if isinstance(node, Negation) else (ALL, node)
    if isinstance(inner, Group):
        if join == NONE and inner.join == ALL:
            return None
        join = join if join == NONE else inner.join
        parts = inner.parts
    else:
        parts = (inner,)
    conditions = [part for part in parts if isinstance(part, Condition)]
    return Block(join, [_row(part) for part in conditions]) if len(conditions) == len(parts) else None


def _row(node: Condition) -> Row:
    shape, value = kinds.SHAPES.get(node.op, Shape.NOTHING), node.value
    if shape is Shape.MANY:
        told = {"value": [str(each) for each in (value if isinstance(value, list) else [value])]}
    elif shape is Shape.PAIR and isinstance(value, list):
        told = {name: [str(each)] for name, each in zip(("low", "high"), value, strict=False)}
    elif isinstance(value, dict):
        told = {name: [str(each)] for name, each in value.items()}
    elif isinstance(value, bool):
        told = {"value": ["yes" if value else "no"]}
    else:
        told = {"days" if shape is Shape.SPAN else "value": [] if value is None else [str(value)]}
    return Row(node.field, node.op, told)


def shown(build: Build, catalogue: Catalogue) -> list[dict[str, Any]]:
    """The groups as the template draws them."""
    return [
        {
            "number": number,
            "joins": [(key, words, key == block.join) for key, words in _joins()],
            "rows": [_drawn(row, f"{number}.{place}", catalogue) for place, row in enumerate(block.rows)],
        }
        for number, block in enumerate(build.blocks)
    ]


def _joins() -> list[tuple[str, str]]:
    return [(ALL, _("All of these hold")), (ANY, _("At least one holds")), (NONE, _("None holds"))]


def _drawn(row: Row, name: str, catalogue: Catalogue) -> dict[str, Any]:
    found = catalogue.find(row.field)
    drawn = {"name": name, "field": row.field, "label": row.field, "error": row.error, "one": row.one, "gone": True}
    if found is None:
        return drawn
    op = row.op if row.op in found.allowed else found.allowed[0]
    words = {key: str(label) for key, label in catalogue.choices(found).items()}
    chosen = row.told.get("value", [])
    if kinds.SHAPES[op] is Shape.MANY and not found.choices:
        words |= {each: each for each in chosen if each not in words}
    values = {each: row.one(each) for each in ("value", "more", "low", "high", "days", "count")}
    return (
        drawn
        | values
        | {
            "gone": False,
            "label": found.label,
            "unit": catalogue.currency
            if found.kind is Kind.MONEY
            else "%"
            if found.kind is Kind.PERCENT
            else found.unit,
            "operators": [(key, segments.operator_words(key, found.kind), key == op) for key in found.allowed],
            "shape": kinds.SHAPES[op].value,
            "input": _input(found),
            "words": [(key, label, key in chosen) for key, label in words.items()],
            "is_open": found.choices is None and found.kind is not Kind.MEMBER,
            "size": min(6, max(2, len(words))),
            "is_dated": bool(found.column),
        }
    )


def _input(found: Field) -> str:
    if found.kind in (Kind.NUMBER, Kind.MONEY, Kind.PERCENT, Kind.DAYS):
        return "number"
    return {Kind.DATE: "date", Kind.YESNO: "yesno"}.get(found.kind, "text")


def offered(catalogue: Catalogue) -> list[tuple[str, list[tuple[str, str]]]]:
    """The fields to choose from, by group, by name."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in catalogue.all():
        if each.is_listed:
            groups.setdefault(str(each.group), []).append((each.key, str(each.label)))
    return [(name, sorted(fields, key=lambda pair: pair[1].casefold())) for name, fields in groups.items()]


def as_text(document: dict[str, Any]) -> str:
    """The document for reading and editing by hand."""
    return json.dumps(document, ensure_ascii=False, indent=2)
