"""Records that other systems tell and whose past counts: tickets, invoices, opportunities. One set of rules for all.

Each has a present row, whose versions a trigger keeps. Known when told; else, in files, a new one when it began and
what came of it (a reply, a payment) when that happened; anything else when it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import extensions, values
from accounts.models import Contact, Workspace
from accounts.services import bulk, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, FieldError, Row
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets one kind of record apart.

    ``record``: the column of ``versions`` that names the record. ``columns``: what can be told, as stored; ``kept``:
    those in versions. ``begins``: the column that says when it began. ``came``: columns told later, each with the
    column that dates it. ``personal``: columns that stay empty once ``erased_at`` is set. ``check``: given all columns
    and the present, raises ``FieldError`` for what cannot be.
    """

    subject: str
    model: type[Any]
    versions: type[Any]
    record: str
    cleaners: Callable[[str], Mapping[str, Cleaner]]
    columns: tuple[str, ...]
    kept: tuple[str, ...]
    begins: str
    came: Mapping[str, str]
    check: Callable[[Mapping[str, Any], datetime], None]
    personal: tuple[str, ...] = ()


def cleaners_of_money(currency: str) -> dict[str, Cleaner]:
    """How customer, amount (in major units of ``currency``) and currency are read."""
    return {
        "customer_external_id": partial(values.text, limit=200),
        "amount": partial(values.money_minor, currency=currency),
        "currency": values.currency,
    }


def upsert(kind: Kind, *, rows: Sequence[Facts], actor: audit.Actor, now: datetime, is_history: bool = False) -> Result:
    """Create or change records by external id; a row known before the stored version becomes an earlier version.

    ``is_history``: told by a file, where facts were known when they occurred unless it tells otherwise.
    """
    currency = Workspace.objects.values_list("currency", flat=True).get(pk=current_workspace_id())
    result = Result.of(len(rows))
    usable = writing.clean(rows, kind.cleaners(currency), result, now)
    named = _Named.of(usable, currency)
    touched: set[UUID] = set()
    with transaction.atomic():
        for group in writing.rounds(usable, now):
            touched |= _Round(kind, group, named, result, now, is_history).write()
        writing.audit_result(result=result, subject=kind.subject, model=kind.model, actor=actor, now=now)
        if touched:
            extensions.notify_changed(sorted(touched), now)
    return result


def create(kind: Kind, *, external_id: str, told: Mapping[str, object], actor: audit.Actor, now: datetime) -> Any:
    """A new record; raises ``ValidationError`` by field, also when the external id is taken."""
    if kind.model.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = upsert(kind, rows=[Facts(external_id, told)], actor=actor, now=now)
    result.raise_refusals()
    if result.outcomes[0] != Outcome.CREATED:
        writing.taken()
    return kind.model.objects.get(pk=result.only_id())


