"""The durable inbox: one row a request."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

# One round trip: statements sent together outside a transaction block are one transaction, so the workspace
# setting holds for the insert and is gone afterwards, and the answer waits for the commit.
_APPEND = """
SELECT set_config('app.workspace', %(workspace)s, true);
INSERT INTO health_inboxbatch (workspace_id, received_at, messages, payload)
VALUES (%(workspace)s::uuid, %(received_at)s, %(messages)s, %(payload)s)
"""


def append(*, workspace_id: UUID, received_at: datetime, messages: int, payload: bytes) -> None:
    """Keep ``payload`` (the array of normalised messages); durable when this returns.

    Called outside transactions. Raises ``django.db.DatabaseError`` when the database cannot take it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND,
            {
                "workspace": str(workspace_id),
                "received_at": received_at,
                "messages": messages,
                "payload": payload,
            },
        )
