"""What was said to the score and the further questions of a survey, as counting needs it."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from surveys.models import Kind, Question, Response, Survey
from surveys.results.asked import Asked
from surveys.results.document import Question as Segment
from surveys.results.measures import SCORE, Measure
from surveys.results.people import Person, grouped, token
from surveys.selectors import counting

SCORED = (Kind.NPS, Kind.CSAT, Kind.CES)
_NAMESAKE = "question-"


def questions_of(survey: Survey) -> list[Question]:
    """The questions that are measures, in order; segment questions divide and are none."""
    segments = {question.key for question in counting.segment_questions(survey)}
    rows = Question.objects.filter(survey=survey).order_by("position", "key")
    return [question for question in rows if question.key not in segments]


def measures_of(survey: Survey, questions: list[Question]) -> list[Measure]:
    """The score, if the kind has one, and then every question."""
    found = [Measure.of_score(survey.kind)] if survey.kind in SCORED else []
    return found + [_measure(question) for question in questions]


def key_of(question: Question) -> str:
    """A question may be named as the score is; its measure then has another name."""
    return f"{_NAMESAKE}{question.key}" if question.key == SCORE else question.key


def _measure(question: Question) -> Measure:
    choices = tuple(str(choice["key"]) for choice in question.choices)
    low, high = int(question.scale.get("min", 1)), int(question.scale.get("max", 5))
    return Measure(key_of(question), question.kind, choices, low, high)


def words_of(survey: Survey, questions: list[Question]) -> list[dict[str, Any]]:
    """What each measure is called, with its choices and ends: the score first, if the kind has one."""
    scored = [{"key": SCORE, "kind": survey.kind, "label": survey.question, "choices": [], "scale": {}}]
    told = [
        {
            "key": key_of(question),
            "kind": question.kind,
            "label": question.label,
            "choices": question.choices,
            "scale": question.scale,
        }
        for question in questions
    ]
    return [*(scored if survey.kind in SCORED else []), *told]


def asked_of(survey: Survey, measures: list[Measure], segments: list[Question]) -> Asked:
    """Everybody whose answer counts, with what they said, in one query."""
    choices = {question.key: tuple(str(choice["key"]) for choice in question.choices) for question in segments}
    secret = settings.SECRET_KEY.encode()
    rows = counting.counted(survey).order_by("id")
    people = [
        Person(
            token=token(secret, "answer", row.pk.hex),
            choices=(),
            groups=grouped(row.segments, choices),
            values=_values(row, measures),
        )
        for row in rows.only("id", "segments", "score", "answers").iterator()
    ]
    return Asked(people, measures, [Segment(key, keys) for key, keys in choices.items()], survey.seed)


def _values(row: Response, measures: list[Measure]) -> dict[str, Any]:
    said = {measure.key: _said(row, measure) for measure in measures}
    return {measure.key: said[measure.key] for measure in measures if measure.holds(said[measure.key])}


def _said(row: Response, measure: Measure) -> Any:
    if measure.key == SCORE:
        return row.score
    return row.answers.get(SCORE if measure.key == _NAMESAKE + SCORE else measure.key)
