"""Pages of a sorted list found by key, never by counting rows: page 1,000 costs what page 1 costs.

Rows without a value come last in both directions. An index holds them at one fixed end, so a page that reaches
them is read in two parts: those with a value by the sort column, then those without by id.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row a page starts after (or ends before): its sort value, None for none, and its id."""

    value: str | int | None
    id: UUID

    def encode(self) -> str:
        raw = json.dumps([self.value, self.id.hex], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Cursor | None:
        """The cursor written in ``text``, or None where it is not one."""
        try:
            value, identity = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            acceptable = value is None or (isinstance(value, (str, int)) and not isinstance(value, bool))
            return cls(value, UUID(identity)) if acceptable and "\0" not in str(value) else None
        except (binascii.Error, ValueError, TypeError, AttributeError):
            return None


@dataclass(frozen=True, slots=True)
class Ordering:
    """A column with an index on (workspace, column, id), and the direction to read it in.

    ``field``: its path. At a related row (``health__points``) the index holds that row's key as the id.
    """

    field: str
    descending: bool = False
    nullable: bool = False

    @property
    def identity(self) -> str:
        """The path of the id that stands beside the column in its index."""
        relation, joint, _column = self.field.rpartition("__")
        return f"{relation}{joint}pk"


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of a page, and the cursors of its neighbours where there are some."""

    rows: list[Row]
    previous: Cursor | None
    next: Cursor | None


def page(
    rows: QuerySet[Row], ordering: Ordering, *, size: int, after: Cursor | None = None, before: Cursor | None = None
) -> Page[Row]:
    """The ``size`` rows after ``after``, or the last ``size`` before ``before``, or the first ones."""
    after, before = _usable(rows, ordering, after), _usable(rows, ordering, before)
    if before is not None:
        found = _backwards(rows, ordering, before, size + 1)
        more, kept = len(found) > size, found[:size][::-1]
        return Page(kept, _cursor(kept[0], ordering) if more and kept else None, _last(kept, ordering))
    found = _forwards(rows, ordering, after, size + 1)
    kept = found[:size]
    previous = _cursor(kept[0], ordering) if after is not None and kept else None
    return Page(kept, previous, _last(kept, ordering) if len(found) > size else None)


def _forwards(rows: QuerySet[Row], ordering: Ordering, after: Cursor | None, limit: int) -> list[Row]:
    found: list[Row] = []
    if after is None or after.value is not None:
        found = list(_with_value(rows, ordering, after, reverse=False)[:limit])
    if ordering.nullable and len(found) < limit:
        empty = _without_value(rows, ordering)
        if after is not None and after.value is None:
            empty = empty.filter(**{f"{ordering.identity}__gt": after.id})
        found += empty.order_by(ordering.identity)[: limit - len(found)]
    return found


def _backwards(rows: QuerySet[Row], ordering: Ordering, before: Cursor, limit: int) -> list[Row]:
    found: list[Row] = []
    if before.value is None:
        empty = _without_value(rows, ordering).filter(**{f"{ordering.identity}__lt": before.id})
        found = list(empty.order_by(f"-{ordering.identity}")[:limit])
    if len(found) < limit:
        start = before if before.value is not None else None
        found += _with_value(rows, ordering, start, reverse=True)[: limit - len(found)]
    return found


def _without_value(rows: QuerySet[Row], ordering: Ordering) -> QuerySet[Row]:
    # The related row is there; said aloud, the database may start from its index.
    return rows.filter(**{f"{ordering.identity}__isnull": False, f"{ordering.field}__isnull": True})


def _with_value(rows: QuerySet[Row], ordering: Ordering, start: Cursor | None, *, reverse: bool) -> QuerySet[Row]:
    """Rows that have the value, beyond ``start`` in reading direction."""
    down = ordering.descending != reverse
    if ordering.nullable:
        rows = rows.filter(**{f"{ordering.field}__isnull": False})
    if start is not None:
        field: Any = _column(rows, ordering)
        here = _pair(F(ordering.field), F(ordering.identity))
        there = _pair(Value(start.value, output_field=field), Value(start.id, output_field=rows.model._meta.pk))
        rows = rows.filter(LessThan(here, there) if down else GreaterThan(here, there))
    sign = "-" if down else ""
    return rows.order_by(f"{sign}{ordering.field}", f"{sign}{ordering.identity}")


def _column(rows: QuerySet[Any], ordering: Ordering) -> Any:
    *relations, name = ordering.field.split("__")
    model: Any = rows.model
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    return model._meta.get_field(name)


def _pair(first: Any, second: Any) -> Func:
    """A row value: PostgreSQL compares it as a whole and finds the place in the index."""
    return Func(first, second, function="ROW", output_field=BooleanField())


def _usable(rows: QuerySet[Row], ordering: Ordering, cursor: Cursor | None) -> Cursor | None:
    """The cursor with its value as the column's type; None when it belongs to another ordering."""
    if cursor is None or cursor.value is None:
        return cursor if cursor is None or ordering.nullable else None
    try:
        return Cursor(_column(rows, ordering).clean(cursor.value, None), cursor.id)
    except (ValidationError, FieldDoesNotExist):
        return None


def _cursor(row: Row, ordering: Ordering) -> Cursor:
    value = attrgetter(ordering.field.replace("__", "."))(row)
    return Cursor(value.isoformat() if isinstance(value, (date, datetime)) else value, row.pk)


def _last(rows: list[Row], ordering: Ordering) -> Cursor | None:
    return _cursor(rows[-1], ordering) if rows else None
