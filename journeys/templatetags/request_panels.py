"""What requests show on the customer's page, and beside what its people said in a survey."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from accounts.models import Customer
from journeys.models import RequestKind
from journeys.selectors import requests as selectors

register = template.Library()


@register.simple_tag
def customer_requests(customer: Customer) -> dict[str, Any]:
    """``rows`` (the newest), ``total``, and the ``kinds`` there are."""
    rows, total = selectors.of_customer(customer.pk)
    return {"rows": rows, "total": total, "kinds": RequestKind.choices}


@register.simple_tag
def record_said_url(customer: Customer, answer_id: Any, contact_id: Any, words: str, place: int) -> str:
    """Where a choice of a survey's answer becomes a pain point; recorded once, whoever follows it."""
    told = {"customer": customer.pk, "title": words, "source_key": f"survey:{answer_id}:{place}"}
    if contact_id:
        told["contact"] = contact_id
    return f"{reverse('request_new')}?{urlencode(told)}"
