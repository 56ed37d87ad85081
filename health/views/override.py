"""Setting a customer's band by hand, and ending that."""

from __future__ import annotations

from datetime import UTC, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission
from health import tasks
from health.models import HealthOverride
from health.models.overrides import OverrideBand
from health.services import overrides


class OverrideForm(forms.Form):
    band = forms.ChoiceField(label=gettext_lazy("Band"), choices=OverrideBand.choices)
    reason = forms.CharField(
        label=gettext_lazy("Why"), widget=forms.Textarea(attrs={"rows": 3}), max_length=overrides.LONGEST_REASON
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Until, at the latest"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_CUSTOMERS)
def override(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """The band by hand, with a reason and an end; beside it the one that stands, if any."""
    customer, now = _found(customer_id), timezone.now()
    today = now.astimezone(UTC).date()
    form = OverrideForm(request.POST or None, initial={"expires_on": today + timedelta(days=28)})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                overrides.set_override(customer_id=customer.pk, by=actor_of(request), now=now, **form.cleaned_data)
            except ValidationError as error:
                errors_into(form, error)
            else:
                tasks.refresh_soon(request.workspace.pk)
                messages.success(request, _("The band is set. The score follows within seconds."))
                return redirect(reverse("customer_detail", args=[customer.pk]))
    context = {"form": form, "customer": customer, "standing": overrides.in_force(customer.pk, today)}
    return render(request, "health/override.html", context, status=status)


@require_POST
@requires(Permission.EDIT_CUSTOMERS)
def end(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Let the measures speak again."""
    customer = _found(customer_id)
    try:
        overrides.end_override(customer_id=customer.pk, by=actor_of(request), now=timezone.now())
    except HealthOverride.DoesNotExist:
        messages.warning(request, _("It had ended already."))
    else:
        tasks.refresh_soon(request.workspace.pk)
        messages.success(request, _("Ended. The score follows the measures again within seconds."))
    return redirect(reverse("customer_detail", args=[customer.pk]))


def _found(customer_id: UUID) -> Customer:
    customer: Customer | None = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    return customer
