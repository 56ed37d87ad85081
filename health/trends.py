"""Scores over the last weeks, for many customers at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from csplatform.core.tenancy import current_workspace_id

WEEKS = 12

# The newest snapshot of each week, as known first: what a late revision made of it is no trend.
_WEEKLY = """
SELECT DISTINCT ON (customer_id, (%(today)s - as_of - 1) / 7) customer_id, (%(today)s - as_of - 1) / 7, points
FROM health_healthsnapshot
WHERE workspace_id = %(workspace)s AND customer_id = ANY(%(ids)s::uuid[])
  AND as_of >= %(today)s - 7 * %(weeks)s AND as_of < %(today)s
ORDER BY customer_id, (%(today)s - as_of - 1) / 7, as_of DESC, revision
"""


def weekly_points(customer_ids: Collection[UUID], today: date, *, weeks: int = WEEKS) -> dict[UUID, list[int | None]]:
    """Points (hundredths) at the end of each of the last ``weeks`` weeks, oldest first, None where unknown.

    Customers without any known score in that time are left out.
    """
    found: dict[UUID, list[int | None]] = {}
    if not customer_ids:
        return found
    values: dict[str, Any] = {
        "workspace": str(current_workspace_id()),
        "ids": [str(identity) for identity in customer_ids],
        "today": today,
        "weeks": weeks,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WEEKLY, values)
        for customer_id, weeks_ago, points in cursor.fetchall():
            found.setdefault(customer_id, [None] * weeks)[weeks - 1 - weeks_ago] = points
    return {key: line for key, line in found.items() if any(value is not None for value in line)}
