"""Tasks on other apps' pages, as template tags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django import template
from django.utils import timezone

from accounts.models import Customer, Membership
from journeys.selectors import tasks
from journeys.selectors.tasks import Line

register = template.Library()
_MOST_OF_CUSTOMER, _MOST_TODAY = 8, 5


@dataclass(frozen=True, slots=True)
class Shown:
    """The first tasks, and how many more there are."""

    lines: list[Line]
    more: int


@register.simple_tag
def customer_tasks(customer: Customer, now: datetime) -> Shown:
    """The customer's open tasks."""
    rows, total = tasks.of_customer(customer.pk, most=_MOST_OF_CUSTOMER)
    return Shown(tasks.lines(rows, now=now), total - len(rows))


@register.simple_tag
def tasks_due(member: Membership) -> Shown:
    """What a member has to do by today."""
    now = timezone.now()
    rows, total = tasks.due_for(of=member, now=now, most=_MOST_TODAY)
    return Shown(tasks.lines(rows, now=now), total - len(rows))
