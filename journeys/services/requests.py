"""Requests and pain points: one from a page or the API, many from a file, all through the same core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import values
from accounts.models import Contact, Customer
from accounts.services import bulk, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys import request_rules as rules
from journeys.models import Request, RequestAnswer, RequestCustomer, RequestKind, RequestStatus
from journeys.news import is_news
from journeys.request_rules import AnswerError
from journeys.selectors import requests as selectors
from journeys.services import request_merging, request_news

MOST_WORDS = 5_000
MOST_CUSTOMERS = 500
_STATED = ("status", "answer", "shipped_at")


def _kind(value: object) -> str:
    told = values.text(value, limit=20).casefold().replace(" ", "_").replace("-", "_")
    if told and told not in RequestKind.values:
        raise ValueError(
            _("“%(told)s” is none of: %(known)s") % {"told": told[:60], "known": ", ".join(RequestKind.values)}
        )
    return told or RequestKind.WISH


def _status(value: object) -> str:
    told = values.text(value, limit=40)
    status = rules.status_of(told) if told else ""
    if status is None:
        raise ValueError(
            _("“%(told)s” is none of: %(known)s") % {"told": told[:60], "known": ", ".join(rules.STATUSES)}
        )
    return status


def _customers(value: object) -> list[str]:
    """External ids parted by ``|``, each once."""
    told = values.text(value, limit=100_000)
    parts = [values.text(part, limit=200) for part in told.split("|")]
    found = list(dict.fromkeys(part for part in parts if part))
    if len(found) > MOST_CUSTOMERS:
        raise ValueError(_("names more than %(most)d customers; tell them in several rows") % {"most": MOST_CUSTOMERS})
    return found


CLEANERS: Mapping[str, Cleaner] = {
    "customer_external_id": _customers,
    "contact_external_id": partial(values.text, limit=200),
    "kind": _kind,
    "title": partial(values.text, limit=300),
    "words": partial(values.text, limit=MOST_WORDS),
    "raised_at": values.moment,
    "raised_by": partial(values.text, limit=200),
    "status": _status,
    "answer": partial(values.text, limit=MOST_WORDS),
    "answered_by": partial(values.text, limit=200),
    "shipped_at": values.moment,
    "source_key": partial(values.text, limit=200),
}


@transaction.atomic
def record(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime) -> Result:
    """Create or change requests by external id; each row also says who asked, which only ever adds askers.

    Known when told, else a new one when raised, else now; a row known earlier than what is stored changes nothing but
    may add who asked. What ships lately is passed on to those who asked. Per row: created, updated, unchanged, or
    refused with a reason.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    people = _People.load(usable)
    shipped: list[Request] = []
    for group in writing.rounds(usable, now):
        shipped += _write_round(group, people, result, actor, now)
    writing.audit_result(result=result, subject="request", model=Request, actor=actor, now=now)
    request_news.shipped(requests=shipped, actor=actor, now=now)
    return result


def create(*, told: Mapping[str, object], actor: audit.Actor, now: datetime, external_id: str = "") -> Request:
    """A new request; without an external id it is given one. Raises ``ValidationError`` by field."""
    external_id = external_id or f"request-{uuid7().hex}"
    if Request.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = record(rows=[Facts(external_id, told)], actor=actor, now=now)
    result.raise_refusals()
    return Request.objects.get(pk=result.only_id())


