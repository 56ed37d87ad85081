"""Customers: one record from a page or the API, many from a file or the product, through the same core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import extensions, values
from accounts.models import AttributeDefinition, Customer, Workspace
from accounts.services import attributes, bulk, hierarchy, owners, search, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, Row
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id

_PLAIN = (
    "name",
    "domain",
    "industry",
    "country",
    "region",
    "employees",
    "lifecycle_stage",
    "source",
    "tags",
    "created_at",
)
_OLDER = "older than what is stored about the customer, and left aside"


def cleaners(currency: str) -> dict[str, Cleaner]:
    """How each settable field of a customer is read. ``expected_arr`` is in major units of ``currency``."""
    return {
        "name": partial(values.text, limit=300),
        "domain": values.domain,
        "industry": partial(values.text, limit=120),
        "country": partial(values.text, limit=60),
        "region": partial(values.text, limit=120),
        "employees": values.whole,
        "lifecycle_stage": partial(values.text, limit=60),
        "source": partial(values.text, limit=120),
        "tags": values.tags,
        "created_at": values.moment,
        "expected_arr": partial(values.money_minor, currency=currency),
        "owner_email": values.email,
        "stage": partial(values.text, limit=120),
        "parent_external_id": partial(values.text, limit=200),
        "referred_by_external_id": partial(values.text, limit=200),
    }


def upsert(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime, is_file: bool = True) -> Result:
    """Create or change customers by external id. Links (parent, referrer) are ``hierarchy.set_links``'s part.

    Per row: refused with a reason, or created, updated or unchanged. A row known earlier than what is stored
    changes nothing. An owner who is no member is noted, and the row kept. A stage places a customer for as long as
    nobody has named one; then the rules of moves hold and another stage is refused. Of a file (``is_file``), the stage
    it was once placed at says nothing new, and rows that say when they were known tell how it came there.
    """
    workspace = Workspace.objects.get(pk=current_workspace_id())
    result = Result.of(len(rows))
    usable = writing.clean(rows, cleaners(workspace.currency), result, now)
    lookups = _Lookups.load(usable, result, is_file=is_file)
    with transaction.atomic():
        if is_file:
            extensions.share_stages()
        for group in writing.rounds(usable, now):
            _write_round([row for row in group if result.outcomes[row.index] != Outcome.REFUSED], lookups, result, now)
            lookups.place(actor, now)
        writing.audit_result(result=result, subject="customer", model=Customer, actor=actor, now=now)
    return result


def create(*, external_id: str, told: Mapping[str, object], actor: audit.Actor, now: datetime, **more: Any) -> Customer:
    """A new customer; raises ``ValidationError`` by field, also when the external id is taken."""
    return _one(external_id=external_id, told=told, actor=actor, now=now, must_be_new=True, **more)


def update(
    *,
    customer_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
    **more: Any,
) -> Customer:
    """Change the told fields. Raises ``Customer.DoesNotExist``, ``StaleVersionError`` or ``ValidationError``."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
        writing.require_version(customer, expected_version)
        return _one(external_id=customer.external_id, told=told, actor=actor, now=now, must_be_new=False, **more)


@transaction.atomic
def _one(
    *,
    external_id: str,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    must_be_new: bool,
    extra: Mapping[str, object] | None = None,
    traits: Mapping[str, object] | None = None,
) -> Customer:
    facts = Facts(external_id, told, extra=extra or {}, traits=traits or {})
    if must_be_new and Customer.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = upsert(rows=[facts], actor=actor, now=now, is_file=False)
    result.raise_refusals()
    if must_be_new and result.outcomes[0] != Outcome.CREATED:
        writing.taken()
    hierarchy.set_links(rows=[facts], actor=actor, now=now).raise_refusals()
    customer: Customer = Customer.objects.get(pk=result.only_id())
    return customer


