"""Events that waited for their customer get it when somebody names it: known from then on, not before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection

from accounts.models import Contact
from accounts.services import contacts
from accounts.services.writing import Facts
from csplatform.core.tenancy import current_workspace_id
from health import arrivals
from health.ingest.moments import micros
from health.ingest.profiles import ACTOR
from health.ingest.protocol import ANONYMOUS
from health.models import ProfileClock


def attach(*, customers: Iterable[str], people: Iterable[str], now: datetime) -> int:
    """Attach what waits for these external ids (those of customers that exist); returns the number of events.

    The caller holds the arrivals lock. Contacts whose customer was named before it existed come home first.
    """
    named = sorted(set(customers))
    home = _bring_home(named, now) if named else []
    named = _waiting("customer_key", named)
    found, shown = _attached(
        """
        SELECT e.tableoid, e.ctid, c.id FROM health_event e
        JOIN accounts_customer c ON c.workspace_id = e.workspace_id AND c.external_id = e.customer_key
        WHERE e.workspace_id = %s AND e.customer_id IS NULL AND e.customer_key = ANY(%s)
        """,
        named,
        now,
    )
    more, _ = _attached(
        """
        SELECT e.tableoid, e.ctid, p.customer_id FROM health_event e
        JOIN accounts_contact p ON p.workspace_id = e.workspace_id AND p.external_id = e.contact_key
        WHERE e.workspace_id = %s AND e.customer_id IS NULL AND e.customer_key IS NULL
          AND e.contact_key = ANY(%s) AND p.customer_id IS NOT NULL
        """,
        _waiting("contact_key", sorted({*people, *home, *shown})),
        now,
    )
    return found + more


def _waiting(column: str, keys: list[str]) -> list[str]:
    """Those of ``keys`` that some event waits under: mostly none, which the small index of waiting events tells."""
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {column} FROM health_event "
            f"WHERE workspace_id = %s AND customer_id IS NULL AND {column} = ANY(%s)",
            [str(current_workspace_id()), keys],
        )
        return sorted(row[0] for row in cursor.fetchall())


def attach_everything(*, now: datetime) -> int:
    """Attach whatever of the active workspace can be attached by now; for the sweep."""
    arrivals.lock()
    workspace = str(current_workspace_id())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT c.external_id FROM health_event e
            JOIN accounts_customer c ON c.workspace_id = e.workspace_id AND c.external_id = e.customer_key
            WHERE e.workspace_id = %s AND e.customer_id IS NULL
            UNION SELECT c.external_id FROM health_profileclock k
            JOIN accounts_customer c ON c.workspace_id = k.workspace_id AND c.external_id = k."group"
            JOIN accounts_contact p ON p.workspace_id = k.workspace_id AND p.external_id = k.external_id
            WHERE k.workspace_id = %s AND k.kind = 'contact' AND p.customer_id IS NULL
            """,
            [workspace, workspace],
        )
        customers = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            """
            SELECT DISTINCT p.external_id FROM health_event e
            JOIN accounts_contact p ON p.workspace_id = e.workspace_id AND p.external_id = e.contact_key
            WHERE e.workspace_id = %s AND e.customer_id IS NULL AND e.customer_key IS NULL
              AND p.customer_id IS NOT NULL
            """,
            [workspace],
        )
        people = [row[0] for row in cursor.fetchall()]
    return attach(customers=customers, people=people, now=now) if customers or people else 0


def _bring_home(customers: Sequence[str], now: datetime) -> list[str]:
    """Contacts without a customer that were said to belong to one of ``customers``; returns their external ids."""
    groups = dict(ProfileClock.objects.filter(kind="contact", group__in=customers).values_list("external_id", "group"))
    homeless = Contact.objects.filter(external_id__in=groups, customer__isnull=True).values_list(
        "external_id", flat=True
    )
    rows = [Facts(external_id, {"customer_external_id": groups[external_id]}) for external_id in sorted(homeless)]
    result = contacts.upsert(rows=rows, actor=ACTOR, now=now)
    refused = {refusal.index for refusal in result.refusals}
    return [row.external_id for index, row in enumerate(rows) if index not in refused]


def create_contacts(homes: Mapping[str, str], *, now: datetime, known: Mapping[str, datetime] | None = None) -> None:
    """Make contacts (external id to the external id of their customer) that product events have shown.

    ``known``: when each was known, where that was not ``now``.
    """
    moments = known or {}
    rows = [
        Facts(external_id, {"customer_external_id": customer}, known_at=moments.get(external_id))
        for external_id, customer in sorted(homes.items())
    ]
    contacts.upsert(rows=rows, actor=ACTOR, now=now)


def _attached(waiting: str, keys: list[str], now: datetime) -> tuple[int, list[str]]:
    """Attach the events that ``waiting`` selects; returns how many, and the contacts this has shown a customer for."""
    if not keys:
        return 0, []
    workspace = str(current_workspace_id())
    shown = _show_contacts(waiting, keys, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH waiting (part, place, customer_id) AS MATERIALIZED ({waiting})
            UPDATE health_event e SET customer_id = w.customer_id, known_at = greatest(e.known_at, %s),
                   recorded_at = (SELECT clock_timestamp()),
                   contact_id = (SELECT p.id FROM accounts_contact p
                                 WHERE p.workspace_id = e.workspace_id AND p.external_id = e.contact_key)
            FROM waiting w WHERE e.workspace_id = %s AND e.tableoid = w.part AND e.ctid = w.place
            RETURNING e.message_key::text, e.customer_id::text, e.contact_id::text, e.customer_key, e.contact_key,
                      e.name, (extract(epoch FROM e.occurred_at) * 1000000)::bigint, e.value
            """,
            [workspace, keys, now, workspace],
        )
        rows = cursor.fetchall()
    if rows:
        known = micros(now)
        batch = arrivals.EventBatch(
            keys=[row[0] for row in rows],
            customer_ids=[row[1] for row in rows],
            contact_ids=[row[2] for row in rows],
            customer_keys=[row[3] for row in rows],
            contact_keys=[row[4] for row in rows],
            names=[row[5] for row in rows],
            at=[row[6] for row in rows],
            known=[known] * len(rows),
            values=[row[7] for row in rows],
            properties=[None] * len(rows),
        )
        arrivals.count(batch, now=now)
    return len(rows), shown


def _show_contacts(waiting: str, keys: list[str], now: datetime) -> list[str]:
    """Contacts of the waiting events that are unknown, or at no customer yet, belong where their events do."""
    workspace = str(current_workspace_id())
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH waiting (part, place, customer_id) AS MATERIALIZED ({waiting})
            SELECT DISTINCT ON (e.contact_key) e.contact_key, c.external_id FROM waiting w
            JOIN health_event e ON e.tableoid = w.part AND e.ctid = w.place AND e.workspace_id = %s
            JOIN accounts_customer c ON c.id = w.customer_id
            WHERE e.contact_key IS NOT NULL AND left(e.contact_key, {len(ANONYMOUS)}) <> %s
              AND NOT EXISTS (SELECT 1 FROM accounts_contact p
                              WHERE p.workspace_id = e.workspace_id AND p.external_id = e.contact_key
                                AND p.customer_id IS NOT NULL)
            ORDER BY e.contact_key, e.occurred_at, c.external_id
            """,
            [workspace, keys, workspace, ANONYMOUS],
        )
        homes = dict(cursor.fetchall())
    if homes:
        create_contacts(homes, now=now)
    return sorted(homes)
