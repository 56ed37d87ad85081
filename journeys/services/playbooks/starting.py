"""Starting runs: one per playbook and trigger, whatever is delivered twice, killed or retried.

A playbook's row is locked while it takes triggers, so that its limits count everybody's. Runs and the mark that an
event was delivered are written in one transaction; the unique key of runs guards what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import segments
from accounts.models import Customer
from accounts.services import bulk
from csplatform.core import audit
from csplatform.core.ids import parse_uuid, uuid7
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Playbook, PlaybookRun, PlaybookState, RunState
from journeys.playbooks import definition as rules
from journeys.playbooks import slots, whom
from journeys.playbooks.definition import Definition
from journeys.selectors import working
from journeys.services.playbooks import pausing

HOUR = timedelta(hours=1)
DEEPEST = 5
MOST_WAITING = 100_000
_CHUNK = 1_000
_COUNTED = (RunState.RUNNING, RunState.DONE, RunState.FAILED, RunState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What would start a run: ``key`` names it for ever, ``name`` is the event's or what began it."""

    key: str
    customer_id: UUID
    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    chain: Sequence[str] = ()


def hear(events: Sequence[OutboxEvent]) -> None:
    """Listener of the outbox: a run for each playbook an event starts, in the delivering transaction."""
    for workspace_id, theirs in groupby(sorted(events, key=lambda event: event.workspace_id), key=_workspace_of):
        told = sorted(theirs, key=lambda event: event.pk)
        with workspace_scope(workspace_id):
            names = {event.name for event in told}
            wanted = Playbook.objects.filter(trigger_event__in=names, state__in=_LISTENING)
            for playbook_id in list(wanted.order_by("pk").values_list("pk", flat=True)):
                _take(playbook_id, told, now=max(event.created_at for event in told))


_LISTENING = (PlaybookState.ACTIVE, PlaybookState.PAUSED)


def _workspace_of(event: OutboxEvent) -> UUID:
    return event.workspace_id


def _take(playbook_id: UUID, events: Iterable[OutboxEvent], *, now: datetime) -> None:
    playbook = hold(playbook_id)
    if playbook.state != PlaybookState.ACTIVE and not playbook.holds_back:
        return
    definition = rules.read(playbook.says.definition)
    triggers = [
        Trigger(f"event:{event.pk}", customer_id, event.name, event.payload, (event.cause or {}).get("chain") or ())
        for event in events
        if event.name == definition.event and definition.wants(event.payload)
        if playbook.listens_from is None or event.created_at >= playbook.listens_from
        if (customer_id := parse_uuid(event.payload.get("customer_id"))) is not None
    ]
    begin(playbook, definition, triggers, now=now)


def hold(playbook_id: UUID) -> Playbook:
    """Lock a playbook until the transaction ends: whoever starts its runs or changes its state does so first."""
    rows = Playbook.objects.select_for_update(of=("self",), no_key=True).select_related("present", "owner__user")
    playbook: Playbook = rows.get(pk=playbook_id)
    return playbook


def begin(playbook: Playbook, definition: Definition, triggers: Sequence[Trigger], *, now: datetime) -> int:
    """Store the runs these triggers start, once each; returns how many began. The playbook must be held.

    Customers the filter leaves out start nothing. What the guard against loops stops is stored as not begun, with the
    reason. Over the hourly limit the playbook pauses itself: the runs are there and wait.
    """
    known = set(PlaybookRun.objects.filter(playbook=playbook, trigger_key__in=[each.key for each in triggers])
                .values_list("trigger_key", flat=True))  # fmt: skip
    fresh = [each for each in triggers if each.key not in known]
    matching = _matching(definition, {each.customer_id for each in fresh}, now)
    fresh = [each for each in fresh if each.customer_id in matching]
    if not fresh:
        return 0
    fresh = _within_what_may_wait(playbook, fresh, now)
    stopped = _stopped(playbook, definition, fresh, now)
    runs = [_run(playbook, each, stopped.get(each.key, ""), now) for each in fresh]
    bulk.insert(runs)
    begun = sum(run.state == RunState.RUNNING for run in runs)
    if begun and playbook.state == PlaybookState.ACTIVE:
        _pause_over_limit(playbook, definition, now)
    return begun


def _matching(definition: Definition, customer_ids: set[UUID], now: datetime) -> set[UUID]:
    rows = Customer.objects.filter(pk__in=customer_ids)
    if definition.filter:
        rows = rows.filter(segments.condition(segments.stored(definition.filter), now=now))
    return set(rows.values_list("pk", flat=True))


def _within_what_may_wait(playbook: Playbook, triggers: list[Trigger], now: datetime) -> list[Trigger]:
    """While a playbook is paused by itself what waits stays bounded: beyond ``MOST_WAITING`` it takes nothing more."""
    if not playbook.holds_back:
        return triggers
    waiting = PlaybookRun.objects.filter(playbook=playbook, state=RunState.RUNNING).count()
    if waiting + len(triggers) > MOST_WAITING:
        pausing.take_no_more(playbook, waiting=waiting, now=now)
        return []
    return triggers


