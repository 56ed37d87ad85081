"""What the journey shows on other apps' pages, as template tags: their views need not import journeys."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from accounts.models import Customer
from journeys.models import Move
from journeys.selectors import standing

register = template.Library()


@register.simple_tag
def customer_moves(customer: Customer) -> Sequence[Move]:
    """The customer's moves, newest first, each with its stage (none where it churned)."""
    return standing.moves_of(customer.pk)
