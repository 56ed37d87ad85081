"""Engagements: logged by people, told by files and other systems; one set of rules for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import extensions, values
from accounts.models import Contact, Customer
from accounts.services import bulk, owners, writing
from accounts.services.results import Outcome as Fate
from accounts.services.results import Result
from accounts.services.writing import Cleaner, Facts, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import (
    Channel,
    Direction,
    Engagement,
    EngagementCustomer,
    Outcome,
    Sentiment,
)
from journeys.news import is_news
from journeys.services import engagement_links
from journeys.services.engagement_links import Parties

MAX_BODY = 20_000
MAX_CUSTOMERS = 100
MAX_CONTACTS = 200
_AHEAD = timedelta(days=1)
_COLUMNS = (
    "direction", "channel", "occurred_at", "subject", "body", "sentiment", "third_party", "by_id", "by_label",
    "outcome_id",
)  # fmt: skip
_PERSONAL = ("subject", "body", "third_party")
_MEASURED = {"direction", "channel", "occurred_at", "sentiment", "customers", "contacts"}
_WORDS = {"outbound": Direction.VENDOR_TO_CUSTOMER.value, "inbound": Direction.CUSTOMER_TO_VENDOR.value}


def _word(value: object, *, known: Sequence[str], other: Mapping[str, str] | None = None) -> str:
    told = re.sub(r"[\s-]+", "_", values.text(value, limit=60).lower())
    told = (other or {}).get(told, told)
    if told and told not in known:
        raise ValueError(f"“{told}” is not one of {', '.join(each for each in known if each)}")
    return told


def _several(value: object, *, most: int) -> list[str]:
    parts = value if isinstance(value, list | tuple) else values.text(value, limit=20_000).split("|")
    found = list(dict.fromkeys(cleaned for part in parts if (cleaned := values.text(part, limit=200))))
    if len(found) > most:
        raise ValueError(f"names {len(found)}; {most} is the limit")
    return found


CLEANERS: dict[str, Cleaner] = {
    "customer_external_id": partial(_several, most=MAX_CUSTOMERS),
    "contact_external_id": partial(_several, most=MAX_CONTACTS),
    "direction": partial(_word, known=Direction.values, other=_WORDS),
    "channel": partial(_word, known=Channel.values),
    "occurred_at": values.moment,
    "subject": partial(values.text, limit=300),
    "body": partial(values.text, limit=MAX_BODY),
    "sentiment": partial(_word, known=Sentiment.values),
    "by_email": partial(values.text, limit=254),
    "third_party": partial(values.text, limit=200),
    "outcome_external_id": partial(values.text, limit=200),
}


def upsert(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime, is_history: bool = False) -> Result:
    """Create or change engagements by external id; known as told, else now.

    ``is_history``: new ones were known when they occurred, unless told otherwise. A correction never is: dated back, it
    would change what was known before it. Lists of customers and contacts are told whole.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    named = _Named.of(usable)
    with transaction.atomic():
        touched: set[UUID] = set()
        made: list[Engagement] = []
        for group in writing.rounds(usable, now):
            _Round(group, named, result, now, is_history, touched, made).write()
        writing.audit_result(result=result, subject="engagement", model=Engagement, actor=actor, now=now)
        _announce([each for each in made if is_news(each.occurred_at, now)], now)
        if touched:
            extensions.notify_changed(sorted(touched), now)
    return result


def create(*, external_id: str, told: Mapping[str, object], actor: audit.Actor, now: datetime) -> Engagement:
    """A new engagement; raises ``ValidationError`` by field, also when the external id is taken."""
    if Engagement.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = upsert(rows=[Facts(external_id, told)], actor=actor, now=now)
    result.raise_refusals()
    if result.outcomes[0] != Fate.CREATED:
        writing.taken()
    return Engagement.objects.get(pk=result.only_id())


def log(*, told: Mapping[str, object], actor: audit.Actor, now: datetime, once: UUID | None = None) -> Engagement:
    """What a person has typed, under an id of ours. The same form sent twice (``once``) is one engagement.

    Raises ``ValidationError`` by field.
    """
    external_id = f"log-{once or uuid7()}"
    known = Engagement.objects.filter(external_id=external_id).first()
    return known or create(external_id=external_id, told={"occurred_at": now, **told}, actor=actor, now=now)


