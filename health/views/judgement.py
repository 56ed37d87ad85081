"""Judging a customer by hand."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
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
from health.judgement_forms import JudgementForm
from health.services import judging


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_CUSTOMERS)
def judge_customer(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """The form alone; sent from the customer page as well. What was typed comes back with what is wrong."""
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    now = timezone.now()
    back = reverse("customer_detail", args=[customer.pk])
    form = JudgementForm(request.POST or None, initial={"until": now.date() + judging.USUAL})
    if form.is_valid():
        try:
            member_id = request.membership.pk
            judging.judge(customer=customer, **form.cleaned_data, actor=actor_of(request), now=now, member_id=member_id)
        except ValidationError as error:
            for name, reasons in error.message_dict.items():
                form.add_error(name, reasons)
        else:
            messages.success(request, _("Your judgement is kept."))
            return redirect(back)
    context = {"form": form, "customer": customer, "back": back, "title": _("My judgement")}
    return render(request, "health/judgement.html", context, status=422 if form.errors else 200)
