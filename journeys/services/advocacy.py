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
from accounts.models import Customer
from accounts.services import bulk, customers, hierarchy, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys import advocacy_rules as rules
from journeys.advocacy_rules import State
from journeys.models import AdvocacyAct, AdvocacyKind, AdvocacyState, AdvocacyStep
from journeys.news import is_news
from journeys.selectors import advocacy as selectors
from journeys.services.advocacy_people import People

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
    people = People.load(usable)
    _write(usable, people, result, actor, now)
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
class _Change:
    """What a row did to an act."""

    row: Row
    act: AdvocacyAct
    is_new: bool
    fields: list[str]
    steps: list[AdvocacyStep]


def _write(rows: Sequence[Row], people: People, result: Result, actor: audit.Actor, now: datetime) -> None:
    """All rows in as many queries as one, also where they tell of the same act: in order of when they were known."""
    acts = writing.locked(AdvocacyAct, [row.facts.external_id for row in rows])
    guard = selectors.Guard.of([each.pk for each in people.customers.values()], now)
    new: dict[str, AdvocacyAct] = {}
    changes: list[_Change] = []
    for row in sorted(rows, key=lambda row: row.facts.known_at or now):
        act = acts.get(row.facts.external_id)
        if act is not None and row.facts.known_at and row.facts.known_at < act.known_at:
            writing.settle(result, row, act, Outcome.UNCHANGED)
            continue
        try:
            change = _change(row, act, people, guard, actor, now)
        except FieldError as error:
            result.refuse(row.index, error.field, str(error))
            continue
        if change.is_new:
            acts[row.facts.external_id] = new[row.facts.external_id] = change.act
        changes.append(change)
    created = writing.insert_new(AdvocacyAct, new, {})
    lost = {act.pk for act in new.values()} - created
    for change in changes:
        if change.act.pk in lost:
            result.refuse(change.row.index, "source_key", _("was recorded already"))
        elif change.is_new:
            writing.settle(result, change.row, change.act, Outcome.CREATED)
        else:
            outcome = Outcome.UPDATED if change.fields else Outcome.UNCHANGED
            writing.settle(result, change.row, change.act, outcome, change.fields)
    kept = [change for change in changes if change.act.pk not in lost and (change.is_new or change.fields)]
    bulk.update(list({each.act.pk: each.act for each in kept if each.act.pk not in created}.values()), _COLUMNS)
    steps = [step for change in kept for step in change.steps]
    AdvocacyStep.objects.bulk_create(steps, batch_size=2_000)
    _announce(steps, {change.act.pk: change.act for change in kept}, now)


def _change(
    row: Row, known: AdvocacyAct | None, people: People, guard: selectors.Guard, actor: audit.Actor, now: datetime
) -> _Change:
    """Do to the act what the row says; raises ``FieldError`` and leaves it as it was."""
    act = known or _new(row, people, actor, now)
    before = {name: getattr(act, name) for name in _COLUMNS}
    try:
        fields, steps = _apply(row, act, people, guard, actor, now, is_new=known is None)
        _link_referred(row, act, people, actor, now)
    except FieldError:
        for name, value in before.items():
            setattr(act, name, value)
        raise
    if known is not None and fields:
        act.version += 1
        act.updated_at, act.known_at = now, max(row.facts.known_at or now, act.known_at)
    return _Change(row, act, known is None, fields, steps)


_COLUMNS = [
    "contact_id", "kind", "state", "why", "url", "referred_id", *MOMENTS, "known_at", "updated_at", "version",
]  # fmt: skip


def _new(row: Row, people: People, actor: audit.Actor, now: datetime) -> AdvocacyAct:
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
    row: Row,
    act: AdvocacyAct,
    people: People,
    guard: selectors.Guard,
    actor: audit.Actor,
    now: datetime,
    *,
    is_new: bool,
) -> tuple[list[str], list[AdvocacyStep]]:
    """Set what the row tells; the fields that differ, and the steps it took."""
    told = row.told
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


def _link_referred(row: Row, act: AdvocacyAct, people: People, actor: audit.Actor, now: datetime) -> None:
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
    told = [(step.state, acts[step.act_id]) for step in steps if is_news(step.occurred_at, now)]
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[(f"advocacy.{state}", _payload(act)) for state, act in told],
        now=now,
    )


def _payload(act: AdvocacyAct) -> dict[str, Any]:
    return {
        "advocacy_id": str(act.pk),
        "customer_id": str(act.customer_id),
        "kind": act.kind,
        "referred_id": str(act.referred_id) if act.referred_id else None,
    }
