"""PostgreSQL array literals: one text parameter for a whole column.

A list parameter becomes ``ARRAY[…]``, an expression with a node for every element; a literal is read by the
array type's own input function, which for thousands of elements takes a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

_NUMBERS = {int, float, type(None)}


def literal(values: Iterable[Any]) -> str:
    """``values`` (numbers, texts, dates, UUIDs, None) as the text of a one-dimensional array; cast it in the SQL."""
    items = values if isinstance(values, list) else list(values)
    kinds = set(map(type, items))
    if kinds <= _NUMBERS:
        # A list's own representation is made in one go, several times as fast as one made element by element.
        return "{" + repr(items)[1:-1].replace("None", "NULL") + "}"
    if kinds == {str}:
        joined = '","'.join(items)
        if "\\" not in joined and joined.count('"') == 2 * (len(items) - 1):
            return f'{{"{joined}"}}'
    if kinds == {UUID}:
        return "{" + ",".join(map(str, items)) + "}"
    return "{" + ",".join(map(_element, items)) + "}"


def literals(rows: list[list[float]]) -> str:
    """An array of texts, each the literal of one row of ``rows``: ``unnest`` would flatten an array of arrays."""
    inner = repr(rows)[1:-1].replace("[", '"{').replace("]", '}"')
    return "{" + inner + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if type(value) is int or type(value) is float:
        return repr(value)
    if type(value) is bool:
        return "true" if value else "false"
    text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
