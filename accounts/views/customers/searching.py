"""Customers for the command palette: a handful, as one types."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import extensions
from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission
from accounts.services import search

MOST = 10


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def customer_search(request: WorkspaceRequest) -> HttpResponse:
    """The ten best matches as options of the palette's list."""
    text = request.GET.get("q", "").replace("\0", "")[:200]
    stages = extensions.named_stages()
    ids = search.best_ids(text, most=MOST)
    found = Customer.objects.select_related("health").defer("traits").in_bulk(ids)
    results = [
        {
            "customer": customer,
            "url": reverse("customer_detail", args=[customer.pk]),
            "stage_name": stages.get(customer.stage_key, ""),
        }
        for customer in (found[identity] for identity in ids)
    ]
    return render(request, "accounts/_search_results.html", {"results": results})
