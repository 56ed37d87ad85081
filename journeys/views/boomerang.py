"""The boomerang page: where is everybody? Read-only."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from journeys.selectors import standing as selectors


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def boomerang(request: WorkspaceRequest) -> HttpResponse:
    """The picture with customers and ARR at each stage, the table behind it, and one stage's customers."""
    now = timezone.now()
    scope = "mine" if request.GET.get("scope") == "mine" else "all"
    of = request.membership if scope == "mine" else None
    standing = selectors.standing(of)
    here, list_url = reverse("boomerang"), reverse("customer_list")
    mine = "&csm=me" if of else ""
    stages = standing.rows(lambda stage: f"{here}?stage={stage.key}{'&scope=mine' if of else ''}")
    wanted = request.GET.get("stage")
    chosen = next((stage for stage in stages if stage["key"] == wanted), None)
    if wanted and chosen is None:
        raise Http404
    context: dict[str, Any] = {
        "as_of": now,
        "currency": request.workspace.currency,
        "stages": stages,
        "totals": _totals(standing),
        "churned": {"customers": standing.churned, "url": f"{list_url}?state=churned{mine}"},
        "scope": scope,
        "scope_urls": {"all": here, "mine": f"{here}?scope=mine"},
        "selected": None,
    }
    context["setup"] = not standing.customers and not standing.churned and of is None
    if chosen is not None:
        rows = selectors.longest_at(chosen["key"], of=of)
        context["selected"] = {
            "stage": chosen,
            "rows": [
                {
                    "customer": customer,
                    "url": reverse("customer_detail", args=[customer.pk]),
                    "days": selectors.days_since(customer.stage_since, now.date()),
                }
                for customer in rows
            ],
            "list_url": f"{list_url}?stage={chosen['key']}{mine}",
        }
    return render(request, "journeys/boomerang.html", context)


def _totals(standing: selectors.Standing) -> dict[str, Any]:
    parts = {True: {"customers": 0, "arr_minor": 0}, False: {"customers": 0, "arr_minor": 0}}
    for stage in standing.stages:
        part = parts[stage.is_before_contract]
        part["customers"] += stage.customers
        part["arr_minor"] += stage.arr_minor
    return {"customers": standing.customers, "before": parts[True], "after": parts[False]}
