"""What one does with tasks: take, put off, finish, cancel, open again, change, add; one or many at once."""

from __future__ import annotations

from collections.abc import Callable
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
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission
from csplatform.core.ids import parse_uuid
from journeys.models import Task
from journeys.services import task_deeds
from journeys.services.task_deeds import ClosedError, TakenError
from journeys.task_forms import CancelForm, FinishForm, SnoozeForm, TaskForm
from journeys.views import tasks

_BAD = 422
_GATE = requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
_FORMS: dict[str, type[forms.Form]] = {"finish": FinishForm, "snooze": SnoozeForm, "cancel": CancelForm}
DEEDS: dict[str, Callable[..., Task]] = {
    "finish": task_deeds.finish,
    "snooze": task_deeds.snooze,
    "cancel": task_deeds.cancel,
    "reopen": task_deeds.reopen,
    "wake": task_deeds.wake,
}


@require_POST
@_GATE
def take(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """Make it one's own; the button says so when it was somebody else's."""
    task = tasks.found(task_id)
    try:
        task_deeds.take(task_id=task.pk, by=request.membership, over=bool(request.POST.get("over")), **_who(request))
    except (ClosedError, TakenError) as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("It is yours."))
    return redirect(tasks.address(task.pk, *tasks.named(request, task)))


@require_POST
@_GATE
def deed(request: WorkspaceRequest, task_id: UUID, deed: str) -> HttpResponse:
    """One of ``DEEDS``; a form that lacks something comes back with what was typed."""
    task = tasks.found(task_id)
    form = _FORMS[deed](request.POST) if deed in _FORMS else None
    if form is not None and not form.is_valid():
        return tasks.page(request, task, failed=form, status=_BAD)
    told = form.cleaned_data if form else {}
    try:
        DEEDS[deed](task_id=task.pk, **told, **_who(request))
    except ValidationError as error:
        assert form is not None
        errors_into(form, error)
        return tasks.page(request, task, failed=form, status=_BAD)
    except ClosedError as error:
        messages.warning(request, str(error))
        return redirect(tasks.address(task.pk, *tasks.named(request, task)))
    messages.success(request, _said(deed) % {"title": task.title})
    return redirect(tasks.list_url(*tasks.named(request, task)))


@require_POST
@_GATE
def bulk(request: WorkspaceRequest) -> HttpResponse:
    """``deed`` with every task chosen (``task``); what could not be done is told with its reason."""
    name = request.POST.get("deed", "")
    ids = [found for found in map(parse_uuid, request.POST.getlist("task")) if found]
    back = redirect(tasks.list_url(*tasks.named(request)))
    if not ids:
        messages.warning(request, _("Choose the tasks first."))
        return back
    told: dict[str, Any] = {}
    if name == "take":
        told = {"by": request.membership}
    elif name in _FORMS:
        form = _FORMS[name](request.POST)
        if not form.is_valid():
            messages.error(request, " ".join(str(each) for errors in form.errors.values() for each in errors))
            return back
        told = form.cleaned_data
    elif name not in DEEDS:
        raise Http404
    try:
        done = task_deeds.bulk(task_ids=ids, deed=DEEDS.get(name, task_deeds.take), **told, **_who(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return back
    count = len(done.done)
    messages.success(request, ngettext("%(n)d task changed.", "%(n)d tasks changed.", count) % {"n": count})
    for _id, why in done.left[:5]:
        messages.warning(request, why)
    return back


@require_http_methods(["GET", "HEAD", "POST"])
@_GATE
def new(request: WorkspaceRequest) -> HttpResponse:
    """A task made by hand, about the customer the address names, or about none."""
    customer = _customer(request)
    initial = {"owner": request.membership.pk}
    form = TaskForm(request.POST or None, workspace=request.workspace, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = task_deeds.add(
                customer_id=customer.pk if customer else None,
                by=request.membership,
                **form.cleaned_data,
                **_who(request),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Added."))
            if customer:
                return redirect(reverse("customer_detail", args=[customer.pk]))
            return redirect(reverse("task_detail", args=[made.pk]))
    context = {"form": form, "customer": customer, "task": None}
    return render(request, "journeys/task_form.html", context, status=_BAD if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@_GATE
def edit(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """Change an open task."""
    task = tasks.found(task_id)
    initial = {name: getattr(task, name) for name in ("title", "body", "due_on", "department")}
    form = TaskForm(request.POST or None, workspace=request.workspace, initial={**initial, "owner": task.owner_id})
    if request.method == "POST" and form.is_valid():
        try:
            task_deeds.edit(task_id=task.pk, told=form.cleaned_data, **_who(request))
        except ValidationError as error:
            errors_into(form, error)
        except ClosedError as error:
            messages.warning(request, str(error))
            return redirect(reverse("task_detail", args=[task.pk]))
        else:
            return redirect(reverse("task_detail", args=[task.pk]))
    context = {"form": form, "customer": task.customer, "task": task}
    return render(request, "journeys/task_form.html", context, status=_BAD if form.errors else 200)


def _customer(request: WorkspaceRequest) -> Customer | None:
    told = request.GET.get("customer")
    if not told:
        return None
    customer: Customer | None = Customer.objects.filter(pk=parse_uuid(told)).first()
    if customer is None:
        raise Http404
    return customer


def _who(request: WorkspaceRequest) -> dict[str, Any]:
    return {"actor": actor_of(request), "now": timezone.now()}


def _said(deed: str) -> str:
    return {
        "finish": _("Done: %(title)s"),
        "snooze": _("Put off: %(title)s"),
        "cancel": _("Cancelled: %(title)s"),
        "reopen": _("Open again: %(title)s"),
        "wake": _("Back in the queue: %(title)s"),
    }[deed]
