"""Advocacy: suggested, asked, agreed, done and thanked; told by pages, the API, files and surveys through one core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import values
from accounts.models import Contact, Customer
from accounts.services import bulk, customers, hierarchy, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys import advocacy_rules as rules
from journeys.advocacy_rules import State
from journeys.models import AdvocacyAct, AdvocacyKind, AdvocacyState, AdvocacyStep
from journeys.request_rules import is_news
from journeys.selectors import advocacy as selectors

MOST_WHY = 500
MOMENTS = tuple(f"{state.value}_at" for state in State)
_is_url = URLValidator(schemes=["http", "https"])


def _one_of(known: Sequence[str]) -> Cleaner:
    def clean(value: object) -> str:
        told = values.text(value, limit=40).casefold().replace(" ", "_").replace("-", "_")
        if told and told not in known:
            raise ValueError(_("“%(told)s” is none of: %(known)s") % {"told": told[:60], "known": ", ".join(known)})
        return told

    return clean


def _url(value: object) -> str:
    told = values.text(value, limit=500)
    if told:
        try:
            _is_url(told)
        except ValidationError:
            raise ValueError(_("is no address such as https://example.com/review")) from None
    return told


CLEANERS: Mapping[str, Cleaner] = {
    "customer_external_id": partial(values.text, limit=200),
    "contact_external_id": partial(values.text, limit=200),
    "kind": _one_of(AdvocacyKind.values),
    "state": _one_of(AdvocacyState.values),
    "why": partial(values.text, limit=MOST_WHY),
    "url": _url,
    "referred_external_id": partial(values.text, limit=200),
    "source_key": partial(values.text, limit=200),
    **dict.fromkeys(MOMENTS, values.moment),
}


@transaction.atomic
def record(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime) -> Result:
    """Create or change acts by external id.

    A state is reached now, or when its moment is told. Asking now is refused while the customer or the person rests or
    does not want to be asked; an ask that is told with its moment has happened, and is kept. Per row: created, updated,
    unchanged, or refused with a reason.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    people = _People.load(usable)
    for group in writing.rounds(usable, now):
        _write_round(group, people, result, actor, now)
    writing.audit_result(result=result, subject="advocacy", model=AdvocacyAct, actor=actor, now=now)
    return result


def create(*, told: Mapping[str, object], actor: audit.Actor, now: datetime, external_id: str = "") -> AdvocacyAct:
    """A new act; without an external id it is given one. Raises ``ValidationError`` by field."""
    external_id = external_id or f"advocacy-{uuid7().hex}"
    if AdvocacyAct.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = record(rows=[Facts(external_id, told)], actor=actor, now=now)
    result.raise_refusals()
    return AdvocacyAct.objects.get(pk=result.only_id())