@transaction.atomic
def update(
    kind: Kind,
    *,
    record_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Any:
    """Change the told fields. Raises the model's ``DoesNotExist``, ``StaleVersionError`` or ``ValidationError``."""
    found = kind.model.objects.select_for_update(of=("self",), no_key=True).get(pk=record_id)
    writing.require_version(found, expected_version)
    upsert(kind, rows=[Facts(found.external_id, told)], actor=actor, now=now).raise_refusals()
    return kind.model.objects.get(pk=record_id)


@transaction.atomic
def remove(
    kind: Kind, *, record_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Delete a record: it counts no more from now on, and in the past as it was known then.

    Raises the model's ``DoesNotExist`` or ``StaleVersionError``.
    """
    found = kind.model.objects.select_for_update(of=("self",)).get(pk=record_id)
    writing.require_version(found, expected_version)
    data = {"external_id": found.external_id, "customer": str(found.customer_id)}
    audit.record(actor=actor, action=f"{kind.subject}.deleted", subject=found, data=data, now=now)
    columns = {**{name: getattr(found, name) for name in kind.kept}, "customer_id": None}
    last = writing.version(kind.versions, found, max(now, found.known_at), **{kind.record: found.pk}, **columns)
    kind.versions.objects.bulk_create([last])
    found.delete()
    extensions.notify_changed([found.customer_id], now)


@dataclass(frozen=True, slots=True)
class _Named:
    """The customers and contacts the rows name, looked up once."""

    customers: Mapping[str, UUID]
    contacts: Mapping[str, tuple[UUID, UUID | None]]
    currency: str

    @classmethod
    def of(cls, rows: Sequence[Row], currency: str) -> _Named:
        wanted = {row.told["contact_external_id"] for row in rows if row.told.get("contact_external_id")}
        people = Contact.objects.filter(external_id__in=wanted) if wanted else Contact.objects.none()
        told = people.values_list("external_id", "id", "customer_id")
        return cls(writing.customer_ids(rows), {key: (pk, of) for key, pk, of in told}, currency)


@dataclass(slots=True)
class _Draft:
    """What a row says of its record, as stored; ``contact_of``: the customer of the contact it names."""

    row: Row
    columns: dict[str, Any]
    contact_of: UUID | None = None

    @classmethod
    def of(cls, kind: Kind, row: Row, named: _Named) -> _Draft:
        told = dict(row.told)
        if told.get("currency", "") not in ("", named.currency):
            raise FieldError(
                "currency",
                f"is {told['currency']}, and this workspace counts in {named.currency}: convert the amounts first",
            )
        told.pop("currency", None)
        if "amount" in told:
            told["amount_minor"] = told["amount"]
        draft = cls(row, {name: told[name] for name in kind.columns if name in told})
        if "customer_external_id" in told:
            draft.columns["customer_id"] = writing.customer_id(told["customer_external_id"], named.customers)
        if "contact_external_id" in told:
            draft._name(told["contact_external_id"], named)
        return draft

    def _name(self, contact: str, named: _Named) -> None:
        if not contact:
            self.columns["contact_id"] = None
        elif contact not in named.contacts:
            raise FieldError("contact_external_id", f"there is no contact with the external_id “{contact}”")
        else:
            self.columns["contact_id"], self.contact_of = named.contacts[contact]

    def check(self, kind: Kind, columns: Mapping[str, Any], now: datetime) -> None:
        """Raise ``FieldError`` where the record as it would be, ``columns``, cannot be."""
        if not columns.get("customer_id"):
            raise FieldError("customer_external_id", f"is needed for a new {kind.subject}")
        if self.contact_of is not None and self.contact_of != columns["customer_id"]:
            raise FieldError("contact_external_id", "names somebody of another customer")
        if not columns.get(kind.begins):
            raise FieldError(kind.begins, "is empty")
        kind.check(columns, now)


@dataclass(slots=True)
class _Round:
    """Rows that name each record once."""

    kind: Kind
    rows: Sequence[Row]
    named: _Named
    result: Result
    now: datetime
    is_history: bool
    touched: set[UUID] = field(default_factory=set)

    def write(self) -> set[UUID]:
        """Returns the customers for whom something changed."""
        existing = writing.locked(self.kind.model, [row.facts.external_id for row in self.rows])
        drafts, new = self._drafts(existing)
        created = writing.insert_new(self.kind.model, new, existing)
        older: dict[UUID, _Draft] = {}
        changed: list[Any] = []
        for key, draft in drafts.items():
            if key in new and new[key].pk in created:
                writing.settle(self.result, draft.row, new[key], Outcome.CREATED)
                self.touched.add(new[key].customer_id)
            elif (at := draft.row.facts.known_at) and at < existing[key].known_at:
                older[existing[key].pk] = draft
            else:
                self._change(draft, existing[key], changed)
        self._add_older(older, {record.pk: record for record in existing.values()})
        bulk.update(changed, [*self.kind.columns, "known_at", "updated_at", "version"])
        return self.touched

    def _drafts(self, existing: Mapping[str, Any]) -> tuple[dict[str, _Draft], dict[str, Any]]:
        drafts: dict[str, _Draft] = {}
        new: dict[str, Any] = {}
        for row in self.rows:
            key = row.facts.external_id
            try:
                draft = _Draft.of(self.kind, row, self.named)
                present = {name: getattr(existing[key], name) for name in self.kind.columns} if key in existing else {}
                draft.check(self.kind, {**present, **draft.columns}, self.now)
                if key not in existing:
                    new[key] = self._new(draft)
                drafts[key] = draft
            except FieldError as error:
                self.result.refuse(row.index, error.field, str(error))
        return drafts, new

    def _new(self, draft: _Draft) -> Any:
        began = moment(draft.columns[self.kind.begins]) if self.is_history else None
        if "amount_minor" in self.kind.columns:
            draft.columns["currency"] = self.named.currency
        return self.kind.model(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            external_id=draft.row.facts.external_id,
            known_at=writing.known_on_creation(draft.row, began, self.now),
            recorded_at=self.now,
            updated_at=self.now,
            **draft.columns,
        )

    def _change(self, draft: _Draft, record: Any, changed: list[Any]) -> None:
        before = {name: getattr(record, name) for name in self.kind.columns}
        columns = draft.columns
        if self.kind.personal and record.erased_at is not None:
            columns = {name: value for name, value in columns.items() if name not in self.kind.personal}
        owner = record.customer_id
        fields = writing.assign(record, columns)
        if not fields:
            writing.settle(self.result, draft.row, record, Outcome.UNCHANGED)
            return
        if set(self.kind.kept) & set(fields):
            record.known_at = max(self._known_at(draft, before, fields), record.known_at)
            self.touched |= {owner, record.customer_id}
        record.updated_at = self.now
        record.version += 1
        changed.append(record)
        writing.settle(self.result, draft.row, record, Outcome.UPDATED, fields)

    def _known_at(self, draft: _Draft, before: Mapping[str, Any], fields: Sequence[str]) -> datetime:
        """When a change was known: as told; what came of a record, in a file, when it happened; anything else now."""
        if draft.row.facts.known_at:
            return min(draft.row.facts.known_at, self.now)
        dates = [draft.columns.get(self.kind.came.get(name, "")) for name in fields if name in self.kind.kept]
        is_news = all(before[name] in (None, "") or name == "stage" for name in fields if name in self.kind.came)
        if not self.is_history or not is_news or not all(dates):
            return self.now
        return min(max(moment(each) for each in dates if each), self.now)

    def _add_older(self, older: Mapping[UUID, _Draft], records: Mapping[UUID, Any]) -> None:
        """Put rows known before the stored version into the history, where they say anything new."""
        if not older:
            return
        history: dict[UUID, list[Any]] = {}
        name = self.kind.record
        for version in self.kind.versions.objects.filter(**{f"{name}__in": list(older)}).order_by("known_at", "id"):
            history.setdefault(getattr(version, name), []).append(version)
        added = []
        for pk, draft in older.items():
            record, known_at = records[pk], draft.row.facts.known_at
            assert known_at is not None
            before = [version for version in history.get(pk, []) if version.known_at <= known_at]
            basis = before[-1] if before else record
            wanted = {column: draft.columns.get(column, getattr(basis, column)) for column in self.kind.kept}
            if before and all(getattr(basis, column) == value for column, value in wanted.items()):
                writing.settle(self.result, draft.row, record, Outcome.UNCHANGED)
                continue
            added.append(writing.version(self.kind.versions, record, known_at, **{name: pk}, **wanted))
            self.touched |= {wanted["customer_id"], record.customer_id}
            writing.settle(self.result, draft.row, record, Outcome.UPDATED, ["history"])
        self.kind.versions.objects.bulk_create(added)


def moment(value: date | datetime) -> datetime:
    """A day as its first moment (UTC); a moment as it is."""
    return value if isinstance(value, datetime) else datetime.combine(value, time.min, UTC)


def not_before(columns: Mapping[str, Any], later: str, earlier: str) -> None:
    """Raise ``FieldError`` where ``later`` is told and lies before ``earlier``."""
    at, begun = columns.get(later), columns.get(earlier)
    if at is not None and begun is not None and at < begun:
        raise FieldError(later, f"is {_said(at)}, before {earlier} on {_said(begun)}")


def not_ahead(columns: Mapping[str, Any], name: str, now: datetime) -> None:
    """Raise ``FieldError`` where ``name`` lies after today (UTC): it cannot have happened."""
    at = columns.get(name)
    if at is not None and moment(at).date() > now.astimezone(UTC).date():
        raise FieldError(name, f"is {_said(at)}, which lies in the future")


def _said(value: date | datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else f"{value:%Y-%m-%d}"
