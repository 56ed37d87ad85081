"""What the customer page shows of judgements by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import template

from accounts.models import Customer
from health.models import Judgement

register = template.Library()


@register.simple_tag
def customer_judgement(customer: Customer, today: date) -> dict[str, Any]:
    """The newest judgement (or None), and whether it still counts ``today``."""
    last = Judgement.objects.filter(customer=customer).order_by("-made_at", "-id").first()
    return {"last": last, "speaks": last is not None and last.until >= today}
