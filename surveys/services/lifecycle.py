"""From draft to published: what each step asks for, and what it fixes."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from csplatform.core import audit, outbox
from surveys.models import Kind, Option, Question, QuestionKind, State, Survey

METHOD: dict[str, Any] = {
    "headline": "mention_share",
    "interval": "wilson",
    "level": 0.95,
    "rank_sets": "max_t_bootstrap",
    "resamples": 1000,
    "borda": [3, 2, 1],
    "smallest_group": 10,
}
"""How top-3 results are counted; written into the survey when it opens, and shown from then on."""

_HEADLINES = {
    Kind.NPS: ("promoters_less_detractors", "adjusted_wald"),
    Kind.CSAT: ("share_of_4_and_5", "wilson"),
    Kind.CES: ("mean_of_1_to_7", "student"),
    Kind.FORM: ("by_question", "wilson_or_student"),
}


def method_of(kind: str) -> dict[str, Any]:
    """How the results of a survey of ``kind`` are counted."""
    if kind == Kind.TOP3:
        return METHOD
    headline, interval = _HEADLINES[Kind(kind)]
    return {"headline": headline, "interval": interval, "level": 0.95, "smallest_group": 10}


WITH_CHOICES = (QuestionKind.SINGLE, QuestionKind.MULTIPLE, QuestionKind.RANKING)


def locked(survey_id: UUID) -> Survey:
    """The survey, locked until the transaction ends; raises ``Survey.DoesNotExist``."""
    return Survey.objects.select_for_update(of=("self",), no_key=True).get(pk=survey_id)


def open_survey(*, survey_id: UUID, actor: audit.Actor, now: datetime) -> Survey:
    """Let people answer, from ``now``. A closed survey opens again, a published one never.

    Fixes the counting method at the first opening. Raises ``ValidationError`` naming what is missing.
    """
    survey = locked(survey_id)
    if survey.state == State.OPEN:
        return survey
    if survey.state == State.PUBLISHED:
        raise ValidationError(_("The results are published, so this edition stays closed. Start a new wave instead."))
    if survey.closes_at is not None and survey.closes_at <= now:
        raise ValidationError({"closes_at": _("It would close at once: choose a later closing time.")})
    _check_complete(survey)
    if survey.opened_at is None:
        survey.method, survey.seed, survey.opened_at = method_of(survey.kind), secrets.randbits(62), now
    survey.state, survey.closed_at = State.OPEN, None
    return _moved(survey, "survey.opened", actor, now)


def close_survey(*, survey_id: UUID, actor: audit.Actor, now: datetime) -> Survey:
    """Take no more answers. Raises ``ValidationError`` for a survey that never opened."""
    survey = locked(survey_id)
    if survey.state in (State.CLOSED, State.PUBLISHED):
        return survey
    if survey.state == State.DRAFT:
        raise ValidationError(_("This survey has not been opened yet."))
    survey.state, survey.closed_at = State.CLOSED, now
    return _moved(survey, "survey.closed", actor, now)


def _moved(survey: Survey, action: str, actor: audit.Actor, now: datetime) -> Survey:
    survey.updated_at = now
    survey.version += 1
    survey.save()
    audit.record(actor=actor, action=action, subject=survey, now=now)
    outbox.publish(workspace_id=survey.workspace_id, name=action, payload={"survey_id": str(survey.pk)}, now=now)
    return survey


def _check_complete(survey: Survey) -> None:
    told = faults(survey)
    if told:
        raise ValidationError(told)


def faults(survey: Survey) -> dict[str, str]:
    """What keeps ``survey`` from opening, by field: too little to choose from, texts missing in a language."""
    missing: dict[str, list[str]] = {}
    told: dict[str, str] = {}
    for field in ("title", "question"):
        missing[field] = _absent(getattr(survey, field), survey)
    if survey.kind == Kind.TOP3:
        options = list(Option.objects.filter(survey=survey, retired_at__isnull=True))
        if len(options) < 2:
            told["options"] = _("Offer at least two options to choose from.")
        for option in options:
            missing[f"options.{option.key}"] = _absent(option.label, survey)
    for question in Question.objects.filter(survey=survey):
        name = f"questions.{question.key}"
        missing[name] = _absent(question.label, survey)
        if question.kind in WITH_CHOICES and len(question.choices) < 2:
            told[name] = _("Offer at least two choices.")
        for choice in question.choices:
            missing[f"{name}.{choice['key']}"] = _absent(choice.get("label") or {}, survey)
    return {
        **{field: _("Missing in: %(languages)s") % {"languages": ", ".join(ls)} for field, ls in missing.items() if ls},
        **told,
    }


def _absent(texts: dict[str, str], survey: Survey) -> list[str]:
    return [language for language in survey.languages if not texts.get(language)]
