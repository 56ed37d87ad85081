"""A playbook that pauses itself, and says so to its owner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.roles import Department
from csplatform.core import audit, outbox
from journeys.models import PausedBecause, Playbook, PlaybookRun, PlaybookState, RunState
from journeys.selectors import working
from journeys.services import tasks
from journeys.services.tasks import NewTask


def too_many_runs(playbook: Playbook, *, began: int, limit: int, now: datetime) -> None:
    """More runs began within an hour than it may start; those there wait until somebody has looked."""
    waiting = PlaybookRun.objects.filter(playbook=playbook, state=RunState.RUNNING).count()
    told = {"began": began, "limit": limit, "waiting": waiting}
    note = _("%(began)d runs began within an hour; %(limit)d is the limit. %(waiting)d wait.") % told
    _pause(playbook, PausedBecause.TOO_MANY_RUNS, note, now)


def too_many_tasks(playbook: Playbook, *, note: str, now: datetime) -> None:
    """A run-out would have made more tasks at once than it may; none was started."""
    _pause(playbook, PausedBecause.TOO_MANY_TASKS, note, now)


def take_no_more(playbook: Playbook, *, waiting: int, now: datetime) -> None:
    """So many runs wait that further triggers are let go, from now until somebody resumes it."""
    note = _("%(waiting)d runs wait; what happens from now on starts none.") % {"waiting": waiting}
    _pause(playbook, PausedBecause.BY_HAND, note, now)


def write(playbook: Playbook, verb: str, *, actor: audit.Actor, now: datetime, data: dict[str, Any]) -> None:
    """Save a playbook whose state has changed, with the audit line and the news ``playbook.<verb>``."""
    playbook.version += 1
    playbook.save()
    audit.record(
        actor=actor, action=f"playbook.{verb}", subject=playbook, data={"name": playbook.name, **data}, now=now
    )
    payload = {"playbook_id": str(playbook.pk), "because": playbook.paused_because}
    outbox.publish(workspace_id=playbook.workspace_id, name=f"playbook.{verb}", payload=payload, now=now)


def _pause(playbook: Playbook, because: PausedBecause, note: str, now: datetime) -> None:
    playbook.state, playbook.paused_because, playbook.paused_note = PlaybookState.PAUSED, because, note[:500]
    playbook.paused_at = now
    write(playbook, "paused", actor=audit.SYSTEM, now=now, data={"because": because.value, "note": note})
    owner = playbook.owner if playbook.owner is not None and playbook.owner.left_at is None else None
    new = NewTask(
        title=_("Look at the playbook “%(name)s”: it has paused itself") % {"name": playbook.name},
        body=_("%(note)s\n\nResume it to go on with what waits, or cancel what waits first.") % {"note": note},
        owner_id=owner.pk if owner else None,
        department=owner.department if owner else Department.MANAGEMENT,
        due_on=working.working_days().after(working.working_days().day_of(now), 0),
        source="playbook_pause",
        source_key=f"{playbook.pk}:{now.isoformat()}",
    )
    tasks.create(tasks=[new], actor=audit.SYSTEM, now=now)
