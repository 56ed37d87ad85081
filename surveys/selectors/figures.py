"""The figures of NPS, CSAT, CES and questionnaire surveys as they stand now, for hosts and the REST interface."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth, TruncWeek

from surveys.models import (
    COUNTING,
    Audience,
    Question,
    QuestionKind,
    Response,
    SendState,
    Survey,
    SurveyInvitation,
    pick,
)
from surveys.results import measure_groups
from surveys.results.asked import Asked
from surveys.results.measures import SCORE, figures
from surveys.results.privacy import hide
from surveys.selectors import asked as reads
from surveys.selectors import counting
from surveys.selectors.voice import Cell

_WEEKS_MOST = timedelta(weeks=26)
MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """``measures`` as in `surveys.results.measures`, each with its ``groups``; ``asked``: the words of each measure."""

    n: int
    measures: list[dict[str, Any]]
    asked: list[dict[str, Any]]
    segments: list[dict[str, Any]]
    is_named: bool


def is_named(survey: Survey) -> bool:
    """Whether all answers carry the names of those who gave them: then small groups hide nobody.

    Own customers may answer by the plain link too; one answer without a name, and groups are hidden as everywhere.
    """
    nameless = counting.counted(survey).filter(customer__isnull=True)
    return survey.audience == Audience.CUSTOMERS and not nameless.exists()


def figures_of(survey: Survey) -> Figures:
    """All figures, however few have answered; groups by the rules of publication unless answers carry names."""
    questions, segments = reads.questions_of(survey), counting.segment_questions(survey)
    measures = reads.measures_of(survey, questions)
    asked = reads.asked_of(survey, measures, segments)
    named = is_named(survey)
    decided = (
        measure_groups.nothing_hidden(asked.questions)
        if named
        else measure_groups.hiding_of(asked.people, asked.questions)
    )
    return Figures(
        n=len(asked.people),
        measures=[_measure(asked, number, decided, named) for number in range(len(measures))],
        asked=reads.words_of(survey, questions),
        segments=[{"key": each.key, "label": each.label, "choices": each.choices} for each in segments],
        is_named=named,
    )


def _measure(asked: Asked, number: int, decided: Any, named: bool) -> dict[str, Any]:
    measure = asked.measures[number]
    people = asked.who_answered(measure.key)
    found = figures(measure, [person.values[measure.key] for person in people])
    found["groups"] = (
        measure_groups.tables(people, measure, asked.questions, decided, seed=asked.seed, is_named=named)
        if people and measure.kind != QuestionKind.TEXT
        else []
    )
    return found


def tally_of(survey: Survey, *, language: str) -> dict[str, Any]:
    """As the REST interface tells it: ``n``, the score with interval and distribution, and every question's figures."""
    questions = reads.questions_of(survey)
    measures = reads.measures_of(survey, questions)
    asked = reads.asked_of(survey, measures, [])
    told: dict[str, Any] = {"n": len(asked.people), "options": [], "questions": []}
    for measure, named in zip(measures, reads.words_of(survey, questions), strict=True):
        found = figures(measure, [person.values[measure.key] for person in asked.who_answered(measure.key)])
        if measure.key == SCORE:
            told |= {"score": found["value"], "interval": found["interval"], "distribution": found["distribution"]}
        else:
            label = pick(named["label"], language, survey.languages)
            told["questions"].append({**found, "label": label})
    return told


# -- how many of those asked answered, and when ------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Asking:
    """Personal invitations: mailed and not come back; answered by those invited; come back or failed."""

    mailed: int = 0
    answered: int = 0
    lost: int = 0

    @property
    def rate(self) -> float | None:
        """The share of those mailed who answered; None where nobody was."""
        return self.answered / self.mailed if self.mailed else None


def asking_of(survey: Survey) -> Asking:
    """In one query."""
    arrived = Q(sent_at__isnull=False) & ~Q(state=SendState.BOUNCED)
    found = SurveyInvitation.objects.filter(survey=survey).aggregate(
        mailed=Count("pk", filter=arrived | Q(answered_at__isnull=False)),
        answered=Count("pk", filter=Q(answered_at__isnull=False)),
        lost=Count("pk", filter=Q(state__in=(SendState.BOUNCED, SendState.FAILED))),
    )
    return Asking(**found)


def periods_of(survey: Survey) -> tuple[list[Cell], bool]:
    """How often each score was given by week (by month where the survey ran long), and whether some were left out.

    Where answers carry no names, a period under ten answers is left out, and another with it where only one would be.
    """
    rows = _scored(survey)
    ends = rows.order_by("occurred_at").values_list("occurred_at", flat=True)
    first, last = ends.first(), ends.last()
    if first is None or last is None:
        return [], False
    period = (TruncWeek if last - first <= _WEEKS_MOST else TruncMonth)("occurred_at")
    counted = rows.annotate(period=period).values_list("period", "score").annotate(n=Count("id")).order_by("period")
    cells = [Cell("", day.date(), score, n) for day, score, n in counted if score is not None]
    return _kept(cells, named=is_named(survey))


def waves_of(survey: Survey) -> list[Cell]:
    """How often each score was given in each wave of the same kind, by the day it opened; empty for a single one."""
    if not survey.series:
        return []
    rows = (
        Response.objects.filter(survey__series=survey.series, survey__kind=survey.kind, score__isnull=False)
        .filter(is_test=False, status__in=COUNTING, survey__opened_at__isnull=False)
        .values_list("survey__opened_at", "score")
        .annotate(n=Count("id"))
        .order_by("survey__opened_at")
    )
    cells = [Cell("", at.date(), score, n) for at, score, n in rows if at is not None and score is not None]
    kept, _left_out = _kept(cells, named=is_named(survey))
    return kept if len({cell.month for cell in kept}) > 1 else []


def _scored(survey: Survey) -> QuerySet[Response]:
    return counting.counted(survey).filter(score__isnull=False)


def _kept(cells: list[Cell], *, named: bool) -> tuple[list[Cell], bool]:
    if named:
        return cells, False
    sizes: Counter[date] = Counter()
    for cell in cells:
        sizes[cell.month] += cell.n
    hidden = set(hide({day.isoformat(): n for day, n in sizes.items()}).groups)
    return [cell for cell in cells if cell.month.isoformat() not in hidden], bool(hidden)


# -- words -------------------------------------------------------------------------------------------
def words_of(survey: Survey) -> list[Response]:
    """The newest answers that say something in own words, with the customer where answers carry names."""
    keys = [
        question.key
        for question in Question.objects.filter(survey=survey, kind=QuestionKind.TEXT).order_by("position", "key")
    ]
    wanted = Q()
    for key in keys:
        wanted |= Q(answers__has_key=key)
    if not keys:
        return []
    rows = counting.counted(survey).filter(wanted).select_related("customer", "contact")
    return list(rows.order_by("-occurred_at", "-id")[:MOST_WORDS])
