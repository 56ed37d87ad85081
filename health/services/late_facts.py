"""Which closed days were touched by what was told afterwards, of every source but events, which mark their own.

Read from the versions of records: what is stored later than the day it speaks of. One statement a night. Versions that
say nothing of the past (judgements, a customer's own numbers, who is a sponsor) count from when they are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from csplatform.core.tenancy import current_workspace_id
from health import late
from health.ingest.moments import day_number


@dataclass(frozen=True, slots=True)
class _Versions:
    """A table of versions. ``begins``: the column that dates the record; ``came``: columns that date themselves;
    ``others``: a change of one of these touches every day since the record began.
    """

    table: str
    record: str
    begins: str
    came: Sequence[str]
    others: Sequence[str] = ()

    @property
    def select(self) -> str:
        """Customer and first day touched by each version stored since, compared with the version known before it."""
        kept = ", ".join(f"p.{name}" for name in ("customer_id", self.begins, *self.others))
        told = ", ".join(f"v.{name}" for name in ("customer_id", self.begins, *self.others))
        changed = [
            f"CASE WHEN v.{name} IS DISTINCT FROM p.{name} THEN least(v.{name}, p.{name}) END" for name in self.came
        ]
        return f"""
            SELECT unnest(ARRAY[v.customer_id, p.customer_id]), CASE
                     WHEN p.id IS NULL THEN v.{self.begins}
                     WHEN ({told}) IS DISTINCT FROM ({kept}) THEN least(v.{self.begins}, p.{self.begins})
                     ELSE least({", ".join(changed)})
                   END
            FROM {self.table} v LEFT JOIN LATERAL (
              SELECT * FROM {self.table} p
              WHERE p.workspace_id = v.workspace_id AND p.{self.record} = v.{self.record}
                AND (p.known_at, p.id) < (v.known_at, v.id)
              ORDER BY p.known_at DESC, p.id DESC LIMIT 1) p ON true
            WHERE v.workspace_id = %(workspace)s AND v.recorded_at > %(since)s"""


_DAYS = {"issued_on", "starts_on"}
_TABLES = (
    _Versions(
        "journeys_ticketversion", "ticket_id", "opened_at", ("first_reply_at", "solved_at"), ("priority", "csat")
    ),
    _Versions("accounts_invoiceversion", "invoice_id", "issued_on", ("paid_on",), ("due_on", "amount_minor")),
    _Versions("journeys_relayversion", "relay_id", "offered_at", ("decided_at",), ("due_at",)),
    _Versions("accounts_subscriptionversion", "subscription_id", "starts_on", ("ends_on", "cancelled_on")),
)
# Of a conversation each customer has versions of its own.
_CONVERSATIONS = """
    SELECT v.customer_id, least(v.occurred_at, p.occurred_at) FROM journeys_engagementversion v
    LEFT JOIN LATERAL (
      SELECT * FROM journeys_engagementversion p
      WHERE p.workspace_id = v.workspace_id AND p.engagement_id = v.engagement_id AND p.customer_id = v.customer_id
        AND (p.known_at, p.id) < (v.known_at, v.id)
      ORDER BY p.known_at DESC, p.id DESC LIMIT 1) p ON true
    WHERE v.workspace_id = %(workspace)s AND v.recorded_at > %(since)s"""
_PARTICIPANTS = """
    SELECT v.customer_id, v.occurred_at FROM journeys_engagementcontactversion c
    JOIN journeys_engagementversion v ON v.workspace_id = c.workspace_id AND v.engagement_id = c.engagement_id
    WHERE c.workspace_id = %(workspace)s AND c.recorded_at > %(since)s"""
_PLANS = """
    SELECT o.customer_id, v.effective_on FROM journeys_outcomeversion v JOIN journeys_outcome o ON o.id = v.outcome_id
    WHERE v.workspace_id = %(workspace)s AND v.recorded_at > %(since)s
    UNION ALL
    SELECT o.customer_id, v.effective_on FROM journeys_kpiversion v
    JOIN journeys_kpi k ON k.id = v.kpi_id JOIN journeys_outcome o ON o.id = k.outcome_id
    WHERE v.workspace_id = %(workspace)s AND v.recorded_at > %(since)s
    UNION ALL
    SELECT o.customer_id, v.measured_on FROM journeys_measurement v
    JOIN journeys_kpi k ON k.id = v.kpi_id JOIN journeys_outcome o ON o.id = k.outcome_id
    WHERE v.workspace_id = %(workspace)s AND (v.recorded_at > %(since)s OR v.withdrawn_at > %(since)s)"""
_ANSWERS = """
    SELECT v.customer_id, v.occurred_at FROM surveys_scoreversion v
    WHERE v.workspace_id = %(workspace)s AND v.recorded_at > %(since)s"""


def mark(*, since: datetime, today: date) -> None:
    """Ask for revisions of closed days that facts stored since then speak of, in the active workspace."""
    moments = [each.select for each in _TABLES if each.begins not in _DAYS] + [_CONVERSATIONS, _PARTICIPANTS, _ANSWERS]
    days = [each.select for each in _TABLES if each.begins in _DAYS] + [_PLANS]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT customer_id::text, min(day) FROM (
              SELECT customer_id, (moment AT TIME ZONE 'UTC')::date AS day
              FROM ({" UNION ALL ".join(moments)}) AS told (customer_id, moment)
              UNION ALL
              SELECT customer_id, day FROM ({" UNION ALL ".join(days)}) AS told (customer_id, day)
            ) AS touched WHERE day < %(today)s AND customer_id IS NOT NULL GROUP BY 1
            """,
            {"workspace": str(current_workspace_id()), "since": since, "today": today},
        )
        late.mark({customer: day_number(day) for customer, day in cursor.fetchall()})