@dataclass(slots=True)
class _Lookups:
    """What all rows of a call need to know once."""

    members: dict[str, UUID]
    definitions: dict[str, AttributeDefinition]
    stages: dict[str, str]
    placements: list[extensions.Placement]
    is_file: bool

    @classmethod
    def load(cls, rows: Sequence[Row], result: Result, *, is_file: bool) -> _Lookups:
        emails = {row.told["owner_email"] for row in rows if row.told.get("owner_email")}
        members = owners.members_by_email(emails)
        for row in rows:
            email = row.told.get("owner_email")
            if email and email not in members:
                result.notes[f"owner {email} is no member of this workspace, so the customer has no CSM"] += 1
        wants_stage = any(row.told.get("stage") for row in rows)
        stages = {key.casefold(): key for key in extensions.known_stage_keys()} if wants_stage else {}
        has_extra = any(row.facts.extra for row in rows)
        return cls(members, attributes.definitions() if has_extra else {}, stages, [], is_file)

    def place(self, actor: audit.Actor, now: datetime) -> None:
        if self.placements:
            extensions.place_customers(self.placements, actor_label=actor.label, now=now)
            self.placements = []

    def stage_of(self, row: Row) -> str | None:
        """The stage key told, None when none is told; raises ``ValueError`` naming the stages there are."""
        told = row.told.get("stage")
        if not told:
            return None
        try:
            return self.stages[told.casefold()]
        except KeyError:
            known = ", ".join(sorted(self.stages.values()))
            raise ValueError(f"“{told}” is no stage of this workspace; there are: {known}") from None

    def attributes_of(self, row: Row) -> list[tuple[AttributeDefinition, Any]]:
        found = []
        for key, value in row.facts.extra.items():
            definition = self.definitions.get(key)
            if definition is None:
                raise writing.FieldError(key, "is not an attribute of this workspace")
            try:
                found.append((definition, attributes.clean_value(definition, value)))
            except ValueError as error:
                raise writing.FieldError(definition.label, str(error)) from None
        return found


def _standings(rows: Sequence[Row], existing: Mapping[str, Customer]) -> Mapping[UUID, extensions.Standing]:
    """How the customers stand whose stage these rows name differently."""
    named = [(row.told.get("stage"), existing.get(row.facts.external_id)) for row in rows]
    return extensions.standings_of(
        [customer.pk for stage, customer in named if stage and customer and customer.stage_key != stage]
    )


def _write_round(rows: Sequence[Row], lookups: _Lookups, result: Result, now: datetime) -> None:
    existing = writing.locked(Customer, [row.facts.external_id for row in rows])
    stored = attributes.current(c.pk for c in existing.values()) if any(r.facts.extra for r in rows) else {}
    tell_owner = any("owner_email" in row.told for row in rows)
    present_owners = owners.current(c.pk for c in existing.values()) if tell_owner else {}
    drafts: dict[str, _Draft] = {}
    standings = _standings(rows, existing)
    for row in rows:
        try:
            draft = _Draft.of(row, lookups)
            if (customer := existing.get(row.facts.external_id)) is not None:
                draft.heed(customer, standings.get(customer.pk), is_file=lookups.is_file)
            drafts[row.facts.external_id] = draft
        except writing.FieldError as error:
            result.refuse(row.index, error.field, str(error))
        except ValueError as error:
            result.refuse(row.index, "stage", str(error))
    new = {key: draft.new_customer(now) for key, draft in drafts.items() if key not in existing}
    created_ids = writing.insert_new(Customer, new, existing)
    created = [new[key] for key in new if new[key].pk in created_ids]
    changed: list[Customer] = []
    renamed: list[Customer] = []
    attribute_changes: list[tuple[UUID, AttributeDefinition, Any]] = []
    owner_of: dict[UUID, UUID | None] = {}

    for key, draft in drafts.items():
        if key in new and new[key].pk in created_ids:
            customer = new[key]
            writing.settle(result, draft.row, customer, Outcome.CREATED)
            attribute_changes += [(customer.pk, d, value) for d, value in draft.attributes if value is not None]
            if draft.owner_id:
                owner_of[customer.pk] = draft.owner_id
            lookups.placements.append(draft.placement(customer, now))
            continue
        customer = existing[key]
        row = draft.row
        if row.facts.known_at and row.facts.known_at < customer.known_at:
            writing.settle(result, row, customer, Outcome.UNCHANGED)
            if draft.differs(customer):
                result.notes[_OLDER] += 1
            continue
        try:
            fields = draft.apply(customer)
        except ValueError as error:
            result.refuse(row.index, "traits", str(error))
            continue
        values_now = stored.get(customer.pk, {})
        new_values = [(customer.pk, d, v) for d, v in draft.attributes if values_now.get(d.pk) != v]
        moves = draft.moves(customer)
        new_owner = draft.tells_owner and present_owners.get(customer.pk) != draft.owner_id
        if not (fields or new_values or moves or new_owner):
            writing.settle(result, row, customer, Outcome.UNCHANGED)
            continue
        customer.known_at = max(row.facts.known_at or now, customer.known_at)
        customer.updated_at = now
        customer.version += 1
        changed.append(customer)
        attribute_changes += new_values
        if {"name", "domain"} & set(fields):
            renamed.append(customer)
        if new_owner:
            owner_of[customer.pk] = draft.owner_id
        if moves:
            lookups.placements.append(draft.placement(customer, now))
        named = [
            *fields,
            *(definition.key for _id, definition, _value in new_values),
            *(["stage"] if moves else []),
            *(["owner"] if new_owner else []),
        ]
        writing.settle(result, row, customer, Outcome.UPDATED, named)

    bulk.update(changed, [*_PLAIN, "name_sort", "expected_arr_minor", "traits", *_STAMPS])
    attributes.write(attribute_changes)
    owners.set_owners(owner_of, now=now)
    search.index(created, are_new=True)
    search.index(renamed)
    if created:
        extensions.notify_created([customer.pk for customer in created], now)


