"""Surveys and answers as hosts and respondents make them. Use inside ``workspace_scope``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csplatform.core import audit
from csplatform.core.ids import uuid7
from surveys.models import Kind, Survey
from surveys.services import answering, building, lifecycle
from tests.factories import NOW

TITLE = {"en": "Your top 3 challenges", "fr": "Vos 3 défis", "de": "Ihre Top 3"}
OPTIONS: list[dict[str, Any]] = [
    {"key": "value", "label": {"en": "Proving value", "fr": "Prouver la valeur", "de": "Nutzen belegen"}},
    {"key": "adoption", "label": {"en": "Low adoption", "fr": "Faible adoption", "de": "Geringe Nutzung"}},
    {"key": "data", "label": {"en": "Siloed data", "fr": "Données cloisonnées", "de": "Daten in Silos"}},
    {"key": "handover", "label": {"en": "Handover from sales", "fr": "Passage de relais", "de": "Übergabe"}},
    {"key": "forecast", "label": {"en": "Renewal forecasting", "fr": "Prévision", "de": "Vorhersage"}},
]
ROLE: dict[str, Any] = {
    "key": "role",
    "label": {"en": "Your role", "fr": "Votre rôle", "de": "Ihre Rolle"},
    "choices": [
        {"key": "leader", "label": {"en": "Leader", "fr": "Responsable", "de": "Leitung"}},
        {"key": "csm", "label": {"en": "CSM", "fr": "CSM", "de": "CSM"}},
    ],
    "is_segment": True,
}


def make_survey(*, slug: str = "top", opened: bool = True, now: datetime = NOW, **settings: Any) -> Survey:
    """A top-3 survey of five options and one segment question unless told otherwise; open unless ``opened=False``."""
    kind = settings.pop("kind", Kind.TOP3)
    usual = {"options": OPTIONS, "questions": [ROLE]} if kind == Kind.TOP3 else {}
    told = {"title": TITLE, **usual, **settings}
    survey = building.create_survey(kind=kind, slug=slug, actor=audit.SYSTEM, now=now, **told)
    return lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=now) if opened else survey


def answer(survey: Survey, *choices: str, now: datetime = NOW, **fields: Any) -> answering.Submitted:
    """An answer with ``choices`` by key, the biggest first; ``raw`` adds other fields of the form, the rest go to
    ``answering.submit``.
    """
    raw = {**{f"choice_{n}": key for n, key in enumerate(choices, 1)}, **fields.pop("raw", {})}
    told = {"submission_key": uuid7().hex, "language": "en", "sender": None, **fields}
    return answering.submit(survey=survey, raw=raw, now=now, **told)
