"""Handovers told by files: what was offered and decided elsewhere, kept as it happened.

Nothing moves by them: moves are told by a file of their own, and an accepted handover is tied to the move it led to.
One that still waits is a live offer, and appears in the inbox of those it is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import extensions, values
from accounts.models import Customer, Membership
from accounts.roles import Department
from accounts.services import deletion, owners, team, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import DeclineCause, Move, Relay, RelayItem, RelayState, RelayTemplate, Stage
from journeys.models import Outcome as Promised
from journeys.news import is_news
from journeys.selectors import plan, working
from journeys.services import offering

_DEFAULT_DAYS = 3
_SLACK = timedelta(days=1)
_TICKED = ("[x]", "[X]")
_OPEN = "[ ]"


@dataclass(frozen=True, slots=True)
class ToldItem:
    text: str
    done: bool


def _key(value: object) -> str:
    return values.text(value, limit=60).casefold().replace(" ", "_")


def _lines(value: object) -> list[ToldItem]:
    """``[x] ticked|[ ] open``: the lines of a checklist, parted by ``|``; one without a box is open."""
    found = []
    for part in values.text(value, limit=10_000).split("|"):
        line = part.strip()
        text = line.removeprefix(_TICKED[0]).removeprefix(_TICKED[1]).removeprefix(_OPEN).strip()
        if text:
            found.append(ToldItem(text[:300], line.startswith(_TICKED)))
    return found


CLEANERS: Mapping[str, Cleaner] = {
    "customer_external_id": partial(values.text, limit=200),
    "from_stage": _key,
    "to_stage": _key,
    "giver_department": _key,
    "taker_department": _key,
    "giver_email": values.email,
    "taker_email": values.email,
    "state": _key,
    "reason": partial(values.text, limit=500),
    "note": partial(values.text, limit=5_000),
    "checklist": _lines,
    "offered_at": values.moment,
    "due_at": values.moment,
    "decided_at": values.moment,
    "decided_by": partial(values.text, limit=200),
    "decline_cause": _key,
    "decline_reason": partial(values.text, limit=500),
    "reoffers_external_id": partial(values.text, limit=200),
}


@transaction.atomic
def record(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime) -> Result:
    """Write told handovers by external id: new ones are created, known ones changed where they are told differently.

    Known when told, else when offered and when decided. Who took a customer over has had the department's place in its
    account team since then, where nobody else holds it. Raises nothing: each row is created, updated, unchanged, or
    refused.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    book = _Book(usable, now)
    for row in sorted(usable, key=lambda row: (row.told.get("offered_at") or now, row.index)):
        try:
            book.tell(row, result)
        except FieldError as error:
            result.refuse(row.index, error.field, str(error))
    book.write()
    outbox.publish_many(workspace_id=current_workspace_id(), events=book.news(), now=now)
    team.fill_many(places=book.places(), actor=actor, now=now)
    writing.audit_result(result=result, subject="relay", model=Relay, actor=actor, now=now)
    if touched := book.touched():
        extensions.notify_changed(touched, now)
    return result


