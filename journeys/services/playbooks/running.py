"""Running: a step per transaction, of one run or of many that are at the same one, by any number of workers at once.

Runs are locked with SKIP LOCKED; what a step writes, the lines in the log and the way to the next step are one
transaction, so a worker that is killed leaves either all of it or nothing. Steps that lock nothing are taken for many
runs at once; a step that moves a customer is taken for one, so that workers never lock in a ring.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from accounts import segments
from accounts.models import Customer
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from journeys.models import PlaybookRun, PlaybookState, RunState, RunStep, StepState
from journeys.playbooks import definition as rules
from journeys.playbooks.definition import WAIT, Step
from journeys.selectors import working
from journeys.services.moving import ConflictError, MissingError
from journeys.services.playbooks import steps

log = structlog.get_logger()
MOST_ATTEMPTS = 3
MOST_TOGETHER = 250
"""So many rows are in memory at once, and so much is done again when a worker is killed."""
_WAIT_AFTER_FAULT = timedelta(minutes=1)
Clock = Callable[[], datetime]


def run_due(*, workspace_id: UUID, clock: Clock, seconds: float) -> int:
    """Take steps that are due, the longest due first, for about ``seconds``; returns how many were taken."""
    ends, taken = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        with workspace_scope(workspace_id):
            more = advance(now=clock())
        if not more:
            break
        taken += more
    return taken


def advance(*, now: datetime) -> int:
    """Take the step of the run that is due longest, and of up to ``MOST_TOGETHER`` at the same step where many can.

    Returns how many steps were taken: 0 when no run is due that nobody else is at work on.
    """
    rows = PlaybookRun.objects.select_for_update(skip_locked=True, of=("self",))
    due = rows.filter(state=RunState.RUNNING, due_at__lte=now, playbook__state=PlaybookState.ACTIVE)
    due = due.select_related("playbook__owner__user", "of_version").order_by("due_at", "id")
    first = due.first()
    if first is None:
        return 0
    actor = audit.Actor(label=_("Playbook “%(name)s”") % {"name": first.playbook.name})
    plan = rules.read(first.of_version.definition).steps
    if plan[first.step].kind in steps.TOGETHER:
        same = due.filter(of_version=first.of_version_id, step=first.step, due_at__gte=first.due_at)
        runs = list(same.exclude(pk=first.pk)[: MOST_TOGETHER - 1])
        return _take_together([first, *runs], plan, actor, now)
    _take_step(first, plan, actor, now)
    return 1


def _take_together(runs: list[PlaybookRun], plan: Sequence[Step], actor: audit.Actor, now: datetime) -> int:
    """The step of all these runs at once; when that fails, of each by itself, so that one holds up no other."""
    step = plan[runs[0].step]
    try:
        with transaction.atomic():
            applies = _applying(step, runs, now)
            taking = [run for run in runs if run.customer_id in applies]
            made = steps.take_together(step, taking, actor=actor, now=now) if taking else []
            passed = [run for run in runs if run.customer_id not in applies]
            _log(taking, step, StepState.DONE, now, made=made)
            _log(passed, step, StepState.PASSED, now)
            _go_on(taking, step, len(plan), False, actor, now)
            _go_on(passed, step, len(plan), True, actor, now)
    except OperationalError:
        raise
    except Exception:
        fresh = PlaybookRun.objects.select_related("playbook__owner__user", "of_version")
        for run in fresh.filter(pk__in=[run.pk for run in runs]).order_by("due_at", "id"):
            _take_step(run, plan, actor, now)
    return len(runs)


def _take_step(run: PlaybookRun, plan: Sequence[Step], actor: audit.Actor, now: datetime) -> None:
    step = plan[run.step]
    try:
        with transaction.atomic(), outbox.caused_by(steps.cause_of(run)):
            passed = not _applying(step, [run], now)
            made = {} if passed else steps.take(step, run, actor=actor, now=now)
    except (MissingError, ConflictError, ValidationError, ObjectDoesNotExist) as error:
        _fail(run, step, _words(error), actor, now)
    except OperationalError:
        raise
    except Exception:
        log.exception("a step of a playbook failed", run=str(run.pk), step=run.step)
        _try_again(run, step, actor, now)
    else:
        _log([run], step, StepState.PASSED if passed else StepState.DONE, now, made=[made])
        _go_on([run], step, len(plan), passed, actor, now)


def _applying(step: Step, runs: Sequence[PlaybookRun], now: datetime) -> set[UUID]:
    """The customers for whom the step is to be taken."""
    customer_ids = {run.customer_id for run in runs}
    if not step.only_if:
        return customer_ids
    wanted = segments.condition(segments.stored(step.only_if), now=now)
    return set(Customer.objects.filter(wanted, pk__in=customer_ids).values_list("pk", flat=True))


def _go_on(
    runs: Sequence[PlaybookRun], step: Step, steps_in_all: int, passed: bool, actor: audit.Actor, now: datetime
) -> None:
    """On to the next step, of runs that took the same one; over when there is none."""
    if not runs:
        return
    for run in runs:
        run.step, run.attempts = run.step + 1, 0
    if runs[0].step == steps_in_all:
        close(runs, RunState.DONE, "finished", actor=actor, now=now)
        return
    due_at = now
    if step.kind == WAIT and not passed:
        days = working.working_days()
        # A wait ends when its last day opens, so that what follows is there in the morning.
        due_at = max(now, days.hours(days.after(days.day_of(now), step.days))[0])
    written = PlaybookRun.objects.filter(pk__in=[run.pk for run in runs])
    written.update(step=runs[0].step, attempts=0, due_at=due_at)


def _fail(run: PlaybookRun, step: Step, why: str, actor: audit.Actor, now: datetime) -> None:
    _log([run], step, StepState.FAILED, now, note=why)
    run.note = why[:500]
    close([run], RunState.FAILED, "failed", actor=actor, now=now)


def _try_again(run: PlaybookRun, step: Step, actor: audit.Actor, now: datetime) -> None:
    run.attempts += 1
    if run.attempts >= MOST_ATTEMPTS:
        _fail(run, step, _("An unexpected fault, %(n)d times.") % {"n": run.attempts}, actor, now)
        return
    run.due_at = now + _WAIT_AFTER_FAULT * run.attempts
    run.save()


def close(runs: Sequence[PlaybookRun], state: RunState, verb: str, *, actor: audit.Actor, now: datetime) -> None:
    """End locked runs that are at the same step, with an audit line and the news ``playbook_run.<verb>`` of each."""
    first = runs[0]
    for run in runs:
        run.state, run.due_at, run.finished_at = state, None, now
    PlaybookRun.objects.filter(pk__in=[run.pk for run in runs]).update(
        state=state, due_at=None, finished_at=now, step=first.step, attempts=first.attempts, note=first.note
    )
    payloads = [
        {"run_id": str(run.pk), "playbook_id": str(run.playbook_id), "customer_id": str(run.customer_id)}
        for run in runs
    ]
    deeds = [(run, {**payload, "note": run.note}) for run, payload in zip(runs, payloads, strict=True)]
    audit.record_many(actor=actor, action=f"playbook_run.{verb}", deeds=deeds, now=now)
    outbox.publish_many(
        workspace_id=first.workspace_id,
        events=[(f"playbook_run.{verb}", payload) for payload in payloads],
        # People cancel; all else is the run's own doing.
        causes=None if state == RunState.CANCELLED else [steps.cause_of(run) for run in runs],
        now=now,
    )


def _log(
    runs: Sequence[PlaybookRun],
    step: Step,
    state: StepState,
    now: datetime,
    *,
    made: Sequence[dict[str, str]] = (),
    note: str = "",
) -> None:
    """A line for each run; of a step tried before, in the place of the one there."""
    lines = [
        RunStep(
            id=uuid7(),
            workspace_id=run.workspace_id,
            run=run,
            number=run.step,
            kind=step.kind,
            state=state,
            made={name: told for name, told in made[place].items() if name != "note"} if made else {},
            note=(note or (made[place].get("note", "") if made else ""))[:500],
            at=now,
        )
        for place, run in enumerate(runs)
    ]
    written = ["kind", "state", "made", "note", "at"]
    RunStep.objects.bulk_create(lines, update_conflicts=True, unique_fields=["run", "number"], update_fields=written)


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, ObjectDoesNotExist):
        return _("Something the step needs is not there any more.")
    return str(error)
