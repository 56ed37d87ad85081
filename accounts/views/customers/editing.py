"""Adding and changing a customer, its contacts and its subscriptions.

A record that somebody else changed meanwhile is not overwritten: the form comes back with everything typed, and
says for each field what stands there now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import extensions
from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Contact, Customer, Subscription
from accounts.roles import Permission, allows
from accounts.selectors import customer_page as page_selectors
from accounts.selectors.customers import attribute_definitions
from accounts.selectors.members import present_members
from accounts.services import contacts, customers, subscriptions
from accounts.services.results import StaleVersionError
from accounts.views.customers import record_forms
from accounts.views.customers.record_forms import ContactForm, CustomerForm, RecordForm, SubscriptionForm

edits = require_http_methods(["GET", "HEAD", "POST"])
may_edit = requires(Permission.EDIT_CUSTOMERS)
Write = Callable[[RecordForm, datetime], Any]


@edits
@may_edit
def customer_new(request: WorkspaceRequest) -> HttpResponse:
    """Add a customer by hand."""
    form = _customer_form(request, None, {"external_id": request.GET.get("external_id", "")})

    def write(form: RecordForm, now: datetime) -> Customer:
        assert isinstance(form, CustomerForm)
        told, extra = form.parts()
        external_id = str(told.pop("external_id"))
        return customers.create(external_id=external_id, told=told, extra=extra, actor=actor_of(request), now=now)

    return edit_record(request, form, write, title=_("Add a customer"), back=reverse("customer_list"), then=_page)


@edits
@may_edit
def customer_edit(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Change what is known about a customer."""
    customer = _customer(customer_id)
    form = _customer_form(request, customer)

    def write(form: RecordForm, now: datetime) -> Customer:
        assert isinstance(form, CustomerForm)
        told, extra = form.parts()
        return customers.update(
            customer_id=customer.pk,
            told=told,
            extra=extra,
            actor=actor_of(request),
            now=now,
            expected_version=form.cleaned_data["version"],
        )

    may_delete = allows(request.membership.role, Permission.DELETE_CUSTOMERS)
    delete_url = reverse("customer_delete", args=[customer.pk]) if may_delete else ""
    return edit_record(
        request, form, write, title=customer.name, back=_page(customer), delete_url=delete_url, then=_page
    )


@edits
@may_edit
def contact_new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Add a person to a customer."""
    customer = _customer(customer_id)
    form = ContactForm(request.POST or None, contact=None)

    def write(form: RecordForm, now: datetime) -> Contact:
        told = form.told() | {"customer_external_id": customer.external_id}
        external_id = str(told.pop("external_id"))
        return contacts.create(external_id=external_id, told=told, actor=actor_of(request), now=now)

    return edit_record(
        request, form, write, title=_("Add a contact"), back=_page(customer, "people"), customer=customer
    )


@edits
@may_edit
def contact_edit(request: WorkspaceRequest, contact_id: UUID) -> HttpResponse:
    """Change a contact."""
    contact = Contact.objects.select_related("customer").filter(pk=contact_id).first()
    if contact is None or contact.customer is None:
        raise Http404
    form = ContactForm(request.POST or None, contact=contact, initial=record_forms.contact_initial(contact))

    def write(form: RecordForm, now: datetime) -> Contact:
        return contacts.update(
            contact_id=contact_id,
            told=form.told(),
            actor=actor_of(request),
            now=now,
            expected_version=form.cleaned_data["version"],
        )

    back = _page(contact.customer, "people")
    return edit_record(request, form, write, title=str(contact), back=back, customer=contact.customer)


@edits
@may_edit
def subscription_new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Add a subscription to a customer."""
    customer = _customer(customer_id)
    currency = request.workspace.currency
    form = SubscriptionForm(request.POST or None, subscription=None, currency=currency)

    def write(form: RecordForm, now: datetime) -> Subscription:
        told = form.told() | {"customer_external_id": customer.external_id}
        external_id = str(told.pop("external_id"))
        return subscriptions.create(external_id=external_id, told=told, actor=actor_of(request), now=now)

    return edit_record(
        request, form, write, title=_("Add a subscription"), back=_page(customer, "money"), customer=customer
    )


