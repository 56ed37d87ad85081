"""Conditions on events in a definition of a measure. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from health.measures import Condition, DefinitionError, is_number

TESTS = ("equals", "one_of", "greater", "less", "exists")
MOST = 10
MOST_VALUES = 100
LONGEST_NAME = 200
LONGEST_VALUE = 500


def parse(told: Any) -> tuple[Condition, ...]:
    """A list of objects with ``property``, ``is`` and ``value``; raises ``DefinitionError`` naming what is wrong."""
    if told is None:
        return ()
    if not isinstance(told, list) or len(told) > MOST:
        raise DefinitionError("where", f"expected a list of at most {MOST} conditions.")
    return tuple(sorted({_one(each, f"where.{number}") for number, each in enumerate(told)}, key=repr))


def _one(told: Any, path: str) -> Condition:
    if not isinstance(told, Mapping) or not set(told) <= {"property", "is", "value"}:
        raise DefinitionError(path, "expected an object with property, is and value.")
    name, test = told.get("property", ""), told.get("is")
    if not isinstance(name, str) or len(name) > LONGEST_NAME or "\0" in name:
        raise DefinitionError(f"{path}.property", f"expected a name of at most {LONGEST_NAME} characters.")
    if test not in TESTS:
        raise DefinitionError(f"{path}.is", "expected one of " + ", ".join(TESTS) + ".")
    return Condition(name, test, _values(test, told, f"{path}.value"))


def _values(test: str, told: Mapping[str, Any], path: str) -> tuple[str, ...]:
    if test == "exists":
        if told.get("value") not in (None, ""):
            raise DefinitionError(path, "what must only exist is not compared: leave it out.")
        return ()
    value = told.get("value")
    values = value if test == "one_of" else [value]
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_VALUES:
        raise DefinitionError(path, f"expected a list of 1 to {MOST_VALUES} values.")
    texts = tuple(_text(each, path) for each in values)
    if test in ("greater", "less") and not is_number(texts[0]):
        raise DefinitionError(path, f"expected a number to compare with, not {texts[0][:60]!r}.")
    return tuple(sorted(set(texts)))


def _text(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and math.isfinite(value):
        value = repr(value)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_VALUE or "\0" in value:
        raise DefinitionError(path, f"expected a text of 1 to {LONGEST_VALUE} characters, a number, true or false.")
    return value
