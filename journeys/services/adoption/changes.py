"""Changes of people's states as they are stored: those that hold, and versions of those that did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from django.db import connection

from accounts.models import Customer
from accounts.services import bulk
from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from journeys.adoption.knowledge import Closed
from journeys.adoption.states import Change, Standing
from journeys.models import AdoptionChange, AdoptionState, AdoptionVersion


@dataclass(slots=True)
class Person:
    """Somebody to be followed from ``from_day`` on; ``start``: how they stood at the end of the day before.

    ``uses_from``: nothing that they did before counts, or there was nothing (the rules look back from there).
    ``stored``: their row, if any; ``changes``: those stored of days from ``from_day`` on, each with the day from which
    it was known. ``begins``: what was known before that day is settled; None: nothing is, everything is learnt anew.
    """

    contact_id: UUID
    customer_id: UUID
    invited: int | None
    from_day: date
    uses_from: date
    start: Standing
    stored: AdoptionState | None
    begins: date | None
    changes: dict[Change, int] = field(default_factory=dict)


@dataclass(slots=True)
class Written:
    """What is to be written of some people's changes."""

    added: list[tuple[Person, Change, int]] = field(default_factory=list)
    closed: list[tuple[Person, Closed]] = field(default_factory=list)

    def put_right(self) -> dict[UUID, date]:
        """Each customer's first day of which more is known by now than was on the day."""
        late = [(person, each.change.day) for person, each in self.closed if each.known_until > each.known_on]
        late += [(person, change.day) for person, change, known_on in self.added if known_on > change.day]
        found: dict[UUID, int] = {}
        for person, day in late:
            found[person.customer_id] = min(day, found.get(person.customer_id, day))
        return {customer_id: date.fromordinal(day) for customer_id, day in found.items()}


def write(written: Written, now: datetime) -> None:
    """Changes that hold no more become versions; those learnt are added."""
    _close(written.closed, now)
    bulk.insert(
        [
            AdoptionChange(
                id=uuid4(),
                workspace_id=current_workspace_id(),
                contact_id=person.contact_id,
                customer_id=person.customer_id,
                day=date.fromordinal(change.day),
                state=change.state.value,
                before=change.before.value if change.before else "",
                known_on=date.fromordinal(known_on) if known_on != change.day else None,
                recorded_at=now,
            )
            for person, change, known_on in written.added
        ]
    )


def _close(closed: Sequence[tuple[Person, Closed]], now: datetime) -> None:
    """What was held true becomes a version, unless it was learnt and put right within one day."""
    if not closed:
        return
    told = [
        (
            str(person.contact_id),
            str(person.customer_id),
            *map(date.fromordinal, (each.change.day, each.known_on, each.known_until)),
            each.change.state.value,
        )
        for person, each in closed
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH told AS MATERIALIZED (
              SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::date[], %s::date[], %s::date[], %s::text[])
                AS t (contact_id, customer_id, day, known_on, known_until, state)),
            gone AS (
              DELETE FROM journeys_adoptionchange c USING told t
              WHERE c.workspace_id = %s AND c.contact_id = t.contact_id AND c.day = t.day AND c.state = t.state
                AND coalesce(c.known_on, c.day) = t.known_on
              RETURNING c.contact_id, c.customer_id, c.day, c.recorded_at)
            INSERT INTO journeys_adoptionversion
              (workspace_id, contact_id, customer_id, day, state, known_on, known_until, recorded_at, closed_at)
            SELECT %s, t.contact_id, coalesce(g.customer_id, t.customer_id), t.day, t.state, t.known_on, t.known_until,
                   coalesce(g.recorded_at, clock_timestamp()), clock_timestamp()
            FROM told t LEFT JOIN gone g ON g.contact_id = t.contact_id AND g.day = t.day
            WHERE t.known_until > t.known_on OR (g.contact_id IS NOT NULL AND t.known_on < %s)
            """,
            [
                *(literal(column) for column in zip(*told, strict=True)),
                str(current_workspace_id()),
                str(current_workspace_id()),
                now.astimezone(UTC).date(),
            ],
        )


def forget_people(external_ids: Sequence[str]) -> None:
    """Contacts are being deleted: from today on they stand nowhere; where they stood stays, under no name."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO journeys_adoptionversion
              (workspace_id, contact_id, customer_id, day, state, known_on, known_until, recorded_at, closed_at)
            SELECT c.workspace_id, c.contact_id, c.customer_id, c.day, c.state, coalesce(c.known_on, c.day),
                   (clock_timestamp() AT TIME ZONE 'UTC')::date, c.recorded_at, clock_timestamp()
            FROM journeys_adoptionchange c JOIN accounts_contact p ON p.id = c.contact_id
            WHERE c.workspace_id = %s AND p.workspace_id = c.workspace_id AND p.external_id = ANY(%s)
            """,
            [str(current_workspace_id()), list(external_ids)],
        )


def forget_customer(customer: Customer, now: datetime) -> None:
    """Delete what was known of the customer's people."""
    AdoptionVersion.objects.filter(customer_id=customer.pk).delete()
