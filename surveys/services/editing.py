"""Changing what a survey asks: settings and texts, options, questions. Each call names the version it has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.services.results import StaleVersionError
from csplatform.core import audit
from surveys import locking
from surveys.locking import Stage
from surveys.models import Option, PublicSlug, Question, Response, Survey
from surveys.services import building
from surveys.services.lifecycle import locked

EDITABLE = frozenset(
    {
        "title", "intro", "question", "thanks", "purpose", "languages", "hosts", "wave", "audience", "checks",
        "allow_other", "is_listed", "publish_rows", "licence", "retention_days", "opens_at", "closes_at",
        "publishes_at", "results_on", "confirm_by_email",
    }
)  # fmt: skip
"""What ``update_survey`` takes."""
FIXED = gettext_lazy(
    "People have answered with this as it stands, so it stays. Start a new wave to ask something different."
)


def stage_of(survey: Survey) -> Stage:
    """How far the survey is, as far as changing it goes."""
    answered = Response.objects.filter(survey=survey, is_test=False).exists()
    return locking.stage(was_opened=survey.opened_at is not None, has_answers=answered)


@transaction.atomic
def update_survey(
    *,
    survey_id: UUID,
    told: Mapping[str, Any],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Survey:
    """Set the fields in ``told`` (any of ``EDITABLE``); None as ``expected_version`` takes whatever stands there.

    Raises ``Survey.DoesNotExist``, ``StaleVersionError``, ``ValidationError`` by field.
    """
    survey = _to_change(survey_id, expected_version)
    unknown = sorted(set(told) - EDITABLE)
    if unknown:
        raise ValidationError({field: _("This cannot be set.") for field in unknown})
    before = {field: getattr(survey, field) for field in told}
    refused = locking.locked_fields(stage_of(survey), before, told)
    if refused:
        raise ValidationError(dict.fromkeys(sorted(refused), FIXED))
    changed = sorted(field for field in told if before[field] != told[field])
    if not changed:
        return survey
    for field in changed:
        setattr(survey, field, told[field])
    building.check(survey)
    return _saved(survey, "survey.changed", {"fields": changed}, actor, now)


@transaction.atomic
def set_options(
    *,
    survey_id: UUID,
    options: Sequence[Mapping[str, Any]],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Survey:
    """Make ``options`` (``{"key", "label", "help"?, "is_retired"?}``, in order) the options of the survey.

    A draft takes them as they are. Once open, a missing one is retired instead of deleted, and new ones come last;
    after the first counted answer options can only be retired and brought back. Raises as ``update_survey`` does.
    """
    survey = _to_change(survey_id, expected_version)
    stage = stage_of(survey)
    if stage is Stage.DRAFT:
        # Test answers name options by number, and numbers are given anew.
        Response.objects.filter(survey=survey).delete()
        Option.objects.filter(survey=survey).delete()
        building.add_options(survey, options)
    else:
        _change_options(survey, stage, options, now)
    return _saved(survey, "survey.options_changed", {"options": len(options)}, actor, now)


def _change_options(survey: Survey, stage: Stage, told: Sequence[Mapping[str, Any]], now: datetime) -> None:
    kept = {option.key: option for option in Option.objects.filter(survey=survey)}
    named = {str(each.get("key", "")) for each in told}
    new = [each for each in told if each.get("key") not in kept]
    if new and stage is Stage.ANSWERED:
        raise ValidationError(
            {"options": _("New options come with a new wave: those who answered could not choose them.")}
        )
    for key, option in kept.items():
        if key not in named:
            option.retired_at = option.retired_at or now
    for each in told:
        old = kept.get(str(each.get("key", "")))
        if old is not None:
            _change_option(old, each, stage, now)
    Option.objects.bulk_update(kept.values(), ["label", "help", "retired_at"])
    building.add_options(survey, new)


def _change_option(option: Option, told: Mapping[str, Any], stage: Stage, now: datetime) -> None:
    label, words = dict(told.get("label") or {}), dict(told.get("help") or {})
    if (label, words) != (option.label, option.help):
        if stage is Stage.ANSWERED:
            raise ValidationError({"options": f"{option.key}: {FIXED}"})
        building.check_option(option.key, label, words)
        option.label, option.help = label, words
    option.retired_at = (option.retired_at or now) if told.get("is_retired") else None


@transaction.atomic
def set_questions(
    *,
    survey_id: UUID,
    questions: Sequence[Mapping[str, Any]],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Survey:
    """Make ``questions`` (columns of ``Question``, in order) the further questions of the survey.

    Refused from the first counted answer on. Raises as ``update_survey`` does.
    """
    survey = _to_change(survey_id, expected_version)
    if stage_of(survey) is Stage.ANSWERED:
        raise ValidationError({"questions": FIXED})
    Question.objects.filter(survey=survey).delete()
    building.add_questions(survey, questions)
    return _saved(survey, "survey.questions_changed", {"questions": len(questions)}, actor, now)


@transaction.atomic
def delete_draft(*, survey_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Delete a survey that was never opened, with its test answers; its address is free again.

    Raises ``Survey.DoesNotExist``; ``ValidationError`` once it has been opened: people may hold its link.
    """
    survey = locked(survey_id)
    if stage_of(survey) is not Stage.DRAFT:
        raise ValidationError(_("This survey has been opened, so it stays. Close it instead."))
    audit.record(actor=actor, action="survey.deleted", subject=survey, data={"slug": survey.slug}, now=now)
    PublicSlug.objects.filter(survey_id=survey.pk).delete()
    survey.delete()


def _to_change(survey_id: UUID, expected_version: int | None) -> Survey:
    survey = locked(survey_id)
    if expected_version is not None and expected_version != survey.version:
        raise StaleVersionError(survey.version)
    return survey


def _saved(survey: Survey, action: str, data: dict[str, Any], actor: audit.Actor, now: datetime) -> Survey:
    survey.updated_at = now
    survey.version += 1
    survey.save()
    audit.record(actor=actor, action=action, subject=survey, data=data, now=now)
    return survey