@transaction.atomic
def update(
    *,
    request_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Request:
    """Change the told fields, an answer included. Raises ``Request.DoesNotExist``, ``StaleVersionError`` or
    ``ValidationError`` by field."""
    request = Request.objects.select_for_update(of=("self",), no_key=True).get(pk=request_id)
    writing.require_version(request, expected_version)
    record(rows=[Facts(request.external_id, told)], actor=actor, now=now).raise_refusals()
    return Request.objects.get(pk=request_id)


@transaction.atomic
def unlink(*, request_id: UUID, link_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """This customer did not ask for it after all. Raises ``RequestCustomer.DoesNotExist``."""
    link = RequestCustomer.objects.select_for_update().get(counts_for_id=request_id, pk=link_id)
    data = {"customer_id": str(link.customer_id), "raised_at": link.raised_at.isoformat()}
    audit.record(actor=actor, action="request.customer_removed", subject=link.request, data=data, now=now)
    link.delete()


@transaction.atomic
def delete(*, request_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None) -> None:
    """Delete a request and who asked; those merged into it stand on their own again.

    Raises ``Request.DoesNotExist`` or ``StaleVersionError``.
    """
    request = Request.objects.select_for_update(of=("self",)).get(pk=request_id)
    writing.require_version(request, expected_version)
    for other in Request.objects.filter(merged_into=request).order_by("id"):
        request_merging.split_off(other, actor=actor, now=now)
    data = {"title": request.title, "external_id": request.external_id, "customers": request.asked.count()}
    audit.record(actor=actor, action="request.deleted", subject=request, data=data, now=now)
    request.delete()


@dataclass(slots=True)
class _People:
    """Customers and contacts the rows name, read once."""

    customers: Mapping[str, UUID]
    contacts: Mapping[str, tuple[UUID, UUID | None]]

    @classmethod
    def load(cls, rows: Sequence[Row]) -> _People:
        named = {each for row in rows for each in row.told.get("customer_external_id") or ()}
        people = {row.told["contact_external_id"] for row in rows if row.told.get("contact_external_id")}
        contacts = Contact.objects.filter(external_id__in=people).values_list("external_id", "id", "customer_id")
        return cls(
            dict(Customer.objects.filter(external_id__in=named).values_list("external_id", "id")),
            {external_id: (pk, customer) for external_id, pk, customer in contacts},
        )

    def of(self, row: Row) -> tuple[list[UUID], UUID | None]:
        """The customers that asked, and the contact that did; the contact's own customer where none is named."""
        told = row.told.get("customer_external_id") or []
        customers = [writing.customer_id(each, self.customers) for each in told]
        name = row.told.get("contact_external_id")
        if not name:
            return customers, None
        contact_id, at = self.contacts.get(name, (None, None))
        if contact_id is None or at is None or (customers and at not in customers):
            raise FieldError("contact_external_id", _("“%(id)s” is no contact of this customer") % {"id": name})
        return customers or [at], contact_id


@dataclass(slots=True)
class _Draft:
    """A row ready to be compared with what is stored."""

    row: Row
    customers: list[UUID]
    contact_id: UUID | None
    columns: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Row, people: _People) -> _Draft:
        columns: dict[str, Any] = {name: row.told[name] for name in ("kind", "title", "words") if name in row.told}
        if row.told.get("raised_at"):
            columns["raised_at"] = row.told["raised_at"]
        return cls(row, *people.of(row), columns)

    def new(self, actor: audit.Actor, now: datetime) -> Request:
        raised_at = self.columns.get("raised_at") or min(self.row.facts.known_at or now, now)
        if not self.columns.get("title"):
            raise FieldError("title", _("is empty: say in a few words what is asked for"))
        if raised_at > now:
            raise FieldError("raised_at", _("lies in the future"))
        columns = {**self.columns, "raised_at": raised_at}
        return Request(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            external_id=self.row.facts.external_id,
            known_at=writing.known_on_creation(self.row, raised_at, now),
            updated_at=now,
            created_by_label=actor.label[:200],
            **columns,
        )

    def change(self, request: Request, now: datetime) -> list[str]:
        if "title" in self.columns and not self.columns["title"]:
            raise FieldError("title", _("is empty: say in a few words what is asked for"))
        if self.columns.get("raised_at", now) > now:
            raise FieldError("raised_at", _("lies in the future"))
        columns = dict(self.columns)
        if self.customers and "raised_at" in columns:
            # Rows of several who asked come in any order: it was raised when the first of them did.
            columns["raised_at"] = min(columns["raised_at"], request.raised_at)
        return writing.assign(request, columns)

    def state(self, request: Request, actor: audit.Actor, now: datetime) -> RequestAnswer | None:
        """Set status and answer as told; the line of history where something changed."""
        told = self.row.told
        if not any(name in told for name in _STATED):
            return None
        status = told.get("status") or (RequestStatus.SHIPPED if told.get("shipped_at") else request.status)
        answer = told.get("answer", request.answer)
        try:
            if "answer" in told:
                rules.require_reason(status=status, answer=answer)
            shipped_at = rules.shipped_at(
                status=status,
                told=told.get("shipped_at"),
                before=request.shipped_at,
                raised_at=request.raised_at,
                now=now,
            )
        except AnswerError as error:
            raise FieldError(error.field, _reason(error.reason)) from None
        if (status, answer, shipped_at) == (request.status, request.answer, request.shipped_at):
            return None
        known_at = min(self.row.facts.known_at or shipped_at or now, now)
        request.status, request.answer, request.shipped_at = status, answer, shipped_at
        request.answered_at, request.answered_by = known_at, told.get("answered_by") or actor.label[:200]
        return RequestAnswer(
            id=uuid7(),
            workspace_id=request.workspace_id,
            request_id=request.pk,
            status=status,
            answer=answer,
            occurred_at=shipped_at or known_at,
            known_at=known_at,
            recorded_at=now,
            answered_by=request.answered_by,
        )

    def askers(self, request: Request, root: UUID, actor: audit.Actor, now: datetime) -> list[RequestCustomer]:
        raised_at = min(self.columns.get("raised_at") or self.row.facts.known_at or now, now)
        return [
            RequestCustomer(
                id=uuid7(),
                workspace_id=request.workspace_id,
                request_id=request.pk,
                counts_for_id=root,
                customer_id=customer_id,
                contact_id=self.contact_id if len(self.customers) == 1 else None,
                raised_at=raised_at,
                raised_by=self.row.told.get("raised_by") or actor.label[:200],
                source_key=self.row.told.get("source_key") or None,
                known_at=min(self.row.facts.known_at or raised_at, now),
                recorded_at=now,
            )
            for customer_id in self.customers
        ]


def _reason(key: str) -> str:
    return {
        "not_shipped": _("is told of something that has not shipped; its status says otherwise"),
        "before_raised": _("lies before the day it was raised"),
        "future": _("lies in the future"),
        "no_reason": _("is empty: whoever asked wants to know why it is declined"),
    }[key]


def _write_round(
    rows: Sequence[Row], people: _People, result: Result, actor: audit.Actor, now: datetime
) -> list[Request]:
    """Returns the requests that have just shipped."""
    existing = writing.locked(Request, [row.facts.external_id for row in rows])
    drafts: dict[str, _Draft] = {}
    new: dict[str, Request] = {}
    answers: dict[UUID, RequestAnswer | None] = {}
    for row in rows:
        try:
            draft = _Draft.of(row, people)
            if row.facts.external_id not in existing:
                request = new[row.facts.external_id] = draft.new(actor, now)
                answers[request.pk] = draft.state(request, actor, now)
            drafts[row.facts.external_id] = draft
        except FieldError as error:
            new.pop(row.facts.external_id, None)
            result.refuse(row.index, error.field, str(error))
    created = writing.insert_new(Request, new, existing)
    written: dict[str, Request] = {}
    named: dict[str, list[str]] = {}
    for key, draft in drafts.items():
        if key in new and new[key].pk in created:
            written[key] = new[key]
            continue
        request = existing[key]
        try:
            named[key], answers[request.pk] = _changed(draft, request, actor, now)
            written[key] = request
        except FieldError as error:
            result.refuse(draft.row.index, error.field, str(error))
    added, asked_anew = _link({key: drafts[key] for key in written}, written, actor, now)
    for key, request in written.items():
        if key not in named:
            writing.settle(result, drafts[key].row, request, Outcome.CREATED)
            continue
        fields = [*named[key], *(["customer_external_id"] if request.pk in asked_anew else [])]
        request.version += bool(fields)
        request.updated_at = now
        writing.settle(result, drafts[key].row, request, Outcome.UPDATED if fields else Outcome.UNCHANGED, fields)
    touched = [written[key] for key, fields in named.items() if fields or written[key].pk in asked_anew]
    bulk.update(touched, _COLUMNS)
    lasting = [answer for each in written.values() if (answer := answers.get(each.pk)) is not None]
    RequestAnswer.objects.bulk_create(lasting, batch_size=2_000)
    _announce(lasting, added, now)
    just_answered = {answer.request_id for answer in lasting}
    return [each for each in written.values() if each.pk in just_answered and each.shipped_at is not None]


def _changed(
    draft: _Draft, request: Request, actor: audit.Actor, now: datetime
) -> tuple[list[str], RequestAnswer | None]:
    """Apply a row to what is stored: the fields that differed, and the new answer if there is one."""
    known_at = draft.row.facts.known_at
    if known_at is not None and known_at < request.known_at:
        return [], None
    fields = draft.change(request, now)
    answer = draft.state(request, actor, now)
    if answer is not None:
        fields = [*fields, "status"]
    if fields:
        request.known_at = max(known_at or now, request.known_at)
    return fields, answer


_COLUMNS = [
    "kind", "title", "words", "raised_at", "status", "answer", "answered_at", "answered_by", "shipped_at", "known_at",
    "updated_at", "version",
]  # fmt: skip


def _link(
    drafts: Mapping[str, _Draft], written: Mapping[str, Request], actor: audit.Actor, now: datetime
) -> tuple[list[RequestCustomer], set[UUID]]:
    """Store who asked: those who had not asked before, and the requests they are behind."""
    roots = selectors.roots([request.pk for request in written.values() if request.merged_into_id])
    links = [
        link
        for key, draft in drafts.items()
        for link in draft.askers(written[key], roots.get(written[key].pk, written[key].pk), actor, now)
    ]
    links.sort(key=lambda link: (link.request_id, link.customer_id))
    inserted = bulk.insert(links)
    added = [link for link in links if link.pk in inserted]
    return added, {link.request_id for link in added}


def _announce(
    answers: Sequence[RequestAnswer],
    added: Sequence[RequestCustomer],
    now: datetime,
) -> None:
    events: list[tuple[str, dict[str, Any]]] = [
        ("request.raised", {"request_id": str(link.counts_for_id), "customer_id": str(link.customer_id)})
        for link in added
        if is_news(link.raised_at, now)
    ]
    events += [
        ("request.answered", {"request_id": str(answer.request_id), "status": answer.status})
        for answer in answers
        if is_news(answer.known_at, now)
    ]
    outbox.publish_many(workspace_id=current_workspace_id(), events=events, now=now)
