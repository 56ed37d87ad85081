"""Settings of stages: what the workspace's own journey looks like."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.models import Customer
from accounts.roles import Permission
from accounts.services.results import StaleVersionError
from journeys.models import Side, Stage
from journeys.selectors import journey
from journeys.services import stages
from journeys.stage_forms import StageForm, criteria_choices, criteria_of, criteria_told, rows_of


@require_safe
@requires(Permission.CONFIGURE)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """The stages in use in their order, with who stands there and what each asks for."""
    counts = dict(Customer.objects.values_list("stage_key").annotate(n=Count("pk")).order_by())
    shown = list(journey.with_criteria())
    rows: list[dict[str, Any]] = [
        {
            "stage": stage,
            "customers": counts.get(stage.key, 0),
            "entry": [each for each in stage.criteria.all() if each.side == Side.ENTRY],
            "exit": [each for each in stage.criteria.all() if each.side == Side.EXIT],
            "may_rise": bool(place and shown[place - 1].macro == stage.macro),
            "may_sink": place + 1 < len(shown) and shown[place + 1].macro == stage.macro,
        }
        for place, stage in enumerate(shown)
    ]
    retired = Stage.objects.filter(retired_at__isnull=False).order_by("-retired_at")
    return render(request, "journeys/settings/stages.html", {"rows": rows, "retired": retired})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def new(request: WorkspaceRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def edit(request: WorkspaceRequest, stage_id: UUID) -> HttpResponse:
    return _edit(request, _stage(stage_id))


@require_POST
@requires(Permission.CONFIGURE)
def reorder(request: WorkspaceRequest) -> HttpResponse:
    """One stage a place up or down, or all of them in the order told (``key``, repeated)."""
    keys = request.POST.getlist("key") or [stage.key for stage in journey.stages()]
    moved = request.POST.get("up") or request.POST.get("down")
    if moved in keys:
        at = keys.index(moved)
        to = at - 1 if request.POST.get("up") else at + 1
        keys.insert(max(0, to), keys.pop(at))
    try:
        stages.reorder(keys=keys, actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("stage_list")


@require_POST
@requires(Permission.CONFIGURE)
def split(request: WorkspaceRequest, stage_id: UUID) -> HttpResponse:
    """Add a second half behind a stage."""
    stage = _stage(stage_id)
    name = request.POST.get("name", "")
    try:
        second = stages.split(stage_id=stage.pk, name=name, actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("stage_edit", stage.pk)
    messages.success(request, _("Split: “%(name)s” comes behind it now.") % {"name": second.name})
    return redirect("stage_edit", second.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def retire(request: WorkspaceRequest, stage_id: UUID) -> HttpResponse:
    """Take a stage out of use, or merge it into another: where its customers go is asked first."""
    stage = _stage(stage_id)
    if request.method == "POST":
        try:
            moved = stages.retire(
                stage_id=stage.pk,
                target_key=request.POST.get("target") or None,
                actor=actor_of(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("stage_retire", stage.pk)
        text = ngettext("Retired; %(n)d customer was moved.", "Retired; %(n)d customers were moved.", moved)
        messages.success(request, text % {"n": moved})
        return redirect("stage_list")
    context = {
        "stage": stage,
        "customers": Customer.objects.filter(stage_key=stage.key).count(),
        "targets": [each for each in journey.stages() if each.pk != stage.pk],
    }
    return render(request, "journeys/settings/stage_retire.html", context)


def _stage(stage_id: UUID) -> Stage:
    stage: Stage | None = Stage.objects.filter(pk=stage_id, retired_at__isnull=True).first()
    if stage is None:
        raise Http404
    return stage


def _edit(request: WorkspaceRequest, stage: Stage | None) -> HttpResponse:
    form = StageForm(request.POST or None, initial=StageForm.initial_of(stage))
    asked = {
        side: criteria_told(request.POST, side) if request.method == "POST" else criteria_of(stage, side)
        for side in Side
    }
    problems: list[str] = []
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, stage, form.cleaned_data, {str(side): told for side, told in asked.items()})
        except StaleVersionError as error:
            form.add_error(None, _("Somebody changed this stage while you were typing. Look at it, and save again."))
            form.data = {**request.POST.dict(), "version": str(error.current)}
            status = 409
        except ValidationError as error:
            problems = error.message_dict.get("criteria", [])
            errors_into(form, ValidationError({k: v for k, v in error.message_dict.items() if k != "criteria"}))
        else:
            messages.success(request, _("Saved."))
            return redirect("stage_list")
    context = {
        "form": form,
        "stage": stage,
        "problems": problems,
        "choices": criteria_choices(),
        "sides": [{"key": side.value, "label": side.label, "rows": rows_of(told)} for side, told in asked.items()],
    }
    return render(request, "journeys/settings/stage.html", context, status=status)


def _save(
    request: WorkspaceRequest, stage: Stage | None, told: dict[str, Any], asked: dict[str, list[dict[str, Any]]]
) -> None:
    actor, now = actor_of(request), timezone.now()
    version = told.pop("version")
    if stage is None:
        stages.create(**told, criteria=asked, actor=actor, now=now)
    else:
        stages.update(
            stage_id=stage.pk, told={**told, "criteria": asked}, expected_version=version, actor=actor, now=now
        )
