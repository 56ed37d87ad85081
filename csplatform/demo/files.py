"""The import files: columns exactly as the product's import expects them, rows in order of what was known when.

Customers, contacts and subscriptions are CSV: small, readable, and easy to open in a spreadsheet. Events are Parquet,
because reading a million rows from it costs a tenth of parsing text; ids are dictionary-encoded and row groups are
small enough to be read in bounded memory. A row that repeats an `external_id` with a later `known_at` is a new version
of the same fact.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from csplatform.demo.calendar import Window
from csplatform.demo.journey import stages
from csplatform.demo.people import ContactRow, Users
from csplatform.demo.plan import Plan, Subscription
from csplatform.demo.usage import Events

CUSTOMER_COLUMNS = (
    "external_id",
    "name",
    "domain",
    "industry",
    "country",
    "region",
    "employees",
    "lifecycle_stage",
    "owner_email",
    "parent_external_id",
    "created_at",
    "referred_by_external_id",
    "tags",
    "source",
    "expected_arr",
    "stage",
    "depots",
    "erp",
    "edi",
    "lost_to",
    "known_at",
)
CONTACT_COLUMNS = (
    "external_id",
    "customer_external_id",
    "email",
    "name",
    "role",
    "title",
    "is_sponsor",
    "is_champion",
    "invited_at",
    "known_at",
)
SUBSCRIPTION_COLUMNS = (
    "external_id",
    "customer_external_id",
    "product",
    "plan",
    "seats",
    "arr",
    "currency",
    "billing_period_months",
    "starts_on",
    "ends_on",
    "cancelled_on",
    "renewal_on",
    "auto_renews",
    "notice_days",
    "known_at",
)
EVENT_COLUMNS = (
    "message_id",
    "customer_external_id",
    "contact_external_id",
    "event",
    "timestamp",
    "value",
)
_ROW_GROUP = 100_000
_BEFORE_CONTRACT = ("awareness", "consideration", "trial", "decision")


@dataclass(frozen=True)
class Table:
    """A small table of text cells; empty text is an empty cell."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def write(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows(self.rows)


def _moment(window: Window, day: int, hour: int) -> str:
    return f"{window.date(day).isoformat()}T{hour:02d}:00:00Z"


