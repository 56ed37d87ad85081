"""What outcomes and KPIs share: records whose words stand in versions that are added and never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from accounts import values
from accounts.services import bulk, writing
from accounts.services.results import Outcome as Became
from accounts.services.results import Result
from accounts.services.writing import Cleaner, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.news import is_news
from journeys.plan import rules

REASON = partial(values.text, limit=500)


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of versioned record. ``owner``: the version's column that names it; ``columns``: what versions hold.

    ``check(wanted, began_on)`` raises ``FieldError`` for words that cannot be; ``began_on``: the first version's day.
    """

    name: str
    record: type[Any]
    version: type[Any]
    owner: str
    columns: tuple[str, ...]
    cleaners: Mapping[str, Cleaner]
    check: Callable[[dict[str, Any], date], None]


@dataclass(slots=True)
class Change:
    """A version that was added; ``before``: the one in force until then, None for a new record."""

    record: Any
    version: Any
    before: Any | None
    row: Row


def write(
    subject: Subject,
    rows: Sequence[Row],
    make: Callable[[Row], Any],
    result: Result,
    actor: audit.Actor,
    now: datetime,
    usual_reason: str = "",
) -> list[Change]:
    """Make or change each record named once in ``rows``; what differs from what is in force becomes a version.

    ``make`` returns the unsaved record of a row, or raises ``FieldError``. ``usual_reason``: of changes without one.
    """
    existing = writing.locked(subject.record, [row.facts.external_id for row in rows])
    fresh: dict[str, Any] = {}
    for row in rows:
        key = row.facts.external_id
        if key in existing or result.outcomes[row.index] is Became.REFUSED:
            continue
        try:
            fresh[key] = make(row)
            _version(subject, fresh[key], row, None, 1, actor, now)
        except FieldError as error:
            result.refuse(row.index, error.field, str(error))
    created = writing.insert_new(subject.record, fresh, existing)
    histories = _histories(subject, [record.pk for record in existing.values()])
    changes: list[Change] = []
    for row in rows:
        if result.outcomes[row.index] is not Became.REFUSED:
            changes += _write_one(subject, row, fresh, created, existing, histories, result, actor, now, usual_reason)
    subject.version.objects.bulk_create([change.version for change in changes], batch_size=2_000)
    changed = [change.record for change in changes if change.record.pk not in created]
    bulk.update(changed, ["version", *(["updated_at"] if hasattr(subject.record, "updated_at") else [])])
    return changes


def news(changes: Sequence[Change], name: Callable[[Change], str], payload: Callable[[Change], dict[str, Any]],
         now: datetime) -> None:  # fmt: skip
    """Tell of the changes that have just come to be known; history that a file brings is no news."""
    fresh = [change for change in changes if is_news(change.version.known_at, now)]
    outbox.publish_many(
        workspace_id=current_workspace_id(), events=[(name(change), payload(change)) for change in fresh], now=now
    )


def _write_one(
    subject: Subject,
    row: Row,
    fresh: Mapping[str, Any],
    created: set[UUID],
    existing: Mapping[str, Any],
    histories: Mapping[UUID, list[Any]],
    result: Result,
    actor: audit.Actor,
    now: datetime,
    usual_reason: str,
) -> list[Change]:
    key = row.facts.external_id
    record = fresh.get(key)
    if record is not None and record.pk in created:
        writing.settle(result, row, record, Became.CREATED)
        return [Change(record, _version(subject, record, row, None, 1, actor, now), None, row)]
    record = existing[key]
    history = histories.get(record.pk, [])
    known_at = row.facts.known_at or now
    before = rules.in_force(history, day=_effective(row, now), known_by=known_at) or _first(history)
    try:
        version = _version(subject, record, row, before, len(history) + 1, actor, now, _began(history))
        _require_same_parent(subject, record, row)
    except FieldError as error:
        result.refuse(row.index, error.field, str(error))
        return []
    fields = [name for name in subject.columns if before is None or getattr(before, name) != getattr(version, name)]
    if not fields:
        writing.settle(result, row, record, Became.UNCHANGED)
        return []
    version.reason = version.reason or usual_reason
    if not version.reason:
        result.refuse(row.index, "reason", "is empty: say why it changes, so that people can follow how it evolved")
        return []
    record.version += 1
    if hasattr(record, "updated_at"):
        record.updated_at = now
    writing.settle(result, row, record, Became.UPDATED, fields)
    return [Change(record, version, before, row)]


def _version(
    subject: Subject,
    record: Any,
    row: Row,
    before: Any | None,
    number: int,
    actor: audit.Actor,
    now: datetime,
    began_on: date | None = None,
) -> Any:
    effective_on = _effective(row, now)
    if effective_on > now.date():
        raise FieldError("effective_on", "lies in the future: a change counts from the day it was agreed")
    wanted = {name: getattr(before, name) for name in subject.columns} if before is not None else {}
    wanted |= {name: row.told[name] for name in subject.columns if name in row.told}
    subject.check(wanted, min(began_on or effective_on, effective_on))
    return subject.version(
        id=uuid7(),
        workspace_id=current_workspace_id(),
        number=number,
        effective_on=effective_on,
        known_at=min(row.facts.known_at or now, now),
        recorded_at=now,
        reason=row.told.get("reason", ""),
        actor_label=actor.label[:200],
        **{subject.owner: record.pk},
        **wanted,
    )


def _effective(row: Row, now: datetime) -> date:
    told: date | None = row.told.get("effective_on")
    return told or (row.facts.known_at or now).date()


def _first(history: Sequence[Any]) -> Any | None:
    """For words from before the first version: what they leave out is as it was said first."""
    return min(history, key=lambda version: (version.effective_on, version.known_at, version.number), default=None)


def _began(history: Sequence[Any]) -> date | None:
    return min((version.effective_on for version in history), default=None)


def _histories(subject: Subject, ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for version in subject.version.objects.filter(**{f"{subject.owner}__in": ids}).order_by("number"):
        found.setdefault(getattr(version, subject.owner), []).append(version)
    return found


def _require_same_parent(subject: Subject, record: Any, row: Row) -> None:
    """An outcome stays with its customer and a KPI with its outcome: its history would be somebody else's."""
    for field, column in (("customer_external_id", "customer_id"), ("outcome_external_id", "outcome_id")):
        told = row.told.get(column)
        if told is not None and hasattr(record, column) and told != getattr(record, column):
            raise FieldError(field, f"this {subject.name} belongs to another one and stays there; make a new one")
