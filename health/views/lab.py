"""What-if: try a draft of a scorecard on today's customers and on last year's churn, before it scores anybody."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission, allows
from accounts.services.results import StaleVersionError
from health import card_editor, lab_reads, tasks
from health.lab import typed
from health.lab.history import History
from health.lab.movement import BANDS
from health.lab.ribbons import HEIGHT, WIDTH, draw
from health.measures import DefinitionError
from health.models import Measure, Scorecard, ScorecardVersion
from health.scoring import parse_card
from health.services import definitions, drafts, lab, settings_of_churn

_BAD, _CONFLICT = 422, 409


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.CONFIGURE)
def scorecard_lab(request: WorkspaceRequest, scorecard_id: UUID) -> HttpResponseBase:
    """The draft beside the version in force. A POST tries what was typed, and changes nothing unless its ``action``
    is to save, to remember how many customers the team can look after, or to lay the history out.
    """
    scorecard = Scorecard.objects.filter(pk=scorecard_id).first()
    version = lab_reads.beside(scorecard) if scorecard else None
    if scorecard is None or version is None:
        raise Http404
    action = request.POST.get("action", "")
    if action == "lay_out":
        job = lab.start(actor=actor_of(request), now=timezone.now())
        tasks.lay_out_lab_soon(request.workspace.pk, job.pk)
        return redirect("scorecard_lab", scorecard_id=scorecard_id)
    draft = drafts.draft_of(scorecard_id)
    base = draft.content if draft else drafts.told_of(version.content)
    told = typed.read(base, {name: text for name, text in request.POST.items() if isinstance(text, str)})
    history = lab.history()
    suggestion = _suggestion(history, version)
    if action == "take" and suggestion:
        weights = {each["key"]: each["weight"] for each in suggestion["weights"]}
        told = typed.Typed(typed.with_weights(told.content, weights), told.unread)
    errors = _unread(told)
    reckoned = lab.capacity()
    capacity = _capacity(told, request.POST.get("capacity"), reckoned.customers, errors)
    context: dict[str, Any] = {
        "scorecard": scorecard,
        "version": version,
        "is_new": version.scorecard_id != scorecard.pk,
        "draft": draft,
        "draft_version": request.POST.get("draft_version", draft.version if draft else 0),
        "currency": request.workspace.currency,
        "may_configure": allows(request.membership.role, Permission.CONFIGURE),
        "history": history,
        "through": date.fromisoformat(history.told["through"]) if history else None,
        "job": lab.last_job(),
        "suggestion": suggestion,
        "horizon": lab.horizon_on(timezone.now()),
        "capacity": capacity,
        "reckoned": reckoned,
    }
    status = _BAD if errors else 200
    if action == "save" and not errors:
        try:
            return _save(request, scorecard_id, told.content)
        except StaleVersionError as error:
            context["draft_version"] = error.current
            context["conflict"] = card_editor.conflict(draft, version, told.content)
            status = _CONFLICT
    if action == "remember" and "capacity" not in told.unread and not errors:
        settings_of_churn.change_capacity(capacity=capacity, actor=actor_of(request), now=timezone.now())
        context["reckoned"] = lab.Capacity(capacity, None)
    page = request.POST.get("page") or request.GET.get("page") or "1"
    context |= _answer(scorecard, version, told.content, history, capacity, page, errors)
    context["rows"] = _rows(told, request.POST, version, suggestion)
    context["most_weight"] = _most_weight(context["rows"])
    context["errors"] = errors
    context["bands_typed"] = {
        band: request.POST.get(band, told.content["bands"][band]) for band in ("healthy", "watch")
    }
    template = "health/_lab_answer.html" if request.headers.get("HX-Request") else "health/lab.html"
    return render(request, template, context, status=_BAD if errors else status)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def default_lab(request: WorkspaceRequest) -> HttpResponseBase:
    """The lab of the default scorecard."""
    scorecard = Scorecard.objects.filter(is_default=True).first()
    if scorecard is None:
        raise Http404
    return redirect("scorecard_lab", scorecard_id=scorecard.pk)


def _save(request: WorkspaceRequest, scorecard_id: UUID, content: Mapping[str, Any]) -> HttpResponse:
    expected = request.POST.get("draft_version", "")
    drafts.save_draft(
        scorecard_id=scorecard_id,
        content=content,
        actor=actor_of(request),
        now=timezone.now(),
        expected_version=int(expected) if expected.isdecimal() and len(expected) < 9 else None,
    )
    messages.success(request, _("The draft is saved. It scores nobody until it is published."))
    return redirect("scorecard_lab", scorecard_id=scorecard_id)


def _unread(told: typed.Typed) -> list[str]:
    named = {item["measure"]: item["measure"] for item in told.content["items"]}
    labels = dict(Measure.objects.filter(key__in=named).values_list("key", "label"))
    errors = []
    for name, text in told.unread.items():
        part, _dot, key = name.partition(".")
        label = (
            _in_language(labels.get(key, {"en": key}))
            if key
            else {"healthy": _("Healthy from"), "watch": _("Watch from")}[part]
        )
        said = {"field": label, "text": text}
        if part == "curve":
            errors.append(
                _("%(field)s: “%(text)s” is no point of a curve; write value = percent, as in 0 = 0; 5 = 100.") % said
            )
        else:
            errors.append(_("%(field)s: “%(text)s” is no number; the one before was kept.") % said)
    return errors


def _capacity(told: typed.Typed, text: str | None, usual: int, errors: list[str]) -> int:
    if text is None:
        return usual
    number = told.number("capacity", text)
    if number is None or not 1 <= number <= settings_of_churn.MOST_CAPACITY or number % 1:
        most = {"most": settings_of_churn.MOST_CAPACITY}
        errors.append(_("Customers your team can look after: expected a whole number from 1 to %(most)d.") % most)
        return usual
    return int(number)


def _answer(
    scorecard: Scorecard,
    version: ScorecardVersion,
    content: Mapping[str, Any],
    history: History | None,
    capacity: int,
    page: str,
    errors: list[str],
) -> dict[str, Any]:
    """Nothing while the draft could not be published: a half-read one would answer another question."""
    if errors:
        return {"answer": None}
    try:
        card = parse_card(definitions.content_of(scorecard, drafts.as_draft(content)))
    except ValidationError as error:
        errors += [f"{_field(name, content)}: {text}" for name, texts in error.message_dict.items() for text in texts]
        return {"answer": None}
    except DefinitionError as error:
        errors.append(str(error))
        return {"answer": None}
    answer = lab_reads.answer(card, scorecard, version, history, capacity=capacity, page=page)
    return {
        "answer": answer,
        "drawing": draw(answer.movement.flows),
        "chart": {"width": WIDTH, "height": HEIGHT},
        "bands": BANDS,
        "compared": answer.compared,
        "first_day": date.fromordinal(int(history.days[0])) if history and len(history.days) else None,
        "last_day": date.fromordinal(int(history.days[-1])) if history and len(history.days) else None,
    }


def _field(name: str, content: Mapping[str, Any]) -> str:
    parts = name.split(".")
    if parts[0] == "items" and len(parts) > 1 and parts[1].isdecimal():
        return str(content["items"][int(parts[1])]["measure"])
    return {"bands": _("Bands"), "items": _("Measures")}.get(parts[0], name)


def _rows(
    told: typed.Typed, posted: Mapping[str, str], version: ScorecardVersion, suggestion: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """A line a measure: what was typed, what is in force, what history suggests."""
    items = told.content["items"]
    present = {item["measure"]: item for item in version.content["items"]}
    stored = Measure.objects.filter(key__in=[item["measure"] for item in items])
    measures = {measure.key: measure for measure in stored}
    suggested = {each["key"]: each for each in suggestion["weights"]} if suggestion else {}
    taken = posted.get("action") == "take"
    rows = []
    for item in items:
        key = item["measure"]
        weight, curve = f"weight.{key}", f"curve.{key}"
        typed_weight = f"{item['weight']:.12g}"
        rows.append(
            {
                "key": key,
                "label": _in_language(measures[key].label) if key in measures else key,
                "unit": measures[key].unit if key in measures else "",
                "weight_name": weight,
                "curve_name": curve,
                "weight": typed_weight if taken else posted.get(weight, typed_weight),
                "curve": posted.get(curve, typed.curve_text(item["curve"])),
                "present": present.get(key, {}).get("weight"),
                "suggested": suggested.get(key),
            }
        )
    return rows


def _most_weight(rows: Sequence[Mapping[str, Any]]) -> int:
    """Where the sliders of the weights end: one for all of them, with room to double the largest."""
    told = [row["present"] or 0 for row in rows] + [
        each.get("weight", 0) for each in (row["suggested"] or {} for row in rows)
    ]
    return max(10, math.ceil(2 * max(told, default=0) / 10) * 10)


def _in_language(label: Mapping[str, str]) -> str:
    return label.get(get_language() or "en", label["en"])


def _suggestion(history: History | None, version: ScorecardVersion) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = history.told.get("suggestions", {}).get(str(version.pk)) if history else None
    return found
