"""Who must be scored again: rows, not messages, so that a lost broker loses nobody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from csplatform.core.tenancy import current_workspace_id


def mark(customer_ids: Iterable[UUID], now: datetime) -> None:
    """Mark customers of the active workspace. Sorted, so that concurrent writers cannot deadlock.

    DO UPDATE rather than DO NOTHING: the row stays locked until this transaction commits, so a refresh that
    runs meanwhile leaves it alone instead of deleting it before our facts are visible.
    """
    ids = sorted({str(customer_id) for customer_id in customer_ids})
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO health_dirtycustomer (workspace_id, customer_id, since)
            SELECT %s::uuid, id, %s FROM unnest(%s::uuid[]) AS id ORDER BY id
            ON CONFLICT (workspace_id, customer_id) DO UPDATE SET since = health_dirtycustomer.since
            """,
            [str(current_workspace_id()), now, ids],
        )
