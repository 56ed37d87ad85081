"""What versions of records said on a past day: the latest that was known by then, for a whole shard at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.facts.sources import Asked
from health.measures import Floats, Ints, Told

Rows = dict[str, npt.NDArray[Any]]

LATER = 1 << 22
"""The ordinal of a day that has not come: more than any day's."""
NEVER = 2**63 - 1
"""The moment (microseconds since ``csplatform.core.columns.EPOCH_MICROS``) of what has not happened."""
_DAY_MICROS = 86_400_000_000
_EPOCH_DAY = date(2000, 1, 1).toordinal()


def ordinal(column: str) -> str:
    """SQL for a date's ordinal; ``LATER`` where there is none."""
    return f"coalesce({column} - DATE '0001-01-01' + 1, {LATER})::int4"


def ordinal_of_moment(column: str) -> str:
    """SQL for the ordinal of a moment's day (UTC); ``LATER`` where there is none."""
    return ordinal(f"({column} AT TIME ZONE 'UTC')::date")


def moment(column: str) -> str:
    """SQL for a moment; ``NEVER`` where there is none."""
    return f"coalesce({column}, 'infinity'::timestamptz)"


def end_of(day: int) -> int:
    """The first moment after the day of this ordinal (UTC), as ``moment`` counts."""
    return (day - _EPOCH_DAY + 1) * _DAY_MICROS


@dataclass(frozen=True, slots=True)
class Table:
    """A table of versions. ``record``: the column that names the record; ``columns``: name → (SQL, numpy type)."""

    name: str
    record: str
    columns: Mapping[str, tuple[str, str]]


class Known:
    """Versions of every record that was ever at one of the customers asked about, readable as of any day.

    ``rows``: all of them, by record, each record's in the order in which they were known; ``customer`` −1: elsewhere.
    """

    def __init__(self, table: Table, asked: Asked) -> None:
        self.n = len(asked.customer_ids)
        cut: Any = asked.recorded_by or "infinity"
        workspace = str(current_workspace_id())
        selected = ", ".join(sql for sql, _type in table.columns.values())
        found = fetch_columns(
            f"""
            SELECT coalesce(t.n - 1, -1)::int4, uuid_hash_extended(v.{table.record}, 0)::int8, v.id::int8,
                   {ordinal_of_moment("v.known_at")}, v.known_at, {selected}
            FROM {table.name} v LEFT JOIN unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n) ON t.id = v.customer_id
            WHERE v.workspace_id = %s AND v.recorded_at <= %s AND v.{table.record} IN (
              SELECT here.{table.record} FROM {table.name} here
              WHERE here.workspace_id = %s AND here.customer_id = ANY(%s::uuid[]))
            """,
            [ids := literal(asked.customer_ids), workspace, cut, workspace, ids],
            {
                "customer": "i4",
                "record": "i8",
                "id": "i8",
                "known_on": "i4",
                "known_at": "i8",
                **{name: kind for name, (_sql, kind) in table.columns.items()},
            },
        )
        order = np.lexsort((found["id"], found["known_at"], found["record"]))
        self.rows: Rows = {name: column[order] for name, column in found.items()}

    def by(self, known_by: date) -> Rows:
        """Each record as it was known by the end of ``known_by``: one row; those elsewhere or deleted are left out."""
        rows = chosen(self.rows, self.rows["known_on"] <= known_by.toordinal())
        return chosen(rows, is_last(rows["record"]) & (rows["customer"] >= 0))


def chosen(rows: Rows, which: npt.NDArray[np.bool_]) -> Rows:
    """The rows that are ``which``."""
    return {name: column[which] for name, column in rows.items()}


def is_last(*keys: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each row is the last of its run of equal keys."""
    last = np.ones(len(keys[0]), dtype=np.bool_)
    if len(last) > 1:
        last[:-1] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return last


def began(table: str, recorded_by: datetime | None) -> int:
    """The ordinal of the first day on which the workspace told anything of ``table``; ``LATER`` where it never did.

    Before it, nothing told says nothing; from it on, a customer of whom nothing is told has none.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {ordinal_of_moment("known_at")} FROM {table} WHERE workspace_id = %s AND recorded_at <= %s
            ORDER BY known_at LIMIT 1
            """,
            [str(current_workspace_id()), recorded_by or "infinity"],
        )
        row = cursor.fetchone()
    return LATER if row is None else int(row[0])


def latest(n: int, customer: Ints, *days: Ints, through: int) -> Ints:
    """Per customer the last of ``days`` up to ``through``; −1 where there is none."""
    last = np.full(n, -1, dtype=np.int64)
    for each in days:
        happened = each <= through
        np.maximum.at(last, customer[happened], each[happened])
    return last


def count(n: int, customer: Ints) -> Floats:
    """How many rows each customer has."""
    return np.bincount(customer, minlength=n).astype(np.float64)


def highest(n: int, customer: Ints, values: npt.NDArray[Any]) -> Floats:
    """The largest value of each customer; 0 where it has none."""
    top = np.zeros(n, dtype=np.float64)
    np.maximum.at(top, customer, values.astype(np.float64))
    return top


def mean(n: int, customer: Ints, values: npt.NDArray[Any]) -> Floats:
    """The mean value of each customer; NaN where it has none."""
    many = np.bincount(customer, minlength=n)
    total = np.bincount(customer, weights=values, minlength=n)
    found: Floats = np.divide(total, many, out=np.full(n, np.nan), where=many > 0)
    return found


def median(n: int, customer: Ints, values: npt.NDArray[Any]) -> Floats:
    """The median value of each customer (of an even number, the mean of the two in the middle); NaN without any."""
    order = np.lexsort((values, customer))
    sorted_values = values[order].astype(np.float64)
    many = np.bincount(customer, minlength=n)
    first = np.cumsum(many) - many
    found = np.full(n, np.nan)
    some = many > 0
    low, high = first + (many - 1) // 2, first + many // 2
    found[some] = (sorted_values[low[some]] + sorted_values[high[some]]) / 2
    return found


def since(told: Told, start: int, day: date, known_by: date) -> Told:
    """Unknown for everybody as of a day before ``start``, see ``began``."""
    if start <= min(day, known_by).toordinal():
        return told
    return Told(np.full(len(told.values), np.nan), told.last_day)
