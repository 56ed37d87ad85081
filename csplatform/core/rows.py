"""Storing one row in one statement where a request is counted in tenths of milliseconds. No signals are sent."""

from __future__ import annotations

from functools import cache

from django.db import connection, models


def insert(row: models.Model, *, once_by: tuple[str, ...] = ()) -> bool:
    """Store ``row``; with ``once_by`` (columns of a unique constraint) only unless such a row is there.

    Returns whether it was stored. Raises as saving does.
    """
    fields = row._meta.concrete_fields
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_statement(type(row), once_by), values)
        return bool(cursor.rowcount)


@cache
def _statement(model: type[models.Model], once_by: tuple[str, ...]) -> str:
    columns = [f'"{field.column}"' for field in model._meta.concrete_fields]
    conflict = f" ON CONFLICT ({', '.join(once_by)}) DO NOTHING" if once_by else ""
    return (
        f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns)})'
        f" VALUES ({', '.join(['%s'] * len(columns))}){conflict}"
    )
