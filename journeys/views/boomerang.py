"""The boomerang page: where is everybody, how do they flow, who is stuck, and how was it before?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.middleware import WorkspaceRequest
from accounts.models import Membership
from accounts.roles import Permission
from journeys.models import Force
from journeys.selectors import journey, picture
from journeys.selectors import standing as selectors


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def boomerang(request: WorkspaceRequest) -> HttpResponse:
    """The picture with customers and ARR at each stage, their flow, the table behind it, and one stage's customers.

    ``?ago=N``: as it was N months ago, in counts. ``?stage=KEY``: who is there now.
    """
    now = timezone.now()
    today = now.date()
    of = _whose(request)
    ago = _months_ago(request)
    standing = selectors.standing(of)
    flows = picture.flows(journey.stages(), today=today, of=of)
    here = reverse("boomerang")
    kept = "&scope=mine" if of else ""
    stages = [
        {**stage, "flow": flows[stage["key"]], "note": _note(flows[stage["key"]])}
        for stage in standing.rows(lambda stage: f"{here}?stage={stage.key}{kept}")
    ]
    context: dict[str, Any] = {
        "as_of": now,
        "currency": request.workspace.currency,
        "stages": stages,
        "totals": _totals(standing),
        "stuck": sum(flow.stuck for flow in flows.values()),
        "flow_days": picture.FLOW_DAYS,
        "return_days": picture.RETURN_DAYS,
        "thrown": picture.thrown(today=today, of=of),
        "churned": _churned(today, of),
        "left": {"customers": standing.churned, "url": f"{reverse('customer_list')}?state=churned{_mine(of)}"},
        "scope": "mine" if of else "all",
        "scope_urls": {"all": here, "mine": f"{here}?scope=mine"},
        "replay_url": reverse("boomerang_replay") + ("?scope=mine" if of else ""),
        "months": picture.REPLAY_MONTHS,
        "ago": ago,
        "selected": None,
        "setup": not standing.customers and not standing.churned and of is None,
    }
    if ago:
        _as_it_was(context, picture.replay(today=today, of=of)[-1 - ago])
    wanted = request.GET.get("stage")
    if wanted and not ago:
        context["selected"] = _selected(wanted, stages, today, of)
    return render(request, "journeys/boomerang.html", context)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def boomerang_replay(request: WorkspaceRequest) -> JsonResponse:
    """``{"frames": [{"day", "customers": {stage key: number}}]}``, oldest first, today last: what the slider shows."""
    frames = picture.replay(today=timezone.now().date(), of=_whose(request))
    return JsonResponse(
        {"frames": [{"day": frame.day.isoformat(), "customers": dict(frame.customers)} for frame in frames]}
    )


def _whose(request: WorkspaceRequest) -> Membership | None:
    return request.membership if request.GET.get("scope") == "mine" else None


def _mine(of: Membership | None) -> str:
    return "&csm=me" if of else ""


def _months_ago(request: WorkspaceRequest) -> int:
    told = request.GET.get("ago", "0")
    if not told.isascii() or not told.isdecimal() or int(told[:4]) > picture.REPLAY_MONTHS:
        raise Http404
    return int(told[:4])


def _note(flow: picture.StageFlow) -> str:
    """A stage's second line: the median stay, and how many go on."""
    said = [] if flow.median_days is None else [_("%(n)d d") % {"n": flow.median_days}]
    if flow.on_percent is not None:
        said.append(_("%(percent)d %% go on") % {"percent": flow.on_percent})
    return " · ".join(said)


def _churned(today: date, of: Membership | None) -> dict[str, Any]:
    found = picture.churned(today=today, of=of)
    words: Mapping[str, Any] = {**dict(Force.choices), "": _("No reason named yet")}
    return {
        "customers": found.customers,
        "arr_minor": found.arr_minor,
        "forces": [{"word": words[force], "customers": number} for force, number in found.forces.items()],
    }


def _as_it_was(context: dict[str, Any], frame: picture.Frame) -> None:
    """Turn the figures of now into those of a past day: counts only, because the rest is of today."""
    context["stages"] = [
        {**stage, "customers": frame.customers.get(stage["key"], 0), "arr_minor": None, "flow": None, "note": ""}
        for stage in context["stages"]
    ]
    context["as_of"] = frame.day
    context["then"] = sum(frame.customers.values())


def _selected(wanted: str, stages: list[dict[str, Any]], today: date, of: Membership | None) -> dict[str, Any]:
    chosen = next((stage for stage in stages if stage["key"] == wanted), None)
    if chosen is None:
        raise Http404
    long_days = chosen["flow"].long_days
    rows = []
    for customer in selectors.longest_at(chosen["key"], of=of):
        days = selectors.days_since(customer.stage_since, today)
        stuck = days is not None and long_days is not None and days > long_days
        url = reverse("customer_detail", args=[customer.pk])
        move_url = reverse("customer_move", args=[customer.pk])
        rows.append({"customer": customer, "url": url, "move_url": move_url, "days": days, "stuck": stuck})
    return {
        "stage": chosen,
        "rows": rows,
        "list_url": f"{reverse('customer_list')}?stage={chosen['key']}{_mine(of)}",
    }


def _totals(standing: selectors.Standing) -> dict[str, Any]:
    parts = {True: {"customers": 0, "arr_minor": 0}, False: {"customers": 0, "arr_minor": 0}}
    for stage in standing.stages:
        part = parts[stage.is_before_contract]
        part["customers"] += stage.customers
        part["arr_minor"] += stage.arr_minor
    return {"customers": standing.customers, "before": parts[True], "after": parts[False]}
