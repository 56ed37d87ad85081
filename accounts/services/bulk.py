"""Many rows in one statement: inserts and updates from arrays, for tables of this app."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, models

_MANY = 200


def _encode(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    raise TypeError(f"cannot be stored in bulk: {type(value).__name__}")


def _columns(model: type[models.Model], names: Iterable[str] | None) -> list[models.Field[Any, Any]]:
    fields = model._meta.concrete_fields
    if names is None:
        return [field for field in fields if not isinstance(field, models.AutoField)]
    wanted = set(names)
    return [field for field in fields if field.name in wanted or field.attname in wanted]


def _payload(rows: Sequence[models.Model], fields: Sequence[models.Field[Any, Any]]) -> str:
    attributes = [(field.column, field.attname) for field in fields]
    return json.dumps(
        [{column: getattr(row, attribute) for column, attribute in attributes} for row in rows], default=_encode
    )


def _record(fields: Sequence[models.Field[Any, Any]]) -> str:
    return ", ".join(f'"{field.column}" {field.db_type(connection)}' for field in fields)


@contextmanager
def joined_by_hash(rows: int) -> Iterator[None]:
    """Inside, joins of arrays with a table never loop over the one for each row of the other.

    In a workspace that has just been filled the planner knows of no rows yet and would loop: 25 million
    comparisons for 5,000 rows. Few rows are left to the planner.
    """
    if rows < _MANY:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', 'off', true)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', 'on', true)")


def insert(rows: Sequence[models.Model]) -> set[UUID]:
    """Insert ``rows`` (unsaved, one model, in the given order); returns the ids of those that were not there yet.

    A row that meets a unique key already taken is left out: the caller reads the winner. Sort the rows by that
    key, so that two writers wait for each other instead of deadlocking.
    """
    if not rows:
        return set()
    model = type(rows[0])
    fields = _columns(model, None)
    names = ", ".join(f'"{field.column}"' for field in fields)
    key = model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({names}) '
            f"SELECT {names} FROM jsonb_to_recordset(%s::jsonb) AS told({_record(fields)}) "
            f'ON CONFLICT DO NOTHING RETURNING "{key}"',
            [_payload(rows, fields)],
        )
        return {row[0] for row in cursor.fetchall()}


def update(rows: Sequence[models.Model], names: Iterable[str]) -> int:
    """Write the fields ``names`` of ``rows`` (one model, with ids); returns how many rows were written."""
    if not rows:
        return 0
    model = type(rows[0])
    key = model._meta.pk
    fields = [field for field in _columns(model, names) if field is not key]
    sets = ", ".join(f'"{field.column}" = told."{field.column}"' for field in fields)
    with joined_by_hash(len(rows)), connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{model._meta.db_table}" AS kept SET {sets} '
            f"FROM jsonb_to_recordset(%s::jsonb) AS told({_record([key, *fields])}) "
            f'WHERE kept."{key.column}" = told."{key.column}" AND kept."{key.column}" = ANY(%s::uuid[])',
            [_payload(rows, [key, *fields]), [str(row.pk) for row in rows]],
        )
        return int(cursor.rowcount)
