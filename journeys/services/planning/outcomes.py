"""Outcomes: what a customer expects, in its words; every change a version with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import extensions, values
from accounts.models import Customer
from accounts.services import bulk, writing
from accounts.services.results import Result
from accounts.services.writing import Facts, FieldError, Row
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Confidence, Lap, Outcome, OutcomeKind, OutcomeVersion, Settlement
from journeys.plan import rules
from journeys.services.planning import versions
from journeys.services.planning.versions import Change, Subject


def _choice(told: object, *, of: type[Any], empty: str = "") -> str:
    written = values.text(told, limit=40).lower().replace(" ", "_")
    if written and written not in of.values:
        known = ", ".join(value for value in of.values if value)
        raise ValueError(f"“{written}” is none of {known}")
    return written or empty


CLEANERS: dict[str, writing.Cleaner] = {
    "customer_external_id": partial(values.text, limit=200),
    "kind": partial(_choice, of=OutcomeKind, empty=OutcomeKind.OUTCOME),
    "statement": partial(values.text, limit=500),
    "due_on": values.day,
    "confidence": partial(_choice, of=Confidence),
    "settlement": partial(_choice, of=Settlement),
    "effective_on": values.day,
    "reason": versions.REASON,
}


def _check(wanted: dict[str, Any], began_on: date) -> None:
    if not wanted.get("statement"):
        raise FieldError("statement", "is empty: say what the customer expects, in its words")
    due_on = wanted.get("due_on")
    if due_on is not None and due_on <= began_on:
        raise FieldError("due_on", f"{due_on} is not after {began_on}, the day the outcome was agreed")


SUBJECT = Subject(
    name="outcome",
    record=Outcome,
    version=OutcomeVersion,
    owner="outcome_id",
    columns=("statement", "due_on", "confidence", "settlement"),
    cleaners=CLEANERS,
    check=_check,
)


@transaction.atomic
def upsert(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime, usual_reason: str = "") -> Result:
    """Make or change outcomes by external id. Known when told, else now; counting from ``effective_on``, else then.

    A row that says nothing new changes nothing; one that does needs a ``reason``, or takes the ``usual_reason``. The
    customer and the kind of an outcome stay as they were first told.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    customers = writing.customer_ids(usable)
    for row in usable:
        if external_id := row.told.get("customer_external_id"):
            row.told["customer_id"] = customers.get(external_id)
    laps = _laps(set(customers.values()))
    changes: list[Change] = []
    for group in writing.rounds(usable, now):
        make = partial(_new, customers=customers, laps=laps, now=now)
        done = versions.write(SUBJECT, group, make, result, actor, now, usual_reason)
        _read_model(done, now)
        changes += done
    writing.audit_result(result=result, subject="outcome", model=Outcome, actor=actor, now=now)
    versions.news(changes, _news, _payload, now)
    if changes:
        extensions.notify_changed(sorted({change.record.customer_id for change in changes}), now)
    return result


def define_outcome(
    *,
    customer_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    external_id: str = "",
    known_at: datetime | None = None,
) -> Outcome:
    """A new outcome of the customer. Raises ``Customer.DoesNotExist`` or ``ValidationError`` by field."""
    customer = Customer.objects.only("external_id").get(pk=customer_id)
    return create(
        external_id=external_id or f"outcome-{uuid7()}",
        told={**told, "customer_external_id": customer.external_id},
        actor=actor,
        now=now,
        known_at=known_at,
    )


@transaction.atomic
def create(
    *, external_id: str, told: Mapping[str, object], actor: audit.Actor, now: datetime, known_at: datetime | None = None
) -> Outcome:
    """As ``define_outcome``, the customer named by its external id; refused when the external id is taken."""
    if Outcome.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = upsert(rows=[Facts(external_id, told, known_at)], actor=actor, now=now)
    result.raise_refusals()
    return Outcome.objects.get(pk=result.only_id())


@transaction.atomic
def revise_outcome(
    *,
    outcome_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Outcome:
    """A new version with its reason; the earlier words stay. Raises ``Outcome.DoesNotExist``, ``StaleVersionError`` or
    ``ValidationError`` by field; without a ``reason`` nothing changes.
    """
    outcome = Outcome.objects.select_for_update(of=("self",), no_key=True).get(pk=outcome_id)
    writing.require_version(outcome, expected_version)
    upsert(rows=[Facts(outcome.external_id, told)], actor=actor, now=now).raise_refusals()
    return Outcome.objects.get(pk=outcome_id)


def settle(
    *,
    outcome_id: UUID,
    settlement: str,
    reason: str,
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Outcome:
    """Decide an outcome by name: met, missed, waived or dropped, whatever its figures say; empty opens it again."""
    told = {"settlement": settlement, "reason": reason}
    if not values.text(reason, limit=5_000):
        raise ValidationError({"reason": ["is empty: who settles an outcome by name says why"]})
    return revise_outcome(outcome_id=outcome_id, told=told, actor=actor, now=now, expected_version=expected_version)


def _new(row: Row, *, customers: Mapping[str, UUID], laps: Mapping[UUID, list[Lap]], now: datetime) -> Outcome:
    told = row.told.get("customer_external_id", "")
    if not told:
        raise FieldError("customer_external_id", "is empty: an outcome belongs to a customer")
    customer_id = writing.customer_id(told, customers)
    day = row.told.get("effective_on") or (row.facts.known_at or now).date()
    thrown = [lap for lap in laps.get(customer_id, []) if lap.began_on <= day]
    return Outcome(
        id=uuid7(),
        workspace_id=current_workspace_id(),
        external_id=row.facts.external_id,
        customer_id=customer_id,
        lap_id=thrown[-1].pk if thrown else None,
        kind=row.told.get("kind") or OutcomeKind.OUTCOME,
        created_at=now,
        updated_at=now,
    )


def _laps(customer_ids: set[UUID]) -> dict[UUID, list[Lap]]:
    found: dict[UUID, list[Lap]] = {}
    for lap in Lap.objects.filter(customer_id__in=customer_ids).order_by("number"):
        found.setdefault(lap.customer_id, []).append(lap)
    return found


def _read_model(changes: Sequence[Change], now: datetime) -> None:
    """The record says how it is settled now, whatever order its versions came in."""
    ids = [change.record.pk for change in changes if change.version.settlement or change.before is not None]
    if not ids:
        return
    histories: dict[UUID, list[OutcomeVersion]] = {}
    for version in OutcomeVersion.objects.filter(outcome_id__in=ids):
        histories.setdefault(version.outcome_id, []).append(version)
    records = {change.record.pk: change.record for change in changes if change.record.pk in histories}
    for pk, record in records.items():
        present = rules.in_force(histories[pk], day=now.date(), known_by=now)
        if present is None or present.settlement == record.settlement:
            continue
        settled = bool(present.settlement)
        record.settlement = present.settlement
        record.settled_at = present.known_at if settled else None
        record.settled_by_label = present.actor_label if settled else ""
        record.settled_reason = present.reason if settled else ""
    bulk.update(list(records.values()), ["settlement", "settled_at", "settled_by_label", "settled_reason"])


def _news(change: Change) -> str:
    if change.before is None:
        return "outcome.defined"
    if change.before.settlement == change.version.settlement:
        return "outcome.revised"
    return "outcome.settled" if change.version.settlement else "outcome.reopened"


def _payload(change: Change) -> dict[str, Any]:
    return {
        "outcome_id": str(change.record.pk),
        "customer_id": str(change.record.customer_id),
        "kind": change.record.kind,
        "settlement": change.version.settlement,
    }