class _Book:
    """What is known of the customers told of, read in few queries whatever their number."""

    def __init__(self, rows: Sequence[Row], now: datetime) -> None:
        self._now = now
        self._customers = writing.customer_ids(rows)
        ids = sorted(self._customers.values())
        held = Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
        list(held.values_list("pk"))
        self._stages = {stage.key.casefold(): stage for stage in Stage.objects.all()}
        templates = RelayTemplate.objects.all()
        self._templates = {(each.from_stage_id, each.to_stage_id): each for each in templates}
        emails = {row.told.get(name) for row in rows for name in ("giver_email", "taker_email")}
        self._members = owners.members_by_email(email for email in emails if email)
        self._members_by_id = Membership.objects.in_bulk(set(self._members.values()))
        self._days = working.working_days()
        named = {row.told["reoffers_external_id"] for row in rows if row.told.get("reoffers_external_id")}
        known = Relay.objects.filter(external_id__in=named | {row.facts.external_id for row in rows})
        self._known = {relay.external_id: relay for relay in known.select_for_update(of=("self",)).order_by("pk")}
        waiting = Relay.objects.filter(customer_id__in=ids, state=RelayState.OFFERED)
        self._waiting = dict(waiting.values_list("customer_id", "pk"))
        self._promised = set(Promised.objects.filter(customer_id__in=ids).values_list("customer_id", flat=True))
        self._moves: dict[UUID, list[Move]] = {}
        for move in Move.objects.filter(customer_id__in=ids, relay__isnull=True).order_by("customer_id", "number"):
            self._moves.setdefault(move.customer_id, []).append(move)
        self._new: list[Relay] = []
        self._changed: list[Relay] = []
        self._decided: set[UUID] = set()
        self._items: dict[UUID, tuple[Relay, list[ToldItem]]] = {}

    def tell(self, row: Row, result: Result) -> None:
        relay = self._known.get(row.facts.external_id)
        told = self._told(row, relay)
        was = relay.state if relay else RelayState.OFFERED
        items: list[ToldItem] | None = row.told.get("checklist")
        if relay is None:
            relay = Relay(id=uuid7(), workspace_id=current_workspace_id(), external_id=row.facts.external_id, **told)
            relay.known_at = writing.known_on_creation(row, relay.offered_at, self._now)
            relay.recorded_at = self._now
            relay.promises = self._promises(relay)
            self._settle(relay)
            self._known[row.facts.external_id] = relay
            self._new.append(relay)
            writing.settle(result, row, relay, Outcome.CREATED)
        else:
            changed = writing.assign(relay, told)
            if items is not None and not self._same_items(relay, items):
                changed.append("checklist")
            if not changed:
                result.ids[row.index] = relay.pk
                return
            relay.known_at = max(self._told_at(row, relay, changed), relay.known_at)
            self._settle(relay)
            if relay not in self._new:
                relay.version += 1
                self._changed.append(relay)
            writing.settle(result, row, relay, Outcome.UPDATED, changed)
        if relay.state not in (was, RelayState.OFFERED):
            self._decided.add(relay.pk)
        if items is not None:
            self._items[relay.pk] = (relay, items)

    def write(self) -> None:
        Relay.objects.bulk_create(self._new, batch_size=2_000)
        for relay in self._changed:
            relay.save()
        RelayItem.objects.filter(relay_id__in=self._items.keys()).delete()
        RelayItem.objects.bulk_create(
            (
                RelayItem(
                    workspace_id=relay.workspace_id,
                    relay=relay,
                    position=position,
                    text=item.text,
                    done_at=(relay.decided_at or relay.offered_at) if item.done else None,
                    done_by_label=relay.decided_by_label if item.done else "",
                )
                for relay, items in self._items.values()
                for position, item in enumerate(items)
            ),
            batch_size=2_000,
        )

    def news(self) -> list[tuple[str, dict[str, str | None]]]:
        """Of what the rows just told, what is news: the offer, and what became of it."""
        stages = {stage.pk: stage for stage in self._stages.values()}
        found = []
        for relay, is_new in [*((each, True) for each in self._new), *((each, False) for each in self._changed)]:
            relay.from_stage = stages[relay.from_stage_id] if relay.from_stage_id else None
            relay.to_stage = stages[relay.to_stage_id]
            steps = [("offered", relay.offered_at)] if is_new else []
            if relay.pk in self._decided and relay.decided_at is not None:
                steps.append((relay.state, relay.decided_at))
            found += [(f"relay.{step}", offering.facts_of(relay)) for step, at in steps if is_news(at, self._now)]
        return found

    def touched(self) -> list[UUID]:
        """The customers whose handovers the rows have changed."""
        return sorted({relay.customer_id for relay in (*self._new, *self._changed)})

    def places(self) -> list[team.Place]:
        """The places that the handovers just told as accepted give to who took them, the earliest first."""
        found = []
        for relay in (*self._new, *self._changed):
            member = self._members_by_id.get(relay.taker_id) if relay.taker_id else None
            if relay.state != RelayState.ACCEPTED or relay.decided_at is None or member is None:
                continue
            if member.department == relay.taker_department:
                role = offering.TEAM_ROLE[relay.taker_department]
                found.append(team.Place(relay.customer_id, role, member, relay.decided_at.date()))
        return sorted(found, key=lambda place: (place.since, place.customer_id))

    def _told(self, row: Row, relay: Relay | None) -> dict[str, Any]:
        """The columns of a handover as the row tells them, each checked."""
        told = row.told
        customer_id = writing.customer_id(told.get("customer_external_id") or "", self._customers)
        before, after = self._stage(told, "from_stage"), self._stage(told, "to_stage")
        if after is None:
            raise FieldError("to_stage", _("is empty: say which stage it leads to"))
        template = self._templates.get((before.pk, after.pk)) if before else None
        offered_at = told.get("offered_at")
        if offered_at is None:
            raise FieldError("offered_at", _("is empty: say when it was offered"))
        if offered_at > self._now + _SLACK:
            raise FieldError("offered_at", _("lies in the future"))
        days = template.due_working_days if template else _DEFAULT_DAYS
        due_at = told.get("due_at") or self._days.due(offered_at, days)
        if due_at < offered_at:
            raise FieldError("due_at", _("lies before the offer"))
        state, decided_at = self._decision(told, offered_at)
        values_ = {
            "customer_id": customer_id,
            "from_stage_id": before.pk if before else None,
            "to_stage_id": after.pk,
            "giver_department": self._department(told, "giver_department", template),
            "giver_id": self._member(told, "giver_email"),
            "taker_department": self._department(told, "taker_department", template),
            "taker_id": self._member(told, "taker_email"),
            "state": state,
            "reason": told.get("reason") or "",
            "note": told.get("note") or "",
            "offered_at": offered_at,
            "due_at": due_at,
            "decided_at": decided_at,
            "decided_by_label": told.get("decided_by") or "",
            "decline_cause": self._cause(told),
            "decline_reason": told.get("decline_reason") or "",
        }
        if row.told.get("reoffers_external_id"):
            values_["reoffers_id"] = self._reoffers(row.told["reoffers_external_id"], values_)
        self._require_alone(customer_id, state, relay)
        return values_

    def _told_at(self, row: Row, relay: Relay, changed: Sequence[str]) -> datetime:
        """When a change was known: as told; else a decision when it was taken, and a correction now."""
        is_decision = "decided_at" in changed and relay.decided_at is not None
        return min(row.facts.known_at or (relay.decided_at if is_decision else None) or self._now, self._now)

    def _reoffers(self, external_id: str, told: Mapping[str, Any]) -> UUID:
        """The handover this one follows: of the same customer, and declined or withdrawn before."""
        before = self._known.get(external_id)
        if before is None or before.customer_id != told["customer_id"]:
            words = {"id": external_id}
            raise FieldError("reoffers_external_id", _("“%(id)s” is no handover of this customer told so far") % words)
        refused = before.state in (RelayState.DECLINED, RelayState.WITHDRAWN)
        if not refused or before.decided_at is None or before.decided_at > told["offered_at"]:
            message = _("“%(id)s” was not declined or withdrawn before this one was offered")
            raise FieldError("reoffers_external_id", message % {"id": external_id})
        return before.pk

    def _decision(self, told: Mapping[str, Any], offered_at: datetime) -> tuple[str, datetime | None]:
        state, decided_at = told.get("state") or "", told.get("decided_at")
        if not state:
            state = RelayState.ACCEPTED if decided_at else RelayState.OFFERED
        if state not in RelayState.values:
            known = ", ".join(RelayState.values)
            raise FieldError("state", _("“%(state)s” is none of: %(known)s") % {"state": state, "known": known})
        if state == RelayState.OFFERED and decided_at is not None:
            raise FieldError("decided_at", _("is told for a handover that still waits"))
        if state != RelayState.OFFERED and decided_at is None:
            raise FieldError("decided_at", _("is empty: say when it was decided"))
        if decided_at is not None and decided_at < offered_at:
            raise FieldError("decided_at", _("lies before the offer"))
        if decided_at is not None and decided_at > self._now + _SLACK:
            raise FieldError("decided_at", _("lies in the future"))
        return str(state), decided_at

    def _require_alone(self, customer_id: UUID, state: str, relay: Relay | None) -> None:
        """A customer has one handover that waits at most."""
        waiting = self._waiting.get(customer_id)
        if relay is not None and waiting == relay.pk and state != RelayState.OFFERED:
            del self._waiting[customer_id]
        elif state == RelayState.OFFERED and waiting is not None and (relay is None or waiting != relay.pk):
            raise FieldError("state", _("another handover of this customer waits already: decide it first"))

    def _settle(self, relay: Relay) -> None:
        """Remember who waits, and tie an accepted handover to the move it led to, where that is known by now."""
        if relay.state == RelayState.OFFERED:
            self._waiting[relay.customer_id] = relay.pk
        if relay.state != RelayState.ACCEPTED or relay.move_id is not None or relay.decided_at is None:
            return
        first, last = (relay.offered_at - _SLACK).date(), (relay.decided_at + _SLACK).date()
        moves = self._moves.get(relay.customer_id, [])
        fits = [m for m in moves if m.stage_id == relay.to_stage_id and first <= m.occurred_on <= last]
        if fits:
            relay.move = fits[-1]
            relay.lap_id = fits[-1].lap_id
            moves.remove(fits[-1])

    def _promises(self, relay: Relay) -> list[dict[str, object]]:
        if relay.customer_id not in self._promised:
            return []
        return plan.promises_of(relay.customer_id, day=relay.offered_at.date(), known_by=relay.offered_at)

    def _same_items(self, relay: Relay, items: Sequence[ToldItem]) -> bool:
        if relay.pk in self._items:
            return self._items[relay.pk][1] == list(items)
        return [ToldItem(each.text, each.done_at is not None) for each in relay.items.all()] == list(items)

    def _stage(self, told: Mapping[str, Any], name: str) -> Stage | None:
        key = told.get(name) or ""
        if key and key not in self._stages:
            known = ", ".join(self._stages)
            raise FieldError(name, _("“%(key)s” is no stage; there are: %(known)s") % {"key": key, "known": known})
        return self._stages[key] if key else None

    def _department(self, told: Mapping[str, Any], name: str, template: RelayTemplate | None) -> str:
        department = told.get(name) or (getattr(template, name) if template else "")
        if department not in Department.values:
            known = ", ".join(Department.values)
            raise FieldError(name, _("“%(told)s” is none of: %(known)s") % {"told": department, "known": known})
        return str(department)

    def _member(self, told: Mapping[str, Any], name: str) -> UUID | None:
        email = told.get(name)
        if not email:
            return None
        if email not in self._members:
            raise FieldError(name, _("nobody here has the address %(email)s") % {"email": email})
        return self._members[email]

    @staticmethod
    def _cause(told: Mapping[str, Any]) -> str:
        cause = told.get("decline_cause") or ""
        if cause not in DeclineCause.values:
            known = ", ".join(value for value in DeclineCause.values if value)
            raise FieldError("decline_cause", _("“%(told)s” is none of: %(known)s") % {"told": cause, "known": known})
        return str(cause)


def forget_customer(customer: Customer, now: datetime) -> None:
    """Delete the customer's handovers with their versions."""
    Relay.objects.filter(customer=customer).delete()
    deletion.forget_versions("journeys_relayversion", "relay_id", customer.pk)
