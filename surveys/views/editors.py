"""The builder: texts, options, questions and settings, each a page that shows the form as respondents will see it.

A page that was typed into while somebody else saved is not lost and overwrites nothing: it comes back as typed, beside
what stands there now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.access import actor_of
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.services.results import StaleVersionError
from surveys import host_words, sheets
from surveys.host_forms import SettingsForm, TextsForm
from surveys.models import Kind, Option, Question, QuestionKind, Survey
from surveys.services import editing
from surveys.views import frame
from surveys.views.access import BOTH, find, host_page

Write = Callable[..., Survey]


@dataclass(slots=True)
class Tried:
    """What became of a save: nothing asked, or what went wrong."""

    problems: Sequence[str] = ()
    is_stale: bool = False


@host_page(BOTH)
def texts(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """What respondents read around the options, language beside language."""
    return _form_page(request, pk, TextsForm, "survey_texts", "surveys/host/texts.html")


@host_page(BOTH)
def settings(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """When it opens, who hosts it, and what happens with the answers."""
    return _form_page(request, pk, SettingsForm, "survey_settings", "surveys/host/settings.html")


def _form_page(
    request: WorkspaceRequest, pk: UUID, make: type[TextsForm] | type[SettingsForm], here: str, template: str
) -> HttpResponse:
    survey = find(pk)
    form = make(request.POST or None, survey=survey)
    conflicts: list[tuple[str, str, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            editing.update_survey(
                survey_id=pk,
                told=form.told(),
                actor=actor_of(request),
                now=timezone.now(),
                expected_version=_version(request),
            )
        except StaleVersionError:
            conflicts = [
                (str(form.word(name)), host_words.shown(value), host_words.shown(getattr(survey, name)))
                for name, value in form.told().items()
                if value != getattr(survey, name)
            ]
        except ValidationError as error:
            errors_into(form, form.placed(error))
        else:
            messages.success(request, _("Saved."))
            return redirect(here, pk)
    context = {**_context(request, survey, here), "form": form, "conflicts": conflicts}
    return render(request, template, context, status=409 if conflicts else 200)


@host_page(BOTH)
def options(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """The options of a top-3 survey; other kinds have none."""
    survey = find(pk)
    if survey.kind != Kind.TOP3:
        raise Http404
    stored = [
        {"key": each.key, "label": each.label, "help": each.help, "is_retired": each.retired_at is not None}
        for each in Option.objects.filter(survey=survey).order_by("number")
    ]
    rows = sheets.options(dict(request.POST.lists()), survey.languages) if request.method == "POST" else stored

    def write(told: list[sheets.Row], **common: Any) -> Survey:
        return editing.set_options(survey_id=pk, options=told, **common)

    return _sheet_page(request, survey, "survey_options", "surveys/host/options.html", rows, stored, write)


@host_page(BOTH)
def questions(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Who answers (groups in the results), and whatever else is asked."""
    survey = find(pk)
    fields = ("key", "kind", "label", "help", "is_segment", "is_required", "choices", "scale")
    stored: list[sheets.Row] = list(Question.objects.filter(survey=survey).order_by("position").values(*fields))
    rows = stored
    if request.method == "POST":
        known = {row["key"]: row["choices"] for row in stored}
        rows = sheets.questions(dict(request.POST.lists()), survey.languages, known)

    def write(told: list[sheets.Row], **common: Any) -> Survey:
        return editing.set_questions(survey_id=pk, questions=told, **common)

    return _sheet_page(request, survey, "survey_questions", "surveys/host/questions.html", rows, stored, write)


def _sheet_page(
    request: WorkspaceRequest,
    survey: Survey,
    here: str,
    template: str,
    rows: list[sheets.Row],
    stored: list[sheets.Row],
    write: Write,
) -> HttpResponse:
    tried = Tried()
    if request.method == "POST":
        rows = sheets.act(rows, request.POST.get("action", ""))
        tried = _try(request, write, rows)
        if not (tried.problems or tried.is_stale):
            messages.success(request, _("Saved."))
            return redirect(here, survey.pk)
    context = {
        **_context(request, survey, here),
        "rows": [_row(row, survey.languages) for row in [*rows, {}]],
        "kinds": QuestionKind.choices,
        "problems": tried.problems,
        "conflicts": _differences(rows, stored) if tried.is_stale else [],
    }
    status = 409 if tried.is_stale else 422 if tried.problems else 200
    return render(request, template, context, status=status)


def _try(request: WorkspaceRequest, write: Write, rows: list[sheets.Row]) -> Tried:
    try:
        write(rows, actor=actor_of(request), now=timezone.now(), expected_version=_version(request))
    except StaleVersionError:
        return Tried(is_stale=True)
    except ValidationError as error:
        return Tried(problems=error.messages)
    return Tried()


def _version(request: WorkspaceRequest) -> int:
    """The version the page was made from; one that is no number is older than any."""
    sent = request.POST.get("version", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else 0


def _context(request: WorkspaceRequest, survey: Survey, here: str) -> dict[str, Any]:
    stage = editing.stage_of(survey)
    wanted = request.GET.get("preview") or get_language() or ""
    shown = wanted if wanted in survey.languages else survey.languages[0]
    names = [{"code": code, "name": host_words.LANGUAGE_NAMES.get(code, code)} for code in survey.languages]
    return {
        **frame.context(survey, here),
        "stage": stage.value,
        "columns": names,
        "version": survey.version,
        "previews": [{"code": code, "current": code == shown} for code in survey.languages],
        "preview_url": f"{frame.test_path(survey)}&lang={shown}",
    }


def _row(row: sheets.Row, languages: Sequence[str]) -> dict[str, Any]:
    """A row as the template shows it: texts in the order of the columns."""
    choices, scale = row.get("choices") or [], row.get("scale") or {}
    return {
        **row,
        "columns": [
            {
                "code": code,
                "name": host_words.LANGUAGE_NAMES.get(code, code),
                "label": (row.get("label") or {}).get(code, ""),
                "help": (row.get("help") or {}).get(code, ""),
                "choices": "\n".join((choice.get("label") or {}).get(code, "") for choice in choices),
                "min_label": (scale.get("min_label") or {}).get(code, ""),
                "max_label": (scale.get("max_label") or {}).get(code, ""),
            }
            for code in languages
        ],
    }


def _differences(rows: Sequence[sheets.Row], stored: Sequence[sheets.Row]) -> list[tuple[str, str, str]]:
    """Per key what was typed and what stands there, where the two differ."""
    typed, now = ({row["key"]: row for row in each} for each in (rows, stored))
    return [
        (key, _in_words(typed.get(key)), _in_words(now.get(key)))
        for key in dict.fromkeys([*typed, *now])
        if typed.get(key) != now.get(key)
    ]


def _in_words(row: sheets.Row | None) -> str:
    """What a row says, to be compared by eye."""
    if row is None:
        return "–"
    choices = [choice.get("label") for choice in row.get("choices") or []]
    said = [row.get("label"), row.get("help"), choices, _("retired") if row.get("is_retired") else ""]
    return " / ".join(host_words.shown(each) for each in said if each)
