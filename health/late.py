"""Whose closed days have changed: rows that ask for revisions of snapshots."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health.ingest.moments import day_of


def mark(first_days: Mapping[str, int]) -> None:
    """Note for customers of the active workspace the first closed day (counted from 1970) that an arrival touched."""
    if not first_days:
        return
    ids = sorted(first_days)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO health_latearrival (workspace_id, customer_id, from_day, marked_at)
            SELECT %s::uuid, id, day, clock_timestamp()
            FROM unnest(%s::uuid[], %s::date[]) AS late (id, day) ORDER BY id
            ON CONFLICT (workspace_id, customer_id)
            DO UPDATE SET from_day = least(health_latearrival.from_day, EXCLUDED.from_day),
              marked_at = EXCLUDED.marked_at
            """,
            [str(current_workspace_id()), ids, [day_of(first_days[customer]) for customer in ids]],
        )
