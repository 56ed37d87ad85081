"""Running: one step of one run per transaction, by any number of workers at once.

A run is locked with SKIP LOCKED; what its step writes, the line in its log and the way to the next step are one
transaction, so a worker that is killed leaves either all of a step or nothing of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from accounts import segments
from accounts.models import Customer
from csplatform.core import audit, outbox
from csplatform.core.tenancy import workspace_scope
from journeys.models import PlaybookRun, PlaybookState, RunState, RunStep, StepState
from journeys.playbooks import definition as rules
from journeys.playbooks.definition import WAIT, Step
from journeys.selectors import working
from journeys.services.moving import ConflictError, MissingError
from journeys.services.playbooks import steps

log = structlog.get_logger()
MOST_ATTEMPTS = 3
_WAIT_AFTER_FAULT = timedelta(minutes=1)
Clock = Callable[[], datetime]


def run_due(*, workspace_id: UUID, clock: Clock, seconds: float) -> int:
    """Take steps that are due, the longest due first, for about ``seconds``; returns how many were taken."""
    ends, taken = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        with workspace_scope(workspace_id):
            if not advance(now=clock()):
                break
        taken += 1
    return taken


def advance(*, now: datetime) -> bool:
    """Take the next step of one run that is due; False when there is none that nobody else is at work on."""
    rows = PlaybookRun.objects.select_for_update(skip_locked=True, of=("self",))
    due = rows.filter(state=RunState.RUNNING, due_at__lte=now, playbook__state=PlaybookState.ACTIVE)
    run = due.select_related("playbook__owner", "of_version").order_by("due_at", "id").first()
    if run is None:
        return False
    actor = audit.Actor(label=_("Playbook “%(name)s”") % {"name": run.playbook.name})
    chain = [*run.chain, str(run.playbook_id)]
    with outbox.caused_by({"run": str(run.pk), "chain": chain}):
        _take_step(run, actor, now)
    return True


def _take_step(run: PlaybookRun, actor: audit.Actor, now: datetime) -> None:
    plan = rules.read(run.of_version.definition).steps
    step = plan[run.step]
    try:
        with transaction.atomic():
            passed = not _applies(step, run, now)
            made = {} if passed else steps.take(step, run, actor=actor, now=now)
    except (MissingError, ConflictError, ValidationError, ObjectDoesNotExist) as error:
        _fail(run, step, _words(error), actor, now)
    except OperationalError:
        raise
    except Exception:
        log.exception("a step of a playbook failed", run=str(run.pk), step=run.step)
        _try_again(run, step, actor, now)
    else:
        _log(run, step, StepState.PASSED if passed else StepState.DONE, now, made=made)
        _go_on(run, step, len(plan), passed, actor, now)


def _applies(step: Step, run: PlaybookRun, now: datetime) -> bool:
    if not step.only_if:
        return True
    wanted = segments.condition(segments.stored(step.only_if), now=now)
    found: bool = Customer.objects.filter(wanted, pk=run.customer_id).exists()
    return found


def _go_on(run: PlaybookRun, step: Step, steps_in_all: int, passed: bool, actor: audit.Actor, now: datetime) -> None:
    run.step += 1
    run.attempts = 0
    if run.step == steps_in_all:
        close(run, RunState.DONE, "finished", actor=actor, now=now)
        return
    run.due_at = now
    if step.kind == WAIT and not passed:
        days = working.working_days()
        # A wait ends when its last day opens, so that what follows is there in the morning.
        run.due_at = max(now, days.hours(days.after(days.day_of(now), step.days))[0])
    run.save()


def _fail(run: PlaybookRun, step: Step, why: str, actor: audit.Actor, now: datetime) -> None:
    _log(run, step, StepState.FAILED, now, note=why)
    run.note = why[:500]
    close(run, RunState.FAILED, "failed", actor=actor, now=now)


def _try_again(run: PlaybookRun, step: Step, actor: audit.Actor, now: datetime) -> None:
    run.attempts += 1
    if run.attempts >= MOST_ATTEMPTS:
        _fail(run, step, _("An unexpected fault, %(n)d times.") % {"n": run.attempts}, actor, now)
        return
    run.due_at = now + _WAIT_AFTER_FAULT * run.attempts
    run.save()


def close(run: PlaybookRun, state: RunState, verb: str, *, actor: audit.Actor, now: datetime) -> None:
    """End a locked run, with the audit line and the news ``run.<verb>``."""
    run.state, run.due_at, run.finished_at = state, None, now
    run.save()
    payload = {"run_id": str(run.pk), "playbook_id": str(run.playbook_id), "customer_id": str(run.customer_id)}
    audit.record(actor=actor, action=f"playbook_run.{verb}", subject=run, data={**payload, "note": run.note}, now=now)
    outbox.publish(workspace_id=run.workspace_id, name=f"playbook_run.{verb}", payload=payload, now=now)


def _log(
    run: PlaybookRun, step: Step, state: StepState, now: datetime, *, made: dict[str, str] | None = None, note: str = ""
) -> None:
    RunStep.objects.update_or_create(
        run=run,
        number=run.step,
        defaults={
            "workspace_id": run.workspace_id,
            "kind": step.kind,
            "state": state,
            "made": made or {},
            "note": note[:500],
            "at": now,
        },
    )


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, ObjectDoesNotExist):
        return _("Something the step needs is not there any more.")
    return str(error)
