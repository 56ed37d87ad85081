"""From files to a proof: the guided path of a new workspace. Every step's state is rows, so any page may be left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.import_forms import MappingForm
from accounts.imports import kinds, labels, preview, readers, runs
from accounts.imports.mapping import Mapping, MappingError
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from csplatform.core.models import Job
from health.models import OnboardingFile
from health.onboarding import carrying, files, proposing, standing
from health.onboarding.proposing import Proposed
from health.onboarding.standing import Standing, State
from health.sample import standing as sample
from health.sample.standing import Sample
from health.start_forms import ImportForm, KindForm, ProveForm


@require_safe
@requires(Permission.CONFIGURE)
def start(request: WorkspaceRequest) -> HttpResponse:
    """The checklist, with what the present step needs."""
    return _page(request)


@require_POST
@requires(Permission.CONFIGURE, write=Permission.IMPORT_DATA)
def upload(request: WorkspaceRequest) -> HttpResponse:
    """Take one file or several in; what cannot be read is named, the others are kept."""
    kept, problems = 0, []
    for sent in request.FILES.getlist("files"):
        try:
            files.take_in(upload=sent, name=sent.name or "", by=actor_of(request), now=timezone.now())
            kept += 1
        except ValidationError as error:
            problems.append(f"{sent.name}: {' '.join(error.messages)}")
    if not request.FILES:
        problems.append(_("Choose one file or several first."))
    if kept:
        taken = ngettext("%(n)d file is here.", "%(n)d files are here.", kept) % {"n": kept}
        messages.success(request, f"{taken} {_('Look at what is proposed, then import.')}")
    for problem in problems:
        messages.error(request, problem)
    return _back("files")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE, write=Permission.IMPORT_DATA)
def file(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """One file: of which kind it is and what is in which column."""
    kept = _file(pk)
    if kept.run.job_id is not None or not kept.run.file:
        return redirect("import_detail", kept.run_id)
    errors: list[str] = []
    if request.method == "POST":
        try:
            return _change(request, kept)
        except (ValidationError, MappingError) as error:
            errors += error.messages if isinstance(error, ValidationError) else [str(error)]
    kind = kinds.get(kept.run.kind)
    assert kind is not None
    source = readers.open_source(runs.opener_of(kept.run))
    first = source.first_rows(preview.ROWS)
    form = MappingForm(
        request.POST if errors else None,
        kind=kind,
        headers=source.headers,
        chosen=Mapping.from_json(kept.run.mapping),
    )
    context = {
        "file": kept,
        "run": kept.run,
        "kind_form": KindForm(initial={"kind": kind.key}),
        "columns": [
            {"theirs": theirs, "sample": preview.first_values(first, theirs), "field": field}
            for theirs, field in form.columns()
        ],
        "preview": _look(kept),
        "missing": files.missing(kept),
        "notes": kept.look.get("notes", []),
        "errors": errors,
    }
    return render(request, "health/start/file.html", context)


def _change(request: WorkspaceRequest, kept: OnboardingFile) -> HttpResponse:
    now = timezone.now()
    if "kind" in request.POST:
        files.set_kind(file=kept, kind=request.POST["kind"], by=actor_of(request), now=now)
        return redirect("start_file", kept.pk)
    kind = kinds.get(kept.run.kind)
    assert kind is not None
    source = readers.open_source(runs.opener_of(kept.run))
    form = MappingForm(request.POST, kind=kind, headers=source.headers, chosen=Mapping.from_json(kept.run.mapping))
    if not form.is_valid():
        raise ValidationError(_("One of the columns was given a meaning that there is not."))
    files.set_mapping(file=kept, chosen=form.chosen(), now=now)
    return redirect("start_file", kept.pk) if request.POST.get("step") == "preview" else _back("files")


@require_POST
@requires(Permission.CONFIGURE, write=Permission.IMPORT_DATA)
def remove(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Put a file back."""
    files.remove(file=_file(pk), by=actor_of(request), now=timezone.now())
    return _back("files")


@require_POST
@requires(Permission.CONFIGURE, write=Permission.IMPORT_DATA)
def import_files(request: WorkspaceRequest) -> HttpResponse:
    """Carry in what waits."""
    form = ImportForm(request.POST)
    if not form.is_valid():
        return _page(request, import_form=form, status=422)
    try:
        carrying.import_files(through=form.cleaned_data["through"], by=actor_of(request), now=timezone.now())
    except ValidationError as error:
        for message in error.messages:
            messages.error(request, message)
    return _back("files")


@require_POST
@requires(Permission.CONFIGURE)
def prove(request: WorkspaceRequest) -> HttpResponse:
    """Take up the chosen measures, and go on to the proof."""
    now = timezone.now()
    proposal = proposing.propose(now=now)
    form = ProveForm(request.POST, proposal=proposal)
    if not form.is_valid():
        return _page(request, prove_form=form, status=422)
    try:
        carrying.prove(
            draft=proposal.draft(set(form.cleaned_data["measures"])),
            horizon=form.cleaned_data["horizon"],
            by=actor_of(request),
            now=now,
        )
    except ValidationError as error:
        for message in error.messages:
            messages.error(request, message)
    return _back("measures")


@require_POST
@requires(Permission.CONFIGURE)
def again(request: WorkspaceRequest, step: str) -> HttpResponse:
    """Do a step anew."""
    if step not in ("backfill", "training"):
        raise Http404
    try:
        carrying.again(step=step, by=actor_of(request), now=timezone.now())
    except ValidationError as error:
        for message in error.messages:
            messages.error(request, message)
    return _back(step)


