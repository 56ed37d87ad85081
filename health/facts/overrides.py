"""Overrides as they were known on any day, for both executors: who says what of which customer's band."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID

import numpy as np
from django.db import connection

from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from health.adjusting import BANDS
from health.measures import Overrides

_CODES = {band: code for code, band in enumerate(BANDS, start=1)}


class OverrideHistory:
    """All overrides of ``customer_ids`` that touch the days from ``first`` to ``last``, read once.

    ``recorded_through``: what was stored later takes no part, the early end of an override included.
    """

    def __init__(
        self,
        customer_ids: Sequence[UUID] | Sequence[str],
        first: date,
        last: date,
        *,
        recorded_through: datetime | None = None,
    ) -> None:
        self._count = len(customer_ids)
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT customer_id, id, band, from_day, expires_on, known_at,
                       CASE WHEN ended_at <= %(cut)s THEN ended_at END
                FROM health_healthoverride
                WHERE workspace_id = %(workspace)s AND expires_on >= %(first)s AND from_day <= %(last)s
                  AND recorded_at <= %(cut)s AND customer_id = ANY(%(ids)s::uuid[])
                ORDER BY known_at, id
                """,
                {
                    "workspace": str(current_workspace_id()),
                    "cut": recorded_through or "infinity",
                    "first": first,
                    "last": last,
                    "ids": literal(customer_ids),
                },
            )
            self._rows = cursor.fetchall()
        self._places = {str(each): place for place, each in enumerate(customer_ids)} if self._rows else {}

    def at(self, day: date, known_through: date) -> Overrides | None:
        """What stood over each customer on ``day``, of what was known by the end of ``known_through``."""
        closed, known = (datetime.combine(each, time.max, UTC) for each in (day, known_through))
        found = None
        for customer, key, band, from_day, expires_on, known_at, ended_at in self._rows:
            is_over = ended_at is not None and ended_at <= closed
            if known_at <= known and from_day <= day <= expires_on and not is_over:
                found = found or Overrides(np.zeros(self._count, dtype=np.int8), [None] * self._count)
                place = self._places[str(customer)]
                found.codes[place], found.ids[place] = _CODES[band], key
        return found
