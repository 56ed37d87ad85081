"""A small vendor's files, with names of columns that are not ours."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from accounts.models import Workspace
from tests import factories

FIRST = date(2025, 6, 1)
LAST = date(2026, 3, 31)


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])
    return text.getvalue().encode()


def accounts(count: int = 30) -> bytes:
    return table(["id", "channel", "country"], [[number, f"shop{number % 2}", "FR"] for number in range(count)])


def subscriptions(count: int = 30) -> bytes:
    """Monthly terms; every tenth account stops half-way."""
    rows = []
    for number in range(count):
        months = 5 if number % 10 == 0 else 10
        for month in range(months):
            start = FIRST + timedelta(days=30 * month + number % 28)
            if start <= LAST:
                end = start + timedelta(days=30)
                rows.append([f"s{number}", number, "basic", start, end, 10 + number % 3, 1])
    header = ["id", "account_id", "product", "start_date", "end_date", "mrr", "bill_period_months"]
    return table(header, rows)


def event_types() -> bytes:
    return table(["event_type_id", "event_type_name"], [[0, "post"], [1, "like"], [2, "reply"]])


def events(count: int = 30) -> bytes:
    """Every account, every other day, until it stops."""
    rows = []
    for number in range(count):
        end = FIRST + timedelta(days=150) if number % 10 == 0 else LAST
        day = FIRST
        while day <= end:
            for time in range(1 + number % 3):
                rows.append([number, f"{day} 0{time + 6}:15:00", (number + time + day.day) % 3])
            day += timedelta(days=2)
    return gzip.compress(table(["account_id", "event_time", "event_type_id"], rows))
