"""How long customers had stood at a stage when they left it, kept beside the move that ended the stay."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from csplatform.core.arrays import literal


def refresh(customer_ids: Sequence[UUID]) -> None:
    """Bring ``Move.stayed_days`` of these customers up to date; call it whenever moves were written or renumbered."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE journeys_move m SET stayed_days = m.occurred_on - before.occurred_on
            FROM journeys_move before
            WHERE m.customer_id = ANY(%(ids)s::uuid[]) AND before.customer_id = m.customer_id
              AND before.number = m.number - 1 AND before.stage_id = m.from_stage_id
              AND m.stayed_days IS DISTINCT FROM m.occurred_on - before.occurred_on
            """,
            {"ids": literal(list(customer_ids))},
        )
