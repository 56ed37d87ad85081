"""The floor of scoring: DuckDB, on one thread, computing the default measures' values from the raw events in Parquet.

The events lie in the order in which they happened, as they were received; contacts and contracts lie beside them.
The values are those the product computes (a test compares them); points, bands, risks and any writing are left out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from accounts.models import Contact, Customer, Workspace
from csplatform.core.tenancy import workspace_scope

MEASURES = (
    "activity_level",
    "activity_trend",
    "active_users",
    "seat_share",
    "breadth",
    "habit",
    "recency",
    "sponsor_present",
)

# One pass over all events for what can be added up, days as bits of a number; distinct people and features over rows
# grouped before they are counted, which is faster here than count(DISTINCT …). Each was tried against the others.
_QUERY = """
WITH activity AS (
  SELECT customer_external_id AS customer, epoch_ms(min(timestamp)) // 86400000 AS first_day,
         epoch_ms(max(timestamp)) // 86400000 AS last_day,
         count(*) FILTER (WHERE timestamp >= $recent) AS events,
         count(*) FILTER (WHERE timestamp >= $before AND timestamp < $recent) AS before,
         bit_count(bit_or(CASE WHEN timestamp >= $recent
           THEN 1 << (epoch_ms(timestamp) // 86400000 - $day + 27)::INT ELSE 0 END)) AS active_days
  FROM read_parquet($events) WHERE timestamp < $until GROUP BY ALL),
people AS (
  SELECT customer, count(*) AS users FROM (
    SELECT customer_external_id AS customer, contact_external_id FROM read_parquet($events)
    WHERE timestamp >= $recent AND timestamp < $until AND contact_external_id IS NOT NULL GROUP BY ALL)
  GROUP BY ALL),
used AS (
  SELECT customer, count(*) AS features FROM (
    SELECT customer_external_id AS customer, event FROM read_parquet($events)
    WHERE timestamp >= $recent AND timestamp < $until GROUP BY ALL)
  GROUP BY ALL),
sponsors AS (SELECT customer, bool_or(is_sponsor) AS has_sponsor FROM read_parquet($contacts) GROUP BY ALL),
aged AS (
  SELECT c.customer, if(seats > 0, seats, NULL) AS seats, active_days, features, has_sponsor,
         events, before, coalesce(users, 0) AS users, last_day, first_day IS NOT NULL AS seen,
         $day - least(first_day, customer_since - DATE '1970-01-01') + 1 AS age
  FROM read_parquet($customers) c LEFT JOIN activity USING (customer) LEFT JOIN people USING (customer)
  LEFT JOIN used USING (customer) LEFT JOIN sponsors USING (customer))
SELECT customer,
  if(seen, events * 7.0 / (least(greatest(age, 1), 28) * seats), NULL) AS activity_level,
  CASE WHEN NOT seen OR age < 28 + 7 THEN NULL WHEN before > 0
    THEN least((events / 28.0) / (before / least(age - 28, 28)), 4.0) WHEN events > 0 THEN 4.0 END AS activity_trend,
  if(seen, users::DOUBLE, NULL) AS active_users,
  if(seen, users::DOUBLE / seats, NULL) AS seat_share,
  if(seen, coalesce(features, 0)::DOUBLE, NULL) AS breadth,
  if(seen, least(active_days * 7.0 / greatest(least(age, 28), 7), 7.0), NULL) AS habit,
  if(seen, least($day - last_day, 64)::DOUBLE, NULL) AS recency,
  has_sponsor::INT::DOUBLE AS sponsor_present
FROM aged
"""


@dataclass(frozen=True)
class Raw:
    """What DuckDB reads: events, contacts (whose, and whether a sponsor), and customers with their contracts."""

    events: Path
    contacts: Path
    customers: Path


def raw(workspace: Workspace, events: Path) -> Raw:
    """Contacts and contracts of the workspace as they are now, written as Parquet beside ``events``."""
    files = Raw(events, events.with_name("contacts.parquet"), events.with_name("contracts.parquet"))
    with workspace_scope(workspace):
        contacts = list(Contact.objects.values_list("customer__external_id", "is_sponsor"))
        customers = list(Customer.objects.values_list("external_id", "seats", "customer_since"))
    _write(files.contacts, ["customer", "is_sponsor"], contacts, [pa.string(), pa.bool_()])
    _write(files.customers, ["customer", "seats", "customer_since"], customers, [pa.string(), pa.int32(), pa.date32()])
    return files


def _write(path: Path, names: list[str], rows: list[tuple[Any, ...]], types: list[pa.DataType]) -> None:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    arrays = [pa.array(column, type=kind) for column, kind in zip(columns, types, strict=True)]
    pq.write_table(pa.table(arrays, names=names), path)


def values(files: Raw, day: date) -> dict[str, npt.NDArray[Any]]:
    """``customer`` (external ids) and each measure's values as of the end of ``day``, masked where not known."""
    recent = day - timedelta(days=27)
    with duckdb.connect(config={"threads": 1, "memory_limit": "2GB"}) as session:
        found: dict[str, npt.NDArray[Any]] = session.execute(
            _QUERY,
            {
                "events": str(files.events),
                "contacts": str(files.contacts),
                "customers": str(files.customers),
                "day": (day - date(1970, 1, 1)).days,
                "until": day + timedelta(days=1),
                "recent": recent,
                "before": recent - timedelta(days=28),
            },
        ).fetchnumpy()
    return found


def seconds(files: Raw, day: date) -> float:
    """CPU seconds of ``values``."""
    began = time.process_time()
    values(files, day)
    return time.process_time() - began


def by_customer(found: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[np.float64]]:
    """Each customer's values in the order of ``MEASURES``, NaN where not known."""
    columns = [np.ma.filled(np.ma.asarray(found[name], dtype=np.float64), np.nan) for name in MEASURES]
    return dict(zip(found["customer"].tolist(), np.column_stack(columns), strict=True))
