"""Switching playbooks on and off, and what becomes of runs by hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit
from journeys.models import PausedBecause, Playbook, PlaybookRun, PlaybookState, RunState
from journeys.playbooks import slots
from journeys.selectors import working
from journeys.services.playbooks import checking, pausing, running, starting

_CHUNK = 1_000


class RunEndedError(Exception):
    """The run is over already; the text says how it ended."""


@transaction.atomic
def activate(*, playbook_id: UUID, actor: audit.Actor, now: datetime) -> Playbook:
    """Let it run: a draft from now on, one that was paused with what waits. Its schedule begins with the next slot.

    Raises ``Playbook.DoesNotExist``, and ``ValidationError`` when its definition names what is gone, when it and
    others would start one another for ever, or when it would make too many tasks at once (with the number).
    """
    playbook = starting.hold(playbook_id)
    if playbook.state == PlaybookState.ACTIVE:
        return playbook
    _kept, definition = checking.checked(playbook.says.definition)
    checking.refuse_what_must_not_run(playbook, definition, now)
    verb = "activated" if playbook.state == PlaybookState.DRAFT else "resumed"
    if not playbook.holds_back:
        playbook.listens_from = now
    playbook.state, playbook.paused_because, playbook.paused_note = PlaybookState.ACTIVE, "", ""
    playbook.paused_at, playbook.counted_from = None, now
    if definition.schedule is not None:
        playbook.next_slot_at = slots.next_after(definition.schedule, now, working.working_days().zone)
    pausing.write(playbook, verb, actor=actor, now=now, data={"version": playbook.says.number})
    return playbook


@transaction.atomic
def pause(*, playbook_id: UUID, actor: audit.Actor, now: datetime, note: str = "") -> Playbook:
    """Stop it: no run begins, and those begun wait. Raises ``Playbook.DoesNotExist``, ``ValidationError``."""
    return _stop(playbook_id, PlaybookState.PAUSED, "paused", actor, now, note)


@transaction.atomic
def retire(*, playbook_id: UUID, actor: audit.Actor, now: datetime) -> Playbook:
    """Out of use for good, its log kept; what waits is cancelled. Raises ``Playbook.DoesNotExist``."""
    playbook = _stop(playbook_id, PlaybookState.RETIRED, "retired", actor, now, "")
    cancel_waiting(playbook_id=playbook_id, actor=actor, now=now)
    return playbook


@transaction.atomic
def cancel_run(*, run_id: UUID, actor: audit.Actor, now: datetime) -> PlaybookRun:
    """End a run where it is; what it did stays. Raises ``PlaybookRun.DoesNotExist`` and ``RunEndedError``."""
    run = _held(run_id)
    if run.state != RunState.RUNNING:
        raise RunEndedError(_("The run is over: %(state)s.") % {"state": run.get_state_display()})
    running.close([run], RunState.CANCELLED, "cancelled", actor=actor, now=now)
    return run


@transaction.atomic
def retry_run(*, run_id: UUID, actor: audit.Actor, now: datetime) -> PlaybookRun:
    """Take the step again at which a run failed. Raises ``PlaybookRun.DoesNotExist`` and ``RunEndedError``."""
    run = _held(run_id)
    if run.state != RunState.FAILED:
        raise RunEndedError(_("Only a run stopped by a fault can be tried again."))
    run.state, run.due_at, run.finished_at, run.note, run.attempts = RunState.RUNNING, now, None, "", 0
    run.save()
    audit.record(actor=actor, action="playbook_run.retried", subject=run, now=now)
    return run


@transaction.atomic
def cancel_waiting(*, playbook_id: UUID, actor: audit.Actor, now: datetime) -> int:
    """End every run that is under way; returns how many. Raises ``Playbook.DoesNotExist``."""
    playbook, ended = starting.hold(playbook_id), 0
    rows = PlaybookRun.objects.filter(playbook=playbook, state=RunState.RUNNING)
    while ids := list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True)[:_CHUNK]):
        ended += PlaybookRun.objects.filter(pk__in=ids).update(
            state=RunState.CANCELLED, due_at=None, finished_at=now, note=_("Cancelled with all that waited.")
        )
    if ended:
        audit.record(actor=actor, action="playbook.runs_cancelled", subject=playbook, data={"runs": ended}, now=now)
    return ended


def _stop(playbook_id: UUID, state: PlaybookState, verb: str, actor: audit.Actor, now: datetime, note: str) -> Playbook:
    playbook = starting.hold(playbook_id)
    if playbook.state == PlaybookState.RETIRED:
        raise ValidationError(_("This playbook is retired."))
    playbook.state, playbook.paused_because = state, PausedBecause.BY_HAND
    playbook.paused_note, playbook.paused_at = note.strip()[:500], now
    pausing.write(playbook, verb, actor=actor, now=now, data={"note": note})
    return playbook


def _held(run_id: UUID) -> PlaybookRun:
    run: PlaybookRun = PlaybookRun.objects.select_for_update(of=("self",)).select_related("playbook").get(pk=run_id)
    return run
