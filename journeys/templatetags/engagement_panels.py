"""What engagements and signals show on other apps' pages, as template tags: their views need not import journeys."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest

from accounts.models import Customer
from accounts.paging import Cursor
from accounts.roles import Permission, allows
from csplatform.core.ids import parse_uuid, uuid7
from journeys.engagement_forms import QuickLogForm, TimelineForm
from journeys.models import Direction
from journeys.selectors import engagements as selectors
from journeys.selectors import shocks, signals, tickets
from journeys.selectors.engagements import Wanted

register = template.Library()


@register.simple_tag(takes_context=True)
def quick_log(context: dict[str, Any], customer: Customer | None = None) -> QuickLogForm | None:
    """The form that logs one line, for ``customer`` or for whom the line names; None where one may only read."""
    request: Any = context["request"]
    if not allows(request.membership.role, Permission.EDIT_CUSTOMERS):
        return None
    initial = {"customer": customer.pk if customer else "", "once": uuid7(), "here": _here(request)}
    return QuickLogForm(initial=initial, workspace=request.workspace, customer=customer, prefix=None)


@register.simple_tag(takes_context=True)
def customer_activity(context: dict[str, Any], customer: Customer) -> dict[str, Any]:
    """A page of the customer's conversations, filtered as the address says, and when each direction spoke last."""
    request: HttpRequest = context["request"]
    people = selectors.people_of(customer.pk)
    form = TimelineForm(request.GET, people=people, auto_id="filter_%s")  # the log line has fields of the same names
    wanted = _wanted(form)
    found = selectors.timeline(customer.pk, wanted, after=_cursor(request, "after"), before=_cursor(request, "before"))
    heard = selectors.last_by_direction(customer.pk)
    support, still_open = tickets.of_customer(customer.pk)
    return {
        "form": form,
        "is_filtered": not wanted.is_everything,
        "entries": found.entries,
        "previous_url": _page_url(request, "before", found.page.previous),
        "next_url": _page_url(request, "after", found.page.next),
        "heard": [{"label": direction.label, "last": heard.get(direction)} for direction in Direction],
        "signals": signals.of_customer(customer.pk, most=5),
        "shocks": shocks.of_customer(customer.pk, most=5),
        "tickets": support,
        "tickets_open": still_open,
        "is_empty": not heard,
        "logged": str(parse_uuid(request.GET.get("logged", "")) or ""),
    }


def _wanted(form: TimelineForm) -> Wanted:
    form.is_valid()
    told = form.cleaned_data
    return Wanted(
        direction=told.get("direction") or "",
        channel=told.get("channel") or "",
        sentiment=told.get("sentiment") or "",
        contact=told.get("person"),
        since=told.get("since"),
        until=told.get("until"),
    )


def _cursor(request: HttpRequest, name: str) -> Cursor | None:
    told = request.GET.get(name)
    return Cursor.decode(told) if told else None


def _page_url(request: HttpRequest, side: str, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    kept = {name: value for name, value in request.GET.items() if name not in ("after", "before", "logged")}
    return f"?{urlencode({**kept, side: cursor.encode()})}"


def _here(request: HttpRequest) -> str:
    kept = {name: value for name, value in request.GET.items() if name not in ("after", "before", "logged")}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path