def _stopped(playbook: Playbook, definition: Definition, triggers: Sequence[Trigger], now: datetime) -> dict[str, str]:
    """Trigger key → why it starts nothing: it comes out of this playbook itself, too deep, or too soon again.

    Where a step asks the person it happened to, the playbook rests for that person and not for the whole customer.
    """
    recent: set[tuple[UUID, str | None]] = set()
    by_person = whom.asks_the_person(definition.steps)
    if definition.again_after_days:
        since = now - timedelta(days=definition.again_after_days)
        rows = PlaybookRun.objects.filter(playbook=playbook, started_at__gt=since).exclude(state=RunState.SKIPPED)
        rows = rows.filter(customer_id__in={each.customer_id for each in triggers})
        named = rows.values_list("customer_id", f"payload__{whom.CONTACT}").distinct()
        recent = {(pk, contact if by_person else None) for pk, contact in named}
    why: dict[str, str] = {}
    for each in triggers:
        reached = (each.customer_id, each.payload.get(whom.CONTACT) if by_person else None)
        if str(playbook.pk) in each.chain:
            why[each.key] = _("Its own run led to this event.")
        elif len(each.chain) >= DEEPEST:
            why[each.key] = _("A chain of %(n)d playbooks led to this event.") % {"n": len(each.chain)}
        elif reached in recent:
            again = (
                _("It ran for this person less than %(n)d days ago.")
                if by_person
                else _("It ran for this customer less than %(n)d days ago.")
            )
            why[each.key] = again % {"n": definition.again_after_days}
        elif definition.again_after_days:
            recent.add(reached)
    return why


def _run(playbook: Playbook, trigger: Trigger, stopped: str, now: datetime) -> PlaybookRun:
    return PlaybookRun(
        id=uuid7(),
        workspace_id=playbook.workspace_id,
        playbook=playbook,
        of_version=playbook.says,
        customer_id=trigger.customer_id,
        trigger_key=trigger.key,
        trigger=trigger.name,
        payload=dict(trigger.payload),
        chain=list(trigger.chain),
        state=RunState.SKIPPED if stopped else RunState.RUNNING,
        note=stopped[:500],
        due_at=None if stopped else now,
        started_at=now,
        finished_at=now if stopped else None,
    )


def _pause_over_limit(playbook: Playbook, definition: Definition, now: datetime) -> None:
    since = max(now - HOUR, playbook.counted_from or now - HOUR)
    begun = PlaybookRun.objects.filter(playbook=playbook, started_at__gt=since, state__in=_COUNTED)
    began = begun.filter(trigger=definition.event).count()
    if began > definition.runs_an_hour:
        pausing.too_many_runs(playbook, began=began, limit=definition.runs_an_hour, now=now)


def come_round(*, now: datetime) -> int:
    """Start what schedules of the active workspace are due; returns how many runs began. Any number may call it."""
    zone, began = working.working_days().zone, 0
    rows = Playbook.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    due = rows.select_related("present", "owner__user").filter(state=PlaybookState.ACTIVE, next_slot_at__lte=now)
    for playbook in due.order_by("next_slot_at", "pk")[:50]:
        definition = rules.read(playbook.says.definition)
        assert definition.schedule is not None
        day = slots.latest_until(definition.schedule, now, zone)
        playbook.next_slot_at = slots.next_after(definition.schedule, now, zone)
        playbook.save(update_fields=["next_slot_at"])
        began += _run_out(playbook, definition, f"day:{day.isoformat()}", "schedule", Q(), now)
    return began


@transaction.atomic
def start_for(
    *, playbook_id: UUID, customers: Q, key: str, actor: audit.Actor, now: datetime, name: str = "by_hand"
) -> int:
    """Start an active playbook for customers chosen otherwise (a shock's, a list's), once per ``key`` and customer.

    Its own filter counts as well. Returns how many runs began. Raises ``Playbook.DoesNotExist``, and
    ``ValidationError`` when it is not active, or would make more tasks at once than it may: the text has the number.
    """
    playbook = hold(playbook_id)
    if playbook.state != PlaybookState.ACTIVE:
        raise ValidationError(_("“%(name)s” is not active. Activate it first.") % {"name": playbook.name})
    definition = rules.read(playbook.says.definition)
    refuse_too_many(definition, count(definition, customers, now))
    began = _run_out(playbook, definition, f"key:{key}", name, customers, now)
    audit.record(actor=actor, action="playbook.started", subject=playbook, data={"runs": began, "key": key}, now=now)
    return began


def count(definition: Definition, customers: Q, now: datetime) -> int:
    """How many customers a run-out would reach."""
    found: int = _reached(definition, customers, now).count()
    return found


def refuse_too_many(definition: Definition, customers: int) -> None:
    """Raise ``ValidationError`` with the number when so many customers would mean too many tasks at once."""
    tasks = customers * definition.tasks_a_run
    most = min(definition.tasks_at_once, rules.MOST_TASKS_AT_ONCE)
    if tasks > most:
        told = {"tasks": tasks, "customers": customers, "most": most}
        raise ValidationError(
            _(
                "It would create %(tasks)d tasks for %(customers)d customers at once; %(most)d is the limit. Narrow "
                "the customers down, or raise the limit. Nothing was started."
            )
            % told
        )


def _reached(definition: Definition, customers: Q, now: datetime) -> Any:
    rows = Customer.objects.filter(customers)
    if definition.filter:
        rows = rows.filter(segments.condition(segments.stored(definition.filter), now=now))
    return rows


def _run_out(playbook: Playbook, definition: Definition, key: str, name: str, customers: Q, now: datetime) -> int:
    """A run for every customer reached, in pieces of bounded size; none at all when it would be too many tasks."""
    reached = _reached(definition, customers, now)
    try:
        refuse_too_many(definition, reached.count())
    except ValidationError as error:
        pausing.too_many_tasks(playbook, note=" ".join(error.messages), now=now)
        return 0
    began, last = 0, None
    while True:
        rows = reached.order_by("pk") if last is None else reached.filter(pk__gt=last).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:_CHUNK])
        if not ids:
            return began
        began += begin(playbook, definition, [Trigger(f"{key}:{each}", each, name) for each in ids], now=now)
        last = ids[-1]
