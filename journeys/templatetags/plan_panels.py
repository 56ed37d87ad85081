"""The success plan on other pages, and its vocabulary for templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Customer
from csplatform.core.templatetags.ui import band_shape, icon
from journeys import plan_pages, plan_words
from journeys.plan.rules import Status

register = template.Library()


@register.simple_tag
def customer_plan(customer: Customer, now: datetime) -> dict[str, Any]:
    """What the Value tab shows of this customer's plan."""
    return plan_pages.value_panel(customer, now)


@register.simple_tag
def plan_status(status: Status) -> SafeString:
    """A status as shape and word: colour never carries the meaning alone."""
    shape = band_shape(plan_words.BANDS[status]) if status in plan_words.BANDS else icon(plan_words.ICONS[status])
    return format_html(
        '<span class="band plan-status {}">{}{}</span>',
        plan_words.TONES.get(status, "unk"),
        shape,
        plan_words.LABELS[status],
    )
