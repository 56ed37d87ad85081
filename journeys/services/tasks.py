"""Tasks: made by people and by rules, once per cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from accounts.services import bulk
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Task


@dataclass(frozen=True, slots=True)
class NewTask:
    """What is to be done. ``source_key`` None: made by hand, as often as asked for.

    ``cause``: what a machine did that leads to it, where the tasks of one call have different ones.
    """

    title: str
    customer_id: UUID | None = None
    body: str = ""
    owner_id: UUID | None = None
    department: str = ""
    due_on: date | None = None
    source: str = "manual"
    source_key: str | None = None
    for_customer: bool = False
    draft_subject: str = ""
    draft_body: str = ""
    contact_id: UUID | None = None
    cause: Mapping[str, Any] | None = None


def create(*, tasks: Sequence[NewTask], actor: audit.Actor, now: datetime) -> list[UUID]:
    """Make the tasks whose cause has made none yet; returns the ids of those just made, in the order given."""
    around = outbox.present_cause()
    causes: dict[UUID, Mapping[str, Any] | None] = {}
    rows = []
    for new in tasks:
        row = Task(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            customer_id=new.customer_id,
            title=new.title[:300],
            body=new.body,
            owner_id=new.owner_id,
            department=new.department,
            for_customer=new.for_customer,
            due_on=new.due_on,
            source=new.source,
            source_key=new.source_key,
            draft_subject=new.draft_subject[:300],
            draft_body=new.draft_body,
            contact_id=new.contact_id,
            created_at=now,
            created_by_label=actor.label[:200],
        )
        rows.append(row)
        causes[row.pk] = new.cause or around
    made = bulk.insert(rows)
    created = [row for row in rows if row.pk in made]
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[
            (
                "task.created",
                {
                    "task_id": str(row.pk),
                    "customer_id": str(row.customer_id) if row.customer_id else None,
                    "source": row.source,
                },
            )
            for row in created
        ],
        now=now,
        causes=[causes[row.pk] for row in created],
    )
    deeds = [(row, {"title": row.title}) for row in created]
    audit.record_many(actor=actor, action="task.created", deeds=deeds, now=now)
    return [row.pk for row in created]
