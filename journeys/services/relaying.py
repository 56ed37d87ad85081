"""Deciding handovers: accept, decline, withdraw, offer again, tick, and tell who is late.

``by`` is the member who acts. None: a key that may act for the departments; the caller has checked that.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.roles import Department, Permission, allows
from accounts.services import team
from csplatform.core import audit
from journeys.models import DeclineCause, Relay, RelayItem, RelayState, RelayTemplate
from journeys.selectors import journey
from journeys.services import moving, offering
from journeys.services.moving import ConflictError, Missing, MissingError
from journeys.services.offering import open_relay

__all__ = ["NotYoursError", "accept", "decline", "open_relay", "reoffer", "tick", "withdraw"]

MAX_REASON = 500
MAX_NOTE = 5_000
_ITEM = "checklist"


class NotYoursError(Exception):
    """The handover is not this member's to decide; the text says whose it is."""


@transaction.atomic
def accept(*, relay_id: UUID, actor: audit.Actor, now: datetime, by: Membership | None = None, note: str = "") -> Relay:
    """Take the customer over: it enters the stage, and the taker gets the department's place in its account team.

    The place is given only where nobody holds it. Raises ``Relay.DoesNotExist``; ``NotYoursError``; ``ConflictError``
    when somebody else decided first, or the customer moved; ``MissingError`` for required items and the criteria of
    the stages; ``ValidationError`` (``note``).
    """
    relay = _held(relay_id)
    overrides = _require_taker(relay, by)
    note = _text(note, "note", MAX_NOTE)
    missing = [Missing(_ITEM, item.text) for item in relay.items.all() if item.required and item.done_at is None]
    if missing:
        raise MissingError(missing)
    relay.move = moving.enter(relay=relay, actor=actor, now=now)
    relay.note = "\n\n".join(part for part in (relay.note, note) if part)
    asked = relay.taker
    if by is not None:
        relay.taker = by
    offering.close(relay, RelayState.ACCEPTED, actor=actor, now=now)
    if overrides:
        data = {"department": relay.taker_department, "asked": str(asked.user) if asked else None}
        audit.record(actor=actor, action="relay.overridden", subject=relay, data=data, now=now)
    if by is not None and by.department == relay.taker_department:
        role = offering.TEAM_ROLE[relay.taker_department]
        team.fill(customer_id=relay.customer_id, role=role, member=by, actor=actor, now=now)
    return relay


@transaction.atomic
def decline(
    *,
    relay_id: UUID,
    reason: str,
    actor: audit.Actor,
    now: datetime,
    by: Membership | None = None,
    cause: str = DeclineCause.OTHER,
) -> Relay:
    """Refuse it, and say why; the customer stays where it is, and the giver may offer it again.

    Raises like ``accept``, without ``MissingError``; ``ValidationError`` names ``reason`` or ``cause``.
    """
    relay = _held(relay_id)
    overrides = _require_taker(relay, by)
    if not reason.strip():
        raise ValidationError({"reason": [_("Say in a few words why, so that the others know what to change.")]})
    if cause not in DeclineCause.values:
        known = ", ".join(value for value in DeclineCause.values if value)
        raise ValidationError({"cause": [_("There is no such cause. Known are %(known)s.") % {"known": known}]})
    relay.decline_cause = cause
    reason = _text(reason, "reason", MAX_REASON)
    offering.close(relay, RelayState.DECLINED, actor=actor, now=now, reason=reason)
    if overrides:
        data = {"department": relay.taker_department}
        audit.record(actor=actor, action="relay.overridden", subject=relay, data=data, now=now)
    return relay


@transaction.atomic
def withdraw(
    *, relay_id: UUID, actor: audit.Actor, now: datetime, by: Membership | None = None, reason: str = ""
) -> Relay:
    """Take the offer back. For who gave it, their department, and who may hand portfolios over."""
    relay = _held(relay_id)
    if not may_withdraw(relay, by):
        raise NotYoursError(
            _("This handover is for %(department)s to withdraw.")
            % {"department": Department(relay.giver_department).label}
        )
    reason = _text(reason, "reason", MAX_REASON)
    offering.close(relay, RelayState.WITHDRAWN, actor=actor, now=now, reason=reason)
    return relay


@transaction.atomic
def reoffer(
    *,
    relay_id: UUID,
    reason: str,
    actor: audit.Actor,
    now: datetime,
    by: Membership | None = None,
    taker: Membership | None = None,
    note: str = "",
) -> Relay:
    """Offer again what was declined or withdrawn, as a handover of its own that keeps the ticks.

    The template of today counts, where there still is one. Raises ``Relay.DoesNotExist``; ``NotYoursError``;
    ``ConflictError`` when the customer moved or another handover waits; ``ValidationError`` by field.
    """
    before = _loaded(relay_id)
    customer = moving.hold(before.customer_id)
    before = _loaded(relay_id)
    if before.state not in (RelayState.DECLINED, RelayState.WITHDRAWN):
        raise ConflictError(_("Only what was declined or withdrawn can be offered again."), None)
    if not may_withdraw(before, by):
        raise NotYoursError(
            _("This handover is for %(department)s to offer.")
            % {"department": Department(before.giver_department).label}
        )
    if Relay.objects.filter(customer=customer, state=RelayState.OFFERED).exists():
        raise ConflictError(_("Another handover of this customer is waiting already."), None)
    last = journey.last_move(customer.pk)
    if (last.stage_id if last else None) != before.from_stage_id:
        raise ConflictError(_("The customer was moved meanwhile: start from where it is now."), None)
    if before.to_stage.retired_at is not None:
        raise ConflictError(_("The stage it led to is no longer in use."), None)
    if not reason.strip():
        raise ValidationError({"reason": [_("Say what has changed since.")]})
    template = RelayTemplate.objects.filter(from_stage=before.from_stage, to_stage=before.to_stage).first()
    told = [(item.text, item.required) for item in (template or before).items.all()]
    return offering.offer(
        customer=customer,
        target=before.to_stage,
        giver_department=template.giver_department if template else before.giver_department,
        taker_department=template.taker_department if template else before.taker_department,
        due_working_days=template.due_working_days if template else _DEFAULT_DAYS,
        items=told,
        reason=_text(reason, "reason", MAX_REASON),
        note=_text(note, "note", MAX_NOTE),
        by=by,
        taker=taker,
        reoffers=before,
        actor=actor,
        now=now,
    )


