"""Kinds of fields: which operators each has, and what their values look like. Pure.

A condition is true or false of every customer: where a value is not known it is false, and ``not`` turns it round.
Days are UTC dates, counted from today.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from uuid import UUID

LARGEST = Decimal(10) ** 11
_PLACES = Decimal("0.0001")
MOST_DAYS = 3_650
MOST_COUNT = 100_000
LONGEST_TEXT = 1_000
ME = "me"


class Kind(StrEnum):
    """``PERCENT``: told as 0 to 100. ``DAYS``: days since a date. ``RELATION``: rows that a customer has, or not."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    DAYS = "days"
    YESNO = "yesno"
    MEMBER = "member"
    ID = "id"
    RELATION = "relation"
    SEARCH = "search"


class Shape(StrEnum):
    """What an operator asks for as its value."""

    NOTHING = "nothing"
    ONE = "one"
    MANY = "many"
    PAIR = "pair"
    SPAN = "span"
    PERIOD = "period"
    COUNT = "count"


IN, NOT_IN, STARTS, LIKE = "in", "not_in", "starts_with", "like"
EQ, LT, LTE, GT, GTE, BETWEEN = "eq", "lt", "lte", "gt", "gte", "between"
SET, NOT_SET = "set", "not_set"
IN_NEXT, IN_LAST, DUE_WITHIN, OLDER_THAN, LATER_THAN = "in_next", "in_last", "due_within", "older_than", "later_than"
NONE, AT_LEAST, AT_MOST = "none", "at_least", "at_most"

SHAPES: dict[str, Shape] = {
    **dict.fromkeys((IN, NOT_IN), Shape.MANY),
    **dict.fromkeys((STARTS, LIKE, EQ, LT, LTE, GT, GTE), Shape.ONE),
    BETWEEN: Shape.PAIR,
    **dict.fromkeys((SET, NOT_SET), Shape.NOTHING),
    **dict.fromkeys((IN_NEXT, IN_LAST, DUE_WITHIN, OLDER_THAN, LATER_THAN), Shape.SPAN),
    NONE: Shape.PERIOD,
    **dict.fromkeys((AT_LEAST, AT_MOST), Shape.COUNT),
}
_WORDS = (IN, NOT_IN, SET, NOT_SET)
_SIZES = (GTE, GT, LTE, LT, EQ, BETWEEN, SET, NOT_SET)
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: (IN, NOT_IN, STARTS, SET, NOT_SET),
    Kind.CHOICE: _WORDS,
    Kind.NUMBER: _SIZES,
    Kind.MONEY: _SIZES,
    Kind.PERCENT: _SIZES,
    Kind.DATE: (
        IN_NEXT, IN_LAST, DUE_WITHIN, OLDER_THAN, LATER_THAN, EQ, GTE, GT, LTE, LT, BETWEEN, SET, NOT_SET,
    ),
    Kind.DAYS: _SIZES,
    Kind.YESNO: (EQ, SET, NOT_SET),
    Kind.MEMBER: _WORDS,
    Kind.ID: (IN, NOT_IN),
    Kind.RELATION: (NONE, AT_LEAST, AT_MOST),
    Kind.SEARCH: (LIKE,),
}  # fmt: skip

_WORDY = (Kind.TEXT, Kind.CHOICE, Kind.MEMBER, Kind.ID)

NO_VALUE = "no_value"
NO_LIST_OF_VALUES = "no_list_of_values"
TOO_MANY_VALUES = "too_many_values"
NO_PAIR = "no_pair"
TURNED_ROUND = "turned_round"
NO_NUMBER = "no_number"
NO_SHARE = "no_share"
NO_DATE = "no_date"
NO_SPAN = "no_span"
NO_YESNO = "no_yesno"
NO_WORD = "no_word"
NO_MEMBER = "no_member"
NO_ID = "no_id"
NO_PERIOD = "no_period"
NO_COUNT = "no_count"


class ValueFaultError(ValueError):
    """A value its operator cannot use. ``code`` and ``told`` become words in ``words``."""

    def __init__(self, code: str, **told: Any) -> None:
        super().__init__(code)
        self.code, self.told = code, told


def operator_of(kind: Kind, op: str) -> str:
    """The operator's own name: with words, ``eq`` and ``ne`` say ``in`` and ``not_in`` of one value."""
    return {EQ: IN, "ne": NOT_IN}.get(op, op) if kind in _WORDY else op


def canonical(kind: Kind, op: str, told: Any, *, most: int) -> Any:
    """``told`` in the canonical form, as JSON holds it; raises ``ValueFaultError``.

    ``most``: how many values a list may have.
    """
    shape, one = SHAPES[op], _ONE[kind]
    if shape is Shape.NOTHING:
        if told is not None:
            raise ValueFaultError(NO_VALUE)
        return None
    if shape is Shape.ONE:
        return one(told)
    if shape is Shape.MANY:
        return _many(one, told, most)
    if shape is Shape.PAIR:
        if not isinstance(told, list | tuple) or len(told) != 2:
            raise ValueFaultError(NO_PAIR)
        low, high = one(told[0]), one(told[1])
        if low > high:
            raise ValueFaultError(TURNED_ROUND)
        return [low, high]
    if shape is Shape.SPAN:
        return _whole(told, 0, MOST_DAYS, NO_SPAN)
    return _counted(told, wants_count=shape is Shape.COUNT)


def typed(kind: Kind, value: Any) -> Any:
    """A canonical value (or list of them) as Python computes with it."""
    if value is None:
        return None
    if isinstance(value, list):
        return [typed(kind, each) for each in value]
    if kind is Kind.DATE and isinstance(value, str):
        return date.fromisoformat(value)
    if kind in (Kind.NUMBER, Kind.MONEY, Kind.PERCENT):
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return value


