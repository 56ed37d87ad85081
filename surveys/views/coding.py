"""The coding workbench: own words in suggested groups, what they are merged into, and the ledger with undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from csplatform.core.ids import parse_uuid
from surveys import host_words
from surveys.models import CodingStep, Option, Survey, Theme, pick
from surveys.selectors import coding as reads
from surveys.services import coding
from surveys.views import frame
from surveys.views.access import BOTH, WRITE, find, host_page

_PAGE = 100


@host_page(BOTH)
def words(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Texts that wait, or (``?show=coded``) those that are coded; the ticked ones go where the host says."""
    survey = find(pk)
    problems: list[str] = []
    if request.method == "POST":
        try:
            step = _code(request, survey)
        except ValidationError as error:
            problems = list(error.messages)
        else:
            messages.success(request, _done(survey, step))
            return redirect("survey_words", pk)
    is_coded = request.GET.get("show") == "coded"
    page = Paginator(reads.coded(survey), _PAGE).get_page(request.GET.get("page")) if is_coded else None
    bench = reads.workbench(survey)
    label = _labels(survey)
    ticked = set(request.POST.getlist("answer"))
    context = {
        **frame.context(survey, "survey_words"),
        "groups": []
        if is_coded
        else [(name, [(row, str(row.pk) in ticked) for row in rows]) for name, rows in bench.groups],
        "bench": bench,
        "is_coded": is_coded,
        "coded": [_coded(survey, row, label) for row in page] if page else [],
        "options": [
            (option.key, label[option.key]) for option in Option.objects.filter(survey=survey).order_by("number")
        ],
        "themes": [(theme, _text(survey, theme.label)) for theme in reads.themes_of(survey)],
        "columns": [{"code": code, "value": request.POST.get(f"label_{code}", "")} for code in survey.languages],
        "target": request.POST.get("target", ""),
        "ledger": [_line(survey, step, label) for step in reads.ledger_of(survey)],
        "problems": problems,
        "page": page,
    }
    return render(request, "surveys/host/words.html", context, status=422 if problems else 200)


@host_page(WRITE)
def undo(request: WorkspaceRequest, pk: UUID, step_id: UUID) -> HttpResponse:
    """Take one step back."""
    find(pk)
    try:
        coding.undo(survey_id=pk, step_id=step_id, actor=actor_of(request), now=timezone.now())
    except CodingStep.DoesNotExist as error:
        raise Http404 from error
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The step was undone."))
    return redirect("survey_words", pk)


def _code(request: WorkspaceRequest, survey: Survey) -> CodingStep:
    """``target`` is ``option:KEY``, ``theme:ID`` or ``new``."""
    ids = [found for text in request.POST.getlist("answer") if (found := parse_uuid(text))]
    kind, _colon, name = request.POST.get("target", "").partition(":")
    common: dict[str, Any] = {
        "survey_id": survey.pk,
        "response_ids": ids,
        "actor": actor_of(request),
        "now": timezone.now(),
    }
    if kind == "option":
        return coding.merge_into_option(option_key=name, **common)
    if kind == "theme" and (theme_id := parse_uuid(name)):
        return coding.gather(theme_id=theme_id, **common)
    if kind == "new":
        label = {code: request.POST.get(f"label_{code}", "") for code in survey.languages}
        return coding.gather(label=label, **common)
    raise ValidationError({"target": _("Choose where the ticked texts belong.")})


def _done(survey: Survey, step: CodingStep) -> str:
    n = step.count
    if step.option is not None:
        moved = len(step.effect)
        said = ngettext("%(n)d text merged.", "%(n)d texts merged.", n) % {"n": n}
        told = ngettext("%(n)d option changed its place.", "%(n)d options changed their place.", moved) % {"n": moved}
        return f"{said} {told if moved else _('No place changed.')}"
    return ngettext("%(n)d text put under the theme.", "%(n)d texts put under the theme.", n) % {"n": n}


def _labels(survey: Survey) -> dict[str, str]:
    return {option.key: _text(survey, option.label) for option in Option.objects.filter(survey=survey)}


def _text(survey: Survey, texts: dict[str, str]) -> str:
    return pick(texts, get_language() or "en", survey.languages)


def _coded(survey: Survey, row: Any, label: dict[str, str]) -> dict[str, Any]:
    themes: list[Theme] = [coded.theme for coded in row.codings.all()]
    return {
        "answer": row,
        "option": label.get(row.other_option.key, "") if row.other_option else "",
        "themes": [_text(survey, theme.label) for theme in themes],
    }


def _line(survey: Survey, step: CodingStep, label: dict[str, str]) -> dict[str, Any]:
    into = label.get(step.option.key, "") if step.option else _text(survey, step.theme.label) if step.theme else "–"
    return {
        "step": step,
        "into": into,
        "when": host_words.moment(step.at),
        "moves": [{**move, "label": label.get(move["option"], move["option"])} for move in step.effect],
    }