_DEFAULT_DAYS = 3


@transaction.atomic
def tick(*, relay_id: UUID, item_id: UUID, done: bool, actor: audit.Actor, now: datetime) -> RelayItem:
    """Tick a line of the checklist, or take the tick back, while the handover waits.

    Raises ``Relay.DoesNotExist``, ``RelayItem.DoesNotExist``, and ``ConflictError`` once it is decided.
    """
    relay = _held(relay_id)
    item: RelayItem = RelayItem.objects.get(pk=item_id, relay=relay)
    if done == (item.done_at is not None):
        return item
    item.done_at = now if done else None
    item.done_by_label = actor.label[:200] if done else ""
    item.save(update_fields=["done_at", "done_by_label"])
    relay.version += 1
    relay.save(update_fields=["version"])
    action = "relay.item_ticked" if done else "relay.item_unticked"
    audit.record(actor=actor, action=action, subject=relay, data={"item": item.text}, now=now)
    return item


@transaction.atomic
def escalate(*, now: datetime, limit: int = 500) -> int:
    """Tell, once each, of handovers nobody decided in time (``relay.escalated``); returns how many.

    The managers of the taker's department see them on Today. Safe to run any number of times at once.
    """
    rows = Relay.objects.select_for_update(skip_locked=True, of=("self",)).select_related("from_stage", "to_stage")
    late = list(
        rows.filter(state=RelayState.OFFERED, due_at__lte=now, escalated_at__isnull=True).order_by("due_at")[:limit]
    )
    for relay in late:
        relay.escalated_at = now
        relay.version += 1
        relay.save(update_fields=["escalated_at", "version"])
        offering.told(relay, "escalated", actor=audit.SYSTEM, now=now, data={"due_at": relay.due_at.isoformat()})
    return len(late)


def may_decide(relay: Relay, by: Membership | None) -> bool:
    """Whether ``by`` may accept or decline: the person asked, their department, or who may hand portfolios over."""
    if by is None:
        return True
    if by.left_at is not None or not allows(by.role, Permission.EDIT_CUSTOMERS):
        return False
    return _is_asked(relay, by) or allows(by.role, Permission.ASSIGN_PORTFOLIOS)


def may_withdraw(relay: Relay, by: Membership | None) -> bool:
    """Whether ``by`` may withdraw it or offer it again: who gave it, their department, or who hands portfolios over."""
    if by is None:
        return True
    if by.left_at is not None or not allows(by.role, Permission.EDIT_CUSTOMERS):
        return False
    gave = relay.giver_id == by.pk or by.department == relay.giver_department
    return gave or allows(by.role, Permission.ASSIGN_PORTFOLIOS)


def _is_asked(relay: Relay, by: Membership) -> bool:
    return relay.taker_id == by.pk or by.department == relay.taker_department


def _require_taker(relay: Relay, by: Membership | None) -> bool:
    """Raise ``NotYoursError`` unless ``by`` may decide; says whether that is by override."""
    if not may_decide(relay, by):
        asked = relay.taker.user if relay.taker and relay.taker.left_at is None else None
        whose = {"department": Department(relay.taker_department).label, "person": asked}
        if asked:
            raise NotYoursError(_("This handover waits for %(person)s, or somebody else of %(department)s.") % whose)
        raise NotYoursError(_("This handover waits for somebody of %(department)s.") % whose)
    return by is not None and not _is_asked(relay, by)


def _held(relay_id: UUID) -> Relay:
    """The open handover, its customer and then itself locked; ``ConflictError`` names who decided it first."""
    moving.hold(_loaded(relay_id).customer_id)
    relay = _loaded(relay_id, lock=True)
    if relay.state != RelayState.OFFERED:
        words = {
            "who": relay.decided_by_label,
            "day": relay.decided_at.date().isoformat() if relay.decided_at else "",
        }
        raise ConflictError(_DECIDED[RelayState(relay.state)]() % words, None)
    return relay


_DECIDED = {
    RelayState.ACCEPTED: lambda: _("Somebody was quicker: %(who)s accepted it on %(day)s."),
    RelayState.DECLINED: lambda: _("Somebody was quicker: %(who)s declined it on %(day)s."),
    RelayState.WITHDRAWN: lambda: _("It was withdrawn by %(who)s on %(day)s."),
}


def _loaded(relay_id: UUID, *, lock: bool = False) -> Relay:
    rows = Relay.objects.select_for_update(of=("self",)) if lock else Relay.objects.all()
    relay: Relay = rows.select_related("customer", "from_stage", "to_stage", "taker__user", "giver__user").get(
        pk=relay_id
    )
    return relay


def _text(text: str, field: str, most: int) -> str:
    text = text.strip()
    if "\0" in text:
        raise ValidationError({field: [_("Holds a character that cannot be stored.")]})
    if len(text) > most:
        told = {"length": len(text), "most": most}
        raise ValidationError({field: [_("Has %(length)d characters; %(most)d is the most.") % told]})
    return text
