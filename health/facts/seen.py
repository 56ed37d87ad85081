"""Which names of events had been seen in the workspace by a day: where one never was, its absence says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import connection

from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from health.measures import Spec


class SeenNames:
    """The names that ``specs`` look for, readable as of any day; nothing is read where they name none.

    ``recorded_by``: what was stored later takes no part.
    """

    def __init__(self, specs: Iterable[Spec], *, recorded_by: datetime | None = None) -> None:
        names = sorted({name for spec in specs if spec.source == "events" for name in spec.events or ()})
        self._rows: list[tuple[str, date, date]] = []
        if not names:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT name, first_day, known_on FROM health_seenname
                WHERE workspace_id = %s AND name = ANY(%s) AND recorded_at <= %s
                """,
                [str(current_workspace_id()), names, recorded_by or "infinity"],
            )
            self._rows = cursor.fetchall()

    def at(self, day: date, known_by: date) -> frozenset[str]:
        """The names of events that happened by ``day``, of what was known by the end of ``known_by``."""
        return frozenset(name for name, first, known in self._rows if first <= day and known <= known_by)


def note(names: Sequence[str], first_days: Sequence[date], known_on: Sequence[date]) -> None:
    """Events of these names were stored: keep what none said before, of when each happened and was known first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO health_seenname (workspace_id, name, first_day, known_on, recorded_at)
            SELECT %(workspace)s::uuid, t.name, t.first_day, t.known_on, clock_timestamp()
            FROM unnest(%(names)s::text[], %(first)s::date[], %(known)s::date[]) AS t (name, first_day, known_on)
            WHERE NOT EXISTS (
              SELECT FROM health_seenname s WHERE s.workspace_id = %(workspace)s::uuid AND s.name = t.name
                AND s.known_on <= t.known_on AND s.first_day <= t.first_day)
            """,
            {
                "workspace": str(current_workspace_id()),
                "names": list(names),
                "first": literal(first_days),
                "known": literal(known_on),
            },
        )
