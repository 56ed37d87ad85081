"""Settings of handovers: which moves take one, and when the workspace works."""

from __future__ import annotations

from typing import Any
from uuid import UUID

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
from accounts.roles import Permission
from journeys.models import RelayTemplate
from journeys.selectors import working
from journeys.services import relay_templates, working_calendar
from journeys.settings_forms import RelayTemplateForm, WorkingDaysForm, lines_told

_SPARE_LINES = 4


@require_safe
@requires(Permission.CONFIGURE)
def templates(request: WorkspaceRequest) -> HttpResponse:
    """Every move that takes a handover, in the order of the journey."""
    rows = RelayTemplate.objects.select_related("from_stage", "to_stage").prefetch_related("items")
    context = {"templates": rows.order_by("from_stage__order", "to_stage__order", "pk")}
    return render(request, "journeys/settings/relay_templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def template_new(request: WorkspaceRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def template_edit(request: WorkspaceRequest, relaytemplate_id: UUID) -> HttpResponse:
    return _edit(request, _template(relaytemplate_id))


@require_POST
@requires(Permission.CONFIGURE)
def template_remove(request: WorkspaceRequest, relaytemplate_id: UUID) -> HttpResponse:
    """The move takes no handover any more; what was offered goes on."""
    template = _template(relaytemplate_id)
    relay_templates.remove(template_id=template.pk, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Removed. Handovers already offered go on."))
    return redirect("relay_template_list")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def working_days(request: WorkspaceRequest) -> HttpResponse:
    """Hours, weekend and days off."""
    initial = WorkingDaysForm.initial_of(working.calendar_of(), working.holidays())
    form = WorkingDaysForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            working_calendar.save(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Saved. New due dates follow it; those already given stay."))
            return redirect("working_days")
    return render(request, "journeys/settings/working_days.html", {"form": form, "zone": request.workspace.time_zone})


def _template(template_id: UUID) -> RelayTemplate:
    template = RelayTemplate.objects.select_related("from_stage", "to_stage").filter(pk=template_id).first()
    if template is None:
        raise Http404
    return template


def _edit(request: WorkspaceRequest, template: RelayTemplate | None) -> HttpResponse:
    form = RelayTemplateForm(request.POST or None, initial=RelayTemplateForm.initial_of(template))
    lines = lines_told(request.POST) if request.method == "POST" else _present(template)
    if request.method == "POST" and form.is_valid():
        try:
            relay_templates.save(
                template_id=template.pk if template else None,
                items=lines,
                actor=actor_of(request),
                now=timezone.now(),
                **form.cleaned_data,
            )
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Saved. It counts from the next handover on."))
            return redirect("relay_template_list")
    spare = [relay_templates.Line("")] * _SPARE_LINES
    rows: list[dict[str, Any]] = [
        {"number": number, "text": line.text, "required": line.required}
        for number, line in enumerate([*(line for line in lines if line.text.strip()), *spare])
    ]
    context = {"form": form, "template": template, "rows": rows}
    return render(request, "journeys/settings/relay_template.html", context)


def _present(template: RelayTemplate | None) -> list[relay_templates.Line]:
    if template is None:
        return []
    return [relay_templates.Line(item.text, item.required) for item in template.items.all()]