@require_POST
@requires(Permission.CONFIGURE)
def dismiss(request: WorkspaceRequest) -> HttpResponse:
    """Take the checklist off Today."""
    carrying.dismiss(by=actor_of(request), now=timezone.now())
    messages.success(request, _("The checklist is off Today. Imports still leads to it."))
    return redirect("today")


@require_safe
@requires(Permission.CONFIGURE)
def progress(request: WorkspaceRequest) -> HttpResponse:
    """What is under way; once another step has come, the whole page is asked for again."""
    stands, brought = standing.of_workspace(), sample.of(request.workspace)
    response = render(request, "health/start/_running.html", _running(stands, brought))
    if request.GET.get("seen") != signature(stands, brought):
        response["HX-Refresh"] = "true"
    return response


def signature(stands: Standing, brought: Sample | None) -> str:
    """Changes whenever the page has something else to say than how far the present job is."""
    ended = sum(bool(each.run.job and each.run.job.is_finished) for each in stands.files)
    present = "none" if brought is None else brought.job.kind if brought.job else "here"
    return "-".join([*stands.states, str(ended), present])


def _page(
    request: WorkspaceRequest,
    *,
    import_form: ImportForm | None = None,
    prove_form: ProveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    stands, brought = standing.of_workspace(), sample.of(request.workspace)
    now = timezone.now()
    context = {
        "stands": stands,
        "sample": brought,
        "State": {state.name.lower(): state.value for state in State},
        "files": [_shown(each) for each in stands.files],
        **_running(stands, brought),
    }
    if stands.waiting and stands.imports is not State.RUNNING:
        complete = files.complete(stands.waiting, now.date())
        context["complete"] = complete
        context["import_form"] = import_form or ImportForm(initial={"through": complete.through})
    is_settled = brought is None or brought.job is None
    if is_settled and (stands.measures in (State.NOW, State.STOPPED) or request.GET.get("choose")):
        proposal = proposing.propose(now=now)
        context["proposal"] = proposal
        form = prove_form or ProveForm(proposal=proposal)
        context["prove_form"] = form
        context["measures"] = [_measure(each, form.chosen()) for each in proposal.measures]
    if stands.is_finished and stands.row is not None and stands.row.training is not None:
        context["result"] = stands.row.training.result
        context["proof_url"] = reverse("proof")
    return render(request, "health/start/page.html", context, status=status)


def _measure(each: Proposed, chosen: set[str]) -> dict[str, Any]:
    label = each.item["label"]
    return {
        "key": each.key,
        "label": label.get(get_language() or "en", label["en"]),
        "unit": each.item["unit"],
        "coverage": each.coverage,
        "quartiles": each.quartiles,
        "why": each.why,
        "is_chosen": each.key in chosen,
    }


def _running(stands: Standing, brought: Sample | None) -> dict[str, Any]:
    """The job under way (None: nothing is), what it does, and where to ask for news of it."""
    job, label = _job(stands, brought)
    return {
        "job": job,
        "job_label": label,
        "job_url": f"{reverse('start_progress')}?seen={signature(stands, brought)}",
        "eta_seconds": job.eta_seconds(timezone.now()) if job else None,
        "is_running": stands.is_running or bool(brought and brought.job),
    }


def _job(stands: Standing, brought: Sample | None) -> tuple[Job | None, str]:
    if brought is not None and brought.job is not None:
        return brought.job, _("Removing the sample data") if brought.is_leaving else _("Bringing the sample data in")
    if stands.imports is State.RUNNING:
        for each in stands.files:
            if each.run.job and not each.run.job.is_finished:
                return each.run.job, _("Importing %(file)s") % {"file": each.run.original_name}
        return None, _("The next file begins")
    if stands.row is None:
        return None, ""
    if stands.measures is State.RUNNING:
        return standing.counting(), _("Counting the events of the chosen measures")
    if stands.backfill is State.RUNNING:
        return stands.row.backfill.job if stands.row.backfill else None, _("Filling back weekly history")
    if stands.training is State.RUNNING:
        return stands.row.training, _("Training and back-testing")
    return None, ""


def _look(each: OnboardingFile) -> dict[str, Any]:
    """What was seen in the file, its columns called as the reader calls them."""
    return {**each.look, "headers": [labels.of(name) for name in each.look.get("headers", [])]}


def _shown(each: OnboardingFile) -> dict[str, Any]:
    kind = kinds.get(each.run.kind)
    chosen = Mapping.from_json(each.run.mapping)
    place = {theirs: number for number, theirs in enumerate(each.look.get("order", []))}
    return {
        "file": each,
        "run": each.run,
        "kind_label": kind.label if kind else each.run.kind,
        "look": _look(each),
        "columns": [
            {"theirs": theirs, "ours": labels.of(ours), "by_content": theirs in each.look.get("by_content", {})}
            for ours, theirs in sorted(chosen.columns.items(), key=lambda pair: place.get(pair[1], 0))
        ],
        "extra": sorted(chosen.extra.values(), key=lambda theirs: place.get(theirs, 0)),
        "missing": files.missing(each),
    }


def _file(pk: UUID) -> OnboardingFile:
    kept = OnboardingFile.objects.select_related("run").filter(pk=pk).first()
    if kept is None:
        raise Http404
    return kept


def _back(anchor: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('start')}#{anchor}")
