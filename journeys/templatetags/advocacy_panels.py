"""What advocacy shows on the customer's page and in its own lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template

from accounts.models import Customer
from journeys.advocacy_rules import NEXT, State
from journeys.models import AdvocacyAct, AdvocacyKind, AdvocacyState
from journeys.selectors import advocacy as selectors

register = template.Library()


@register.simple_tag
def customer_advocacy(customer: Customer, now: datetime) -> dict[str, Any]:
    """``acts``, ``silences``, ``rests`` (why not to ask now, or empty), and the value that came back on both sides:
    ``referrer`` with what this customer brought (``own``), and those it ``referred`` with their ARR together."""
    guard = selectors.Guard.of([customer.pk], now)
    referred = selectors.referred_by(customer.pk)
    referrer = Customer.objects.filter(pk=customer.referred_by_id).first() if customer.referred_by_id else None
    return {
        "acts": selectors.of_customer(customer.pk),
        "silences": selectors.silences_of(customer.pk),
        "rests": selectors.in_words(guard.verdict(customer.pk, None, now.date())),
        "referrer": referrer,
        "own": selectors.brought([customer.pk])[0] if referrer else None,
        "referred": referred,
        "arr_minor": sum(each.customer.arr_minor for each in referred),
    }


@register.simple_tag
def next_states(act: AdvocacyAct) -> list[tuple[str, str]]:
    """What may follow, with its word; a promoter's answer stands as it is."""
    if act.kind == AdvocacyKind.PROMOTER or act.withdrawn_at is not None:
        return []
    return [(state.value, str(AdvocacyState(state.value).label)) for state in NEXT[State(act.state)]]


@register.filter
def reached_at(act: AdvocacyAct) -> datetime | None:
    """When it came to the state it is in."""
    moment: datetime | None = getattr(act, f"{act.state}_at")
    return moment
