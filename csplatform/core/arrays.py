"""PostgreSQL array literals: one text parameter for a whole column.

A list parameter becomes ``ARRAY[…]``, an expression with a node for every element; a literal is read by the
array type's own input function, which for thousands of elements takes a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def literal(values: Iterable[Any]) -> str:
    """``values`` (numbers, texts, dates, UUIDs, None) as the text of a one-dimensional array; cast it in the SQL."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if type(value) is int or type(value) is float:
        return repr(value)
    if type(value) is bool:
        return "true" if value else "false"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