def days_meant(kind: Kind, op: str, value: Any, today: date) -> tuple[date | None, date | None]:
    """The first and the last day a condition means, both included; None: no limit on that side.

    For ``Kind.DAYS``, ``value`` counts back from ``today``: at least five days ago is a day no later than that.
    """
    if kind is Kind.DAYS:
        far, near = (value[1], value[0]) if isinstance(value, list) else (value, value)
        turned = {GTE: LTE, LTE: GTE, GT: LT, LT: GT}.get(op, op)
        ago = [today - timedelta(days=far), today - timedelta(days=near)]
        return days_meant(Kind.DATE, turned, ago if op == BETWEEN else ago[0], today)
    one = timedelta(days=1)
    if op == BETWEEN:
        return value[0], value[1]
    if SHAPES[op] is Shape.SPAN:
        later, earlier = today + timedelta(days=value), today - timedelta(days=value)
        return {
            IN_NEXT: (today, later),
            IN_LAST: (earlier, today),
            DUE_WITHIN: (None, later),
            OLDER_THAN: (None, earlier - one),
            LATER_THAN: (later + one, None),
        }[op]
    return {
        EQ: (value, value),
        GTE: (value, None),
        GT: (value + one, None),
        LTE: (None, value),
        LT: (None, value - one),
    }[op]


def whole_meant(op: str, value: Any, scale: int) -> tuple[int | None, int | None]:
    """The least and the largest integer a condition on a number means, both included, in ``scale`` parts of one.

    Integers, because comparing an integer column with a fraction would cost it its index. The least is above the
    largest where no integer fulfils the condition.
    """
    low, high = value if isinstance(value, list) else (value, value)
    up = int((low * scale).to_integral_value(ROUND_CEILING))
    down = int((high * scale).to_integral_value(ROUND_FLOOR))
    return {
        EQ: (up, down),
        BETWEEN: (up, down),
        GTE: (up, None),
        GT: (down + 1, None),
        LTE: (None, down),
        LT: (None, up - 1),
    }[op]


def _many(one: Callable[[Any], Any], told: Any, most: int) -> list[Any]:
    values = told if isinstance(told, list | tuple) else [told]
    if not values:
        raise ValueFaultError(NO_LIST_OF_VALUES)
    if len(values) > most:
        raise ValueFaultError(TOO_MANY_VALUES, most=most, n=len(values))
    return list(dict.fromkeys(map(one, values)))


def _number(told: Any) -> int | float:
    if isinstance(told, bool) or not isinstance(told, int | float | str | Decimal) or len(str(told)) > 40:
        raise ValueFaultError(NO_NUMBER)
    try:
        value = Decimal(str(told).strip())
        rounded = value.quantize(_PLACES) if value.is_finite() and abs(value) <= LARGEST else None
    except InvalidOperation as error:
        raise ValueFaultError(NO_NUMBER) from error
    if rounded is None or rounded != value:
        raise ValueFaultError(NO_NUMBER)
    return int(value) if value == value.to_integral_value() else float(value)


def _share(told: Any) -> int | float:
    value = _number(told)
    if not 0 <= value <= 100:
        raise ValueFaultError(NO_SHARE)
    return value


def _word(told: Any) -> str:
    text = told.strip() if isinstance(told, str) else ""
    if not 0 < len(text) <= LONGEST_TEXT or "\0" in text:
        raise ValueFaultError(NO_WORD)
    return text


def _date(told: Any) -> str:
    try:
        if isinstance(told, str) and len(told) == 10 and "1900" <= told[:4] <= "2199":
            return date.fromisoformat(told).isoformat()
    except ValueError:
        pass
    raise ValueFaultError(NO_DATE)


def _yesno(told: Any) -> bool:
    words: Mapping[Any, bool] = {True: True, False: False, "yes": True, "no": False, "true": True, "false": False}
    if not isinstance(told, bool | str) or told not in words:
        raise ValueFaultError(NO_YESNO)
    return words[told]


def _member(told: Any) -> str:
    return ME if told == ME else _id(told, NO_MEMBER)


def _id(told: Any, code: str = NO_ID) -> str:
    try:
        return str(UUID(told))
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueFaultError(code) from error


def _whole(told: Any, least: int, most: int, code: str) -> int:
    try:
        value = _number(told)
    except ValueFaultError as error:
        raise ValueFaultError(code, least=least, most=most) from error
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueFaultError(code, least=least, most=most)
    return value


def _days(told: Any) -> int:
    return _whole(told, 0, MOST_DAYS * 10, NO_SPAN)


def _counted(told: Any, *, wants_count: bool) -> dict[str, int]:
    """``{"count": 2, "days": 30}``; without ``days``: ever, or now."""
    told = {} if told is None and not wants_count else told
    names = {"count", "days"} if wants_count else {"days"}
    if not isinstance(told, Mapping) or not set(told) <= names or (wants_count and "count" not in told):
        raise ValueFaultError(NO_COUNT if wants_count else NO_PERIOD)
    found = {}
    if wants_count:
        found["count"] = _whole(told["count"], 0, MOST_COUNT, NO_COUNT)
    if told.get("days") not in (None, ""):
        found["days"] = _whole(told["days"], 1, MOST_DAYS, NO_PERIOD)
    return found


_ONE: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _word,
    Kind.CHOICE: _word,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.PERCENT: _share,
    Kind.DATE: _date,
    Kind.DAYS: _days,
    Kind.YESNO: _yesno,
    Kind.MEMBER: _member,
    Kind.ID: _id,
    Kind.RELATION: _word,
    Kind.SEARCH: _word,
}
