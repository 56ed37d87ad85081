"""Writing the audit trail. Call it inside the transaction of the deed it records."""

from __future__ import annotations

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
