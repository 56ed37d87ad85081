"""What becomes of a task: taken, given, put off, done, cancelled, opened again, changed; one or many at once.

Everybody who may edit customers may do these with every task: work that lies about is worse than work taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Customer, Membership
from accounts.roles import Department
from accounts.services.results import StaleVersionError
from csplatform.core import audit, outbox
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Task, TaskState
from journeys.selectors import working
from journeys.services import tasks
from journeys.services.tasks import NewTask

MAX_TITLE, MAX_BODY, MAX_REASON, MAX_RESULT = 300, 10_000, 300, 500
MOST_AT_ONCE = 500
EDITABLE = frozenset({"title", "body", "owner", "department", "due_on", "draft_subject", "draft_body"})


class ClosedError(Exception):
    """The task is not open any more; the text says who closed it and when."""


class TakenError(Exception):
    """Somebody else has taken the task meanwhile; the text names them."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a deed on many did: ``done`` tasks, and those it could not be done with, each with the reason."""

    done: tuple[UUID, ...]
    left: tuple[tuple[UUID, str], ...]


@transaction.atomic
def add(
    *,
    title: str,
    actor: audit.Actor,
    now: datetime,
    by: Membership | None = None,
    customer_id: UUID | None = None,
    body: str = "",
    owner: Membership | None = None,
    department: str = "",
    due_on: date | None = None,
) -> Task:
    """A task made by hand. Neither owner nor department told: whoever adds it owns it.

    Raises ``ValidationError`` by field.
    """
    told = {"title": title, "body": body, "owner": owner, "department": department, "due_on": due_on}
    if customer_id is not None and not Customer.objects.filter(pk=customer_id).exists():
        raise ValidationError({"customer": [_("There is no such customer.")]})
    clean = _checked(told)
    owner = clean["owner"] or (by if not department else None)
    if owner is None and not clean["department"]:
        raise ValidationError({"department": [_("Say who does it: a person or a department.")]})
    new = NewTask(
        title=clean["title"],
        customer_id=customer_id,
        body=clean["body"],
        owner_id=owner.pk if owner else None,
        department=clean["department"] or (owner.department if owner else ""),
        due_on=due_on,
    )
    (made,) = tasks.create(tasks=[new], actor=actor, now=now)
    return Task.objects.get(pk=made)


