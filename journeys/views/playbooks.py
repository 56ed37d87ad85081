"""Playbooks: what happens by itself, what it has done, and whom it would reach."""

from __future__ import annotations

from collections.abc import Mapping
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

from accounts import segments
from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.paging import Cursor
from accounts.roles import Permission, allows
from journeys import playbook_forms
from journeys.models import PlaybookRun, RunState
from journeys.playbook_forms import PlaybookForm
from journeys.playbooks import definition as rules
from journeys.selectors import playbook_dry_run
from journeys.selectors import playbooks as selectors
from journeys.selectors.playbooks import Listed
from journeys.services.playbooks import control, editing
from journeys.services.playbooks.control import RunEndedError

_BAD = 422
_LIMITS = {
    "runs_an_hour": rules.RUNS_AN_HOUR,
    "tasks_at_once": rules.TASKS_AT_ONCE,
    "again_after_days": rules.AGAIN_AFTER_DAYS,
}


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """Every playbook in use, and how its runs stand."""
    context = {"rows": selectors.listing(), "may_configure": _may_configure(request)}
    return render(request, "journeys/playbooks.html", context)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def detail(request: WorkspaceRequest, playbook_id: UUID) -> HttpResponse:
    """What it says, its versions, its log; with ``?try=1`` whom it would reach."""
    listed = _found(playbook_id)
    playbook = listed.playbook
    definition = rules.read(playbook.says.definition)
    trigger = playbook.says.definition["trigger"]
    state = request.GET.get("state", "")
    if state and state not in RunState.values:
        raise Http404
    after, before = (Cursor.decode(told) if (told := request.GET.get(side)) else None for side in ("after", "before"))
    shown = selectors.runs(playbook.pk, state=state, after=after, before=before)
    here = reverse("playbook_detail", args=[playbook.pk])
    tried = playbook_dry_run.dry_run(definition, now=timezone.now()) if request.GET.get("try") else None
    context = {
        "listed": listed,
        "playbook": playbook,
        "definition": definition,
        "filter_words": segments.explain(segments.stored(definition.filter)) if definition.filter else "",
        "kind_names": playbook_forms.KIND_NAMES,
        "steps": playbook_forms.steps_in_words(definition),
        "where_words": playbook_forms.where_in_words(trigger.get("event", ""), trigger.get("where") or []),
        "versions": selectors.versions(playbook.pk),
        "runs": shown.rows,
        "states": [
            {"name": name, "url": f"{here}?state={value}", "current": state == value}
            for value, name in [("", _("All")), *RunState.choices]
        ],
        "previous_url": _page_url(here, state, "before", shown.previous),
        "next_url": _page_url(here, state, "after", shown.next),
        "tried": tried,
        "try_url": f"{here}?try=1",
        "may_configure": _may_configure(request),
    }
    return render(request, "journeys/playbook.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def new(request: WorkspaceRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def edit(request: WorkspaceRequest, playbook_id: UUID) -> HttpResponse:
    return _edit(request, _found(playbook_id))


@require_POST
@requires(Permission.CONFIGURE)
def switch(request: WorkspaceRequest, playbook_id: UUID, deed: str) -> HttpResponse:
    """Activate or resume, pause, retire, or cancel all that waits."""
    playbook = _found(playbook_id).playbook
    who: dict[str, Any] = {"playbook_id": playbook.pk, "actor": actor_of(request), "now": timezone.now()}
    try:
        if deed == "cancel-waiting":
            ended = control.cancel_waiting(**who)
            messages.success(request, _("%(n)d runs cancelled.") % {"n": ended})
        else:
            {"activate": control.activate, "pause": control.pause, "retire": control.retire}[deed](**who)
            messages.success(request, _("Saved."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(reverse("playbook_detail", args=[playbook.pk]))


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def run_detail(request: WorkspaceRequest, playbookrun_id: UUID) -> HttpResponse:
    """One run: what started it and what each step did."""
    run = _run(playbookrun_id)
    plan = rules.read(run.of_version.definition).steps
    log = {step.number: step for step in run.steps.all()}
    lines = [
        {"name": playbook_forms.KIND_NAMES.get(step.kind, step.kind), "step": step, "log": log.get(number)}
        for number, step in enumerate(plan)
    ]
    context = {"run": run, "lines": lines, "may_edit": allows(request.membership.role, Permission.EDIT_CUSTOMERS)}
    return render(request, "journeys/playbook_run.html", context)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.EDIT_CUSTOMERS)
def run_deed(request: WorkspaceRequest, playbookrun_id: UUID, deed: str) -> HttpResponse:
    """Cancel a run, or take the step again at which it failed."""
    run = _run(playbookrun_id)
    done = {"cancel": control.cancel_run, "retry": control.retry_run}[deed]
    try:
        done(run_id=run.pk, actor=actor_of(request), now=timezone.now())
    except RunEndedError as error:
        messages.warning(request, str(error))
    return redirect(reverse("playbook_run", args=[run.pk]))


def _edit(request: WorkspaceRequest, listed: Listed | None) -> HttpResponse:
    playbook = listed.playbook if listed else None
    present: Mapping[str, Any] = playbook.says.definition if playbook else {}
    form = PlaybookForm(
        request.POST or None,
        workspace=request.workspace,
        member=request.membership,
        kept_filter=present.get("filter") or {},
        initial=_initial(request, listed),
    )
    steps, where = list(present.get("steps", [])), list((present.get("trigger") or {}).get("where") or [])
    if request.method == "POST":
        steps = playbook_forms.steps_told(request.POST, steps, form.segments)
        where = playbook_forms.where_told(request.POST)
    if request.method == "POST" and form.is_valid():
        told = {name: form.cleaned_data[name] for name in ("name", "description", "owner")}
        told["definition"] = form.definition(steps, where)
        who: dict[str, Any] = {"actor": actor_of(request), "now": timezone.now()}
        try:
            if playbook is None:
                saved = editing.create(**told, **who)
            else:
                saved = editing.change(playbook_id=playbook.pk, told=told, **who)
        except ValidationError as error:
            errors_into(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(reverse("playbook_detail", args=[saved.pk]))
    context = {
        "form": form,
        "playbook": playbook,
        "rows": playbook_forms.rows_of(steps),
        "where_rows": playbook_forms.where_rows(where),
        "segment_choices": [(pk, row.name) for pk, row in form.segments.items()],
        **playbook_forms.choices(),
    }
    return render(request, "journeys/playbook_form.html", context, status=_BAD if form.errors else 200)


def _initial(request: WorkspaceRequest, listed: Listed | None) -> dict[str, Any]:
    if listed is None:
        return {**_LIMITS, "owner": request.membership.pk, "at": "09:00"}
    playbook = listed.playbook
    told = {"name": playbook.name, "description": playbook.description, "owner": playbook.owner_id}
    return {**_LIMITS, **told, **playbook_forms.initial_of(playbook.says.definition)}


def _found(playbook_id: UUID) -> Listed:
    listed = selectors.find(playbook_id)
    if listed is None:
        raise Http404
    return listed


def _run(run_id: UUID) -> PlaybookRun:
    run = selectors.find_run(run_id)
    if run is None:
        raise Http404
    return run


def _may_configure(request: WorkspaceRequest) -> bool:
    return allows(request.membership.role, Permission.CONFIGURE)


def _page_url(here: str, state: str, side: str, cursor: Cursor | None) -> str | None:
    return f"{here}?{urlencode({'state': state, side: cursor.encode()})}" if cursor else None
