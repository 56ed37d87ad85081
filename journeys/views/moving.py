"""Moving a customer to another stage, and naming what grounded one that churned."""

from __future__ import annotations

from typing import Any
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
from csplatform.core.ids import parse_uuid
from journeys.models import Force
from journeys.selectors import journey, ways
from journeys.services import grounding, moving
from journeys.services.moving import ConflictError, MissingError, Opened


class MoveForm(forms.Form):
    """What a move says. The stage is one of the radio buttons the page draws itself."""

    stage = forms.CharField(max_length=60, error_messages={"required": gettext_lazy("Choose a stage.")})
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=moving.MAX_REASON,
        help_text=gettext_lazy("One sentence that still tells somebody something in a year."),
    )
    occurred_on = forms.DateField(
        label=gettext_lazy("On"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Today if left empty."),
    )
    override = forms.BooleanField(
        label=gettext_lazy("Move although something is missing"),
        required=False,
        help_text=gettext_lazy("Your name and what was passed over stay in the history."),
    )


class GroundForm(forms.Form):
    """What grounded a customer."""

    force = forms.ChoiceField(label=gettext_lazy("Why it churned"), choices=Force.choices, widget=forms.RadioSelect)
    note = forms.CharField(label=gettext_lazy("More about it"), max_length=grounding.MAX_NOTE, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_CUSTOMERS)
def move(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Every stage with what it would take; a POST moves, or opens the handover on the way."""
    customer = _customer(customer_id)
    if request.method != "POST":
        form = MoveForm(initial={"stage": request.GET.get("stage", "")})
        return _page(request, customer, form)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _page(request, customer, form, status=422)
    told = form.cleaned_data
    try:
        answer = moving.move(
            customer_id=customer.pk,
            stage_key=told["stage"],
            reason=told["reason"],
            override=told["override"],
            occurred_on=told["occurred_on"],
            expected_move=parse_uuid(told["seen"]),
            by=request.membership,
            actor=actor_of(request),
            now=timezone.now(),
        )
    except ValidationError as error:
        errors_into(form, error)
        return _page(request, customer, form, status=422)
    except MissingError as error:
        return _page(request, customer, form, missing=[each.message for each in error.missing], status=409)
    except ConflictError as error:
        messages.error(request, str(error))
        return _page(request, customer, form, status=409)
    if isinstance(answer, Opened):
        messages.success(request, _("The handover is offered. The customer moves when it is accepted."))
        return redirect("relay_detail", answer.relay.pk)
    stage = answer.move.stage
    messages.success(
        request,
        _("%(customer)s is at “%(stage)s” now.") % {"customer": customer.name, "stage": stage.label if stage else ""},
    )
    return redirect(_journey_of(customer))


@require_POST
@requires(Permission.EDIT_CUSTOMERS)
def ground(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Name the force of the latest churn."""
    customer = _customer(customer_id)
    form = GroundForm(request.POST)
    if form.is_valid():
        try:
            grounding.ground(
                customer_id=customer.pk,
                **form.cleaned_data,
                by=request.membership,
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("Noted: that is why %(customer)s churned.") % {"customer": customer.name})
    else:
        messages.error(request, _("Choose why it churned."))
    return redirect(_journey_of(customer))


def _customer(customer_id: UUID) -> Customer:
    customer: Customer | None = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    return customer


def _journey_of(customer: Customer) -> str:
    return f"{reverse('customer_detail', args=[customer.pk])}?tab=journey"


def _page(
    request: WorkspaceRequest,
    customer: Customer,
    form: MoveForm,
    *,
    missing: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    last = journey.last_move(customer.pk)
    context: dict[str, Any] = {
        "customer": customer,
        "last": last,
        "ways": ways.ways_of(customer, last, timezone.now()),
        "form": form,
        "chosen": form["stage"].value() or "",
        "missing": missing,
        "journey_url": _journey_of(customer),
    }
    return render(request, "journeys/move.html", context, status=status)