@transaction.atomic
def edit(
    *, task_id: UUID, told: Mapping[str, Any], actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> Task:
    """Change what ``told`` names of ``EDITABLE``; the rest stays.

    Raises ``Task.DoesNotExist``, ``StaleVersionError``, ``ClosedError``, and ``ValidationError`` by field.
    """
    task = _open(task_id)
    if expected_version is not None and task.version != expected_version:
        raise StaleVersionError(task.version)
    clean = _checked({name: value for name, value in told.items() if name in EDITABLE})
    changed = {name: value for name, value in clean.items() if getattr(task, name) != value}
    if not changed:
        return task
    if changed.get("department", task.department) == "" and changed.get("owner", task.owner) is None:
        raise ValidationError({"department": [_("Say who does it: a person or a department.")]})
    for name, value in changed.items():
        setattr(task, name, value)
    return _write(task, "changed", actor, now, {"fields": sorted(changed)})


@transaction.atomic
def take(*, task_id: UUID, by: Membership, actor: audit.Actor, now: datetime, over: bool = False) -> Task:
    """Make it one's own. ``over``: also when it is somebody else's, who is still there.

    Raises ``Task.DoesNotExist``, ``ClosedError`` and ``TakenError``.
    """
    task = _open(task_id)
    if task.owner_id == by.pk:
        return task
    if task.owner is not None and task.owner.left_at is None and not over:
        raise TakenError(_("%(who)s has taken it.") % {"who": task.owner.user})
    task.owner = by
    return _write(task, "taken", actor, now, {"owner": str(by.user)})


@transaction.atomic
def snooze(*, task_id: UUID, until: date, reason: str, actor: audit.Actor, now: datetime) -> Task:
    """Hide it until the day ``until`` of the workspace's calendar.

    Raises ``Task.DoesNotExist``, ``ClosedError``, and ``ValidationError`` by field (``until``, ``reason``).
    """
    task = _open(task_id)
    if until <= working.working_days().day_of(now):
        raise ValidationError({"until": [_("Choose a day after today.")]})
    task.snooze_reason = _text(reason, "reason", MAX_REASON, missing=_("Say why it can wait."))
    task.snoozed_until = until
    return _write(task, "snoozed", actor, now, {"until": until.isoformat(), "reason": task.snooze_reason})


@transaction.atomic
def wake(*, task_id: UUID, actor: audit.Actor, now: datetime) -> Task:
    """Show a snoozed task again now. Raises ``Task.DoesNotExist`` and ``ClosedError``."""
    task = _open(task_id)
    if task.snoozed_until is None:
        return task
    task.snoozed_until = None
    return _write(task, "woken", actor, now, {})


@transaction.atomic
def finish(*, task_id: UUID, result: str, actor: audit.Actor, now: datetime) -> Task:
    """Done, with what came of it. Raises ``Task.DoesNotExist``, ``ClosedError``, ``ValidationError`` (``result``)."""
    task = _open(task_id)
    task.result = _text(result, "result", MAX_RESULT, missing=_("Say what came of it, in a few words."))
    return _close(task, TaskState.DONE, "finished", actor, now)


@transaction.atomic
def cancel(*, task_id: UUID, reason: str, actor: audit.Actor, now: datetime) -> Task:
    """Not to be done any more. Raises ``Task.DoesNotExist``, ``ClosedError``, ``ValidationError`` (``reason``)."""
    task = _open(task_id)
    task.result = _text(reason, "reason", MAX_RESULT, missing=_("Say why it is no longer needed."))
    return _close(task, TaskState.CANCELLED, "cancelled", actor, now)


@transaction.atomic
def reopen(*, task_id: UUID, actor: audit.Actor, now: datetime) -> Task:
    """Open again what was done or cancelled; one that is open stays as it is. Raises ``Task.DoesNotExist``."""
    task = _held(task_id)
    if task.state == TaskState.OPEN:
        return task
    task.state, task.finished_at, task.finished_by_label = TaskState.OPEN, None, ""
    task.snoozed_until = None
    return _write(task, "reopened", actor, now, {"result": task.result})


def bulk(*, task_ids: Sequence[UUID], deed: Callable[..., Task], **told: Any) -> Bulk:
    """One deed of this module with many tasks, each on its own; ``told`` is what the deed takes beside the task.

    Raises ``ValidationError`` where the deed refuses what it was told, and for more than ``MOST_AT_ONCE``.
    """
    wanted = list(dict.fromkeys(task_ids))
    if len(wanted) > MOST_AT_ONCE:
        raise ValidationError(_("At most %(most)d tasks at once.") % {"most": MOST_AT_ONCE})
    done: list[UUID] = []
    left: list[tuple[UUID, str]] = []
    for task_id in wanted:
        try:
            done.append(partial(deed, task_id=task_id)(**told).pk)
        except Task.DoesNotExist:
            left.append((task_id, _("It is not there any more.")))
        except (ClosedError, TakenError) as error:
            left.append((task_id, str(error)))
    return Bulk(tuple(done), tuple(left))


def _held(task_id: UUID) -> Task:
    task: Task = Task.objects.select_for_update(of=("self",)).select_related("owner__user").get(pk=task_id)
    return task


def _open(task_id: UUID) -> Task:
    task = _held(task_id)
    if task.state != TaskState.OPEN:
        words = {"who": task.finished_by_label, "day": task.finished_at.date().isoformat() if task.finished_at else ""}
        if task.state == TaskState.DONE:
            raise ClosedError(_("%(who)s finished it on %(day)s.") % words)
        raise ClosedError(_("%(who)s cancelled it on %(day)s.") % words)
    return task


def _close(task: Task, state: TaskState, verb: str, actor: audit.Actor, now: datetime) -> Task:
    task.state, task.finished_at, task.finished_by_label = state, now, actor.label[:200]
    task.snoozed_until = None
    return _write(task, verb, actor, now, {"result": task.result})


def _write(task: Task, verb: str, actor: audit.Actor, now: datetime, data: dict[str, Any]) -> Task:
    task.version += 1
    task.save()
    audit.record(actor=actor, action=f"task.{verb}", subject=task, data={"title": task.title, **data}, now=now)
    payload = {
        "task_id": str(task.pk),
        "customer_id": str(task.customer_id) if task.customer_id else None,
        "source": task.source,
    }
    outbox.publish(workspace_id=current_workspace_id(), name=f"task.{verb}", payload=payload, now=now)
    return task


def _checked(told: Mapping[str, Any]) -> dict[str, Any]:
    """``told`` in the form it is kept; raises ``ValidationError`` by field, naming all that is wrong."""
    clean, wrong = dict(told), {}
    limits = {"title": MAX_TITLE, "body": MAX_BODY, "draft_subject": MAX_TITLE, "draft_body": MAX_BODY}
    for name in limits.keys() & told.keys():
        missing = _("Say what is to be done.") if name == "title" else None
        try:
            clean[name] = _text(told[name], name, limits[name], missing=missing)
        except ValidationError as error:
            wrong.update(error.error_dict)
    if told.get("department") and told["department"] not in Department.values:
        wrong["department"] = [ValidationError(_("There is no such department."))]
    owner = told.get("owner")
    if owner is not None and (owner.left_at is not None or owner.workspace_id != current_workspace_id()):
        wrong["owner"] = [ValidationError(_("This person has left. Choose somebody who is here."))]
    if wrong:
        raise ValidationError(wrong)
    return clean


def _text(text: str, field: str, most: int, *, missing: str | None) -> str:
    text = text.strip()
    if not text and missing:
        raise ValidationError({field: [missing]})
    if "\0" in text:
        raise ValidationError({field: [_("Holds a character that cannot be stored.")]})
    if len(text) > most:
        told = {"length": len(text), "most": most}
        raise ValidationError({field: [_("Has %(length)d characters; %(most)d is the most.") % told]})
    return text
