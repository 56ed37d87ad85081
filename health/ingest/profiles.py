"""Identify, group and alias calls: who people and customers are, settled by the time of the message.

Traits are decided one by one: the message that is latest by its own time wins, whatever the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from accounts.models import Contact, Customer, Workspace
from accounts.services import contacts, customers
from accounts.services.results import Result
from accounts.services.writing import Cleaner, Facts
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from health.ingest.protocol import ALIAS, ANONYMOUS, GROUP, IDENTIFY, Arrived
from health.models import ContactAlias, ProfileClock

ACTOR = audit.Actor(label="product events")
_CUSTOMER_COLUMNS = {
    "name": "name",
    "domain": "domain",
    "website": "domain",
    "industry": "industry",
    "country": "country",
    "region": "region",
    "employees": "employees",
    "createdAt": "created_at",
    "created_at": "created_at",
}
_CONTACT_COLUMNS = {"email": "email", "name": "name", "role": "role", "title": "title"}
_decode = msgspec.json.Decoder().decode


class UnusableTraitsError(Exception):
    """Traits that a profile cannot take; the text says why."""


@dataclass(slots=True)
class _Profile:
    """What the messages of a batch say about one contact or customer: trait to (time, value)."""

    said: dict[str, tuple[int, Any]] = field(default_factory=dict)
    group: tuple[int, str] | None = None

    def say(self, traits: Mapping[str, Any], at: int) -> None:
        for name, value in traits.items():
            known = self.said.get(name)
            # Of two messages at the very same time the greater value wins: any rule will do that ignores order.
            if known is None or (at, _rank(value)) >= (known[0], _rank(known[1])):
                self.said[name] = (at, value)

    def belongs(self, group: str, at: int) -> None:
        if self.group is None or (at, group) > self.group:
            self.group = (at, group)


def _rank(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


@dataclass(frozen=True, slots=True)
class Applied:
    """Whose waiting events can be attached now: external ids of customers and contacts."""

    customers: set[str]
    contacts: set[str]


def apply(messages: Sequence[Arrived], *, now: datetime) -> Applied:
    """Apply the identify, group and alias calls among ``messages``. Raises ``UnusableTraitsError``."""
    calls = [message for message in messages if message.kind in (IDENTIFY, GROUP, ALIAS)]
    if not calls:
        return Applied(set(), set())
    moved = _apply_aliases(calls, now)
    people: dict[str, _Profile] = {}
    companies: dict[str, _Profile] = {}
    aliases = resolve_aliases(message.contact for message in calls)
    for message in calls:
        traits = _decode(message.data) or {}
        person = aliases.get(message.contact or "", message.contact)
        if message.kind == GROUP and message.customer is not None:
            companies.setdefault(message.customer, _Profile()).say(traits, message.at)
        if person is None or person.startswith(ANONYMOUS) or message.kind == ALIAS:
            continue
        profile = people.setdefault(person, _Profile())
        if message.kind == IDENTIFY:
            profile.say(traits, message.at)
        if message.customer is not None:
            profile.belongs(message.customer, message.at)
    _write_customers(companies, now)
    _write_contacts(people, now)
    return Applied(set(companies), moved | set(people))


def resolve_aliases(ids: Iterable[str | None]) -> dict[str, str]:
    """Former id to present external id, for those of ``ids`` that have been re-keyed."""
    found = _aliases(sorted({former for former in ids if former is not None}))
    waiting = set(found.values())
    while waiting:  # an alias of an alias, until nothing new is said
        more = {former: present for former, present in _aliases(sorted(waiting)).items() if former not in found}
        found |= more
        waiting = set(more.values())
    for former in found:
        seen = {former}
        while (present := found[former]) in found and found[present] not in seen:
            seen.add(present)
            found[former] = found[present]
    return found


def _aliases(formers: list[str]) -> dict[str, str]:
    if not formers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT former_id, external_id FROM health_contactalias WHERE workspace_id = %s AND former_id = ANY(%s)",
            [str(current_workspace_id()), formers],
        )
        return dict(cursor.fetchall())


def _apply_aliases(calls: Sequence[Arrived], now: datetime) -> set[str]:
    """Remember new aliases (the first one told stays) and re-key what stands under the former ids."""
    pairs: dict[str, str] = {}
    for message in calls:
        present = message.contact
        if present is None or present.startswith(ANONYMOUS):
            continue
        if message.kind == ALIAS:
            formers = [message.name, ANONYMOUS + message.name]
        else:
            formers = [ANONYMOUS + message.anonymous] if message.anonymous else []
        for former in formers:
            if former != present:
                pairs.setdefault(former, present)
    if not pairs:
        return set()
    workspace_id = current_workspace_id()
    ContactAlias.objects.bulk_create(
        (
            ContactAlias(workspace_id=workspace_id, former_id=former, external_id=present)
            for former, present in sorted(pairs.items())
        ),
        ignore_conflicts=True,
    )
    present_of = resolve_aliases(pairs)
    for former, present in sorted(present_of.items()):
        if former != present:
            _rekey(former, present, now)
    return set(present_of.values())


def _rekey(former: str, present: str, now: datetime) -> None:
    """Waiting events follow; so does the contact, unless there is one under the present id already."""
    if not former.startswith(ANONYMOUS) and not Contact.objects.filter(external_id=present).exists():
        Contact.objects.filter(external_id=former).update(external_id=present, updated_at=now)
        if not ProfileClock.objects.filter(kind="contact", external_id=present).exists():
            ProfileClock.objects.filter(kind="contact", external_id=former).update(external_id=present)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE health_event SET contact_key = %s "
            "WHERE workspace_id = %s AND contact_key = %s AND customer_id IS NULL",
            [present, str(current_workspace_id()), former],
        )


def _write_customers(said: Mapping[str, _Profile], now: datetime) -> None:
    if not said:
        return
    news = _news("customer", said)
    cleaners = customers.cleaners(Workspace.objects.get(pk=current_workspace_id()).currency)
    rows = [
        Facts(external_id, _columns(traits, _CUSTOMER_COLUMNS, cleaners), traits=traits)
        for external_id, traits in news.items()
    ]
    _refuse_none(customers.upsert(rows=rows, actor=ACTOR, now=now))


def _write_contacts(said: Mapping[str, _Profile], now: datetime) -> None:
    if not said:
        return
    news = _news("contact", said)
    homes = dict(
        ProfileClock.objects.filter(kind="contact", external_id__in=said, group__isnull=False).values_list(
            "external_id", "group"
        )
    )
    known = set(Customer.objects.filter(external_id__in=homes.values()).values_list("external_id", flat=True))
    rows = []
    for external_id, traits in news.items():
        values = _columns(traits, _CONTACT_COLUMNS, contacts.CLEANERS)
        if "name" not in values:
            whole = " ".join(str(traits[part]) for part in ("firstName", "lastName") if traits.get(part))
            if whole:
                values["name"] = whole[:300]
        if homes.get(external_id) in known:
            values["customer_external_id"] = homes[external_id]
        rows.append(Facts(external_id, values, traits=traits))
    _refuse_none(contacts.upsert(rows=rows, actor=ACTOR, now=now))


def _news(kind: str, said: Mapping[str, _Profile]) -> dict[str, dict[str, Any]]:
    """The traits that are later than what was known, by external id; notes their times."""
    clocks = {
        clock.external_id: clock
        for clock in ProfileClock.objects.filter(kind=kind, external_id__in=said).order_by("external_id")
    }
    workspace_id = current_workspace_id()
    model: Any = Contact if kind == "contact" else Customer
    stored = dict(model.objects.filter(external_id__in=said).values_list("external_id", "traits"))
    news: dict[str, dict[str, Any]] = {}
    changed: list[ProfileClock] = []
    for external_id, profile in sorted(said.items()):
        clock = clocks.get(external_id) or ProfileClock(
            workspace_id=workspace_id, kind=kind, external_id=external_id, times={}
        )
        traits = stored.get(external_id, {})
        later = {
            name: (at, value)
            for name, (at, value) in profile.said.items()
            if (at, _rank(value)) > (clock.times.get(name, -(2**63)), _rank(traits.get(name)))
            or name not in clock.times
        }
        clock.times.update({name: at for name, (at, _) in later.items()})
        if profile.group is not None and profile.group > (
            clock.group_at if clock.group_at is not None else -(2**63),
            clock.group or "",
        ):
            clock.group_at, clock.group = profile.group
        changed.append(clock)
        news[external_id] = {name: value for name, (_, value) in later.items()}
    ProfileClock.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["workspace", "kind", "external_id"],
        update_fields=["times", "group", "group_at"],
    )
    return news


def _columns(traits: Mapping[str, Any], columns: Mapping[str, str], cleaners: Mapping[str, Cleaner]) -> dict[str, Any]:
    """The traits that are columns; one that the column cannot hold stays a trait only."""
    found: dict[str, Any] = {}
    for name, column in columns.items():
        if name not in traits or column in found:
            continue
        value = traits[name]
        try:
            cleaners[column](value)
        except (ValueError, TypeError):
            continue
        found[column] = value
    return found


def _refuse_none(result: Result) -> None:
    if result.refusals:
        raise UnusableTraitsError(str(result.refusals[0]))
