"""Moving customers from stage to stage: the one way in, for people, keys, files and playbooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import extensions
from accounts.models import Customer, Membership
from accounts.services import read_model
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from journeys.flight import engine
from journeys.flight.engine import Decision
from journeys.models import LapKind, Move, MoveKind, Relay, RelayState, RelayTemplate, Stage
from journeys.selectors import criteria, journey
from journeys.services import days, laps, offering, stays

MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Missing:
    """Something a move needs and does not have; ``message`` says it to people."""

    criterion: str
    message: str


class MissingError(Exception):
    """The move needs more than there is; nothing was changed."""

    def __init__(self, missing: Sequence[Missing]) -> None:
        super().__init__(" ".join(each.message for each in missing))
        self.missing = tuple(missing)


class ConflictError(Exception):
    """Somebody moved the customer meanwhile; ``last`` is that move. The text names who, where and when."""

    def __init__(self, message: str, last: Move | None) -> None:
        super().__init__(message)
        self.last = last


@dataclass(frozen=True, slots=True)
class Moved:
    """The customer stands at its new stage."""

    move: Move


@dataclass(frozen=True, slots=True)
class Opened:
    """The move waits for a handover to be accepted."""

    relay: Relay


@transaction.atomic
def move(
    *,
    customer_id: UUID,
    stage_key: str,
    reason: str,
    actor: audit.Actor,
    now: datetime,
    by: Membership | None = None,
    override: bool = False,
    occurred_on: date | None = None,
    expected_move: UUID | None = None,
    external_id: str | None = None,
    throw: bool | None = None,
) -> Moved | Opened:
    """Move a customer to the stage ``stage_key``, or open the handover it takes.

    ``expected_move``: the last move the caller has seen. ``override``: go past what is missing, in the actor's name.
    ``throw``: whether this begins a new lap, or the first stage of one that has begun; None: as the stages suggest.
    ``external_id``: a move told before under it is returned as it is.
    Raises ``Customer.DoesNotExist``; ``ValidationError`` by field; ``MissingError``; ``ConflictError`` when somebody
    else moved the customer since the caller looked, or while this call waited.
    """
    seen = journey.last_move_id(customer_id)
    customer = hold(customer_id)
    last = journey.last_move(customer_id)
    target = _target(stage_key)
    reason = _reason(reason)
    if external_id is not None and (told := _told_before(customer, target, external_id)):
        return Moved(told)
    _require_unmoved(last, seen if expected_move is None else expected_move)
    day = days.of_move(occurred_on, last, now)
    decision = _decide(customer, last, target, now, override=override, throw=throw)
    if decision.missing:
        raise MissingError([Missing(each.key, criteria.message(each)) for each in decision.missing])
    if decision.relay is not None:
        return Opened(_offer(customer, last, target, decision.relay, reason, by, actor, now))
    entry = _Entry(customer, last, target, decision, reason, day, external_id)
    return Moved(_write(entry, actor, now))


@transaction.atomic
def enter(*, relay: Relay, actor: audit.Actor, now: datetime) -> Move:
    """Enter the stage an accepted handover leads to; its criteria are looked at again.

    Raises ``MissingError``, and ``ConflictError`` when the customer no longer stands where the handover began.
    The customer must be held (``hold``) before the handover's own row is locked.
    """
    customer = hold(relay.customer_id)
    last = journey.last_move(customer.pk)
    if (last.stage_id if last else None) != relay.from_stage_id:
        raise _meanwhile(last)
    target = _target(relay.to_stage.key)
    decision = _decide(customer, last, target, now, relay_accepted=True)
    if decision.missing:
        raise MissingError([Missing(each.key, criteria.message(each)) for each in decision.missing])
    entry = _Entry(customer, last, target, decision, relay.reason, days.of_move(None, last, now), None, relay)
    return _write(entry, actor, now)


def _told_before(customer: Customer, target: Stage, external_id: str) -> Move | None:
    """The move this external id already names; raises ``ValidationError`` where that is another one."""
    found: Move | None = Move.objects.filter(external_id=external_id).first()
    if found is not None and (found.customer_id, found.stage_id) != (customer.pk, target.pk):
        raise ValidationError({"external_id": [_("is already taken by another move")]})
    return found


def hold(customer_id: UUID) -> Customer:
    """Lock a customer until the transaction ends: whoever changes its journey does so first of all."""
    customer: Customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    return customer


@dataclass(frozen=True, slots=True)
class _Entry:
    """A decided move, about to be written."""

    customer: Customer
    last: Move | None
    target: Stage
    decision: Decision
    reason: str
    day: date
    external_id: str | None
    relay: Relay | None = None


def _target(stage_key: str) -> Stage:
    stages = {stage.key: stage for stage in journey.stages()}
    if stage_key not in stages:
        known = ", ".join(stages)
        told = {"key": stage_key, "known": known}
        raise ValidationError({"stage": [_("“%(key)s” is no stage in use; there are: %(known)s.") % told]})
    return stages[stage_key]


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": [_("Say why, in a few words.")]})
    if len(reason) > MAX_REASON:
        told = {"length": len(reason), "most": MAX_REASON}
        raise ValidationError({"reason": [_("Has %(length)d characters; %(most)d is the most.") % told]})
    if "\0" in reason:
        raise ValidationError({"reason": [_("Holds a character that cannot be stored.")]})
    return reason


def _require_unmoved(last: Move | None, expected: UUID | None) -> None:
    if (last.pk if last else None) != expected:
        raise _meanwhile(last)


def _meanwhile(last: Move | None) -> ConflictError:
    if last is None:
        return ConflictError(_("The customer was not moved as you saw it; look at it again."), None)
    told = {"who": last.actor_label, "stage": journey.stage_name(last), "day": last.occurred_on.isoformat()}
    if last.stage_id is None:
        return ConflictError(_("The customer left the journey meanwhile (%(day)s): it churned.") % told, last)
    return ConflictError(_("Moved meanwhile by %(who)s: it is at “%(stage)s” since %(day)s.") % told, last)


def _decide(
    customer: Customer,
    last: Move | None,
    target: Stage,
    now: datetime,
    *,
    override: bool = False,
    throw: bool | None = None,
    relay_accepted: bool = False,
) -> Decision:
    rules = journey.rules()
    asked = {each.key: each for rule in rules for each in (*rule.entry, *rule.exit)}
    try:
        return engine.decide(
            rules,
            journey.position_of(customer.pk, last),
            target.key,
            criteria.checker(customer, asked.values(), now),
            journey.relay_pairs(),
            override=override,
            throw=throw,
            relay_accepted=relay_accepted,
        )
    except engine.AlreadyThereError:
        assert last is not None
        told = {"stage": target.label, "who": last.actor_label, "day": last.occurred_on.isoformat()}
        message = _("It is at “%(stage)s” already, since %(day)s (by %(who)s).") % told
        raise ConflictError(message, last) from None


def _offer(
    customer: Customer,
    last: Move | None,
    target: Stage,
    pair: tuple[str, str],
    reason: str,
    by: Membership | None,
    actor: audit.Actor,
    now: datetime,
) -> Relay:
    """The handover that stands on the way; the one already waiting where it leads to the same stage."""
    offered = Relay.objects.filter(customer=customer, state=RelayState.OFFERED).select_related("to_stage").first()
    if offered is not None and offered.to_stage_id == target.pk:
        return offered
    if offered is not None:
        told = {"stage": offered.to_stage.label, "day": offered.offered_at.date().isoformat()}
        message = _("A handover to “%(stage)s” has been waiting since %(day)s: accept or withdraw it first.") % told
        raise MissingError([Missing(engine.RELAY, message)])
    template = RelayTemplate.objects.get(from_stage__key=pair[0], to_stage__key=pair[1])
    return offering.open_relay(
        customer=customer, target=target, template=template, reason=reason, by=by, actor=actor, now=now
    )


def _write(entry: _Entry, actor: audit.Actor, now: datetime) -> Move:
    if not journey.keep_in_use([entry.target.pk]):
        raise ValidationError({"stage": [_("“%(stage)s” was just retired.") % {"stage": entry.target.label}]})
    last, target, decision = entry.last, entry.target, entry.decision
    made: Move = Move.objects.create(
        workspace_id=entry.customer.workspace_id,
        id=uuid7(),
        external_id=entry.external_id,
        customer=entry.customer,
        number=last.number + 1 if last else 1,
        from_stage_id=last.stage_id if last else None,
        stage=target,
        kind=MoveKind(decision.kind.value),
        occurred_on=entry.day,
        known_at=now,
        recorded_at=now,
        reason=entry.reason,
        override=bool(decision.passed_over),
        passed_over=list(decision.passed_over),
        begins_lap=_lap_kind(entry),
        actor_label=actor.label[:200],
    )
    stays.refresh([entry.customer.pk])
    keep = entry.relay.pk if entry.relay else None
    offering.overtake(customer_ids=[entry.customer.pk], keep=keep, actor=actor, now=now)
    place = read_model.StagePlace(entry.customer.pk, target.key, target.macro, entry.day)
    read_model.write_stages([place])
    if made.begins_lap:
        laps.refresh([entry.customer.pk], now)
    else:
        laps.settle([entry.customer.pk], now)
    made.refresh_from_db(fields=["lap"])
    extensions.notify_changed([entry.customer.pk], now)
    _tell(made, entry, actor, now)
    return made


def _lap_kind(entry: _Entry) -> str:
    """The lap this very move throws: a return after churn, else an expansion until its sale says what it was."""
    if not entry.decision.begins_lap:
        return ""
    return LapKind.RETURN if entry.last is not None and entry.last.stage_id is None else LapKind.EXPANSION


def facts_of(move: Move, *, stage: str, before: str | None) -> dict[str, str | None]:
    """What the news of a stage entered carry. ``stage`` and ``before``: keys."""
    return {
        "customer_id": str(move.customer_id),
        "move_id": str(move.pk),
        "stage": stage,
        "from_stage": before,
        "kind": move.kind,
    }


def _tell(made: Move, entry: _Entry, actor: audit.Actor, now: datetime) -> None:
    before = entry.last.stage.key if entry.last and entry.last.stage else None
    told = facts_of(made, stage=entry.target.key, before=before)
    audit.record(
        actor=actor,
        action="customer.moved",
        subject=entry.customer,
        data={**told, "override": made.override, "passed_over": made.passed_over},
        now=now,
    )
    outbox.publish(workspace_id=made.workspace_id, name="stage.entered", payload=told, now=now)
