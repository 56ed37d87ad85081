"""E-mails and meetings dropped as files: read, matched to customers by address and domain, logged once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Contact, Customer, Membership
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from journeys.engagement import calendar, mail
from journeys.engagement.files import Person, Spoken, UnreadableError
from journeys.models import Direction, Engagement
from journeys.services import engagements

MAX_FILES = 50


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one conversation of a file. ``engagement`` None: not logged, for ``reason``.

    ``strangers``: addresses that belong to nobody we know.
    """

    name: str
    engagement: Engagement | None = None
    is_new: bool = False
    customers: tuple[Customer, ...] = ()
    strangers: tuple[str, ...] = ()
    reason: str = ""


def take_in(
    *,
    files: Sequence[tuple[str, bytes]],
    actor: audit.Actor,
    now: datetime,
    customer: Customer | None = None,
) -> list[Taken]:
    """Log what the files tell, each (name, content). A file that was there before logs nothing anew.

    ``customer``: takes part in everything, for files dropped on its page. Raises ``ValidationError`` for too many.
    """
    if len(files) > MAX_FILES:
        raise ValidationError({"files": [_("At most %(n)d files at once.") % {"n": MAX_FILES}]})
    taken: list[Taken] = []
    for name, content in files:
        try:
            told = _read(name, content)
        except UnreadableError as error:
            taken.append(Taken(name, reason=str(error)))
            continue
        for each in told:
            if isinstance(each, UnreadableError):
                taken.append(Taken(name, reason=str(each)))
            else:
                taken.append(_log(name, each, actor, now, customer))
    return taken


def _read(name: str, content: bytes) -> Sequence[Spoken | UnreadableError]:
    ending = name.lower().rpartition(".")[2]
    if ending == "ics" or (ending != "eml" and content[:400].lstrip().upper().startswith(b"BEGIN:VCALENDAR")):
        return calendar.read(content)
    if ending == "eml":
        return [mail.read(content)]
    raise UnreadableError("is neither an e-mail (.eml) nor a calendar file (.ics)")


def _log(name: str, spoken: Spoken, actor: audit.Actor, now: datetime, customer: Customer | None) -> Taken:
    known = Engagement.objects.filter(external_id=spoken.key).first()
    if known is not None:
        there = Customer.objects.filter(engagements__engagement=known).order_by("name_sort", "pk")
        return Taken(name, known, customers=tuple(there))
    if spoken.occurred_at > now:
        return Taken(name, reason=_("“%(subject)s” has not happened yet.") % {"subject": spoken.subject})
    match = _Match.of(spoken, customer)
    if not match.customers:
        reason = _("Nobody in “%(subject)s” belongs to a customer we know.") % {"subject": spoken.subject}
        return Taken(name, strangers=match.strangers(spoken.people), reason=reason)
    told = {
        "customer_external_id": [each.external_id for each in match.customers.values()],
        "contact_external_id": match.contacts,
        "direction": match.direction(spoken),
        "channel": spoken.channel,
        "occurred_at": spoken.occurred_at,
        "subject": spoken.subject,
        "body": spoken.body,
        "by_email": next((each.address for each in spoken.people if each.address in match.ours), ""),
        "third_party": match.third_party(spoken),
    }
    try:
        made = engagements.create(external_id=spoken.key, told=told, actor=actor, now=now)
    except ValidationError as error:
        return Taken(name, reason=" ".join(error.messages))
    strangers = match.strangers(spoken.people)
    return Taken(name, made, is_new=True, customers=tuple(match.customers.values()), strangers=strangers)


@dataclass(slots=True)
class _Match:
    """Who the people of a conversation are: ours, customers', or strangers."""

    ours: set[str] = field(default_factory=set)
    theirs: dict[str, Any] = field(default_factory=dict)
    customers: dict[Any, Customer] = field(default_factory=dict)
    contacts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, spoken: Spoken, customer: Customer | None) -> _Match:
        addresses = [each.address for each in spoken.people]
        match = cls(ours=_ours(addresses))
        rest = [each for each in spoken.people if each.address not in match.ours]
        people = Contact.objects.filter(email__in=[each.address for each in rest], customer__isnull=False)
        for contact in people.select_related("customer").order_by("pk")[: engagements.MAX_CONTACTS]:
            assert contact.customer is not None
            match._take(contact.email, contact.customer)
            match.contacts.append(contact.external_id)
        by_domain = _by_domain(each for each in rest if each.address not in match.theirs)
        for each in rest:
            if each.address not in match.theirs and each.domain in by_domain:
                match._take(each.address, by_domain[each.domain])
        if customer is not None:
            match.customers.setdefault(customer.pk, customer)
        return match

    def _take(self, address: str, customer: Customer) -> None:
        if len(self.customers) < engagements.MAX_CUSTOMERS or customer.pk in self.customers:
            self.theirs[address] = customer.pk
            self.customers[customer.pk] = customer

    def direction(self, spoken: Spoken) -> str:
        """Who spoke to whom, from who wrote (or invited) and who else is there."""
        sender = spoken.sender.address if spoken.sender else ""
        if sender in self.ours:
            return Direction.VENDOR_TO_CUSTOMER
        if any(each.address in self.ours for each in spoken.others):
            return Direction.CUSTOMER_TO_VENDOR
        return Direction.CUSTOMER_TO_CUSTOMER if len(self.customers) > 1 else Direction.CUSTOMER_TO_THIRD_PARTY

    def third_party(self, spoken: Spoken) -> str:
        if self.direction(spoken) != Direction.CUSTOMER_TO_THIRD_PARTY:
            return ""
        others = [each for each in spoken.people if each.address not in self.theirs]
        return (others[0].name or others[0].address) if others else ""

    def strangers(self, people: Iterable[Person]) -> tuple[str, ...]:
        return tuple(
            each.address for each in people if each.address not in self.ours and each.address not in self.theirs
        )


def _ours(addresses: Sequence[str]) -> set[str]:
    rows = Membership.objects.filter(workspace_id=current_workspace_id(), user__email__in=addresses)
    return set(rows.values_list("user__email", flat=True))


def _by_domain(people: Iterable[Person]) -> Mapping[str, Customer]:
    """Domain → the customer of that domain; one that several customers share names nobody."""
    domains = {each.domain for each in people}
    found: dict[str, Customer | None] = {}
    for customer in Customer.objects.filter(domain__in=domains).order_by("pk"):
        found[customer.domain] = None if customer.domain in found else customer
    return {domain: customer for domain, customer in found.items() if customer is not None}
