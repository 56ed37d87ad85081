"""What is planned for a customer's adoption: the share in habit, groups with their step, and indicators."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.views.customers.editing import edit_record, edits, may_edit
from accounts.views.customers.record_forms import RecordForm
from journeys.adoption_forms import GroupForm, IndicatorForm, PlanForm
from journeys.models import AdoptionGroup, AdoptionIndicator, AdoptionPlan
from journeys.selectors import adoption as reads
from journeys.services.adoption import indicators, planning


@edits
@may_edit
def adoption_plan(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """The share of people in habit, by date."""
    customer = _customer(customer_id)
    count = reads.count_of(customer.pk)
    percent = count.habit_percent // 100 if count else 0
    form = PlanForm(request.POST or None, initial=PlanForm.initial_of(reads.plan_of(customer.pk), percent=percent))

    def write(form: RecordForm, now: datetime) -> AdoptionPlan:
        data = form.cleaned_data
        return planning.set_plan(
            customer_id=customer.pk,
            baseline_on=data["baseline_on"],
            baseline_percent=data["baseline_percent"],
            targets=data["targets"],
            reason=data["reason"],
            expected_number=data["version"],
            actor=actor_of(request),
            now=now,
        )

    return edit_record(request, form, write, title=_("Plan the adoption"), back=_tab(customer), customer=customer)


@edits
@may_edit
def group_new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Say how big the change is for some of the people."""
    return _group(request, _customer(customer_id), None)


@edits
@may_edit
def group_edit(request: WorkspaceRequest, adoptiongroup_id: UUID) -> HttpResponse:
    """Say it differently."""
    group = _found(AdoptionGroup, adoptiongroup_id)
    return _group(request, group.customer, group)


def _group(request: WorkspaceRequest, customer: Customer, group: AdoptionGroup | None) -> HttpResponse:
    form = GroupForm(request.POST or None, initial=GroupForm.initial_of(group) if group else {})

    def write(form: RecordForm, now: datetime) -> AdoptionGroup:
        data = form.cleaned_data
        return planning.save_group(
            customer_id=customer.pk,
            name=data["name"],
            step=data["step"],
            words=data["words"],
            group_id=group.pk if group else None,
            expected_version=data["version"] if group else None,
            actor=actor_of(request),
            now=now,
        )

    title = group.name if group else _("Add a group")
    return edit_record(request, form, write, title=title, back=_tab(customer), customer=customer)


@require_POST
@may_edit
def group_remove(request: WorkspaceRequest, adoptiongroup_id: UUID) -> HttpResponse:
    """Its people count among the others again."""
    group = _found(AdoptionGroup, adoptiongroup_id)
    planning.remove_group(group_id=group.pk, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Removed. Its people count among the others again."))
    return redirect(_tab(group.customer))


@edits
@may_edit
def indicator_new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Define what will show the adoption."""
    customer = _customer(customer_id)
    form = IndicatorForm(request.POST or None, initial={"kind": "share", "state": "habitual"})

    def write(form: RecordForm, now: datetime) -> AdoptionIndicator:
        told = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        return indicators.define(customer_id=customer.pk, told=told, actor=actor_of(request), now=now)

    return edit_record(request, form, write, title=_("Define an indicator"), back=_tab(customer), customer=customer)


@require_POST
@may_edit
def indicator_remove(request: WorkspaceRequest, adoptionindicator_id: UUID) -> HttpResponse:
    """It counts no more; its win stays."""
    indicator = _found(AdoptionIndicator, adoptionindicator_id)
    indicators.remove(indicator_id=indicator.pk, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Removed. A win it has brought stays."))
    return redirect(_tab(indicator.customer))


def _customer(customer_id: UUID) -> Customer:
    customer: Customer | None = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    return customer


def _found(model: Any, key: UUID) -> Any:
    row = model.objects.select_related("customer").filter(pk=key).first()
    if row is None:
        raise Http404
    return row


def _tab(customer: Customer) -> str:
    return f"{reverse('customer_detail', args=[customer.pk])}?tab=adoption"
