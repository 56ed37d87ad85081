"""The figures of a score or a questionnaire, for its hosts: how sure, how spread, by whom, since when, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.middleware import WorkspaceRequest
from surveys import voice_figures
from surveys.models import Audience, Kind, QuestionKind, Response, Survey, pick
from surveys.results import asked_csv, asked_section
from surveys.results.privacy import SMALLEST
from surveys.results.rows import as_csv
from surveys.selectors import asked, counting, voice
from surveys.selectors import figures as reads
from surveys.views import frame
from surveys.views.access import find, host_page

_EVER = datetime(2000, 1, 1, tzinfo=UTC)


@host_page()
def figures(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Everything counted about one survey of another kind than top 3, as it stands now."""
    survey = find(pk)
    if survey.kind == Kind.TOP3:  # its figures stand on the page of its results
        return redirect("survey_publish", pk)
    found = reads.figures_of(survey)
    by = request.GET.get("by", "")
    by = by if by in voice.GROUPINGS else voice.GROUPINGS[0]
    asking = reads.asking_of(survey)
    context = {
        **frame.context(survey, "survey_figures"),
        "found": found,
        "asking": asking,
        "sections": _sections(survey, found),
        "smallest": SMALLEST,
        "kind_label": survey.get_kind_display(),
        **(_over_time(survey) if survey.kind in asked.SCORED and found.n else {}),
        **(_customers(survey, by) if survey.kind in asked.SCORED and survey.audience == Audience.CUSTOMERS else {}),
        "words": _words(survey),
        "most_words": reads.MOST_WORDS,
    }
    return render(request, "surveys/host/figures.html", context)


@host_page()
def figures_csv(_request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """Every figure of the page, one a line."""
    survey = find(pk)
    if survey.kind == Kind.TOP3:  # its figures stand on the page of its results
        return redirect("survey_publish", pk)
    found = reads.figures_of(survey)
    return _file(f"{survey.slug}-figures.csv", asked_csv.figures_table(found.n, found.measures))


@host_page()
def answers_csv(_request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """One row an answer. Without names there is neither a group nor a time in it: both would tell who it was."""
    survey = find(pk)
    if survey.kind == Kind.TOP3:  # its figures stand on the page of its results
        return redirect("survey_publish", pk)
    questions = [each.key for each in asked.questions_of(survey)]
    named = reads.is_named(survey)
    segments = [each.key for each in counting.segment_questions(survey)] if named else []
    rows = counting.counted(survey).select_related("customer", "contact").order_by("occurred_at", "id")
    lines = [_line(row, questions, segments, named=named) for row in rows.iterator()]
    header = [
        *(("on", "customer", "contact") if named else ()),
        "score",
        *(f"answer_{key}" for key in questions),
        *(f"segment_{key}" for key in segments),
    ]
    return _file(f"{survey.slug}-answers.csv", as_csv(header, lines if named else sorted(lines, key=_as_text)))


def _file(name: str, text: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


def _line(row: Response, questions: Sequence[str], segments: Sequence[str], *, named: bool) -> list[Any]:
    who: list[Any] = []
    if named:
        day = timezone.localtime(row.occurred_at).date().isoformat()
        who = [day, row.customer.name if row.customer else "", str(row.contact) if row.contact else ""]
    score = "" if row.score is None else row.score
    said = [_cell(row.answers.get(key)) for key in questions]
    return [*who, score, *said, *(row.segments.get(key, "") for key in segments)]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return "|".join(value) if isinstance(value, list) else value


def _as_text(line: Iterable[Any]) -> list[str]:
    return [str(value) for value in line]


def _sections(survey: Survey, found: reads.Figures) -> list[dict[str, Any]]:
    language = get_language() or "en"
    labels = {
        each["key"]: {
            **{
                str(choice["key"]): pick(choice.get("label", {}), language, survey.languages) or str(choice["key"])
                for choice in each["choices"]
            },
            "": pick(each["label"], language, survey.languages),
        }
        for each in found.asked
    }
    scales = {each["key"]: each["scale"] for each in found.asked}
    segments = {
        each["key"]: {
            "label": pick(each["label"], language, survey.languages),
            "choices": {
                str(choice["key"]): pick(choice.get("label", {}), language, survey.languages) or str(choice["key"])
                for choice in each["choices"]
            },
        }
        for each in found.segments
    }
    return [
        asked_section.section(measure, labels[measure["key"]], segments, scales[measure["key"]], survey.languages)
        for measure in found.measures
        if measure["n"]
    ]


def _over_time(survey: Survey) -> dict[str, Any]:
    """The figure by week or month, and by wave where there were others."""
    cells, left_out = reads.periods_of(survey)
    waves = reads.waves_of(survey)
    return {
        "trend": _chart(survey.kind, cells) if len({cell.month for cell in cells}) > 1 else None,
        "left_out": left_out,
        "waves": _chart(survey.kind, waves) if waves else None,
    }


def _chart(kind: str, cells: Sequence[voice.Cell]) -> dict[str, Any]:
    days = sorted({cell.month for cell in cells})
    margin = max(timedelta(days=3), (days[-1] - days[0]) / 12)
    return {**voice_figures.overall(kind, cells, days[0] - margin, days[-1] + margin), "is_dated": True}


def _customers(survey: Survey, by: str) -> dict[str, Any]:
    """The figure by what is known of the customers who answered."""
    cells = voice.histogram(survey.kind, by, _EVER, survey_id=survey.pk)
    labels = (_("Industry"), _("Country"), _("CSM"), _("Plan"))
    return {
        "groupings": [
            {"label": label, "url": f"?by={key}", "current": key == by}
            for key, label in zip(voice.GROUPINGS, labels, strict=True)
        ],
        "customer_groups": voice_figures.ranges(survey.kind, cells, _("None given")),
    }


def _words(survey: Survey) -> list[dict[str, Any]]:
    texts = {each.key: each for each in asked.questions_of(survey) if each.kind == QuestionKind.TEXT}
    language = get_language() or "en"
    named = survey.audience == Audience.CUSTOMERS
    return [
        {
            "said": [
                {"question": pick(texts[key].label, language, survey.languages), "text": row.answers[key]}
                for key in texts
                if row.answers.get(key)
            ],
            "language": row.language,
            "score": row.score,
            "tone": voice_figures.tone(survey.kind, row.score) if row.score is not None else "",
            "word": voice_figures.word(survey.kind, row.score) if row.score is not None else "",
            "customer": row.customer if named else None,
            "url": reverse("customer_detail", args=[row.customer_id]) if named and row.customer_id else "",
            "who": (row.contact.role or str(row.contact)) if named and row.contact else "",
            "may_quote": row.may_quote,
        }
        for row in reads.words_of(survey)
    ]
