"""Writing the audit trail. Call it inside the transaction of the deed it records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

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
