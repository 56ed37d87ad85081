"""Invoices as a source of measures: what is overdue now, and what was paid late."""

from __future__ import annotations

from datetime import date

import numpy as np

from health.facts import known
from health.facts.known import Known, Rows, Table, chosen, ordinal
from health.facts.sources import Asked, Reader
from health.measures import Floats, Spec, Told

_TABLE = Table(
    "accounts_invoiceversion",
    "invoice_id",
    {
        "issued_on": (ordinal("v.issued_on"), "i4"),
        "due_on": (ordinal("v.due_on"), "i4"),
        "paid_on": (ordinal("v.paid_on"), "i4"),
        "amount": ("v.amount_minor::int8", "i8"),
    },
)


def load(asked: Asked) -> Reader:
    """Invoices as they were known; a workspace that never told of any says nothing, one that does says 0."""
    rows = Known(_TABLE, asked)
    start = known.began(_TABLE.name, asked.recorded_by)

    def read(spec: Spec, day: date, known_by: date) -> Told:
        now = day.toordinal()
        mine = rows.by(known_by)
        mine = chosen(mine, mine["issued_on"] <= now)
        last = known.latest(rows.n, mine["customer"], mine["issued_on"], mine["paid_on"], through=now)
        if spec.aggregation == "overdue_share":
            values = _of_arr(mine, asked.contracts.arr(day, known_by), now)
        else:
            values = _values(spec, mine, rows.n, now)
        return known.since(Told(values, last), start, day, known_by)

    return read


def _overdue(rows: Rows, now: int) -> Rows:
    return chosen(rows, (rows["due_on"] < now) & (rows["paid_on"] > now))


def _values(spec: Spec, rows: Rows, n: int, now: int) -> Floats:
    if spec.aggregation == "overdue_days":
        overdue = _overdue(rows, now)
        return known.highest(n, overdue["customer"], now - overdue["due_on"])
    paid = (rows["paid_on"] > now - spec.window_days) & (rows["paid_on"] <= now)
    return known.count(n, rows["customer"][paid & (rows["paid_on"] > rows["due_on"])])


def _of_arr(rows: Rows, arr: Floats, now: int) -> Floats:
    """Overdue amounts over the ARR of the day; unknown where there is none."""
    overdue = _overdue(rows, now)
    total = np.bincount(overdue["customer"], weights=overdue["amount"], minlength=len(arr))
    share: Floats = np.divide(total, arr, out=np.full(len(arr), np.nan), where=arr > 0)
    return share
