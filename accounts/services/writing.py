"""What upserts of customers, contacts and subscriptions share: cleaning, order of versions, locks, audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NoReturn, Protocol, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Func

from accounts import values
from accounts.models import Customer
from accounts.services import bulk
from accounts.services.results import Outcome, Result, StaleVersionError
from csplatform.core import audit

Cleaner = Callable[[object], Any]
MAX_TRAITS = 200
_KNOWN_TOLERANCE_SECONDS = 86_400


class Keyed(Protocol):
    """A record with its id."""

    @property
    def pk(self) -> Any: ...


class Versioned(Protocol):
    """A record that counts its changes."""

    version: int


M = TypeVar("M", bound=Any)


@dataclass(frozen=True, slots=True)
class Facts:
    """One record as told by a file, an API call or a product.

    ``values``: by field name, as text or typed; a field not named is left alone, a blank one is cleared.
    ``known_at``: when this was known; None: the rule of the subject decides. ``extra``: custom attributes of a
    customer. ``traits``: merged into the record's traits; None deletes a key. ``is_one_of_many``: the source tells
    the record's history in several dated rows, so that a row which repeats the one before it is kept with its
    date, too: a row from between the two may still come.
    """

    external_id: str
    values: Mapping[str, object] = field(default_factory=dict)
    known_at: datetime | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    traits: Mapping[str, object] = field(default_factory=dict)
    is_one_of_many: bool = False


class FieldError(ValueError):
    """A value that cannot be, with the field it was told for."""

    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field_name


def taken() -> NoReturn:
    raise ValidationError({"external_id": ["is already taken by another record"]})


@dataclass(slots=True)
class Row:
    """A row that passed cleaning, with its place in the call."""

    index: int
    facts: Facts
    told: dict[str, Any]


def clean(rows: Sequence[Facts], cleaners: Mapping[str, Cleaner], result: Result, now: datetime) -> list[Row]:
    """The usable rows; each other one is refused with the field and the reason."""
    usable = []
    for index, facts in enumerate(rows):
        told: dict[str, Any] = {}
        field_name = "external_id"
        try:
            external_id = values.text(facts.external_id, limit=200)
            if not external_id:
                raise ValueError("is empty")
            for field_name, value in facts.values.items():
                told[field_name] = _cleaner(cleaners, field_name)(value)
            field_name = "known_at"
            if facts.known_at and (facts.known_at - now).total_seconds() > _KNOWN_TOLERANCE_SECONDS:
                raise ValueError("lies in the future: nothing can be known before it is told")
        except ValueError as error:
            result.refuse(index, field_name, str(error))
            continue
        if external_id != facts.external_id:
            facts = replace(facts, external_id=external_id)
        usable.append(Row(index, facts, told))
    return usable


def _cleaner(cleaners: Mapping[str, Cleaner], name: str) -> Cleaner:
    try:
        return cleaners[name]
    except KeyError:
        raise ValueError("is not a field that can be set") from None


def rounds(rows: Sequence[Row], now: datetime) -> Iterator[list[Row]]:
    """Rows in groups that name each record once: the versions of one record in order of when they were known."""
    seen: Counter[str] = Counter()
    groups: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row.facts.known_at or now):
        turn = seen[row.facts.external_id]
        seen[row.facts.external_id] += 1
        if turn == len(groups):
            groups.append([])
        groups[turn].append(row)
    for group in groups:
        yield sorted(group, key=lambda row: row.facts.external_id)


def locked(model: type[M], external_ids: Sequence[str]) -> dict[str, M]:
    """The records with these external ids, locked in the order of their ids until the transaction ends."""
    found = (
        model.objects.select_for_update(of=("self",), no_key=True).filter(external_id__in=external_ids).order_by("id")
    )
    return {record.external_id: record for record in found}


def insert_new(model: type[M], candidates: dict[str, M], existing: dict[str, M]) -> set[UUID]:
    """Insert ``candidates`` (by external id); a record somebody else just made joins ``existing`` instead."""
    created = bulk.insert([candidates[key] for key in sorted(candidates)])
    lost = [key for key, record in candidates.items() if record.pk not in created]
    if lost:
        existing.update(locked(model, lost))
    return created


def known_on_creation(row: Row, occurred_at: datetime | None, now: datetime) -> datetime:
    """When a new record was known: as told, else when it occurred, and never later than it is told."""
    return min(row.facts.known_at or occurred_at or now, now)


def assign(record: Any, told: Mapping[str, Any]) -> list[str]:
    """Set the told fields that differ; returns their names, sorted."""
    changed = [name for name, value in told.items() if getattr(record, name) != value]
    for name in changed:
        setattr(record, name, told[name])
    return sorted(changed)


def merge_traits(record: Any, traits: Mapping[str, object]) -> bool:
    """Merge ``traits`` into the record's own; None deletes. Returns whether anything changed."""
    if not traits:
        return False
    merged = {**record.traits, **traits}
    merged = {key: value for key, value in merged.items() if value is not None}
    if merged == record.traits:
        return False
    if len(merged) > MAX_TRAITS:
        raise ValueError(f"would hold {len(merged)} traits; {MAX_TRAITS} is the limit")
    record.traits = merged
    return True


