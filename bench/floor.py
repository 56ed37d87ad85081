"""The floor of scoring: DuckDB, on one thread, computing the same figures from the same raw events in Parquet."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

# Distinct values are counted over grouped rows: a third of what count(DISTINCT …) for each column takes.
_QUERY = """
WITH recent AS MATERIALIZED (
  SELECT customer_external_id AS customer, contact_external_id AS contact, event,
         epoch_us(timestamp) // 86400000000 AS day
  FROM read_parquet($file) WHERE timestamp >= $recent AND timestamp < $until),
activity AS (SELECT customer, count(*) AS events, count(DISTINCT day) AS days FROM recent GROUP BY customer),
people AS (SELECT customer, count(*) AS people FROM (SELECT DISTINCT customer, contact FROM recent) GROUP BY customer),
used AS (SELECT customer, count(*) AS features FROM (SELECT DISTINCT customer, event FROM recent) GROUP BY customer),
earlier AS (
  SELECT customer_external_id AS customer, epoch_us(max(timestamp)) AS last,
         count(*) FILTER (WHERE timestamp >= $before AND timestamp < $recent) AS before
  FROM read_parquet($file) WHERE timestamp < $until GROUP BY customer_external_id)
SELECT * FROM earlier LEFT JOIN activity USING (customer) LEFT JOIN people USING (customer)
LEFT JOIN used USING (customer)
"""


def aggregate(events: Path, day: date) -> float:
    """CPU seconds for events of 28 days and of the 28 before, people, features, active days and the last event of
    every customer, as of the end of ``day``; nothing is written back."""
    with duckdb.connect(config={"threads": 1, "memory_limit": "2GB"}) as session:
        began = time.process_time()
        session.execute(
            _QUERY,
            {
                "file": str(events),
                "until": day + timedelta(days=1),
                "recent": day - timedelta(days=27),
                "before": day - timedelta(days=55),
            },
        ).fetchall()
        return time.process_time() - began