@edits
@may_edit
def subscription_edit(request: WorkspaceRequest, subscription_id: UUID) -> HttpResponse:
    """Change a subscription; what was known before stays in its history."""
    subscription = Subscription.objects.select_related("customer").filter(pk=subscription_id).first()
    if subscription is None:
        raise Http404
    form = SubscriptionForm(
        request.POST or None,
        subscription=subscription,
        currency=subscription.currency,
        initial=record_forms.subscription_initial(subscription),
    )

    def write(form: RecordForm, now: datetime) -> Subscription:
        return subscriptions.update(
            subscription_id=subscription_id,
            told=form.told(),
            actor=actor_of(request),
            now=now,
            expected_version=form.cleaned_data["version"],
        )

    customer = subscription.customer
    return edit_record(request, form, write, title=str(subscription), back=_page(customer, "money"), customer=customer)


def edit_record(
    request: WorkspaceRequest,
    form: RecordForm,
    write: Write,
    *,
    title: str,
    back: str,
    customer: Customer | None = None,
    delete_url: str = "",
    then: Callable[[Any], str] | None = None,
) -> HttpResponse:
    """Show the form, or write and go back. What the service refuses stands beside the field it is about.

    ``then``: where to go with what was written, if not back.
    """
    conflicts: list[dict[str, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            record = write(form, timezone.now())
        except StaleVersionError as error:
            conflicts = _conflicts(form)
            form.data = request.POST.copy()
            form.data["version"] = str(error.current)
        except ValidationError as error:
            show_refusals(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(then(record) if then else back)
    context = {"form": form, "title": title, "back": back, "customer": customer, "conflicts": conflicts}
    context |= {"delete_url": delete_url}
    return render(request, "accounts/record_form.html", context)


def _conflicts(form: RecordForm) -> list[dict[str, str]]:
    """For each field that differs: what was typed, and what stands there now."""
    return [
        {
            "label": str(form[name].label),
            "typed": record_forms.shown(form[name], form.cleaned_data.get(name)),
            "now": record_forms.shown(form[name], form.initial.get(name)),
        }
        for name in form.changed_data
        if name != "version"
    ]


def show_refusals(form: RecordForm, error: ValidationError) -> None:
    """Put what a service refused beside the fields it is about."""
    said: Mapping[str, list[str]] = getattr(error, "message_dict", {"": error.messages})
    for name, reasons in said.items():
        known = name if name in form.fields else f"{record_forms.ATTRIBUTE}{name}"
        text = [reason[:1].upper() + reason[1:] for reason in reasons]
        if known in form.fields:
            form.add_error(known, text)
        else:
            form.add_error(None, [f"{name}: {each}" if name and name != "__all__" else each for each in text])


def _customer_form(
    request: WorkspaceRequest, customer: Customer | None, initial: dict[str, Any] | None = None
) -> CustomerForm:
    currency = request.workspace.currency
    if customer is not None:
        values = {row.definition.key: _plain(row.value) for row in page_selectors.attributes_of(customer)}
        initial = record_forms.customer_initial(customer, values, currency)
    return CustomerForm(
        request.POST or None,
        customer=customer,
        stages=extensions.named_stages(),
        members=list(present_members(request.workspace)),
        definitions=attribute_definitions(),
        currency=currency,
        may_assign=allows(request.membership.role, Permission.ASSIGN_PORTFOLIOS),
        initial=initial or {},
    )


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() else Decimal(str(value))


def _customer(customer_id: UUID) -> Customer:
    customer = page_selectors.customer_for_page(customer_id)
    if customer is None:
        raise Http404
    return customer


def _page(customer: Customer, tab: str = "") -> str:
    here = reverse("customer_detail", args=[customer.pk])
    return f"{here}?tab={tab}" if tab else here
