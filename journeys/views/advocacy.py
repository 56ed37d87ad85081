"""Advocacy: who tells the world, who may be asked, and what came back?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
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
from accounts.models import Contact, Customer
from accounts.paging import Cursor
from accounts.roles import Permission, allows
from journeys.advocacy_forms import ActForm, ReferForm, RestForm, SilenceForm, StepForm
from journeys.models import AdvocacyAct, AdvocacySilence
from journeys.selectors import advocacy as selectors
from journeys.services import advocacy, advocacy_peace

_BAD = 422
_GROUPS = ("open", "thank", "all")


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def advocacy_board(request: WorkspaceRequest) -> HttpResponse:
    """What is under way, who may be asked, and what came back."""
    now, group = timezone.now(), request.GET.get("show", "open")
    if group not in _GROUPS:
        raise Http404
    after, before = (Cursor.decode(told) if (told := request.GET.get(name)) else None for name in ("after", "before"))
    shown = selectors.board(group, after=after, before=before)
    counts, here = selectors.counts(now - timedelta(days=365)), reverse("advocacy_board")
    words = {"open": _("Under way"), "thank": _("To be thanked"), "all": _("All")}
    context = {
        "acts": shown.rows,
        "group": group,
        "groups": [
            {"label": words[key], "count": counts.get(key), "url": f"{here}?show={key}", "current": key == group}
            for key in _GROUPS
        ],
        "counts": counts,
        "back": selectors.came_back(),
        "referrers": selectors.top_referrers(),
        "candidates": selectors.candidates(now),
        "rest": selectors.rest(),
        "previous_url": f"{here}?show={group}&before={shown.previous.encode()}" if shown.previous else None,
        "next_url": f"{here}?show={group}&after={shown.next.encode()}" if shown.next else None,
        "currency": request.workspace.currency,
        "may_edit": allows(request.membership.role, Permission.EDIT_CUSTOMERS),
    }
    return render(request, "journeys/advocacy/board.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_CUSTOMERS)
def advocacy_new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Ask a customer for something, or note what it has done; refused while it rests."""
    customer = _customer(customer_id)
    form = ActForm(request.POST or None, people=_people(customer), initial={"kind": request.GET.get("kind", "")})
    if request.method == "POST" and form.is_valid():
        told = {**form.cleaned_data, "customer_external_id": customer.external_id}
        try:
            advocacy.create(told=told, actor=actor_of(request), now=timezone.now())
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Noted."))
            return redirect(_page(customer))
    return _form(request, form, customer, _("Ask, or note what they did"))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def advocacy_step(request: WorkspaceRequest, advocacyact_id: UUID) -> HttpResponse:
    """Take an act to its next state."""
    act, form = _act(advocacyact_id), StepForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(each) for errors in form.errors.values() for each in errors))
        return redirect(_back(request, act))
    told = {name: value for name, value in form.cleaned_data.items() if value}
    try:
        changed = advocacy.update(act_id=act.pk, told=told, actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        said = {"name": act.customer.name, "what": act.get_kind_display(), "state": changed.get_state_display()}
        messages.success(request, _("%(name)s, %(what)s: %(state)s.") % said)
    return redirect(_back(request, act))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_CUSTOMERS)
def advocacy_refer(request: WorkspaceRequest, advocacyact_id: UUID) -> HttpResponse:
    """Who was referred: a new customer at Awareness, or one that is known."""
    act = _act(advocacyact_id)
    form = ReferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            referred = advocacy.refer(act_id=act.pk, **form.cleaned_data, actor=actor_of(request), now=timezone.now())
        except ValidationError as error:
            names = {"referred_external_id": "external_id"}
            errors_into(form, ValidationError({names.get(n, n): told for n, told in error.message_dict.items()}))
        else:
            told = {"name": referred.name, "referrer": act.customer.name}
            messages.success(request, _("%(name)s remembers that %(referrer)s referred it.") % told)
            return redirect("customer_detail", referred.pk)
    return _form(request, form, act.customer, _("Who was referred?"))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_CUSTOMERS)
def advocacy_silence(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Do not ask a customer, or one person of it."""
    customer = _customer(customer_id)
    form = SilenceForm(request.POST or None, people=_people(customer))
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        name = told["contact_external_id"]
        contact = Contact.objects.filter(customer=customer, external_id=name).first() if name else None
        try:
            advocacy_peace.silence(
                customer_id=customer.pk,
                contact_id=contact.pk if contact else None,
                until=told["until"],
                reason=told["reason"],
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Noted: they are not asked."))
            return redirect(_page(customer))
    return _form(request, form, customer, _("Do not ask"))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def advocacy_lift(request: WorkspaceRequest, advocacysilence_id: UUID) -> HttpResponse:
    """They may be asked again."""
    try:
        row = advocacy_peace.lift(silence_id=advocacysilence_id, actor=actor_of(request), now=timezone.now())
    except AdvocacySilence.DoesNotExist as error:
        raise Http404 from error
    return redirect(_page(row.customer))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def advocacy_settings(request: WorkspaceRequest) -> HttpResponse:
    """How long people are left in peace after an ask."""
    rest = selectors.rest()
    initial = {"customer_days": rest.customer_days, "contact_days": rest.contact_days}
    form = RestForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        advocacy_peace.set_rest(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("Saved."))
        return redirect("advocacy_settings")
    status = _BAD if request.method == "POST" else 200
    return render(request, "journeys/advocacy/settings.html", {"form": form}, status=status)


def _customer(customer_id: UUID) -> Customer:
    customer: Customer | None = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    return customer


def _act(act_id: UUID) -> AdvocacyAct:
    act = selectors.joined().filter(pk=act_id).first()
    if act is None:
        raise Http404
    return act


def _people(customer: Customer) -> list[tuple[str, str]]:
    rows = Contact.objects.filter(customer=customer).order_by("-is_champion", "-is_sponsor", "name", "id")[:200]
    return [(row.external_id, str(row)) for row in rows]


def _page(customer: Customer) -> str:
    return f"{reverse('customer_detail', args=[customer.pk])}?tab=value"


def _back(request: WorkspaceRequest, act: AdvocacyAct) -> str:
    """Where the step was taken: the customer's page, or the group of the board."""
    here = request.POST.get("from")
    if here == "customer":
        return _page(act.customer)
    return f"{reverse('advocacy_board')}?show={here}" if here in _GROUPS else reverse("advocacy_board")


def _form(request: WorkspaceRequest, form: Any, customer: Customer, title: str) -> HttpResponse:
    context = {"form": form, "customer": customer, "title": title, "back": _page(customer)}
    status = _BAD if request.method == "POST" else 200
    return render(request, "journeys/advocacy/form.html", context, status=status)
