"""Support tickets: what customers asked of support, when they were answered, and what they said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models.functions import Now

from accounts import values
from accounts.models import Contact, Customer
from accounts.services import dated, deletion
from accounts.services.writing import Cleaner
from journeys.models import Ticket, TicketPriority, TicketVersion

_WORDS = {
    "lowest": "low",
    "minor": "low",
    "p4": "low",
    "medium": "normal",
    "p3": "normal",
    "major": "high",
    "p2": "high",
    "highest": "urgent",
    "critical": "urgent",
    "blocker": "urgent",
    "p1": "urgent",
}
_CSAT_WORDS = {"good": 5, "bad": 1}


def _priority(value: object) -> str:
    told = values.text(value, limit=60).lower()
    priority = _WORDS.get(told, told)
    if priority not in TicketPriority.values:
        known = ", ".join(each for each in TicketPriority.values if each)
        raise ValueError(f"“{told}” is not one of {known}")
    return priority


def _csat(value: object) -> int | None:
    word = value.strip().lower() if isinstance(value, str) else ""
    return _CSAT_WORDS[word] if word in _CSAT_WORDS else values.whole(value, low=1, high=5)


CLEANERS: Mapping[str, Cleaner] = {
    "customer_external_id": partial(values.text, limit=200),
    "contact_external_id": partial(values.text, limit=200),
    "subject": partial(values.text, limit=300),
    "priority": _priority,
    "opened_at": values.moment,
    "first_reply_at": values.moment,
    "solved_at": values.moment,
    "csat": _csat,
}


def _check(columns: Mapping[str, Any], now: datetime) -> None:
    for name in ("opened_at", "first_reply_at", "solved_at"):
        dated.not_ahead(columns, name, now)
    for name in ("first_reply_at", "solved_at"):
        dated.not_before(columns, name, "opened_at")


KIND = dated.Kind(
    subject="ticket",
    model=Ticket,
    versions=TicketVersion,
    record="ticket_id",
    cleaners=lambda _currency: CLEANERS,
    columns=(
        "customer_id", "contact_id", "subject", "priority", "opened_at", "first_reply_at", "solved_at", "csat",
    ),
    kept=("customer_id", "priority", "opened_at", "first_reply_at", "solved_at", "csat"),
    begins="opened_at",
    came={"first_reply_at": "first_reply_at", "solved_at": "solved_at", "csat": "solved_at"},
    check=_check,
    personal=("subject", "contact_id"),
)  # fmt: skip


def forget_people(external_ids: Sequence[str]) -> None:
    """What these contacts wrote to support goes with them; that there was a ticket stays, under no name."""
    people = Contact.objects.filter(external_id__in=external_ids)
    Ticket.objects.filter(contact__in=people).update(subject="", contact=None, erased_at=Now())


def forget_customer(customer: Customer, now: datetime) -> None:
    """Delete the customer's tickets with their versions."""
    Ticket.objects.filter(customer=customer).delete()
    deletion.forget_versions("journeys_ticketversion", "ticket_id", customer.pk)
