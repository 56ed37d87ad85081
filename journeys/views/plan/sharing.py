"""Sharing a customer's plan: links, who has looked, and what was said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.views.customers.editing import edits, may_edit, show_refusals
from accounts.views.customers.record_forms import RecordForm
from journeys import plan_links
from journeys.models import PlanLink
from journeys.selectors import sharing as reads
from journeys.services import sharing
from journeys.views.plan.outcomes import said, value_url

USUAL = timedelta(days=180)


class ShareForm(RecordForm):
    made_for = forms.CharField(
        label=gettext_lazy("For whom?"),
        max_length=200,
        help_text=gettext_lazy("A person or a group at the customer; you see when it was opened."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Until"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The last day it opens; a year at most."),
    )


@edits
@may_edit
def plan_share(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Make a link, and see those there are with what the customer has said."""
    customer = _customer(customer_id)
    now = timezone.now()
    form = ShareForm(request.POST or None, initial={"expires_on": now.date() + USUAL})
    if request.method == "POST" and form.is_valid():
        try:
            sharing.share(
                customer_id=customer.pk,
                made_for=form.cleaned_data["made_for"],
                expires_on=form.cleaned_data["expires_on"],
                actor=actor_of(request),
                now=now,
            )
        except ValidationError as error:
            show_refusals(form, error)
        else:
            messages.success(request, _("The link is made. Send it to them; it opens the plan without an account."))
            return redirect("plan_share", customer_id=customer.pk)
    return render(request, "journeys/plan/share.html", _page(customer, form, now))


@require_POST
@may_edit
def plan_link_revoke(request: WorkspaceRequest, planlink_id: UUID) -> HttpResponse:
    """Close a link at once."""
    link = PlanLink.objects.filter(pk=planlink_id).first()
    if link is None:
        raise Http404
    sharing.revoke(link_id=link.pk, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The link opens nothing any more."))
    return redirect("plan_share", customer_id=link.customer_id)


@require_POST
@may_edit
def plan_answer(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Say something the customer reads on the shared plan."""
    customer = _customer(customer_id)
    try:
        text = request.POST.get("text", "")
        sharing.answer(customer_id=customer.pk, text=text, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("It stands on the shared plan now."))
    except ValidationError as error:
        messages.error(request, _("Nothing was saved: %(reason)s") % {"reason": said(error)})
    return redirect("plan_share", customer_id=customer.pk)


@require_POST
@may_edit
def plan_comments_read(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """The customer's words are seen, and need no answer."""
    customer = _customer(customer_id)
    sharing.read_all(customer_id=customer.pk, now=timezone.now())
    return redirect("plan_share", customer_id=customer.pk)


def _page(customer: Customer, form: ShareForm, now: datetime) -> dict[str, Any]:
    return {
        "customer": customer,
        "customer_url": value_url(customer),
        "form": form,
        "links": [
            {"link": link, "url": plan_links.url_of(link)} for link in reads.links_of(customer.pk, day=now.date())
        ],
        "comments": reads.comments_of(customer.pk),
        "unread": reads.unread_of(customer.pk),
    }


def _customer(customer_id: UUID) -> Customer:
    customer: Customer | None = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    return customer
