"""The health panel of an open customer page: asks for news of itself and renews what moved."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import extensions
from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission
from health import panels


@require_safe
@never_cache
@requires(Permission.VIEW_CUSTOMERS)
def customer_health(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """204 while the score is the one ``seen`` names; else the panel, and out of band the figures above it."""
    stamp = panels.stamp_of(customer_id)
    if stamp and stamp == request.GET.get("seen"):
        return HttpResponse(status=204)
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    if not stamp and "seen" in request.GET and not request.GET["seen"]:
        return HttpResponse(status=204)
    now = timezone.now()
    context = {
        "customer": customer,
        "now": now,
        "today": now.date(),
        "currency": request.workspace.currency,
        "stage_name": extensions.named_stages().get(customer.stage_key, ""),
        "oob": True,
    }
    return render(request, "health/_moved.html", context)