@transaction.atomic
def update(
    *,
    engagement_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Engagement:
    """Change the told fields. Raises ``Engagement.DoesNotExist``, ``StaleVersionError`` or ``ValidationError``."""
    found = Engagement.objects.select_for_update(of=("self",), no_key=True).get(pk=engagement_id)
    writing.require_version(found, expected_version)
    upsert(rows=[Facts(found.external_id, told)], actor=actor, now=now).raise_refusals()
    return Engagement.objects.get(pk=engagement_id)


@transaction.atomic
def remove(*, engagement_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None) -> None:
    """Delete an engagement: it counts no more from now on, and in the past as it was known then.

    Raises ``Engagement.DoesNotExist`` or ``StaleVersionError``.
    """
    found = Engagement.objects.select_for_update(of=("self",)).get(pk=engagement_id)
    writing.require_version(found, expected_version)
    customers = list(found.customers.values_list("customer_id", flat=True))
    data = {"external_id": found.external_id, "customers": [str(each) for each in customers]}
    audit.record(actor=actor, action="engagement.deleted", subject=found, data=data, now=now)
    # The triggers date the last versions by it.
    Engagement.objects.filter(pk=found.pk).update(known_at=max(now, found.known_at))
    found.delete()
    extensions.notify_changed(sorted(customers), now)


def _announce(made: Sequence[Engagement], now: datetime) -> None:
    links = EngagementCustomer.objects.filter(engagement_id__in=[each.pk for each in made])
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[
            (
                "engagement.logged",
                {
                    "engagement_id": str(link.engagement_id),
                    "customer_id": str(link.customer_id),
                    "direction": link.direction,
                    "channel": link.channel,
                },
            )
            for link in links.order_by("id")
        ],
        now=now,
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """Everything the rows name, looked up once."""

    customers: Mapping[str, UUID]
    contacts: Mapping[str, tuple[UUID, UUID | None]]
    outcomes: Mapping[str, tuple[UUID, UUID]]
    members: Mapping[str, UUID]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Named:
        def told(name: str) -> set[str]:
            cells = (row.told.get(name) or [] for row in rows)
            return {each for cell in cells for each in ([cell] if isinstance(cell, str) else cell)}

        contacts = Contact.objects.filter(external_id__in=told("contact_external_id"))
        outcomes = Outcome.objects.filter(external_id__in=told("outcome_external_id"))
        wanted = told("customer_external_id")
        return cls(
            dict(Customer.objects.filter(external_id__in=wanted).values_list("external_id", "id")),
            {each: (pk, of) for each, pk, of in contacts.values_list("external_id", "id", "customer_id")},
            {each: (pk, of) for each, pk, of in outcomes.values_list("external_id", "id", "customer_id")},
            owners.members_by_email({each.lower() for each in told("by_email")}),
        )


def _found(wanted: Sequence[str], known: Mapping[str, Any], field: str, say: Callable[[str], str]) -> list[Any]:
    for each in wanted:
        if each not in known:
            raise FieldError(field, say(each))
    return [known[each] for each in wanted]


@dataclass(slots=True)
class _Draft:
    """What a row says of its engagement; ``customers`` and ``contacts`` None: not told."""

    row: Row
    columns: dict[str, Any]
    customers: set[UUID] | None = None
    contacts: dict[UUID, UUID | None] | None = None
    outcome_of: UUID | None = None

    @classmethod
    def of(cls, row: Row, named: _Named, now: datetime) -> _Draft:
        told = row.told
        draft = cls(row, {name: told[name] for name in _COLUMNS if name in told})
        if draft.columns.get("occurred_at") and draft.columns["occurred_at"] > now + _AHEAD:
            raise FieldError("occurred_at", "lies in the future; an engagement is logged when it has happened")
        if "customer_external_id" in told:
            draft.customers = set(
                _found(
                    told["customer_external_id"],
                    named.customers,
                    "customer_external_id",
                    lambda each: f"there is no customer with the external_id “{each}”; import customers first",
                )
            )
        if "contact_external_id" in told:
            people = _found(
                told["contact_external_id"],
                named.contacts,
                "contact_external_id",
                lambda each: f"there is no contact with the external_id “{each}”",
            )
            draft.contacts = dict(people)
        if "by_email" in told:
            draft.columns["by_id"] = named.members.get(told["by_email"].lower())
            draft.columns["by_label"] = told["by_email"]
        draft._serve(told, named)
        return draft

    def _serve(self, told: Mapping[str, Any], named: _Named) -> None:
        if "outcome_external_id" not in told:
            return
        self.columns["outcome_id"] = None
        if wanted := told["outcome_external_id"]:
            if wanted not in named.outcomes:
                raise FieldError("outcome_external_id", f"there is no outcome with the external_id “{wanted}”")
            self.columns["outcome_id"], self.outcome_of = named.outcomes[wanted]

    def check(self, customers: set[UUID], record: Engagement) -> None:
        """Raise ``FieldError`` for what cannot be, with ``customers`` taking part and ``record`` as it would be."""
        if not customers:
            raise FieldError("customer_external_id", "is empty; name the customer, or several separated by |")
        for name in ("direction", "occurred_at"):
            if not getattr(record, name):
                raise FieldError(name, "is empty")
        strangers = [of for of in (self.contacts or {}).values() if of not in customers]
        if strangers:
            raise FieldError("contact_external_id", "names somebody who belongs to none of these customers")
        if self.outcome_of is not None and self.outcome_of not in customers:
            raise FieldError("outcome_external_id", "names an outcome of another customer")


@dataclass(slots=True)
class _Round:
    """Rows that name each engagement once."""

    rows: Sequence[Row]
    named: _Named
    result: Result
    now: datetime
    is_history: bool
    touched: set[UUID]
    made: list[Engagement]

    def write(self) -> None:
        existing = writing.locked(Engagement, [row.facts.external_id for row in self.rows])
        drafts = self._drafts(existing)
        fresh = {key: self._new(draft) for key, draft in drafts.items() if key not in existing}
        created = writing.insert_new(Engagement, fresh, existing)
        linked = engagement_links.linked([existing[key].pk for key in drafts if key in existing])
        changed: list[Engagement] = []
        parties: list[Parties] = []
        for key, draft in drafts.items():
            if key in fresh and fresh[key].pk in created:
                record = fresh[key]
                parties.append(Parties(record, draft.customers or set(), set(draft.contacts or {})))
                self.touched |= draft.customers or set()
                self.made.append(record)
                writing.settle(self.result, draft.row, record, Fate.CREATED)
            else:
                self._change(draft, existing[key], *linked.get(existing[key].pk, (set(), set())), changed, parties)
        bulk.update(changed, [*_COLUMNS, "known_at", "updated_at", "version"])
        engagement_links.write(parties)

    def _drafts(self, existing: Mapping[str, Engagement]) -> dict[str, _Draft]:
        drafts: dict[str, _Draft] = {}
        for row in self.rows:
            try:
                draft = _Draft.of(row, self.named, self.now)
                if row.facts.external_id not in existing:
                    draft.check(draft.customers or set(), self._new(draft))
                drafts[row.facts.external_id] = draft
            except FieldError as error:
                self.result.refuse(row.index, error.field, str(error))
        return drafts

    def _new(self, draft: _Draft) -> Engagement:
        columns = {"channel": Channel.OTHER, **{name: value for name, value in draft.columns.items() if value != ""}}
        occurred_at = draft.columns.get("occurred_at") or None
        return Engagement(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            external_id=draft.row.facts.external_id,
            known_at=writing.known_on_creation(draft.row, occurred_at if self.is_history else None, self.now),
            recorded_at=self.now,
            updated_at=self.now,
            **columns,
        )

    def _change(
        self,
        draft: _Draft,
        record: Engagement,
        customers: set[UUID],
        contacts: set[UUID],
        changed: list[Engagement],
        parties: list[Parties],
    ) -> None:
        columns = dict(draft.columns)
        if columns.get("channel") == "":
            columns["channel"] = Channel.OTHER
        if record.erased_at is not None:
            columns = {name: value for name, value in columns.items() if name not in _PERSONAL}
        fields = writing.assign(record, columns)
        wanted = customers if draft.customers is None else draft.customers
        people = contacts if draft.contacts is None or record.erased_at else set(draft.contacts)
        try:
            draft.check(wanted, record)
        except FieldError as error:
            self.result.refuse(draft.row.index, error.field, str(error))
            return
        if wanted != customers:
            fields.append("customers")
        if people != contacts:
            fields.append("contacts")
        if not fields:
            writing.settle(self.result, draft.row, record, Fate.UNCHANGED)
            return
        if {"customers", "contacts", *engagement_links.COPIED} & set(fields):
            parties.append(Parties(record, wanted, people))
        if _MEASURED & set(fields):
            told_at = min(draft.row.facts.known_at or self.now, self.now)
            record.known_at = max(told_at, record.known_at)
        record.updated_at = self.now
        record.version += 1
        changed.append(record)
        self.touched |= wanted | customers
        writing.settle(self.result, draft.row, record, Fate.UPDATED, fields)
