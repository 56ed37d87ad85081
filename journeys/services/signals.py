"""Signals of change at a customer: recorded, answered, and heard by rule where a direction has fallen silent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts import values
from accounts.models import Customer, Membership, Workspace
from accounts.services import bulk, writing
from accounts.services.writing import Cleaner
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.engagement import rhythm
from journeys.models import Direction, Engagement, EngagementCustomer, Signal, SignalKind, SignalState

MAX_ANSWER = 500
MAX_NOTE = 5_000
RULE = "rule"
_AHEAD = timedelta(days=1)

CLEANERS: dict[str, Cleaner] = {
    "summary": partial(values.text, limit=300),
    "note": partial(values.text, limit=MAX_NOTE),
    "occurred_at": values.moment,
}


@transaction.atomic
def record(
    *,
    customer: Customer,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    external_id: str = "",
    source: str = "manual",
) -> Signal:
    """A new signal: ``kind``, ``summary`` and, where told, ``note`` and ``occurred_at`` (now if not).

    Raises ``ValidationError`` by field.
    """
    if external_id and Signal.objects.filter(external_id=external_id).exists():
        writing.taken()
    columns = _cleaned(told, now)
    for name in ("kind", "summary"):
        if not columns.get(name):
            raise ValidationError({name: [_("This field is required.")]})
    made = Signal.objects.create(
        workspace_id=current_workspace_id(),
        external_id=external_id or f"signal-{uuid7()}",
        customer=customer,
        known_at=now,
        recorded_at=now,
        source=source,
        by_label=actor.label[:200],
        **{"occurred_at": now, **{name: value for name, value in columns.items() if value is not None}},
    )
    audit.record(actor=actor, action="signal.recorded", subject=made, data={"kind": made.kind}, now=now)
    _publish("signal.recorded", [made], now)
    return made


@transaction.atomic
def change(
    *,
    signal_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Signal:
    """Change what a signal says. Raises ``Signal.DoesNotExist``, ``StaleVersionError``, ``ValidationError``."""
    signal = _held(signal_id, expected_version)
    fields = writing.assign(signal, {name: value for name, value in _cleaned(told, now).items() if value is not None})
    if fields:
        _save(signal, fields)
        audit.record(actor=actor, action="signal.changed", subject=signal, data={"fields": fields}, now=now)
    return signal


@transaction.atomic
def answer(
    *,
    signal_id: UUID,
    answer: str,
    actor: audit.Actor,
    now: datetime,
    by: Membership | None = None,
    engagement: Engagement | None = None,
    expected_version: int | None = None,
) -> Signal:
    """Say what was done about it; the time to response ends here, and a second answer leaves it as it was.

    Raises ``Signal.DoesNotExist``, ``StaleVersionError``, ``ValidationError`` (``answer``, ``engagement``).
    """
    signal = _held(signal_id, expected_version)
    try:
        said = values.text(answer, limit=MAX_ANSWER)
    except ValueError as error:
        raise ValidationError({"answer": [str(error)]}) from error
    if not said:
        raise ValidationError({"answer": [_("Say in a few words what was done.")]})
    if engagement and not engagement.customers.filter(customer_id=signal.customer_id).exists():
        raise ValidationError({"engagement": [_("The customer took no part in this conversation.")]})
    was_open = signal.state == SignalState.OPEN
    signal.answer, signal.state = said, SignalState.ANSWERED
    signal.engagement = engagement or signal.engagement
    if was_open:
        signal.answered_at, signal.answered_by, signal.answered_by_label = now, by, actor.label[:200]
    _save(signal, ["answer", "state", "engagement", "answered_at", "answered_by", "answered_by_label"])
    audit.record(actor=actor, action="signal.answered", subject=signal, data={"first": was_open}, now=now)
    if was_open:
        _publish("signal.answered", [signal], now)
    return signal


@transaction.atomic
def remove(*, signal_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None) -> None:
    """Delete a signal. Raises ``Signal.DoesNotExist`` or ``StaleVersionError``."""
    signal = _held(signal_id, expected_version)
    data = {"customer": str(signal.customer_id), "kind": signal.kind}
    audit.record(actor=actor, action="signal.deleted", subject=signal, data=data, now=now)
    signal.delete()


# --- silence ------------------------------------------------------------------------------------------------------

_SPOKEN = """
SELECT link.customer_id, link.direction, array_agg(DISTINCT (link.occurred_at AT TIME ZONE 'UTC')::date)
FROM journeys_engagementcustomer AS link
JOIN accounts_customer AS customer ON customer.id = link.customer_id AND customer.contract_state <> 'churned'
WHERE link.workspace_id = %s AND link.occurred_at >= %s AND link.occurred_at <= %s
GROUP BY link.customer_id, link.direction
HAVING count(*) >= %s AND max(link.occurred_at) < %s
"""


@transaction.atomic
def listen_for_silence(*, now: datetime) -> int:
    """Record a signal for every direction of a customer that has fallen silent; once for each silence.

    Those that spoke again pass by themselves first. Returns how many signals were made.
    """
    _let_pass(now)
    quiet = timedelta(days=rhythm.LEAST_QUIET)
    with connection.cursor() as cursor:
        cursor.execute(
            _SPOKEN,
            [current_workspace_id(), now - rhythm.YEAR - timedelta(days=1), now, rhythm.LEAST_DAYS, now - quiet],
        )
        rows = cursor.fetchall()
    with override(Workspace.objects.values_list("locale", flat=True).get(pk=current_workspace_id())):
        found = [
            _silence(customer, direction, heard, now)
            for customer, direction, days in rows
            if (heard := rhythm.silence(days, now.date()))
        ]
    found.sort(key=lambda each: each.source_key or "")
    created = bulk.insert(found)
    made = [each for each in found if each.pk in created]
    _publish("signal.recorded", made, now)
    if made:
        audit.record(actor=audit.SYSTEM, action="signals.recorded", data={"count": len(made)}, now=now)
    return len(made)


def _silence(customer_id: UUID, direction: str, heard: rhythm.Silence, now: datetime) -> Signal:
    key = f"{customer_id}:{direction}:{heard.last.isoformat()}"
    summary = _("Silence: %(direction)s, nothing for %(quiet)d days; usually every %(usual)d.") % {
        "direction": Direction(direction).label,
        "quiet": heard.quiet,
        "usual": max(1, round(heard.usual_gap)),
    }
    return Signal(
        id=uuid7(),
        workspace_id=current_workspace_id(),
        external_id=f"silence:{key}",
        customer_id=customer_id,
        kind=SignalKind.SILENCE,
        summary=summary[:300],
        occurred_at=now,
        known_at=now,
        recorded_at=now,
        source=RULE,
        source_key=key,
        by_label=audit.SYSTEM.label,
    )


def _let_pass(now: datetime) -> None:
    """Open silences in whose direction something was said since."""
    waiting = Signal.objects.filter(state=SignalState.OPEN, source=RULE, kind=SignalKind.SILENCE)
    for signal in waiting.select_for_update(of=("self",)).order_by("id"):
        _customer, direction, last = (signal.source_key or "::").split(":")
        spoken = EngagementCustomer.objects.filter(
            customer_id=signal.customer_id, direction=direction, occurred_at__lte=now
        )
        newest = spoken.order_by("-occurred_at").values_list("occurred_at", flat=True).first()
        if newest is not None and newest.date().isoformat() > last:
            signal.state, signal.answered_at = SignalState.PASSED, now
            _save(signal, ["state", "answered_at"])


# --- shared -------------------------------------------------------------------------------------------------------


def _cleaned(told: Mapping[str, object], now: datetime) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, value in told.items():
        try:
            columns[name] = _kind(value) if name == "kind" else CLEANERS[name](value)
            if name == "occurred_at" and columns[name] and columns[name] > now + _AHEAD:
                raise ValueError("lies in the future")
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise ValidationError(errors)
    return columns


def _kind(value: object) -> str:
    told = values.text(value, limit=60).lower()
    if told and told not in SignalKind.values:
        raise ValueError(f"“{told}” is not one of {', '.join(SignalKind.values)}")
    return told


def _held(signal_id: UUID, expected_version: int | None) -> Signal:
    signal = Signal.objects.select_for_update(of=("self",)).select_related("customer").get(pk=signal_id)
    writing.require_version(signal, expected_version)
    return signal


def _save(signal: Signal, fields: list[str]) -> None:
    signal.version += 1
    signal.save(update_fields=[*fields, "version"])


def _publish(name: str, signals: list[Signal], now: datetime) -> None:
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[
            (name, {"signal_id": str(each.pk), "customer_id": str(each.customer_id), "kind": each.kind})
            for each in signals
        ],
        now=now,
    )
