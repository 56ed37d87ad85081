"""One typed line, with what it names found: customers, people, channel, direction, sentiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Contact, Customer, Membership
from accounts.services.search import find, fold
from csplatform.core import audit
from journeys.engagement import quick
from journeys.models import Engagement
from journeys.services import engagements

MAX_LINE = 400
_SHOWN = 5
_LOOKED_AT = 2_000


def log_line(
    *,
    line: str,
    customer: Customer | None,
    more: Mapping[str, object],
    by: Membership,
    actor: audit.Actor,
    now: datetime,
    once: UUID | None = None,
) -> Engagement:
    """Log what was typed; ``more`` (fields of an engagement) goes before what the line says.

    ``customer``: where it was typed. Raises ``ValidationError`` (``line``, or a field of ``more``).
    """
    said = quick.read(line)
    if not said.subject:
        raise _bad(_("Say in a few words what it was about, such as: call> Weekly review @ann +"))
    customers = ([customer] if customer else []) + [_customer(name) for name in said.customers]
    if not customers:
        raise _bad(_("Name the customer with #, such as: call> #loxley Weekly review"))
    people = _contacts(customers)
    told: dict[str, Any] = {
        "customer_external_id": list(dict.fromkeys(each.external_id for each in customers)),
        "contact_external_id": [_person(name, people, customers).external_id for name in said.people],
        "direction": said.direction,
        "channel": said.channel,
        "sentiment": said.sentiment,
        "subject": said.subject,
        "by_email": by.user.email,
        **{name: value for name, value in more.items() if value},
    }
    return engagements.log(told=told, actor=actor, now=now, once=once)


def _bad(message: str) -> ValidationError:
    return ValidationError({"line": [message]})


def _contacts(customers: Sequence[Customer]) -> list[Contact]:
    return list(Contact.objects.filter(customer__in=customers).order_by("name", "pk")[:_LOOKED_AT])


def _customer(name: str) -> Customer:
    """Who ``#name`` is: an external id, else the beginning of a name, else what the search finds."""
    by_id: Customer | None = Customer.objects.filter(external_id=name).first()
    if by_id is not None:
        return by_id
    start = name.replace("_", " ").casefold()
    found: list[Customer] = list(
        Customer.objects.filter(name_sort__gte=start, name_sort__lt=start + "\U0010ffff").order_by("name_sort")[:6]
    )
    found = found or list(find(name.replace("_", " "))[:6])
    if len(found) == 1:
        return found[0]
    if not found:
        raise _bad(_("No customer is called “%(name)s”.") % {"name": name})
    names = ", ".join(each.name for each in found[:_SHOWN])
    raise _bad(
        _("“%(name)s” may be several customers: %(names)s. Write more of the name, with _ for a space.")
        % {"name": name, "names": names}
    )


def _person(name: str, people: Sequence[Contact], customers: Sequence[Customer]) -> Contact:
    """Who ``@name`` is: the beginning of any part of a contact's name, or of their address."""
    wanted = fold(name.replace("_", " "))
    exact = [each for each in people if wanted in (each.email.casefold(), fold(each.name))]
    found = exact or [each for each in people if _is_called(each, wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        where = ", ".join(each.name for each in customers)
        raise _bad(
            _("Nobody at %(customer)s is called “%(name)s”. Write the name without @, or add the contact first.")
            % {"customer": where, "name": name}
        )
    names = ", ".join(each.name or each.email for each in found[:_SHOWN])
    raise _bad(
        _("“%(name)s” may be several people: %(names)s. Write more of the name, with _ for a space.")
        % {"name": name, "names": names}
    )


def _is_called(contact: Contact, wanted: str) -> bool:
    name = fold(contact.name)
    starts = [0, *(at + 1 for at, character in enumerate(name) if character in " -.")]
    return any(name.startswith(wanted, at) for at in starts) or contact.email.casefold().startswith(wanted)
