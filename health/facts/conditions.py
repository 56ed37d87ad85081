"""The filter of an event measure as SQL over ``health_event e``. Values travel as parameters, never in the text.

A property's number is that of a JSON number or of a text that is written as one, to six decimals and up to 10^15 in
size; anything else has no number, and no error. Sums are exact, so that the order of the rows cannot change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from health.measures import LONGEST_NUMBER, WRITTEN_NUMBER, Condition

Sql = tuple[str, list[Any]]
_LARGEST = "1e15"
_NUMBER = f"^{WRITTEN_NUMBER}$"


def number_of(name: str) -> Sql:
    """The number of property ``name`` (empty: the event's own value) as numeric; NULL where it is none."""
    if not name:
        return f"CASE WHEN e.value BETWEEN -{_LARGEST} AND {_LARGEST} THEN round(e.value::numeric, 6) END", []
    raw = f"""(CASE jsonb_typeof(e.properties -> %s)
        WHEN 'number' THEN (e.properties ->> %s)::numeric
        WHEN 'string' THEN CASE WHEN length(e.properties ->> %s) <= {LONGEST_NUMBER}
          AND e.properties ->> %s ~ %s THEN (e.properties ->> %s)::numeric END END)"""
    params = [name, name, name, name, _NUMBER, name]
    return f"CASE WHEN abs({raw}) <= {_LARGEST} THEN round({raw}, 6) END", [*params, *params]


def statement(events: Sequence[str] | None, where: Sequence[Condition]) -> Sql:
    """All conditions of a filter, joined by AND."""
    parts: list[Sql] = [("e.name = ANY(%s::text[])", [list(events)])] if events else []
    parts += [_TESTS[each.test](each) for each in where]
    return " AND ".join(["TRUE", *(sql for sql, _ in parts)]), [param for _, params in parts for param in params]


def _text_of(name: str) -> Sql:
    return ("(e.properties ->> %s)", [name]) if name else ("e.value::text", [])


def _equals(each: Condition) -> Sql:
    text, text_params = _text_of(each.name)
    sql, params = f"{text} = ANY(%s::text[])", [*text_params, list(each.values)]
    numbers = [str(number) for number in each.numbers]
    if numbers:
        number, number_params = number_of(each.name)
        sql, params = f"({sql} OR {number} = ANY(%s::numeric[]))", [*params, *number_params, numbers]
    return sql, params


def _compared(sign: str, each: Condition) -> Sql:
    number, params = number_of(each.name)
    return f"{number} {sign} %s::numeric", [*params, str(each.numbers[0])]


def _exists(each: Condition) -> Sql:
    if not each.name:
        return "e.value IS NOT NULL", []
    return "coalesce(e.properties ->> %s, '') <> ''", [each.name]


_TESTS = {
    "equals": _equals,
    "one_of": _equals,
    "greater": lambda each: _compared(">", each),
    "less": lambda each: _compared("<", each),
    "exists": _exists,
}
