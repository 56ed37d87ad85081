"""Measures: what scores are made of. A list with use and freshness, and an editor with a look at real customers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from accounts.services.results import StaleVersionError
from health import measure_forms, measure_reads, measure_words, tasks
from health.measures import DefinitionError, span
from health.models import Measure
from health.parsing import SOURCES, parse
from health.selectors import explain_missing
from health.services import counting, definitions
from health.services.measure_preview import preview
from health.streams import stream_for


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """Every measure, what it looks at, who uses it and how fresh it is."""
    names, uses, waiting = measure_reads.event_names(), measure_reads.uses(), counting.under_way()
    rows = []
    measures = list(Measure.objects.order_by("key"))
    fresh = measure_reads.Freshness.of([measure.definition for measure in measures], names)
    for measure in measures:
        definition = measure.definition
        stream = stream_for(definition)
        rows.append(
            {
                "measure": measure,
                "label": _label(measure),
                "words": measure_words.describe(parse(definition)),
                "use": uses.get(measure.key),
                "newest": fresh.newest(definition),
                "never": _never(definition, names),
                "job": waiting.get(stream.key) if stream else None,
            }
        )
    return render(request, "health/measures/list.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def new(request: WorkspaceRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def edit(request: WorkspaceRequest, measure_id: UUID) -> HttpResponse:
    return _edit(request, _measure(measure_id))


@require_POST
@requires(Permission.CONFIGURE)
def delete(request: WorkspaceRequest, measure_id: UUID) -> HttpResponse:
    """Delete a measure that no scorecard in force uses."""
    measure = _measure(measure_id)
    try:
        definitions.delete_measure(measure_id=measure.pk, actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("measure_edit", measure.pk)
    messages.success(request, _("“%(label)s” was deleted. Scores of past days keep it.") % {"label": _label(measure)})
    return redirect("measure_list")


def _edit(request: WorkspaceRequest, measure: Measure | None) -> HttpResponse:
    if request.method == "POST":
        told = measure_forms.told_by(request.POST)
        errors = _problems(told)
        if "save" in request.POST and not errors:
            try:
                return _saved(request, measure, told)
            except ValidationError as error:
                errors = [" ".join(texts) for texts in error.message_dict.values()]
            except StaleVersionError:
                errors = [_("Somebody changed this measure meanwhile. Nothing was saved; save again to keep yours.")]
        return _page(request, measure, request.POST, errors)
    if measure is not None:
        return _page(request, measure, measure_forms.fields_of(measure.definition, measure.label, measure.unit), [])
    source = request.GET.get("source", "events")
    start = {"events": {"aggregation": "count", "window_days": 28}}.get(source, {})
    return _page(request, None, measure_forms.fields_of({"source": source, **start}, {}, ""), [])


def _problems(told: dict[str, Any]) -> list[str]:
    try:
        parse(told["definition"])
    except DefinitionError as error:
        return [str(error)]
    return []


def _saved(request: WorkspaceRequest, measure: Measure | None, told: dict[str, Any]) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    if measure is None:
        key = measure_forms.key_for(told["label"], set(Measure.objects.values_list("key", flat=True)))
        measure, job = definitions.create_measure(key=key, told=told, actor=actor, now=now)
    else:
        version = request.POST.get("version", "")
        expected = int(version) if version.isascii() and version.isdigit() else None
        measure, job = definitions.change_measure(
            measure_id=measure.pk, told=told, actor=actor, now=now, expected_version=expected
        )
    if job is not None:
        tasks.count_soon(request.workspace.pk, job.pk)
        messages.success(request, _("Saved. Its events are being counted; a scorecard can take it up after that."))
    else:
        messages.success(request, _("Saved. Scores follow when a scorecard is published with it."))
    return redirect("measure_edit", measure.pk)


def _page(request: WorkspaceRequest, measure: Measure | None, data: QueryDict, errors: list[str]) -> HttpResponse:
    source = data.get("source", "")
    if source not in SOURCES:
        source = "events"
    now = timezone.now()
    names = measure_reads.event_names() if source == "events" else []
    context: dict[str, Any] = {
        "measure": measure,
        "title": _label(measure) if measure else _("New measure"),
        "data": data,
        "errors": errors,
        "source": source,
        "names": names,
        "chosen_events": data.getlist("events"),
        "unseen": [name for name in data.getlist("events") if name not in {each.name for each in names}],
        "properties": measure_reads.property_names(now.date()) if source == "events" else [],
        "labels": [(code, name, data.get(f"label_{code}", "")) for code, name in settings.LANGUAGES],
        "conditions": [
            {
                "n": n,
                "property": data.get(f"property-{n}", ""),
                "is": data.get(f"is-{n}", ""),
                "value": data.get(f"value-{n}", ""),
            }
            for n in range(measure_forms.ROWS_OF_CONDITIONS)
        ],
        "job": _job(measure),
        **measure_forms.choices(source),
    }
    context["parts"] = [{**part, "value": data.get(part["name"], "")} for part in context["parts"]]
    if not errors and data.get("aggregation"):
        context |= _looked_at(measure_forms.definition_of(data), names)
    template = "health/measures/_preview.html" if request.headers.get("HX-Request") else "health/measures/form.html"
    return render(request, template, context)


def _looked_at(definition: dict[str, Any], names: list[measure_reads.Occurred]) -> dict[str, Any]:
    try:
        spec = parse(definition)
    except DefinitionError as error:
        return {"errors": [str(error)]}
    today = timezone.now().date()
    found = preview(spec, today=today)
    unknown = [(explain_missing(reason, spec), count) for reason, count in found.unknown.items()]
    return {
        "preview": found,
        "unknown": unknown,
        "words": measure_words.describe(spec),
        "never": _never(definition, names),
        "newest": measure_reads.Freshness.of([definition], names).newest(definition),
        "today": today,
        "span": span(spec) if spec.source == "events" else None,
    }


def _never(definition: dict[str, Any], names: list[measure_reads.Occurred]) -> list[str]:
    """Names of events a definition asks for that never occurred; none can be told when the list of names is full."""
    if definition["source"] != "events" or len(names) >= measure_reads.MOST_NAMES:
        return []
    occurred = {each.name for each in names}
    return [name for name in definition.get("events") or () if name not in occurred]


def _job(measure: Measure | None) -> Any:
    stream = stream_for(measure.definition) if measure else None
    return counting.job_of(stream.key) if stream else None


def _label(measure: Measure) -> str:
    return str(measure.label.get(get_language() or "en", measure.label["en"]))


def _measure(measure_id: UUID) -> Measure:
    measure = Measure.objects.filter(pk=measure_id).first()
    if measure is None:
        raise Http404
    return measure
