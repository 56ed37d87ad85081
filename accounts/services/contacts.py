"""Contacts: the people at customers, with what was known about them and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import extensions, values
from accounts.models import Contact, ContactVersion
from accounts.services import bulk, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, Row
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id

_COLUMNS = ("email", "name", "role", "title", "is_sponsor", "is_champion", "invited_at", "customer_id")
_VERSIONED = ("customer_id", "is_sponsor", "is_champion")
CLEANERS: dict[str, Cleaner] = {
    "customer_external_id": partial(values.text, limit=200),
    "email": values.email,
    "name": partial(values.text, limit=300),
    "role": partial(values.text, limit=120),
    "title": partial(values.text, limit=200),
    "is_sponsor": lambda value: bool(values.yes_or_no(value)),
    "is_champion": lambda value: bool(values.yes_or_no(value)),
    "invited_at": values.moment,
}


def upsert(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime) -> Result:
    """Create or change contacts by external id.

    Known when told, else a new one when invited, else now. A row known earlier than the stored version becomes
    an earlier version and leaves the present one alone.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    customers = writing.customer_ids(usable)
    touched: set[UUID] = set()
    with transaction.atomic():
        for group in writing.rounds(usable, now):
            touched |= _write_round(group, customers, result, now)
        writing.audit_result(result=result, subject="contact", model=Contact, actor=actor, now=now)
        if touched:
            extensions.notify_changed(sorted(touched), now)
    return result


def create(*, external_id: str, told: Mapping[str, object], actor: audit.Actor, now: datetime, **more: Any) -> Contact:
    """A new contact; raises ``ValidationError`` by field, also when the external id is taken."""
    if Contact.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = upsert(rows=[Facts(external_id, told, **more)], actor=actor, now=now)
    result.raise_refusals()
    if result.outcomes[0] != Outcome.CREATED:
        writing.taken()
    return Contact.objects.get(pk=result.only_id())


@transaction.atomic
def update(
    *,
    contact_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
    **more: Any,
) -> Contact:
    """Change the told fields. Raises ``Contact.DoesNotExist``, ``StaleVersionError`` or ``ValidationError``."""
    contact = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact_id)
    writing.require_version(contact, expected_version)
    upsert(rows=[Facts(contact.external_id, told, **more)], actor=actor, now=now).raise_refusals()
    return Contact.objects.get(pk=contact_id)


def _write_round(rows: Sequence[Row], customers: Mapping[str, UUID], result: Result, now: datetime) -> set[UUID]:
    existing = writing.locked(Contact, [row.facts.external_id for row in rows])
    drafts: dict[str, _Draft] = {}
    for row in rows:
        try:
            drafts[row.facts.external_id] = _Draft.of(row, customers)
        except writing.FieldError as error:
            result.refuse(row.index, error.field, str(error))
    new = {key: draft.new_contact(now) for key, draft in drafts.items() if key not in existing}
    created = writing.insert_new(Contact, new, existing)
    older = {
        existing[key].pk: draft
        for key, draft in drafts.items()
        if key in existing and draft.row.facts.known_at and draft.row.facts.known_at < existing[key].known_at
    }
    touched = _add_older(older, existing, result)
    changed: list[Contact] = []
    restated: list[Contact] = []
    for key, draft in drafts.items():
        if key in new and new[key].pk in created:
            writing.settle(result, draft.row, new[key], Outcome.CREATED)
            touched |= _present(new[key].customer_id)
            continue
        contact = existing[key]
        if contact.pk in older:
            continue
        customer_before = contact.customer_id
        try:
            fields = draft.apply(contact)
        except ValueError as error:
            result.refuse(draft.row.index, "traits", str(error))
            continue
        restated_at = writing.restated_at(draft.row, contact.known_at)
        if restated_at and not set(fields) & set(_VERSIONED):
            contact.known_at = restated_at
            restated.append(contact)
        if not fields:
            writing.settle(result, draft.row, contact, Outcome.UNCHANGED)
            continue
        contact.known_at = max(draft.row.facts.known_at or now, contact.known_at)
        contact.updated_at = now
        contact.version += 1
        changed.append(contact)
        touched |= _present(customer_before, contact.customer_id)
        writing.settle(result, draft.row, contact, Outcome.UPDATED, fields)
    bulk.update(changed, [*_COLUMNS, "traits", "known_at", "updated_at", "version"])
    _keep_restated(restated)
    return touched


def _keep_restated(restated: Sequence[Contact]) -> None:
    """The trigger keeps changes alone; a repetition's date is put beside them by hand."""
    bulk.update(restated, ["known_at"])
    ContactVersion.objects.bulk_create(
        _version(each, each.known_at, {name: getattr(each, name) for name in _VERSIONED}) for each in restated
    )


def _version(contact: Contact, known_at: datetime, columns: Mapping[str, Any]) -> ContactVersion:
    return writing.version(ContactVersion, contact, known_at, contact_id=contact.pk, **columns)


def _add_older(older: Mapping[UUID, _Draft], existing: Mapping[str, Contact], result: Result) -> set[UUID]:
    """Put rows known before the stored version into the history, where they say anything new."""
    if not older:
        return set()
    history: dict[UUID | None, list[ContactVersion]] = {}
    for version in ContactVersion.objects.filter(contact_id__in=older.keys()).order_by("known_at", "id"):
        history.setdefault(version.contact_id, []).append(version)
    added: list[ContactVersion] = []
    touched: set[UUID] = set()
    for contact_id, draft in older.items():
        contact = existing[draft.row.facts.external_id]
        known_at = draft.row.facts.known_at
        assert known_at is not None
        before = [version for version in history.get(contact_id, []) if version.known_at <= known_at]
        basis = before[-1] if before else contact
        wanted = {name: draft.columns.get(name, getattr(basis, name)) for name in _VERSIONED}
        if before and all(getattr(before[-1], name) == value for name, value in wanted.items()):
            writing.settle(result, draft.row, contact, Outcome.UNCHANGED)
            if writing.restated_at(draft.row, before[-1].known_at):
                added.append(_version(contact, known_at, wanted))
            continue
        added.append(_version(contact, known_at, wanted))
        touched |= _present(wanted["customer_id"], contact.customer_id)
        writing.settle(result, draft.row, contact, Outcome.UPDATED, ["history"])
    ContactVersion.objects.bulk_create(added)
    return touched


def _present(*customer_ids: UUID | None) -> set[UUID]:
    """A contact need not belong to a customer yet."""
    return {customer_id for customer_id in customer_ids if customer_id is not None}


@dataclass(slots=True)
class _Draft:
    row: Row
    columns: dict[str, Any]

    @classmethod
    def of(cls, row: Row, customers: Mapping[str, UUID]) -> _Draft:
        columns = {name: row.told[name] for name in _COLUMNS if name in row.told}
        if "customer_external_id" in row.told:
            told = row.told["customer_external_id"]
            columns["customer_id"] = writing.customer_id(told, customers) if told else None
        return cls(row, columns)

    def new_contact(self, now: datetime) -> Contact:
        facts = self.row.facts
        return Contact(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            external_id=facts.external_id,
            created_at=now,
            known_at=writing.known_on_creation(self.row, self.columns.get("invited_at"), now),
            updated_at=now,
            traits={key: value for key, value in facts.traits.items() if value is not None},
            **self.columns,
        )

    def apply(self, contact: Contact) -> list[str]:
        changed = writing.assign(contact, self.columns)
        return [*changed, "traits"] if writing.merge_traits(contact, self.row.facts.traits) else changed
