"""Tasks: made by people and by rules, once per cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Task


@dataclass(frozen=True, slots=True)
class NewTask:
    """What is to be done. ``source_key`` None: made by hand, as often as asked for."""

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


def create(*, tasks: Sequence[NewTask], actor: audit.Actor, now: datetime) -> list[UUID]:
    """Make the tasks whose cause has made none yet; returns the ids of those just made, in the order given."""
    rows = [
        Task(
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
        for new in tasks
    ]
    Task.objects.bulk_create(rows, batch_size=2_000, ignore_conflicts=True)
    made = set(Task.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
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
    )
    if len(created) == 1:
        audit.record(actor=actor, action="task.created", subject=created[0], data={"title": created[0].title}, now=now)
    elif created:
        audit.record(actor=actor, action="tasks.created", data={"count": len(created)}, now=now)
    return [row.pk for row in created]
