"""Writing the audit trail. Call it inside the transaction of the deed it records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, models

from csplatform.core.arrays import literal
from csplatform.core.ids import uuid7
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import current_workspace_id


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in person, an API key, or the system itself. ``label`` is what the trail shows."""

    label: str
    user_id: UUID | None = None


SYSTEM = Actor(label="system")


def record(
    *, actor: Actor, action: str, now: datetime, subject: Any = None, data: dict[str, Any] | None = None
) -> None:
    """Append one line: ``actor`` did ``action`` (``noun.verb_past``) to ``subject`` (a model instance) at ``now``."""
    AuditEvent.objects.create(
        workspace_id=current_workspace_id(),
        at=now,
        actor_user_id=actor.user_id,
        actor_label=actor.label[:200],
        action=action,
        object_type=subject._meta.label_lower if subject is not None else "",
        object_id=str(subject.pk) if subject is not None else "",
        data=data or {},
    )


def record_many(
    *, actor: Actor, action: str, deeds: Iterable[tuple[models.Model, Mapping[str, Any]]], now: datetime
) -> None:
    """``record`` for any number of records of one model, as (subject, data), in one statement."""
    told = list(deeds)
    if not told:
        return
    columns = zip(*((uuid7(), str(subject.pk), json.dumps(data)) for subject, data in told), strict=True)
    label = told[0][0]._meta.label_lower
    same: list[Any] = [
        str(current_workspace_id()),
        now,
        str(actor.user_id) if actor.user_id else None,
        actor.label[:200],
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO core_auditevent (id, workspace_id, at, actor_user_id, actor_label, action, object_type,
                object_id, data)
            SELECT id, %s, %s, %s, %s, %s, %s, object_id, data
            FROM unnest(%s::uuid[], %s::text[], %s::jsonb[]) AS told(id, object_id, data)
            """,
            [*same, action, label, *map(literal, columns)],
        )


def record_for(
    *, actor: Actor, action: str, label: str, ids: Iterable[UUID], data: dict[str, Any], now: datetime
) -> None:
    """Append one line per record of the model ``label`` (``app.model``): the same deed done to many at once."""
    workspace_id = current_workspace_id()
    AuditEvent.objects.bulk_create(
        (
            AuditEvent(
                workspace_id=workspace_id,
                at=now,
                actor_user_id=actor.user_id,
                actor_label=actor.label[:200],
                action=action,
                object_type=label,
                object_id=str(record_id),
                data=data,
            )
            for record_id in ids
        ),
        batch_size=2_000,
    )
