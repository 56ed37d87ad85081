"""Imports: upload, map with a preview, watch, and the result that stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.import_forms import MappingForm, UploadForm
from accounts.imports import kinds, labels, mapping, preview, readers, rejects, runs
from accounts.imports.kinds import ImportKind
from accounts.imports.mapping import Mapping, MappingError
from accounts.middleware import WorkspaceRequest
from accounts.models import ImportRun
from accounts.roles import Permission
from accounts.selectors.imports import names_of, newest_first

_PAGE = 50


@require_safe
@requires(Permission.IMPORT_DATA)
def listing(request: WorkspaceRequest) -> HttpResponse:
    page = Paginator(newest_first(), _PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    names = names_of(run.created_by_id for run in shown)
    context = {
        "runs": [
            {
                "run": run,
                "url": reverse("import_detail", args=[run.pk]),
                "kind_label": _label(run),
                "by": names.get(run.created_by_id, _("command line")) if run.created_by_id else _("command line"),
            }
            for run in shown
        ],
        "new_url": reverse("import_new"),
        "previous_url": f"?page={page.previous_page_number()}" if page.has_previous() else None,
        "next_url": f"?page={page.next_page_number()}" if page.has_next() else None,
        "shown": _("%(first)d to %(last)d of %(all)d")
        % {"first": page.start_index(), "last": page.end_index(), "all": page.paginator.count},
    }
    return render(request, "accounts/import_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.IMPORT_DATA)
def new(request: WorkspaceRequest) -> HttpResponse:
    """Step 1: which file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        kind = kinds.get(form.cleaned_data["kind"])
        assert kind is not None
        upload = form.cleaned_data["file"]
        try:
            run = runs.take_in(
                kind=kind,
                upload=upload,
                name=upload.name,
                through=form.cleaned_data["through"],
                actor=actor_of(request),
                now=timezone.now(),
            )
        except readers.SourceError as error:
            form.add_error("file", str(error))
        else:
            return redirect("import_map", run.pk)
    return render(request, "accounts/import_new.html", {"form": form, "list_url": reverse("import_list")})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.IMPORT_DATA)
def map_columns(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Step 2: what is in which column, with the first rows as they will be read."""
    run = _run(pk)
    if run.job_id is not None or not run.file:
        return redirect("import_detail", run.pk)
    kind = _kind(run)
    source = readers.open_source(runs.opener_of(run))
    chosen, errors = Mapping.from_json(run.mapping), []
    form = MappingForm(request.POST or None, kind=kind, headers=source.headers, chosen=chosen)
    if request.method == "POST" and form.is_valid():
        try:
            chosen = form.chosen()
            if request.POST.get("step") == "start" and not mapping.missing(kind, chosen):
                runs.start(run=run, chosen=chosen, actor=actor_of(request), now=timezone.now())
                return redirect("import_detail", run.pk)
        except MappingError as error:
            errors.append(str(error))
    first = source.first_rows(preview.ROWS)
    seen = preview.look(run=run, kind=kind, source=source, chosen=chosen, now=timezone.now())
    context = {
        "run": run,
        "kind_label": kind.label,
        "list_url": reverse("import_list"),
        "columns": [
            {"theirs": theirs, "sample": preview.first_values(first, theirs), "field": field}
            for theirs, field in form.columns()
        ],
        "preview": replace(seen, headers=[labels.of(name) for name in seen.headers]),
        "missing": mapping.missing_labels(kind, chosen),
        "notes": [*source.notes, *seen.notes],
        "errors": errors,
    }
    return render(request, "accounts/import_map.html", context)


@require_safe
@requires(Permission.IMPORT_DATA)
def detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Step 3: how far it is, then what became of every row."""
    run = _run(pk)
    if run.job is None:
        return redirect("import_map", run.pk)
    context = {
        **_progress(run),
        "run": run,
        "kind_label": _label(run),
        "list_url": reverse("import_list"),
        "rejects_url": reverse("import_rejects", args=[run.pk]) if run.rejects else None,
        "sample_rejects": rejects.first_rows(run) if run.job.is_finished else [],
        "next_url": reverse("import_new") if run.job.is_finished else None,
        "next_label": _("Import another file"),
    }
    return render(request, "accounts/import_detail.html", context)


@require_safe
@requires(Permission.IMPORT_DATA)
def progress(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """The progress bar alone; once the work is over the whole page is asked for again, with its result."""
    run = _run(pk)
    if run.job is None:
        raise Http404
    response = render(request, "components/job.html", _progress(run))
    if run.job.is_finished:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(Permission.IMPORT_DATA)
def cancel(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    run = _run(pk)
    runs.cancel(run=run, actor=actor_of(request), now=timezone.now())
    return redirect("import_detail", run.pk)


@require_safe
@requires(Permission.IMPORT_DATA)
def download_rejects(request: WorkspaceRequest, pk: UUID) -> FileResponse:
    run = _run(pk)
    if not run.rejects:
        raise Http404
    try:
        stream = run.rejects.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    name = f"{run.original_name.rsplit('.', 1)[0]}-rejects.csv"
    return FileResponse(stream, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


def _run(pk: UUID) -> ImportRun:
    return get_object_or_404(newest_first(), pk=pk)


def _kind(run: ImportRun) -> ImportKind:
    kind = kinds.get(run.kind)
    if kind is None:
        raise Http404
    return kind


def _label(run: ImportRun) -> Any:
    kind = kinds.get(run.kind)
    return kind.label if kind else run.kind


def _progress(run: ImportRun) -> dict[str, Any]:
    job = run.job
    assert job is not None
    may_cancel = not job.is_finished and not job.cancel_requested
    return {
        "job": job,
        "job_url": reverse("import_progress", args=[run.pk]),
        "cancel_url": reverse("import_cancel", args=[run.pk]) if may_cancel else None,
        "eta_seconds": job.eta_seconds(timezone.now()),
    }
