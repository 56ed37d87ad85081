"""Signals of change and contact cadences: what waits for an answer, and who is due to be spoken to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.paging import Cursor
from accounts.roles import Permission, Role
from journeys.change_forms import AnswerForm, CadenceForm, SignalForm
from journeys.models import Cadence, Signal, SignalKind, SignalState
from journeys.selectors import cadences as cadence_selectors
from journeys.selectors import signals as selectors
from journeys.services import cadences, signals

_BAD = 422


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """What waits, the longest waiting first; or what was answered, the newest first."""
    return _page(request)


def _page(request: WorkspaceRequest, bad: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    state = request.GET.get("state", SignalState.OPEN)
    kind = request.GET.get("kind", "")
    if state not in SignalState.values or kind not in ("", *SignalKind.values):
        raise Http404
    mine = request.GET.get("mine", "1" if request.membership.role == Role.CSM else "") == "1"
    found = selectors.listing(
        state=state,
        kind=kind,
        of=request.membership if mine else None,
        after=_cursor(request, "after"),
        before=_cursor(request, "before"),
    )

    def here(**told: str) -> str:
        asked = {"state": state, "kind": kind, "mine": "1" if mine else "0", **told}
        return f"{reverse('signal_list')}?{urlencode(asked)}"

    context = {
        "rows": found.rows,
        "bad": bad,
        "state": state,
        "pace": selectors.adaptability(now=now),
        "states": [
            {"name": label, "url": here(state=key), "current": key == state} for key, label in SignalState.choices
        ],
        "kinds": [
            {"name": label, "url": here(kind=key), "current": key == kind}
            for key, label in [("", _("Any kind")), *SignalKind.choices]
        ],
        "mine": mine,
        "mine_url": here(mine="0" if mine else "1"),
        "previous_url": here(before=found.previous.encode()) if found.previous else None,
        "next_url": here(after=found.next.encode()) if found.next else None,
        "now": now,
    }
    return render(request, "journeys/signals.html", context, status=status)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def answer(request: WorkspaceRequest, signal_id: UUID) -> HttpResponse:
    """Say what was done; what was typed stays when it cannot be taken."""
    signal = Signal.objects.filter(pk=signal_id).first()
    if signal is None:
        raise Http404
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            signals.answer(
                signal_id=signal.pk,
                answer=form.cleaned_data["answer"],
                by=request.membership,
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Answered: %(what)s") % {"what": signal.summary})
            return redirect("signal_list")
    return _page(request, {"id": signal.pk, "form": form}, _BAD)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Record a signal at a customer."""
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    form = SignalForm(request.POST or None)
    back = f"{reverse('customer_detail', args=[customer.pk])}?tab=activity"
    if request.method == "POST" and form.is_valid():
        try:
            signals.record(customer=customer, told=form.cleaned_data, actor=actor_of(request), now=timezone.now())
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("The signal is recorded; it waits for an answer."))
            return redirect(back)
    status = _BAD if request.method == "POST" else 200
    context = {"form": form, "customer": customer, "back": back, "title": _("A signal of change")}
    return render(request, "journeys/change_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.CONFIGURE)
def cadence(request: WorkspaceRequest) -> HttpResponse:
    """Who is due to be spoken to, by cadence; those who configure add cadences here."""
    form = CadenceForm(request.POST or None, member=request.membership)
    status = 200
    if request.method == "POST":
        status = _BAD
        if form.is_valid():
            told = form.cleaned_data
            try:
                cadences.save(
                    name=told["name"],
                    definition=told["segment"].definition,
                    every_days=told["every_days"],
                    direction=told["direction"],
                    actor=actor_of(request),
                    now=timezone.now(),
                )
            except ValidationError as error:
                errors_into(form, error)
            else:
                messages.success(request, _("The cadence is set."))
                return redirect("cadence")
    of = request.membership if request.membership.role == Role.CSM else None
    now = timezone.now()
    context = {"form": form, "dues": cadence_selectors.due(now=now, of=of), "is_mine": of is not None, "now": now}
    return render(request, "journeys/cadence.html", context, status=status)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.CONFIGURE)
def cadence_remove(request: WorkspaceRequest, cadence_id: UUID) -> HttpResponse:
    """Remove a cadence."""
    try:
        cadences.remove(cadence_id=cadence_id, actor=actor_of(request), now=timezone.now())
    except Cadence.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The cadence is removed."))
    return redirect("cadence")


def _cursor(request: WorkspaceRequest, name: str) -> Cursor | None:
    told = request.GET.get(name)
    return Cursor.decode(told) if told else None
