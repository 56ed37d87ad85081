"""How one hears of alerts; and, for those who configure, the routes and the hooks of Slack."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from health.alert_forms import HookForm, PreferenceForm, RouteForm
from health.alerts import route_words, slack, wishes
from health.models import AlertPace, AlertRoute, SlackHook

_HOOK_ID = "hook_%s"
"""Ids of the fields of a hook, which stands on one page with a route that has a name as well."""
_BAD = 422


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS)
def preferences(request: WorkspaceRequest) -> HttpResponse:
    """One's own wishes."""
    row = wishes.preference_of(request.membership)
    form = PreferenceForm(request.POST or None, instance=row, workspace=request.workspace)
    if request.method == "POST" and form.is_valid():
        wishes.prefer(member=request.membership, wishes=form.cleaned_data, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("Saved."))
        return redirect("alert_preferences")
    status = _BAD if request.method == "POST" else 200
    return render(request, "health/settings/alert_preferences.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def routes(request: WorkspaceRequest) -> HttpResponse:
    """Which alerts go to whom. A POST adds a route."""
    form = RouteForm(request.POST or None, member=request.membership, currency=request.workspace.currency)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            wishes.add_route(
                name=told["name"],
                kinds=told["kinds"],
                bands=told["bands"],
                definition=told["segment"].definition if told["segment"] else {},
                least_arr_minor=told["least_arr"],
                roles=told["roles"],
                channels=told["channels"],
                pace=AlertPace(told["pace"]),
                slack=told["slack"],
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("The route is set. It holds for alerts that begin from now on."))
            return redirect("alert_routes")
    return _routes_page(request, form=form, status=_BAD if request.method == "POST" else 200)


@require_POST
@requires(Permission.CONFIGURE)
def route_delete(request: WorkspaceRequest, route_id: UUID) -> HttpResponse:
    try:
        wishes.delete_route(route_id=route_id, actor=actor_of(request), now=timezone.now())
    except AlertRoute.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The route is deleted."))
    return redirect("alert_routes")


@require_POST
@requires(Permission.CONFIGURE)
def hook_add(request: WorkspaceRequest) -> HttpResponse:
    form = HookForm(request.POST, auto_id=_HOOK_ID)
    if form.is_valid():
        try:
            slack.create(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("The hook is kept. Choose it in a route."))
            return redirect("alert_routes")
    return _routes_page(request, hook_form=form, status=_BAD)


@require_POST
@requires(Permission.CONFIGURE)
def hook_delete(request: WorkspaceRequest, hook_id: UUID) -> HttpResponse:
    try:
        slack.delete(hook_id=hook_id, actor=actor_of(request), now=timezone.now())
    except SlackHook.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The hook is deleted."))
    return redirect("alert_routes")


@require_POST
@requires(Permission.CONFIGURE)
def hook_on(request: WorkspaceRequest, hook_id: UUID) -> HttpResponse:
    try:
        slack.switch_on(hook_id=hook_id, actor=actor_of(request), now=timezone.now())
    except SlackHook.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The next alert goes there again."))
    return redirect("alert_routes")


def _routes_page(request: WorkspaceRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    currency = request.workspace.currency
    shown = AlertRoute.objects.select_related("slack").order_by("pk")
    context = {
        "routes": [(route, route_words.explained(route, currency)) for route in shown],
        "hooks": SlackHook.objects.order_by("name"),
        "form": forms.get("form") or RouteForm(member=request.membership, currency=currency),
        "hook_form": forms.get("hook_form") or HookForm(auto_id=_HOOK_ID),
        "open_hooks": "hook_form" in forms,
    }
    return render(request, "health/settings/alert_routes.html", context, status=status)
