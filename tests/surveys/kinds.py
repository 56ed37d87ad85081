"""Answers to surveys of other kinds than top 3, many at once. Use inside ``workspace_scope``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from csplatform.core import audit
from csplatform.core.ids import uuid7
from surveys.models import Response, Survey
from surveys.services import building, lifecycle
from tests.factories import NOW
from tests.surveys.factories import ROLE

TITLE = {"en": "How was it?", "fr": "C’était comment ?", "de": "Wie war es?"}
FRUIT: list[dict[str, Any]] = [
    {"key": key, "label": {"en": key.title(), "fr": key, "de": key}} for key in ("apple", "pear", "plum")
]
QUESTIONS: list[dict[str, Any]] = [
    {"key": "one", "kind": "single", "label": TITLE, "choices": FRUIT},
    {"key": "some", "kind": "multiple", "label": TITLE, "choices": FRUIT},
    {"key": "how", "kind": "scale", "label": TITLE, "scale": {"min": 1, "max": 5, "min_label": {"en": "bad"}}},
    {"key": "order", "kind": "ranking", "label": TITLE, "choices": FRUIT},
    {"key": "why", "kind": "text", "label": TITLE},
]


def opened(kind: str, *, slug: str = "", **settings: Any) -> Survey:
    """An open survey of ``kind`` with one segment question; a form asks one question of each kind, too."""
    further = QUESTIONS if kind == "form" else [QUESTIONS[-1]]
    told = {"title": TITLE, "questions": [ROLE, *further], **settings}
    survey = building.create_survey(kind=kind, slug=slug or kind, actor=audit.SYSTEM, now=NOW, **told)
    return lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)


def said(
    survey: Survey,
    n: int,
    *,
    score: int | None = None,
    role: str = "leader",
    answers: Mapping[str, Any] | None = None,
    at: datetime = NOW,
    **fields: Any,
) -> Sequence[Response]:
    """``n`` answers alike but for their keys."""
    return Response.objects.bulk_create(
        Response(
            workspace_id=survey.workspace_id,
            survey=survey,
            score=score,
            segments={"role": role} if role else {},
            answers=dict(answers or {}),
            submission_key=(key := uuid7().hex),
            receipt_hash=key,
            occurred_at=at,
            known_at=at,
            **fields,
        )
        for _ in range(n)
    )