_STAMPS = ("known_at", "updated_at", "version")


@dataclass(slots=True)
class _Draft:
    """A row ready to be compared with what is stored."""

    row: Row
    columns: dict[str, Any]
    stage: str | None
    attributes: list[tuple[AttributeDefinition, Any]]
    tells_owner: bool
    owner_id: UUID | None

    @classmethod
    def of(cls, row: Row, lookups: _Lookups) -> _Draft:
        told = row.told
        columns = {name: told[name] for name in _PLAIN if name in told}
        if "created_at" in columns and columns["created_at"] is None:
            del columns["created_at"]
        if "name" in columns:
            columns["name"] = columns["name"] or row.facts.external_id
            columns["name_sort"] = sort_key(columns["name"])
        if "expected_arr" in told:
            columns["expected_arr_minor"] = told["expected_arr"]
        return cls(
            row,
            columns,
            lookups.stage_of(row),
            lookups.attributes_of(row),
            "owner_email" in told,
            lookups.members.get(told.get("owner_email", "")),
        )

    def moves(self, customer: Customer) -> bool:
        return self.stage is not None and customer.stage_key != self.stage and customer.churned_on is None

    def heed(self, customer: Customer, standing: extensions.Standing | None, *, is_file: bool) -> None:
        """Leave the stage out where it says nothing new; raise ``FieldError`` where it takes a move."""
        known_at = self.row.facts.known_at
        if standing is None or not self.moves(customer) or (known_at and known_at < customer.known_at):
            return
        if is_file and known_at is not None and standing.is_only_placed:
            return
        if is_file and self.stage in standing.placed_at:
            self.stage = None
            return
        words = {"stage": customer.stage_key, "wanted": self.stage}
        message = _(
            "is “%(stage)s”, and was named before: from there the rules of moves hold. Move it to “%(wanted)s” on its "
            "page, by POST customers/{id}/move/, or by a file of moves"
        )
        raise writing.FieldError("stage", message % words)

    def new_customer(self, now: datetime) -> Customer:
        facts = self.row.facts
        columns = {"name": facts.external_id, "created_at": min(facts.known_at or now, now), **self.columns}
        columns["name_sort"] = sort_key(columns["name"])
        return Customer(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            external_id=facts.external_id,
            known_at=writing.known_on_creation(self.row, self.columns.get("created_at"), now),
            updated_at=now,
            traits={key: value for key, value in facts.traits.items() if value is not None},
            **columns,
        )

    def differs(self, customer: Customer) -> bool:
        return any(getattr(customer, name) != value for name, value in self.columns.items())

    def apply(self, customer: Customer) -> list[str]:
        changed = writing.assign(customer, self.columns)
        return [*changed, "traits"] if writing.merge_traits(customer, self.row.facts.traits) else changed

    def placement(self, customer: Customer, now: datetime) -> extensions.Placement:
        known_at = min(self.row.facts.known_at or now, now)
        if self.stage is None:
            known_at = min(customer.known_at, known_at)
        return extensions.Placement(customer.pk, self.stage, known_at.date(), known_at)


def sort_key(name: str) -> str:
    """What lists sort names by: accents and case folded, cut to the column."""
    return search.fold(name)[:300]
