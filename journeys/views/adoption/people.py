"""A customer's people and where each stands, under the names the workspace allows."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.paging import Cursor
from accounts.roles import Permission
from journeys import adoption_pages
from journeys.models import PersonState
from journeys.selectors import adoption as reads

PAGE = 50


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def adoption_people(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Who stands where, whose state changed last first; nobody where people are shown in aggregate only."""
    customer = Customer.objects.filter(pk=customer_id).first()
    state = request.GET.get("state", "")
    if customer is None or state not in ("", *PersonState.values):
        raise Http404
    shown = reads.shown()
    here = reverse("adoption_people", args=[customer.pk])
    context = {
        "customer": customer,
        "customer_url": f"{reverse('customer_detail', args=[customer.pk])}?tab=adoption",
        "is_aggregate": shown.is_aggregate,
        "by_name": shown.people == "name",
    }
    if not shown.is_aggregate:
        found = reads.people_of(
            customer.pk,
            state=state,
            size=PAGE,
            after=Cursor.decode(request.GET.get("after", "")),
            before=Cursor.decode(request.GET.get("before", "")),
        )

        def address(**told: str) -> str:
            asked = {name: value for name, value in {"state": state, **told}.items() if value}
            return f"{here}?{urlencode(asked)}" if asked else here

        context |= {
            "rows": [adoption_pages.person_row(row, shown) for row in found.rows],
            "states": [
                {"name": label, "url": address(state=key), "current": key == state}
                for key, label in [("", _("Everybody")), *PersonState.choices]
            ],
            "previous_url": address(before=found.previous.encode()) if found.previous else None,
            "next_url": address(after=found.next.encode()) if found.next else None,
        }
    return render(request, "journeys/adoption/people.html", context)
