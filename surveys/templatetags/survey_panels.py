"""What surveys show on other apps' pages, as template tags: their views need not import surveys."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.models import Customer
from surveys import panels

register = template.Library()


@register.simple_tag
def customer_voice(customer: Customer) -> dict[str, Any]:
    """What the customer's people answered, for ``surveys/_customer_voice.html``."""
    return panels.panel(customer)


@register.simple_tag
def first_impression(customer: Customer, shown: str) -> str:
    """The sentence of the Adoption tab; ``shown``: how the workspace shows people, "aggregate": together only."""
    return panels.first_impression(customer, is_aggregate=shown == "aggregate")
