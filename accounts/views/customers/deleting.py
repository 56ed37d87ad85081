"""Deleting a customer: what goes is shown first, because nothing brings it back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission
from accounts.selectors import customer_page as selectors
from accounts.services import deletion
from accounts.services.results import BusyError, StaleVersionError


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DELETE_CUSTOMERS)
def customer_delete(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Show what would go; delete when that is confirmed and nothing was changed since it was shown."""
    customer = selectors.customer_for_page(customer_id)
    if customer is None:
        raise Http404
    if request.method == "POST" and _deleted(request, customer):
        messages.success(request, _("%(name)s was deleted.") % {"name": customer.name})
        return redirect("customer_list")
    context = {
        "customer": customer,
        "counts": selectors.goes_with(customer),
        "kin": len(selectors.family_of(customer)),
        "customer_url": reverse("customer_detail", args=[customer.pk]),
        "currency": request.workspace.currency,
    }
    return render(request, "accounts/customer_delete.html", context)


def _deleted(request: WorkspaceRequest, customer: Customer) -> bool:
    seen = request.POST.get("version", "")
    try:
        deletion.delete_customer(
            customer_id=customer.pk,
            actor=actor_of(request),
            now=timezone.now(),
            expected_version=int(seen) if seen.isdecimal() and len(seen) < 10 else 0,
        )
    except StaleVersionError:
        messages.error(
            request, _("Somebody changed this customer since you looked; nothing was deleted. Look again below.")
        )
    except Customer.DoesNotExist as error:
        raise Http404 from error
    except BusyError as error:
        messages.error(request, str(error))
    else:
        return True
    return False
