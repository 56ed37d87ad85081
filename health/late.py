"""Whose closed days have changed: rows that ask for revisions of snapshots."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health.ingest.moments import day_of


def mark(first_days: Mapping[str, int], *, dated_back: Collection[str] = ()) -> None:
    """Note for customers of the active workspace the first closed day (counted from 1970) that an arrival touched.

    ``dated_back``: those of whom nothing was known late; what arrived claims to have been known on its day.
    """
    if not first_days:
        return
    ids = sorted(first_days)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO health_latearrival (workspace_id, customer_id, from_day, marked_at, is_known_late)
            SELECT %s::uuid, id, day, clock_timestamp(), known_late
            FROM unnest(%s::uuid[], %s::date[], %s::bool[]) AS late (id, day, known_late) ORDER BY id
            ON CONFLICT (workspace_id, customer_id)
            DO UPDATE SET from_day = least(health_latearrival.from_day, EXCLUDED.from_day),
              marked_at = EXCLUDED.marked_at,
              is_known_late = health_latearrival.is_known_late OR EXCLUDED.is_known_late
            """,
            [
                str(current_workspace_id()),
                ids,
                [day_of(first_days[customer]) for customer in ids],
                [customer not in dated_back for customer in ids],
            ],
        )
