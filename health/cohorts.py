"""How groups of customers stood on past days, for other apps to compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from django.db import connection

from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from journeys.extensions import DayOfGroup

_SQL = """
SELECT as_of, count(*), round(avg(points)), count(*) FILTER (WHERE band = 'at_risk')
FROM (
    SELECT DISTINCT ON (as_of, customer_id) as_of, customer_id, points, band
    FROM health_healthsnapshot
    WHERE workspace_id = %s AND as_of = ANY(%s::date[]) AND (customer_id = ANY(%s::uuid[])) = %s
    ORDER BY as_of, customer_id, revision DESC
) AS newest
WHERE points IS NOT NULL
GROUP BY as_of
"""


def standing_of(days: Sequence[date], customer_ids: Sequence[UUID], inside: bool) -> Mapping[date, DayOfGroup]:
    """Mean health and number at risk on each day that has snapshots, of these customers or of all others."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [current_workspace_id(), literal(list(days)), literal(list(customer_ids)), inside])
        return {day: DayOfGroup(count, int(mean), at_risk) for day, count, mean, at_risk in cursor.fetchall()}