@transaction.atomic
def update(
    *, act_id: UUID, told: Mapping[str, object], actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> AdvocacyAct:
    """Change the told fields, the state included. Raises ``AdvocacyAct.DoesNotExist``, ``StaleVersionError`` or
    ``ValidationError`` by field."""
    act = AdvocacyAct.objects.select_for_update(of=("self",), no_key=True).get(pk=act_id)
    writing.require_version(act, expected_version)
    record(rows=[Facts(act.external_id, told)], actor=actor, now=now).raise_refusals()
    return AdvocacyAct.objects.get(pk=act_id)


@transaction.atomic
def refer(*, act_id: UUID, name: str, external_id: str = "", actor: audit.Actor, now: datetime) -> Customer:
    """A referral was given: a new customer at Awareness that remembers who referred it; the act is done.

    ``external_id`` of a customer that is known already links that one. Raises ``AdvocacyAct.DoesNotExist`` or
    ``ValidationError`` by field.
    """
    act = AdvocacyAct.objects.select_for_update(of=("self",), no_key=True).select_related("customer").get(pk=act_id)
    if act.kind != AdvocacyKind.REFERRAL:
        raise ValidationError({"name": [_("Only a referral brings a customer.")]})
    if act.referred_id is not None:
        raise ValidationError({"name": [_("This referral has brought a customer already.")]})
    referred = Customer.objects.filter(external_id=external_id).first() if external_id else None
    if referred is None:
        if not name.strip():
            raise ValidationError({"name": [_("Say who was referred.")]})
        referred = customers.create(
            external_id=external_id or f"referral-{uuid7().hex}",
            told={"name": name, "source": "referral", "referred_by_external_id": act.customer.external_id},
            actor=actor,
            now=now,
        )
    told: dict[str, object] = {"referred_external_id": referred.external_id}
    if act.done_at is None:
        told["state"] = State.DONE.value
    record(rows=[Facts(act.external_id, told)], actor=actor, now=now).raise_refusals()
    fresh: Customer = Customer.objects.get(pk=referred.pk)
    return fresh


@transaction.atomic
def withdraw(*, act_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """It no longer stands, as when a promoter says otherwise; the history keeps it. Raises
    ``AdvocacyAct.DoesNotExist``."""
    act = AdvocacyAct.objects.select_for_update(of=("self",)).get(pk=act_id)
    if act.withdrawn_at is not None:
        return
    act.withdrawn_at = act.updated_at = now
    act.version += 1
    act.save(update_fields=["withdrawn_at", "updated_at", "version"])
    AdvocacyStep.objects.bulk_create([_step(act, "", now, now, actor, now)])
    audit.record(actor=actor, action="advocacy.withdrawn", subject=act, data={"kind": act.kind}, now=now)


@transaction.atomic
def delete(*, act_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None) -> None:
    """Delete an act that never was. Raises ``AdvocacyAct.DoesNotExist`` or ``StaleVersionError``."""
    act = AdvocacyAct.objects.select_for_update(of=("self",)).get(pk=act_id)
    writing.require_version(act, expected_version)
    data = {"kind": act.kind, "state": act.state, "customer_id": str(act.customer_id)}
    audit.record(actor=actor, action="advocacy.deleted", subject=act, data=data, now=now)
    act.delete()


@dataclass(slots=True)
class _People:
    """Customers and contacts the rows name, read once; customers locked, so that two asks see each other."""

    customers: Mapping[str, Customer]
    contacts: Mapping[str, tuple[UUID, UUID | None]]

    @classmethod
    def load(cls, rows: Sequence[Row]) -> _People:
        acts = AdvocacyAct.objects.filter(external_id__in=[row.facts.external_id for row in rows])
        named = {row.told.get(name) for row in rows for name in ("customer_external_id", "referred_external_id")}
        known = set(acts.values_list("customer__external_id", flat=True))
        people = {row.told["contact_external_id"] for row in rows if row.told.get("contact_external_id")}
        contacts = Contact.objects.filter(external_id__in=people).values_list("external_id", "id", "customer_id")
        return cls(
            writing.locked(Customer, sorted({str(each) for each in named | known if each})),
            {external_id: (pk, customer) for external_id, pk, customer in contacts},
        )

    def customer(self, external_id: str, field: str) -> Customer:
        try:
            return self.customers[external_id]
        except KeyError:
            told = {"id": external_id}
            raise FieldError(field, _("there is no customer with the external_id “%(id)s”") % told) from None

    def contact_id(self, external_id: str, customer_id: UUID) -> UUID | None:
        if not external_id:
            return None
        contact_id, at = self.contacts.get(external_id, (None, None))
        if contact_id is None or at != customer_id:
            told = {"id": external_id}
            raise FieldError("contact_external_id", _("“%(id)s” is no contact of this customer") % told)
        return contact_id


def _write_round(rows: Sequence[Row], people: _People, result: Result, actor: audit.Actor, now: datetime) -> None:
    existing = writing.locked(AdvocacyAct, [row.facts.external_id for row in rows])
    guard = selectors.Guard.of([each.pk for each in people.customers.values()], now)
    new: dict[str, AdvocacyAct] = {}
    changes: list[tuple[Row, AdvocacyAct, list[str], list[AdvocacyStep]]] = []
    for row in rows:
        try:
            act = existing.get(row.facts.external_id)
            is_new = act is None
            act = act or _new(row, people, actor, now)
            if not is_new and row.facts.known_at and row.facts.known_at < act.known_at:
                writing.settle(result, row, act, Outcome.UNCHANGED)
                continue
            fields, steps = _apply(row, act, people, guard, actor, now)
            _link_referred(row, act, people, actor, now)
        except FieldError as error:
            result.refuse(row.index, error.field, str(error))
            continue
        if is_new:
            new[row.facts.external_id] = act
        changes.append((row, act, fields, steps))
    created = writing.insert_new(AdvocacyAct, new, {})
    kept: list[AdvocacyStep] = []
    changed: list[AdvocacyAct] = []
    for row, act, fields, steps in changes:
        if row.facts.external_id in new:
            if act.pk not in created:
                result.refuse(row.index, "source_key", _("was recorded already"))
                continue
            writing.settle(result, row, act, Outcome.CREATED)
        else:
            writing.settle(result, row, act, Outcome.UPDATED if fields else Outcome.UNCHANGED, fields)
            if not fields:
                continue
            act.version += 1
            act.updated_at, act.known_at = now, max(row.facts.known_at or now, act.known_at)
            changed.append(act)
        kept += steps
    bulk.update(changed, _COLUMNS)
    AdvocacyStep.objects.bulk_create(kept, batch_size=2_000)
    _announce(kept, {act.pk: act for _row, act, _fields, _steps in changes}, now)


_COLUMNS = [
    "contact_id", "kind", "state", "why", "url", "referred_id", *MOMENTS, "known_at", "updated_at", "version",
]  # fmt: skip


def _new(row: Row, people: _People, actor: audit.Actor, now: datetime) -> AdvocacyAct:
    customer = people.customer(row.told.get("customer_external_id") or "", "customer_external_id")
    if not row.told.get("kind"):
        raise FieldError("kind", _("is empty: say what they do for you"))
    first = min((row.told[name] for name in MOMENTS if row.told.get(name)), default=now)
    return AdvocacyAct(
        id=uuid7(),
        workspace_id=current_workspace_id(),
        external_id=row.facts.external_id,
        customer=customer,
        kind=row.told["kind"],
        suggested_at=min(row.told.get("suggested_at") or first, now),
        source_key=row.told.get("source_key") or None,
        created_by_label=actor.label[:200],
        known_at=writing.known_on_creation(row, first, now),
        updated_at=now,
    )


def _apply(
    row: Row, act: AdvocacyAct, people: _People, guard: selectors.Guard, actor: audit.Actor, now: datetime
) -> tuple[list[str], list[AdvocacyStep]]:
    """Set what the row tells; the fields that differ, and the steps it took."""
    told = row.told
    is_new = act._state.adding
    if not is_new and told.get("customer_external_id") not in (None, "", act.customer.external_id):
        raise FieldError("customer_external_id", _("an act stays with its customer"))
    columns: dict[str, Any] = {name: told[name] for name in ("why", "url") if name in told}
    if told.get("kind"):
        columns["kind"] = told["kind"]
    if "contact_external_id" in told:
        columns["contact_id"] = people.contact_id(told["contact_external_id"], act.customer_id)
    if told.get("referred_external_id"):
        columns["referred_id"] = people.customer(told["referred_external_id"], "referred_external_id").pk
    moments = {name: told[name] for name in MOMENTS if told.get(name)}
    before = State(act.state)
    after = _state(told.get("state"), moments, before)
    if after != before and not (is_new or rules.is_reachable(before, after)):
        words = {"before": AdvocacyState(before).label, "after": AdvocacyState(after).label}
        raise FieldError("state", _("“%(after)s” does not follow “%(before)s”") % words)
    reached = f"{after.value}_at"
    if (is_new or after != before) and not moments.get(reached):
        moments[reached] = min(row.facts.known_at or now, now)
        if after is State.ASKED:
            _require_allowed(guard, act, columns.get("contact_id", act.contact_id), now)
    if is_new and "suggested_at" not in moments:
        moments["suggested_at"] = act.suggested_at
    _require_order({name: moments.get(name) or getattr(act, name) for name in MOMENTS}, now)
    steps = [
        _step(act, name.removesuffix("_at"), moment, min(row.facts.known_at or moment, now), actor, now)
        for name, moment in moments.items()
        if (getattr(act, name) is None or is_new) and (name != "suggested_at" or after is State.SUGGESTED)
    ]
    if after is State.ASKED or "asked_at" in moments:
        guard.note(act.customer_id, columns.get("contact_id", act.contact_id), moments.get("asked_at"))
    fields = writing.assign(act, {**columns, **moments, "state": after.value})
    return fields, steps


def _state(told: str | None, moments: Mapping[str, datetime], before: State) -> State:
    """As told, else the furthest whose moment is told, else as before."""
    if told:
        return State(told)
    reached = [state for state in State if moments.get(f"{state.value}_at") and state is not State.SUGGESTED]
    return reached[-1] if reached else before


def _require_order(moments: Mapping[str, datetime | None], now: datetime) -> None:
    last: datetime | None = None
    for name in MOMENTS[1:-1]:
        moment = moments[name]
        if moment is None:
            continue
        if moment > now:
            raise FieldError(name, _("lies in the future"))
        if last is not None and moment < last:
            raise FieldError(name, _("lies before the step before it"))
        last = moment


def _require_allowed(guard: selectors.Guard, act: AdvocacyAct, contact_id: UUID | None, now: datetime) -> None:
    verdict = guard.verdict(act.customer_id, contact_id, now.date())
    if not verdict.is_allowed:
        raise FieldError("state", selectors.in_words(verdict))


def _link_referred(row: Row, act: AdvocacyAct, people: _People, actor: audit.Actor, now: datetime) -> None:
    """The customer that was referred remembers who did it."""
    name = row.told.get("referred_external_id")
    if not name:
        return
    referred = people.customer(name, "referred_external_id")
    if referred.referred_by_id == act.customer_id:
        return
    if referred.referred_by_id is not None:
        raise FieldError("referred_external_id", _("was referred by another customer already"))
    link = Facts(referred.external_id, {"referred_by_external_id": act.customer.external_id})
    linked = hierarchy.set_links(rows=[link], actor=actor, now=now)
    if linked.refusals:
        raise FieldError("referred_external_id", linked.refusals[0].reason)


def _step(
    act: AdvocacyAct, state: str, occurred_at: datetime, known_at: datetime, actor: audit.Actor, now: datetime
) -> AdvocacyStep:
    return AdvocacyStep(
        id=uuid7(),
        workspace_id=act.workspace_id,
        act_id=act.pk,
        state=state,
        occurred_at=occurred_at,
        known_at=known_at,
        recorded_at=now,
        actor_label=actor.label[:200],
    )


def _announce(steps: Sequence[AdvocacyStep], acts: Mapping[UUID, AdvocacyAct], now: datetime) -> None:
    for step in steps:
        if not is_news(step.occurred_at, now):
            continue
        act = acts[step.act_id]
        payload = {
            "advocacy_id": str(act.pk),
            "customer_id": str(act.customer_id),
            "kind": act.kind,
            "referred_id": str(act.referred_id) if act.referred_id else None,
        }
        outbox.publish(workspace_id=act.workspace_id, name=f"advocacy.{step.state}", payload=payload, now=now)
