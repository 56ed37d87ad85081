"""One customer's page: how is this one, and why?"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import extensions
from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import AttributeValue, Customer
from accounts.models.customers import ContractState
from accounts.roles import Permission, allows
from accounts.selectors import customer_page as selectors
from csplatform.core import formats

TABS = {
    "overview": gettext_lazy("Overview"),
    "value": gettext_lazy("Value"),
    "adoption": gettext_lazy("Adoption"),
    "journey": gettext_lazy("Journey"),
    "activity": gettext_lazy("Activity"),
    "money": gettext_lazy("Money"),
    "people": gettext_lazy("People"),
}


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def customer_detail(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Header and sentence, then the tab the address names; other apps' panels come as template tags."""
    customer = selectors.customer_for_page(customer_id)
    tab = request.GET.get("tab", "overview")
    if customer is None or tab not in TABS:
        raise Http404
    now = timezone.now()
    today = now.date()
    here = reverse("customer_detail", args=[customer.pk])
    may_edit = allows(request.membership.role, Permission.EDIT_CUSTOMERS)
    context: dict[str, Any] = {
        "customer": customer,
        "currency": request.workspace.currency,
        "now": now,
        "today": today,
        "stage_name": extensions.named_stages().get(customer.stage_key, ""),
        "days_in_stage": max(0, (today - customer.stage_since).days) if customer.stage_since else None,
        "notice_days": (customer.notice_deadline - today).days if customer.notice_deadline else None,
        "team": [_member(row) for row in selectors.team_of(customer, today)],
        "list_url": reverse("customer_list"),
        "edit_url": reverse("customer_edit", args=[customer.pk]) if may_edit else None,
        "may_edit": may_edit,
        "tab": tab,
        "tabs": [
            {"label": label, "url": here if key == "overview" else f"{here}?tab={key}", "current": key == tab}
            for key, label in TABS.items()
        ],
    }
    more = _TAB_CONTEXT.get(tab)
    if more is not None:
        context |= more(request, customer, today)
    return render(request, "accounts/customer_detail.html", context)


def _member(row: Any) -> dict[str, Any]:
    return {
        "name": str(row.member.user),
        "initials": row.member.user.initials,
        "role": row.get_role_display(),
        "until": row.until,
    }


def _overview(request: WorkspaceRequest, customer: Customer, today: date) -> dict[str, Any]:
    family = selectors.family_of(customer)
    return {
        "attributes": [
            {"label": row.definition.label.replace("_", " "), "value": attribute_text(row)}
            for row in selectors.attributes_of(customer)
        ],
        "parent": _link(customer.parent) if customer.parent else None,
        "referrer": _link(customer.referred_by) if customer.referred_by else None,
        "children": [_link(other) for other in family if other.parent_id == customer.pk],
        "referrals": [_link(other) for other in family if other.referred_by_id == customer.pk],
    }


def _money(request: WorkspaceRequest, customer: Customer, today: date) -> dict[str, Any]:
    words = dict(ContractState.choices)
    ended = {"none": _("Not begun, or free"), "churned": _("Ended")}
    rows = selectors.subscriptions_of(customer, today, grace_days=request.workspace.grace_days)
    invoices, invoices_total = selectors.invoices_of(customer, today)
    opportunities, opportunities_total = selectors.opportunities_of(customer)
    return {
        "invoices": invoices,
        "invoices_total": invoices_total,
        "opportunities": opportunities,
        "opportunities_total": opportunities_total,
        "subscriptions": [
            {
                "subscription": paid.subscription,
                "renewal_on": paid.renewal_on,
                "notice_deadline": paid.contract.notice_deadline,
                "state": ended.get(paid.contract.state, words.get(paid.contract.state, paid.contract.state)),
            }
            for paid in rows
        ],
    }


def _people(request: WorkspaceRequest, customer: Customer, today: date) -> dict[str, Any]:
    contacts, total = selectors.contacts_of(customer)
    return {"contacts": contacts, "contacts_total": total}


_TAB_CONTEXT = {"overview": _overview, "money": _money, "people": _people}


def _link(customer: Customer) -> dict[str, str]:
    return {"name": customer.name, "url": reverse("customer_detail", args=[customer.pk])}


def attribute_text(row: AttributeValue) -> str:
    """A custom attribute's value as people write it."""
    value = row.value
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return formats.day(value, get_language())
    if isinstance(value, float):
        return formats.number(value, get_language())
    return str(value)
