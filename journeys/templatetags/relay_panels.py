"""What handovers show on other apps' pages: Today and the customer's journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import template
from django.urls import reverse

from accounts.models import Customer, Membership
from journeys.models import Relay
from journeys.selectors import promises, relay_lines
from journeys.selectors import relays as selectors
from journeys.selectors.promises import Promise
from journeys.selectors.relay_lines import Line
from journeys.selectors.relays import Box

register = template.Library()

_MOST = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """A handover on Today, with the address it opens at."""

    line: Line
    url: str
    came_back: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A handover in a customer's history, with what became of its promises."""

    line: Line
    promises: Sequence[Promise]


@register.simple_tag
def relays_waiting(member: Membership, now: datetime) -> list[Waiting]:
    """What waits for a member: asked of them or their department, left lying where they manage, or come back."""
    asked = selectors.waiting_for(of=member, now=now, most=_MOST)
    late = selectors.escalated_to(of=member, most=_MOST)
    back = selectors.came_back(of=member, now=now, most=_MOST)
    found: dict[object, Relay] = {relay.pk: relay for relay in (*late, *asked, *back)}
    returned = {relay.pk for relay in back}
    shown = relay_lines.lines(list(found.values()), now=now)
    return [_waiting(line, member, line.relay.pk in returned) for line in shown]


@register.simple_tag
def customer_relays(customer: Customer, now: datetime) -> list[Told]:
    """The customer's handovers, newest first, each with its checklist and promises."""
    rows = selectors.history(customer.pk)
    shown = relay_lines.lines(list(rows), now=now)
    became = promises.of_all(rows, now=now)
    return [Told(line, became[line.relay.pk]) for line in shown]


def _waiting(line: Line, member: Membership, came_back: bool) -> Waiting:
    mine = line.relay.taker_id == member.pk
    box = Box.DECLINED if came_back else Box.MINE if mine else Box.DEPARTMENT
    return Waiting(line, f"{reverse('relay_detail', args=[line.relay.pk])}?box={box.value}", came_back)
