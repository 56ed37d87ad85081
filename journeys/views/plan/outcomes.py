"""An outcome: how it stands and why, its KPIs over time, how it evolved, and what may be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission, allows
from accounts.services.results import StaleVersionError
from accounts.views.customers.editing import edit_record, edits, may_edit
from accounts.views.customers.record_forms import RecordForm
from journeys import plan_pages
from journeys.models import Outcome, OutcomeKind, Settlement
from journeys.selectors import plan, sharing
from journeys.selectors.plan import OutcomeRead
from journeys.services import planning
from journeys.views.plan import forms

SHOWN_MEASUREMENTS = 100


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def outcome_detail(request: WorkspaceRequest, outcome_id: UUID) -> HttpResponse:
    """The outcome with each KPI's chart and figures, its versions and what was said beside it."""
    now = timezone.now()
    read = outcome_read(outcome_id, now)
    customer = read.outcome.customer
    context: dict[str, Any] = {
        "customer": customer,
        "customer_url": value_url(customer),
        "row": plan_pages.outcome_row(read),
        "read": read,
        "kpis": [_kpi(kpi, now) for kpi in read.kpis],
        "versions": [
            {"version": version, "settlement": Settlement(version.settlement).label} for version in read.versions[::-1]
        ],
        "comments": sharing.comments_of(customer.pk, outcome_id=outcome_id),
        "settle_form": forms.SettleForm(initial={"version": read.outcome.version}),
        "is_settled": bool(read.version.settlement),
        "today": now.date(),
        "may_edit": allows(request.membership.role, Permission.EDIT_CUSTOMERS),
    }
    return render(request, "journeys/plan/outcome.html", context)


@edits
@may_edit
def outcome_new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Define an outcome, and with it, if it is known already, the KPI that tells how it stands."""
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    is_trial = request.GET.get("kind") == OutcomeKind.TRIAL
    initial = {"kind": OutcomeKind.TRIAL if is_trial else OutcomeKind.OUTCOME}
    form = forms.OutcomeForm(request.POST or None, outcome=None, initial=initial)

    def write(form: RecordForm, now: datetime) -> Outcome:
        assert isinstance(form, forms.OutcomeForm)
        told, kpi = form.parts()
        told["kind"] = form.cleaned_data["kind"]
        with transaction.atomic():
            outcome = planning.define_outcome(customer_id=customer.pk, told=told, actor=actor_of(request), now=now)
            if kpi:
                kpi |= {"effective_on": told.get("effective_on", "")}
                with _beside_kpi_fields():
                    planning.add_kpi(outcome_id=outcome.pk, told=kpi, actor=actor_of(request), now=now)
        return outcome

    title = _("Add a trial criterion") if is_trial else _("Define an outcome")
    return edit_record(
        request, form, write, title=title, back=value_url(customer), customer=customer,
        then=lambda outcome: reverse("outcome_detail", args=[outcome.pk]),
    )  # fmt: skip


@edits
@may_edit
def outcome_edit(request: WorkspaceRequest, outcome_id: UUID) -> HttpResponse:
    """What the customer expects now; what it expected before stays readable."""
    read = outcome_read(outcome_id, timezone.now())
    form = forms.OutcomeForm(
        request.POST or None, outcome=read.outcome, initial=forms.outcome_initial(read.outcome, read.version)
    )

    def write(form: RecordForm, now: datetime) -> Outcome:
        return planning.revise_outcome(
            outcome_id=outcome_id,
            told=form.told(),
            actor=actor_of(request),
            now=now,
            expected_version=form.cleaned_data["version"],
        )

    back = reverse("outcome_detail", args=[outcome_id])
    return edit_record(request, form, write, title=_("Change the outcome"), back=back, customer=read.outcome.customer)


@require_POST
@may_edit
def outcome_settle(request: WorkspaceRequest, outcome_id: UUID) -> HttpResponse:
    """Decide an outcome by name, or open it again (``settlement`` empty)."""
    if not Outcome.objects.filter(pk=outcome_id).exists():
        raise Http404
    try:
        planning.settle(
            outcome_id=outcome_id,
            settlement=request.POST.get("settlement", ""),
            reason=request.POST.get("reason", ""),
            actor=actor_of(request),
            now=timezone.now(),
            expected_version=_version(request),
        )
        messages.success(request, _("Saved."))
    except ValidationError as error:
        messages.error(request, _("Nothing was changed: %(reason)s") % {"reason": said(error)})
    except StaleVersionError:
        messages.error(
            request, _("Nothing was changed: somebody changed the outcome meanwhile. Look, and decide again.")
        )
    return redirect("outcome_detail", outcome_id=outcome_id)


def outcome_read(outcome_id: UUID, now: datetime) -> OutcomeRead:
    """The outcome as it stands now; 404 where there is none."""
    reads = plan.plans_of_outcomes([outcome_id], day=now.date(), known_by=now)
    if not reads:
        raise Http404
    return reads[0]


def value_url(customer: Customer) -> str:
    """The Value tab of the customer's page."""
    return reverse("customer_detail", args=[customer.pk]) + "?tab=value"


def said(error: ValidationError) -> str:
    """What a service refused, for a message outside a form."""
    if hasattr(error, "error_dict"):
        return "; ".join(f"{name}: {reason}" for name, reasons in error.message_dict.items() for reason in reasons)
    return "; ".join(error.messages)


def _version(request: WorkspaceRequest) -> int | None:
    told = request.POST.get("version", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None


def _kpi(read: plan.KpiRead, now: datetime) -> dict[str, Any]:
    rows = plan.measurements_of(read.kpi.pk)
    return {
        **plan_pages.kpi_row(read),
        "chart": plan_pages.kpi_chart(read, now.date()),
        "versions": read.versions[::-1],
        "measurements": list(rows[:SHOWN_MEASUREMENTS]),
        "measurements_total": rows.count(),
        "form": forms.MeasurementForm(prefix=None, auto_id=f"id_{read.kpi.pk}_%s"),
        "retire_url": reverse("kpi_retire", args=[read.kpi.pk]),
    }


@contextmanager
def _beside_kpi_fields() -> Iterator[None]:
    """What is refused of the first KPI stands beside its fields in the common form."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            raise
        raise ValidationError({forms.KPI + name: list(told) for name, told in error.message_dict.items()}) from error
