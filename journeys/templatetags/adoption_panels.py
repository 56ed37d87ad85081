"""Adoption on the customer's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template

from accounts.models import Customer
from journeys import adoption_pages

register = template.Library()


@register.simple_tag
def customer_adoption(customer: Customer, now: datetime) -> dict[str, Any]:
    """What the Adoption tab shows of this customer's people."""
    return adoption_pages.panel(customer, now)
