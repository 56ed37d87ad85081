"""The team: who answers for what along the journey, at which tempo, and how much everybody has on their hands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.roles import Department, Permission, allows
from accounts.services.results import StaleVersionError
from journeys.models import DepartmentTempo, Stage
from journeys.selectors import team as selectors
from journeys.selectors import tempo as tempos
from journeys.selectors import workload as workloads
from journeys.services import team
from journeys.team_forms import ResponsibilitiesForm, TempoForm

PERIODS = (30, 90, 365)
_BAD, _CONFLICT = 422, 409


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def responsibilities(request: WorkspaceRequest) -> HttpResponse:
    """Stage by stage: who carries it, and what every department does there."""
    context = {"arms": selectors.arms(), "tabs": _tabs("team"), "may_configure": _may_configure(request)}
    return render(request, "journeys/team/responsibilities.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def responsibilities_edit(request: WorkspaceRequest, stage_id: UUID) -> HttpResponse:
    """What the departments do at one stage, in the workspace's own words."""
    stage: Stage | None = Stage.objects.filter(pk=stage_id, retired_at__isnull=True).first()
    if stage is None:
        raise Http404
    form = ResponsibilitiesForm(
        request.POST or None, parts=selectors.of_stage(stage), initial={"version": stage.version}
    )
    status = 200
    if request.method == "POST":
        status = _BAD
        if form.is_valid():
            try:
                team.write_responsibilities(
                    stage_id=stage.pk,
                    words=form.words(),
                    expected_version=form.cleaned_data["version"],
                    actor=actor_of(request),
                    now=timezone.now(),
                )
            except StaleVersionError as error:
                status = _meanwhile(form, request, error)
            except ValidationError as error:
                errors_into(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("team")
    return render(request, "journeys/team/stage.html", {"form": form, "stage": stage}, status=status)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def tempo(request: WorkspaceRequest) -> HttpResponse:
    """What the departments set themselves beside what they did, over the last 30, 90 or 365 days."""
    told = request.GET.get("days", "90")
    if told not in {str(days) for days in PERIODS}:
        raise Http404
    now = timezone.now()
    period = tempos.Period(now.date() - timedelta(days=int(told) - 1), now.date())
    here = reverse("team_tempo")
    context = {
        "departments": tempos.figures(period, now=now),
        "period": period,
        "periods": [{"days": days, "url": f"{here}?days={days}", "current": str(days) == told} for days in PERIODS],
        "most": tempos.MOST,
        "tabs": _tabs("team_tempo"),
        "may_configure": _may_configure(request),
    }
    return render(request, "journeys/team/tempo.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def tempo_edit(request: WorkspaceRequest, department: str) -> HttpResponse:
    """The targets of one department."""
    if department not in Department.values:
        raise Http404
    present = DepartmentTempo.objects.filter(department=department).first()
    form = TempoForm(request.POST or None, department=department, initial=TempoForm.initial_of(present))
    status = 200
    if request.method == "POST":
        status = _BAD
        if form.is_valid():
            try:
                team.write_tempo(
                    department=department,
                    targets=form.targets(),
                    expected_version=form.cleaned_data["version"],
                    actor=actor_of(request),
                    now=timezone.now(),
                )
            except StaleVersionError as error:
                status = _meanwhile(form, request, error)
            except ValidationError as error:
                errors_into(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("team_tempo")
    context = {"form": form, "label": Department(department).label}
    return render(request, "journeys/team/targets.html", context, status=status)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def workload(request: WorkspaceRequest) -> HttpResponse:
    """Everybody with what they have; those who left come first, with what they still hold."""
    told = {name: request.GET.get(name, "") for name in ("department", "sort")}
    if told["department"] not in ("", *Department.values) or told["sort"] not in ("", *workloads.Load.SORTS):
        raise Http404
    found = workloads.loads(workspace=request.workspace, now=timezone.now(), **told)
    page, pages = _page(request), max(1, -(-len(found) // workloads.PAGE))
    if page > pages:
        raise Http404
    shown = found[(page - 1) * workloads.PAGE : page * workloads.PAGE]
    context = {
        "loads": shown,
        "people": len(found),
        "unclaimed": [each for each in workloads.unclaimed() if told["department"] in ("", each.department)],
        "columns": [
            {"key": key, "label": label, "url": _here(told, sort=key), "current": told["sort"] == key}
            for key, label in _columns()
        ],
        "by_name_url": _here(told, sort=""),
        "told": told,
        "departments": [
            {"label": label, "url": _here(told, department=value), "current": told["department"] == value}
            for value, label in [("", _("Everybody")), *Department.choices]
        ],
        "previous_url": _here(told, page=str(page - 1)) if page > 1 else None,
        "next_url": _here(told, page=str(page + 1)) if page < pages else None,
        "days": workloads.DAYS,
        "tabs": _tabs("team_workload"),
        "may_assign": allows(request.membership.role, Permission.ASSIGN_PORTFOLIOS),
        "currency": request.workspace.currency,
    }
    return render(request, "journeys/team/workload.html", context)


def _columns() -> list[tuple[str, str]]:
    return [
        ("customers", _("Customers")),
        ("arr_minor", _("ARR")),
        ("tasks", _("Open tasks")),
        ("overdue", _("Overdue")),
        ("handovers", _("Handovers waiting")),
        ("conversations", _("Conversations, %(days)d days") % {"days": workloads.DAYS}),
    ]


def _meanwhile(form: forms.Form, request: WorkspaceRequest, error: StaleVersionError) -> int:
    """Keeps what was typed, and lets the second attempt through."""
    form.add_error(None, _("Somebody changed this while you were typing. Look at it, and save again."))
    form.data = {**request.POST.dict(), "version": str(error.current)}
    return _CONFLICT


def _may_configure(request: WorkspaceRequest) -> bool:
    return allows(request.membership.role, Permission.CONFIGURE)


def _tabs(here: str) -> list[dict[str, Any]]:
    pages = (("team", _("Responsibilities")), ("team_tempo", _("Tempo")), ("team_workload", _("Workload")))
    return [{"url": reverse(name), "label": label, "current": name == here} for name, label in pages]


def _page(request: WorkspaceRequest) -> int:
    told = request.GET.get("page", "1")
    return int(told) if told.isdecimal() and int(told[:6]) >= 1 else 1


def _here(told: dict[str, str], **changed: str) -> str:
    query = urlencode({name: value for name, value in {**told, **changed}.items() if value})
    return f"{reverse('team_workload')}?{query}" if query else reverse("team_workload")
