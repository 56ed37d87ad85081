"""The filter language: its tree, its canonical JSON, and how a document becomes a tree. Pure.

``{"all": [{"field": "arr", "op": "gte", "value": 50000}, {"any": […]}, {"not": {…}}]}``. What fields there are, and
what their values mean, is not known here: see ``catalogue``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 6
MAX_CONDITIONS = 60
ALL, ANY, NOT = "all", "any", "not"
_GROUPS = (ALL, ANY, NOT)
_CONDITION = {"field", "op", "value"}
_LONGEST_NAME = 120

NO_OBJECT = "no_object"
NO_LIST = "no_list"
EMPTY_GROUP = "empty_group"
TOO_DEEP = "too_deep"
TOO_MANY = "too_many"
UNREADABLE = "unreadable"
NO_TEXT = "no_text"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at ``path`` (``all.0.value``); ``code`` and ``told`` become words in ``words``."""

    path: str
    code: str
    told: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    op: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined: ``all`` of them hold, or ``any`` does. No condition at all: everybody."""

    join: str
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Negation:
    part: Node


Node = Condition | Group | Negation


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter over customers. ``faults``: why a stored one cannot be read; it then matches nobody."""

    root: Node = Group(ALL)
    faults: tuple[Fault, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The canonical form: a group at the top, no group of one kind right inside its like."""
        root = flat(self.root)
        return _written(root if isinstance(root, Group) else Group(ALL, (root,)))

    @property
    def conditions(self) -> list[Condition]:
        return [node for _path, node in placed(self.root)]

    @property
    def is_everybody(self) -> bool:
        return not self.faults and not self.conditions

    def __and__(self, other: Filter) -> Filter:
        """Both filters at once."""
        parts = tuple(filter.root for filter in (self, other) if filter.conditions)
        return Filter(flat(Group(ALL, parts)), self.faults + other.faults)


def where(field: str, op: str, value: Any = None) -> Filter:
    """A filter of one condition, for code that knows what it wants."""
    return Filter(Group(ALL, (Condition(field, op, value),)))


def all_of(parts: Sequence[Node]) -> Filter:
    """The filter that all these parts make together."""
    return Filter(Group(ALL, tuple(parts)))


def top_parts(filter: Filter) -> tuple[Node, ...]:
    """The conditions and groups of a filter that must all hold."""
    root = filter.root
    return root.parts if isinstance(root, Group) and root.join == ALL else (root,)


def placed(node: Node, path: str = "") -> Iterator[tuple[str, Condition]]:
    """Every condition with its path."""
    if isinstance(node, Condition):
        yield path, node
    elif isinstance(node, Negation):
        yield from placed(node.part, below(path, NOT))
    else:
        for index, part in enumerate(node.parts):
            yield from placed(part, below(path, f"{node.join}.{index}"))


def read(data: object) -> Filter:
    """The filter a document says, in the document's own shape, so that paths into one are paths into the other.

    Where it says none, ``faults`` tell why. Fields and values are not looked at.
    """
    if isinstance(data, Mapping) and not data:
        return Filter()
    reader = _Reader()
    root = reader.node(data, "", 1)
    if reader.count > MAX_CONDITIONS:
        reader.fault("", TOO_MANY, most=MAX_CONDITIONS, n=reader.count)
    return Filter(faults=tuple(reader.faults)) if reader.faults or root is None else Filter(root)


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.count = 0

    def fault(self, path: str, code: str, **told: Any) -> None:
        self.faults.append(Fault(path, code, tuple(told.items())))

    def node(self, data: object, path: str, depth: int) -> Node | None:
        if depth > MAX_DEPTH:
            self.fault(path, TOO_DEEP, most=MAX_DEPTH)
            return None
        if not isinstance(data, Mapping):
            self.fault(path, NO_OBJECT)
            return None
        names = set(data)
        if names <= _CONDITION and {"field", "op"} <= names:
            return self._condition(data, path)
        if len(names) != 1 or (join := next(iter(names))) not in _GROUPS:
            self.fault(path, UNREADABLE)
            return None
        if join == NOT:
            part = self.node(data[NOT], below(path, NOT), depth + 1)
            return None if part is None else Negation(part)
        return self._group(join, data[join], path, depth)

    def _group(self, join: str, told: object, path: str, depth: int) -> Node | None:
        if not isinstance(told, list | tuple):
            self.fault(below(path, join), NO_LIST)
            return None
        # Everything may be empty at the top only: inside, nobody could tell what it was meant to say.
        if not told and (depth > 1 or join == ANY):
            self.fault(below(path, join), EMPTY_GROUP)
        if len(told) > MAX_CONDITIONS:
            self.fault(below(path, join), TOO_MANY, most=MAX_CONDITIONS, n=len(told))
            return None
        parts = [self.node(part, below(path, f"{join}.{index}"), depth + 1) for index, part in enumerate(told)]
        return Group(join, tuple(part for part in parts if part is not None))

    def _condition(self, data: Mapping[str, Any], path: str) -> Node | None:
        self.count += 1
        for name in ("field", "op"):
            if not isinstance(data[name], str) or not 0 < len(data[name]) <= _LONGEST_NAME or "\0" in data[name]:
                self.fault(below(path, name), NO_TEXT)
                return None
        return Condition(data["field"], data["op"], data.get("value"))


def flat(node: Node) -> Node:
    """The same tree in its canonical shape: groups of one kind joined, groups of one part replaced by it."""
    if isinstance(node, Condition):
        return node
    if isinstance(node, Negation):
        inner = flat(node.part)
        return inner.part if isinstance(inner, Negation) else Negation(inner)
    parts: list[Node] = []
    for part in map(flat, node.parts):
        parts.extend(part.parts if isinstance(part, Group) and part.join == node.join else [part])
    return parts[0] if len(parts) == 1 else Group(node.join, tuple(parts))


def _written(node: Node) -> dict[str, Any]:
    if isinstance(node, Condition):
        said: dict[str, Any] = {"field": node.field, "op": node.op}
        return said if node.value is None else {**said, "value": node.value}
    if isinstance(node, Negation):
        return {NOT: _written(node.part)}
    return {node.join: [_written(part) for part in node.parts]}


def below(path: str, name: str) -> str:
    """The path of a part."""
    return f"{path}.{name}" if path else name