def settle(result: Result, row: Row, record: Keyed, outcome: Outcome, changed: Sequence[str] = ()) -> None:
    """Note what became of a row. A record created and then changed by a later row of one call stays "created"."""
    result.outcomes[row.index] = outcome
    result.ids[row.index] = record.pk
    if changed:
        result.changed[row.index] = list(changed)


def require_version(record: Versioned, expected: int | None) -> None:
    if expected is not None and record.version != expected:
        raise StaleVersionError(record.version)


def audit_result(*, result: Result, subject: str, model: type[Any], actor: audit.Actor, now: datetime) -> None:
    """One line for one record; one line with counts for many. Nothing changed, nothing said."""
    created, updated = result.count(Outcome.CREATED), result.count(Outcome.UPDATED)
    if not created and not updated:
        return
    if len(result.ids) == 1 and result.ids[0] is not None:
        audit.record(
            actor=actor,
            action=f"{subject}.{'created' if created else 'updated'}",
            subject=model(pk=result.ids[0]),
            data={"fields": result.changed.get(0, [])},
            now=now,
        )
    else:
        audit.record(
            actor=actor,
            action=f"{subject}s.written",
            data={"created": created, "updated": updated, "refused": result.count(Outcome.REFUSED)},
            now=now,
        )


def customer_ids(rows: Sequence[Row]) -> dict[str, UUID]:
    """External id → id of the customers that ``rows`` name."""
    wanted = {row.told["customer_external_id"] for row in rows if row.told.get("customer_external_id")}
    return dict(Customer.objects.filter(external_id__in=wanted).values_list("external_id", "id"))


def customer_id(external_id: str, found: Mapping[str, UUID]) -> UUID:
    try:
        return found[external_id]
    except KeyError:
        raise FieldError(
            "customer_external_id", f"there is no customer with the external_id “{external_id}”; import customers first"
        ) from None


def restated_at(row: Row, known_at: datetime) -> datetime | None:
    """When a row of a history told again what was known since ``known_at``; None where its date adds nothing."""
    told_at = row.facts.known_at
    return told_at if row.facts.is_one_of_many and told_at and told_at > known_at else None


def version(model: type[M], record: Any, known_at: datetime, **columns: Any) -> M:
    """An unsaved row of a version table, recorded by the database's clock as the trigger does it."""
    row: M = model(workspace_id=record.workspace_id, known_at=known_at, recorded_at=ClockTimestamp(), **columns)
    return row


class ClockTimestamp(Func):
    """The moment of the statement's execution, not of the transaction's start: it orders what was recorded."""

    function = "clock_timestamp"
    arity = 0
    output_field = DateTimeField()
