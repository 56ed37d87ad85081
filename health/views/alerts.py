"""Alerts: what happened that somebody should hear of, taken in hand or muted with a reason."""

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
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, demand, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Membership
from accounts.paging import Cursor
from accounts.roles import Permission, Role, allows
from health.alert_forms import MuteForm
from health.alerts import deeds, selectors, words
from health.models import Alert, AlertKind, AlertMute, AlertState

_BAD = 422


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """Alerts in a state, the newest first; of the own customers first for a CSM."""
    state, kind = request.GET.get("state", AlertState.OPEN), request.GET.get("kind", "")
    if state not in AlertState.values or kind not in ("", *AlertKind.values):
        raise Http404
    of = _whose(request)
    now = timezone.now()
    found = selectors.listing(
        request.membership,
        state=state,
        kind=kind,
        of=of,
        after=_cursor(request, "after"),
        before=_cursor(request, "before"),
    )

    def here(**told: str) -> str:
        asked = {"state": state, "kind": kind, "mine": "1" if of else "0", **told}
        return f"{reverse('alert_list')}?{urlencode(asked)}"

    counted = selectors.counts(of, kind)
    context = {
        "lines": words.lines(found.rows, currency=request.workspace.currency, today=now.date()),
        "state": state,
        "states": [
            {"name": label, "url": here(state=key), "current": key == state, "count": counted.get(key)}
            for key, label in AlertState.choices
        ],
        "kinds": [
            {"name": label, "url": here(kind=key), "current": key == kind}
            for key, label in [("", _("Any kind")), *AlertKind.choices]
        ],
        "mine": of is not None,
        "mine_url": here(mine="0" if of else "1"),
        "unread": selectors.unread(request.membership),
        "mutes": selectors.mutes(now.date()),
        "previous_url": here(before=found.previous.encode()) if found.previous else None,
        "next_url": here(after=found.next.encode()) if found.next else None,
        "now": now,
    }
    return render(request, "health/alerts.html", context)


def _whose(request: WorkspaceRequest) -> Membership | None:
    mine = request.GET.get("mine", "1" if request.membership.role == Role.CSM else "0") == "1"
    return request.membership if mine else None


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def acknowledge(request: WorkspaceRequest, alert_id: UUID) -> HttpResponse:
    try:
        alert = deeds.acknowledge(alert_id=alert_id, actor=actor_of(request), now=timezone.now())
    except Alert.DoesNotExist as error:
        raise Http404 from error
    if alert.state == AlertState.ACKNOWLEDGED:
        messages.success(request, _("In hand: %(name)s.") % {"name": alert.customer.name})
    else:
        messages.info(request, _("Nothing was changed: it is over or muted by now."))
    return redirect("alert_list")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def mute(request: WorkspaceRequest, alert_id: UUID) -> HttpResponse:
    """Mute the kind of an alert at its customer, or for all where the role allows, with a reason until a day."""
    alert = Alert.objects.select_related("customer").filter(pk=alert_id).first()
    if alert is None:
        raise Http404
    now = timezone.now()
    may_mute_all = allows(request.membership.role, Permission.CONFIGURE)
    form = MuteForm(request.POST or None, today=now.date(), may_mute_all=may_mute_all)
    if request.method == "POST" and form.is_valid():
        everybody = bool(form.cleaned_data.get("everybody"))
        try:
            deeds.mute(
                kind=AlertKind(alert.kind),
                customer_id=None if everybody else alert.customer_id,
                reason=form.cleaned_data["reason"],
                until=form.cleaned_data["until"],
                actor=actor_of(request),
                now=now,
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Muted. It can be undone below the list."))
            return redirect("alert_list")
    context = {"form": form, "alert": alert, "what": words.what(alert)}
    return render(request, "health/alert_mute.html", context, status=_BAD if request.method == "POST" else 200)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def unmute(request: WorkspaceRequest, mute_id: UUID) -> HttpResponse:
    row = AlertMute.objects.filter(pk=mute_id).first()
    if row is None:
        raise Http404
    if row.customer_id is None:
        demand(request.membership, Permission.CONFIGURE)
    deeds.unmute(mute_id=mute_id, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("These alerts are heard again."))
    return redirect("alert_list")


@require_POST
@requires(Permission.VIEW_CUSTOMERS)
def read_all(request: WorkspaceRequest) -> HttpResponse:
    count = deeds.read_all(member=request.membership, now=timezone.now())
    text = ngettext("%(n)d alert is marked as read.", "%(n)d alerts are marked as read.", count)
    messages.success(request, text % {"n": count})
    return redirect("alert_list")


def _cursor(request: WorkspaceRequest, name: str) -> Cursor | None:
    told = request.GET.get(name)
    return Cursor.decode(told) if told else None


def nav_counts(request: Any) -> dict[str, Any]:
    """For every template: ``unread_alerts``, asked only where a template shows it."""

    def count() -> int:
        member = getattr(request, "membership", None)
        if member is None or not allows(member.role, Permission.VIEW_CUSTOMERS):
            return 0
        return selectors.unread(member)

    return {"unread_alerts": count}
