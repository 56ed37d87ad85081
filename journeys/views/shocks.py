"""Shocks: who was hit, how much is exposed, who works on it, and are they recovering?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models.customers import HealthBand
from accounts.paging import Cursor
from accounts.roles import Permission, allows
from journeys.change_forms import ShockCloseForm, ShockForm, ShockMemberForm, ShockTaskForm
from journeys.models import Shock, ShockMember, ShockState
from journeys.selectors import shocks as selectors
from journeys.services import shocks

_BAD = 422


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """Running shocks first."""
    context = {"shocks": selectors.shocks(), "currency": request.workspace.currency, "may_manage": _manages(request)}
    return render(request, "journeys/shocks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_PORTFOLIOS)
def new(request: WorkspaceRequest) -> HttpResponse:
    """Declare a shock on a saved segment."""
    form = ShockForm(request.POST or None, member=request.membership)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            made = shocks.declare(
                name=told["name"],
                note=told["note"],
                struck_on=told["struck_on"],
                definition=told["segment"].definition,
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            return redirect("shock_detail", made.pk)
    status = _BAD if request.method == "POST" else 200
    return render(request, "journeys/shock_new.html", {"form": form}, status=status)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def detail(request: WorkspaceRequest, shock_id: UUID) -> HttpResponse:
    """One shock; closed, it is its own report, made to be printed."""
    return _page(request, _found(shock_id))


def _page(
    request: WorkspaceRequest, shock: Shock, bad: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    found = selectors.exposed(shock, after=_cursor(request, "after"), before=_cursor(request, "before"))
    standing = selectors.standing(shock)
    is_open = _manages(request) and shock.state == ShockState.RUNNING
    context = {
        "shock": shock,
        "standing": standing,
        "bands": [
            {"band": band, "before": standing.bands_before.get(band, 0), "now": standing.bands_now.get(band, 0)}
            for band in HealthBand.values
        ],
        "weeks": selectors.recovery(shock, now=now),
        "rows": found.rows,
        "force": selectors.task_force(shock),
        "may_manage": is_open,
        "member_form": ShockMemberForm(workspace=request.workspace),
        "task_form": ShockTaskForm(),
        "close_form": ShockCloseForm(),
        "currency": request.workspace.currency,
        "previous_url": f"?before={found.previous.encode()}" if found.previous else None,
        "next_url": f"?after={found.next.encode()}" if found.next else None,
        "now": now,
        **(bad or {}),
    }
    return render(request, "journeys/shock.html", context, status=status)


@require_POST
@requires(Permission.ASSIGN_PORTFOLIOS)
def enlist(request: WorkspaceRequest, shock_id: UUID) -> HttpResponse:
    """Somebody joins the task force."""
    form = ShockMemberForm(request.POST, workspace=request.workspace)

    def do(told: dict[str, Any]) -> str:
        made = shocks.enlist(shock_id=shock_id, **told, actor=actor_of(request), now=timezone.now())
        return _("%(who)s joined the task force.") % {"who": made.member.user}

    return _done(request, shock_id, form, "member_form", do)


@require_POST
@requires(Permission.ASSIGN_PORTFOLIOS)
def let_go(request: WorkspaceRequest, shock_id: UUID, membership_id: UUID) -> HttpResponse:
    """Somebody leaves the task force."""
    shock = _found(shock_id)
    try:
        shocks.let_go(shock_id=shock.pk, member_id=membership_id, actor=actor_of(request), now=timezone.now())
    except ShockMember.DoesNotExist as error:
        raise Http404 from error
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("shock_detail", shock.pk)


@require_POST
@requires(Permission.ASSIGN_PORTFOLIOS)
def give_tasks(request: WorkspaceRequest, shock_id: UUID) -> HttpResponse:
    """A task for every exposed customer."""

    def do(told: dict[str, Any]) -> str:
        made = shocks.give_tasks(shock_id=shock_id, **told, actor=actor_of(request), now=timezone.now())
        return _("%(n)d tasks were made.") % {"n": made}

    return _done(request, shock_id, ShockTaskForm(request.POST), "task_form", do)


@require_POST
@requires(Permission.ASSIGN_PORTFOLIOS)
def close(request: WorkspaceRequest, shock_id: UUID) -> HttpResponse:
    """It is over."""

    def do(told: dict[str, Any]) -> str:
        shocks.close(shock_id=shock_id, **told, actor=actor_of(request), now=timezone.now())
        return _("The shock is closed; this page is its report.")

    return _done(request, shock_id, ShockCloseForm(request.POST), "close_form", do)


def _done(
    request: WorkspaceRequest, shock_id: UUID, form: forms.Form, name: str, do: Callable[[dict[str, Any]], str]
) -> HttpResponse:
    """The deed, or the page again with what was typed and why not."""
    shock = _found(shock_id)
    if form.is_valid():
        try:
            messages.success(request, do(form.cleaned_data))
        except ValidationError as error:
            errors_into(form, error)
        else:
            return redirect("shock_detail", shock.pk)
    return _page(request, shock, {name: form}, _BAD)


def _found(shock_id: UUID) -> Shock:
    shock = selectors.find(shock_id)
    if shock is None:
        raise Http404
    return shock


def _manages(request: WorkspaceRequest) -> bool:
    return allows(request.membership.role, Permission.ASSIGN_PORTFOLIOS)


def _cursor(request: WorkspaceRequest, name: str) -> Cursor | None:
    told = request.GET.get(name)
    return Cursor.decode(told) if told else None
