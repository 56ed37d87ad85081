"""What one does with a request: raise, answer, reword, merge, say who asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Contact, Customer
from accounts.roles import Permission
from accounts.services.results import StaleVersionError
from csplatform.core.ids import parse_uuid
from journeys.models import Request, RequestCustomer, RequestStatus
from journeys.request_forms import AnswerForm, AskerForm, NewRequestForm, RequestForm
from journeys.selectors import requests as selectors
from journeys.services import request_merging, requests
from journeys.views import requests as pages

_BAD, _CONFLICT = 422, 409


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_CUSTOMERS)
def request_new(request: WorkspaceRequest) -> HttpResponse:
    """Raise one; where there is one with the same title, the customer joins those behind it."""
    form = NewRequestForm(request.POST or None, initial=_from_address(request))
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        recorded = selectors.recorded_from([told["source_key"]]) if told["source_key"] else {}
        if recorded:
            messages.info(request, _("This answer is recorded already."))
            return redirect("request_detail", next(iter(recorded.values())))
        try:
            row, joined = _raise(request, told)
        except ValidationError as error:
            errors_into(
                form, _renamed(error, {"raised_at": "raised_on", "contact_external_id": "customer_external_id"})
            )
        else:
            said = _("Joined: there was one with this title already.") if joined else _("Recorded.")
            messages.success(request, said)
            return redirect("request_detail", row.pk)
    status = _BAD if request.method == "POST" else 200
    return render(request, "journeys/requests/new.html", {"form": form}, status=status)


@require_POST
@requires(Permission.VIEW_CUSTOMERS)
def request_answer(request: WorkspaceRequest, request_id: UUID) -> HttpResponse:
    """Product answers, or whoever may change customers. Shipping has those who asked told."""
    row, form = pages.found(request_id), AnswerForm(request.POST)
    if not pages.may_answer(request.membership):
        raise PermissionDenied(_("Product answers requests, and whoever may change customers."))
    if not form.is_valid():
        return pages.page(request, row, answer_form=form, status=_BAD)
    told, now = form.cleaned_data, timezone.now()
    values: dict[str, Any] = {"status": told["status"], "answer": told["answer"]}
    if told["shipped_on"] and told["status"] == RequestStatus.SHIPPED:
        values["shipped_at"] = _moment(told["shipped_on"], now, row.raised_at)
    try:
        requests.update(
            request_id=row.pk, told=values, actor=actor_of(request), now=now, expected_version=told["version"]
        )
    except StaleVersionError:
        form.add_error(None, _("Somebody changed this request while you were typing. Look at it, and save again."))
        form.data = {**request.POST.dict(), "version": str(row.version)}
        return pages.page(request, row, answer_form=form, status=_CONFLICT)
    except ValidationError as error:
        errors_into(form, _renamed(error, {"shipped_at": "shipped_on"}))
        return pages.page(request, row, answer_form=form, status=_BAD)
    messages.success(request, _("Answered."))
    return redirect("request_detail", row.pk)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def request_edit(request: WorkspaceRequest, request_id: UUID) -> HttpResponse:
    row, form = pages.found(request_id), RequestForm(request.POST)
    if not form.is_valid():
        return pages.page(request, row, edit_form=form, status=_BAD)
    try:
        requests.update(request_id=row.pk, told=form.cleaned_data, actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        errors_into(form, error)
        return pages.page(request, row, edit_form=form, status=_BAD)
    messages.success(request, _("Saved."))
    return redirect("request_detail", row.pk)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def request_merge(request: WorkspaceRequest, request_id: UUID) -> HttpResponse:
    """This one is the same as the one chosen."""
    row, into = pages.found(request_id), parse_uuid(request.POST.get("into", ""))
    if into is None:
        messages.error(request, _("Choose the request it is the same as."))
        return redirect("request_detail", row.pk)
    try:
        request_merging.merge(request_id=row.pk, into_id=into, actor=actor_of(request), now=timezone.now())
    except Request.DoesNotExist as error:
        raise Http404 from error
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("request_detail", row.pk)
    messages.success(request, _("Merged: who asked for “%(title)s” counts here now.") % {"title": row.title})
    return redirect("request_detail", into)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def request_split(request: WorkspaceRequest, request_id: UUID) -> HttpResponse:
    """Take the merge back."""
    row = pages.found(request_id)
    try:
        request_merging.split(request_id=row.pk, actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Taken apart: “%(title)s” stands on its own again.") % {"title": row.title})
    return redirect("request_detail", row.pk)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def request_asked(request: WorkspaceRequest, request_id: UUID) -> HttpResponse:
    """Another customer asks for it too."""
    row, form = pages.found(request_id), AskerForm(request.POST)
    if form.is_valid():
        try:
            requests.update(request_id=row.pk, told=form.cleaned_data, actor=actor_of(request), now=timezone.now())
        except ValidationError as error:
            errors_into(form, error)
        else:
            return redirect("request_detail", row.pk)
    return pages.page(request, row, asker_form=form, status=_BAD)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def request_unasked(request: WorkspaceRequest, request_id: UUID, requestcustomer_id: UUID) -> HttpResponse:
    """This customer did not ask for it after all."""
    row = pages.found(request_id)
    try:
        requests.unlink(request_id=row.pk, link_id=requestcustomer_id, actor=actor_of(request), now=timezone.now())
    except RequestCustomer.DoesNotExist as error:
        raise Http404 from error
    return redirect("request_detail", row.pk)


def _raise(request: WorkspaceRequest, told: Mapping[str, Any]) -> tuple[Request, bool]:
    now = timezone.now()
    values = {name: told[name] for name in ("customer_external_id", "contact_external_id", "source_key")}
    if told["raised_on"]:
        values["raised_at"] = _moment(told["raised_on"], now)
    same = selectors.same_title(told["title"])
    actor = actor_of(request)
    if same is not None and told["customer_external_id"].strip():
        values.pop("raised_at", None)
        return requests.update(request_id=same.pk, told=values, actor=actor, now=now), True
    return requests.create(
        told={**values, **{name: told[name] for name in ("title", "kind", "words")}}, actor=actor, now=now
    ), False


def _moment(day: date, now: datetime, not_before: datetime | None = None) -> datetime:
    """A day as a moment: now for today, so that what happens today follows what happened today."""
    if day == now.date():
        return now
    midnight = datetime.combine(day, time.min, UTC)
    return not_before if not_before is not None and not_before.date() == day else midnight


def _renamed(error: ValidationError, names: Mapping[str, str]) -> ValidationError:
    return ValidationError({names.get(name, name): told for name, told in error.message_dict.items()})


def _from_address(request: WorkspaceRequest) -> dict[str, Any]:
    """What a page that leads here knows: a customer, a person, the words, and what it is recorded from."""
    told = {name: request.GET.get(name, "").replace("\0", "") for name in ("title", "source_key")}
    customer_id, contact_id = (parse_uuid(request.GET.get(name, "")) for name in ("customer", "contact"))
    customer = Customer.objects.filter(pk=customer_id).first() if customer_id else None
    contact = Contact.objects.filter(pk=contact_id, customer=customer).first() if contact_id and customer else None
    return {
        "title": told["title"][:300],
        "source_key": told["source_key"][:200],
        "customer_external_id": customer.external_id if customer else "",
        "contact_external_id": contact.external_id if contact else "",
    }