def _on(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _flag(value: bool) -> str:
    return "true" if value else "false"


def money(cents: int) -> str:
    """A decimal string with two places."""
    return f"{cents // 100}.{cents % 100:02d}"


def _expected_arr(plan: Plan) -> str:
    """What the first contract is (or was) expected to be worth, in euros a year."""
    seats = plan.prospect.seats if plan.prospect else plan.deal.seats if plan.deal else 0
    return money(round(seats * plan.world.price(seats)[1] * 12 / 100) * 10_000)


def _customer_versions(plan: Plan, *, history: bool) -> list[tuple[int, str, bool]]:
    """(known, stage, left) of each version of a customer's row."""
    versions = [(day, stage, False) for day, stage in stages(plan)]
    if plan.left_on is not None:
        before = [version for version in versions if version[0] < plan.left_on]
        versions = [
            *before,
            (plan.left_on, before[-1][1] if before else "adoption", True),
        ]
    return versions if history else versions[-1:]


def customers_table(plans: list[Plan], window: Window, *, history: bool) -> Table:
    """Customers; with `history` one row for each stage they came to, else only the last."""
    dated: list[tuple[int, int, tuple[str, ...]]] = []
    for plan in plans:
        company = plan.company
        for day, stage, left in _customer_versions(plan, history=history):
            ahead = stage in _BEFORE_CONTRACT
            lifecycle = (
                "former"
                if left
                else "customer"
                if not ahead
                else "opportunity"
                if stage in ("trial", "decision")
                else "lead"
            )
            row = (
                plan.external_id,
                company.name,
                company.domain,
                company.industry["name"],
                company.country["code"],
                company.country["region"],
                str(company.employees),
                lifecycle,
                company.owner_email,
                plan.parent.external_id if plan.parent else "",
                _moment(window, plan.created, 8),
                plan.referred_by.external_id if plan.referred_by else "",
                "|".join(company.tags),
                company.source,
                _expected_arr(plan) if ahead else "",
                stage,
                company.attributes["depots"],
                company.attributes["erp"],
                company.attributes["edi"],
                plan.marks.get("lost_to", "") if left else "",
                _moment(window, day if history else plan.created, 8),
            )
            dated.append((day, plan.index, row))
    if history:
        dated.sort(key=lambda item: item[:2])
    return Table(CUSTOMER_COLUMNS, [row for _, _, row in dated])


def contacts_table(rows: list[ContactRow], window: Window) -> Table:
    """Contacts, every version, in order of the day it was known."""
    ordered = sorted(rows, key=lambda row: row.known)
    return Table(
        CONTACT_COLUMNS,
        [
            (
                row.external_id,
                row.customer,
                row.email,
                row.name,
                row.role,
                row.title,
                _flag(row.is_sponsor),
                _flag(row.is_champion),
                "" if row.invited is None else _moment(window, row.invited, 9),
                _moment(window, row.known, 9),
            )
            for row in ordered
        ],
    )


def _subscription_versions(
    row: Subscription,
) -> list[tuple[date, date | None, date | None]]:
    """(known, ends_on, cancelled_on): as signed, and once more when its end or its cancellation was told."""
    planned = None if row.auto_renews else row.renewal_on
    versions: list[tuple[date, date | None, date | None]] = [(row.starts_on, planned, None)]
    if row.ended_known is not None:
        versions.append((row.ended_known, row.ended_on, row.cancelled_on))
    return versions


def subscriptions_table(plans: list[Plan], window: Window, currency: str) -> Table:
    """Subscriptions: one row a term when it starts, another when its end becomes known; in order of that."""
    dated: list[tuple[date, int, tuple[str, ...]]] = []
    for plan in plans:
        for row in plan.subscriptions:
            for known, ends_on, cancelled_on in _subscription_versions(row):
                if known > window.end:
                    continue
                cells = (
                    row.external_id,
                    plan.external_id,
                    row.product,
                    row.plan,
                    str(row.seats),
                    money(row.arr_cents),
                    currency,
                    str(row.billing_months),
                    _on(row.starts_on),
                    _on(ends_on),
                    _on(cancelled_on),
                    _on(row.renewal_on),
                    _flag(row.auto_renews),
                    str(row.notice_days),
                    f"{known.isoformat()}T00:00:00Z",
                )
                dated.append((known, plan.index, cells))
    dated.sort(key=lambda item: item[:2])
    return Table(SUBSCRIPTION_COLUMNS, [cells for _, _, cells in dated])


def _message_ids(fingerprint: int, timestamp_ms: np.ndarray) -> pa.Array:
    """UUIDs of version 7, as well-behaved senders make them: the time in ms, the run's fingerprint, the position."""
    count = len(timestamp_ms)
    number = np.arange(count, dtype=np.int64)
    mark = [int(digit, 16) for digit in f"{fingerprint:08x}"]
    nibbles = [(timestamp_ms >> (4 * (11 - place))) & 15 for place in range(12)]
    nibbles += [np.full(count, nibble) for nibble in (7, *mark[:3], 8, *mark[3:], 0, 0)]
    nibbles += [(number >> (4 * (7 - place))) & 15 for place in range(8)]
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = np.full((count, 36), ord("-"), dtype=np.uint8)
    places = [place for place in range(36) if place not in (8, 13, 18, 23)]
    for place, nibble in zip(places, nibbles, strict=True):
        text[:, place] = digits[nibble]
    offsets = np.arange(count + 1, dtype=np.int64) * 36
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text))


def _coded(indices: np.ndarray, names: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices.astype(np.int32)), pa.array(names, type=pa.string()))


def events_table(
    events: Events,
    users: Users,
    customer_ids: list[str],
    features: list[str],
    fingerprint: int,
) -> pa.Table:
    """Events as an Arrow table with the import's columns, in order of time."""
    columns = [
        _message_ids(fingerprint, events.timestamp_ms),
        _coded(users.customer[events.user], customer_ids),
        _coded(events.user, users.contact_ids),
        _coded(events.feature, features),
        pa.array(events.timestamp_ms).cast(pa.timestamp("ms", tz="UTC")),
        pa.array(events.value.astype(np.float64), mask=np.isnan(events.value)),
    ]
    return pa.table(columns, names=list(EVENT_COLUMNS))


def write_events(table: pa.Table, path: Path) -> None:
    """Write Parquet, in row groups that a reader can take one at a time."""
    pq.write_table(
        table,
        path,
        row_group_size=_ROW_GROUP,
        compression="zstd",
        compression_level=1,
        use_dictionary=["customer_external_id", "contact_external_id", "event"],
        column_encoding={
            "message_id": "DELTA_BYTE_ARRAY",
            "timestamp": "DELTA_BINARY_PACKED",
        },
        write_statistics=["timestamp"],
    )
