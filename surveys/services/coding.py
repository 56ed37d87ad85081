"""What answers in own words mean: merged into an option or gathered under a theme, each step in a ledger, with undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit
from surveys.models import COUNTING, Coding, CodingStep, Option, Response, Survey, Theme
from surveys.selectors.places import mentions_of, places_of
from surveys.services import building
from surveys.services.lifecycle import locked

MOST_AT_ONCE = 2_000


@transaction.atomic
def merge_into_option(
    *, survey_id: UUID, response_ids: Iterable[UUID], option_key: str, actor: audit.Actor, now: datetime
) -> CodingStep:
    """Count the own words of these answers as ``option_key``. The ledger says which places that changed.

    Raises ``Survey.DoesNotExist``; ``ValidationError`` by field: unknown option, no text among the answers.
    """
    survey = locked(survey_id)
    option = Option.objects.filter(survey=survey, key=option_key).first()
    if option is None:
        raise ValidationError({"target": _("This survey has no such option.")})
    rows = _texts(survey, response_ids)
    before = mentions_of(survey)
    was = {str(row.pk): {"option": str(row.other_option_id) if row.other_option_id else None} for row in rows}
    for row in rows:
        row.other_option = option
    Response.objects.bulk_update(rows, ["other_option"])
    return _step(survey, was, actor, now, option=option, effect=_effect(survey, before))


@transaction.atomic
def gather(
    *,
    survey_id: UUID,
    response_ids: Iterable[UUID],
    theme_id: UUID | None = None,
    label: Mapping[str, str] | None = None,
    actor: audit.Actor,
    now: datetime,
) -> CodingStep:
    """Put the own words of these answers under a theme: an existing one, or a new one called ``label``.

    Themes are listed beside the ranking and change no place. Raises as ``merge_into_option`` does.
    """
    survey = locked(survey_id)
    theme = _theme(survey, theme_id, label, now)
    rows = _texts(survey, response_ids)
    held = set(Coding.objects.filter(theme=theme, response__in=rows).values_list("response_id", flat=True))
    added = [row for row in rows if row.pk not in held]
    if not added:
        raise ValidationError({"answer": _("All of these texts are under this theme already.")})
    Coding.objects.bulk_create(Coding(workspace_id=survey.workspace_id, response=row, theme=theme) for row in added)
    was: dict[str, Any] = {str(row.pk): {"theme": False} for row in added}
    return _step(survey, was, actor, now, theme=theme, effect=[])


@transaction.atomic
def undo(*, survey_id: UUID, step_id: UUID, actor: audit.Actor, now: datetime) -> CodingStep:
    """Take a step back; the ledger keeps it, as undone. Undoing twice changes nothing.

    Raises ``CodingStep.DoesNotExist``; ``ValidationError`` when a later step concerns the same texts: undo that first.
    """
    survey = locked(survey_id)
    step = CodingStep.objects.select_related("theme", "option").get(pk=step_id, survey=survey)
    if step.undone_at is not None:
        return step
    later = CodingStep.objects.filter(survey=survey, pk__gt=step.pk, undone_at__isnull=True)
    same_kind = later.filter(option__isnull=False) if step.option_id else later.filter(theme=step.theme)
    if same_kind.filter(before__has_any_keys=list(step.before)).exists():
        raise ValidationError(_("A later step concerns some of the same texts: undo that one first."))
    if step.option_id:
        rows = list(Response.objects.select_for_update(of=("self",)).filter(survey=survey, pk__in=list(step.before)))
        for row in rows:
            # An answer its author has changed since says something else now, and is coded anew.
            if row.other_option_id == step.option_id:
                row.other_option_id = step.before[str(row.pk)]["option"]
        Response.objects.bulk_update(rows, ["other_option"])
    else:
        Coding.objects.filter(theme=step.theme, response__in=list(step.before)).delete()
    step.undone_at = now
    step.save(update_fields=["undone_at"])
    audit.record(actor=actor, action="survey.coding_undone", subject=survey, data={"step": str(step.pk)}, now=now)
    return step


def _texts(survey: Survey, response_ids: Iterable[UUID]) -> list[Response]:
    """The answers with own words among those named, locked."""
    ids = list(dict.fromkeys(response_ids))
    if len(ids) > MOST_AT_ONCE:
        raise ValidationError({"answer": _("At most %(n)d texts at once.") % {"n": MOST_AT_ONCE}})
    asked = Response.objects.select_for_update(of=("self",)).filter(survey=survey, pk__in=ids, is_test=False)
    rows = list(asked.exclude(other_text="").filter(status__in=COUNTING).order_by("pk"))
    if not rows:
        raise ValidationError({"answer": _("Tick at least one text.")})
    return rows


def _theme(survey: Survey, theme_id: UUID | None, label: Mapping[str, str] | None, now: datetime) -> Theme:
    if theme_id is not None:
        theme = Theme.objects.filter(survey=survey, pk=theme_id).first()
        if theme is None:
            raise ValidationError({"target": _("This survey has no such theme.")})
        return theme
    told = {language: " ".join(text.split())[:120] for language, text in (label or {}).items() if text.strip()}
    if not told or not building.is_text(told):
        raise ValidationError({"label": _("Give the new theme a name.")})
    if any(told.items() <= theme.label.items() for theme in Theme.objects.filter(survey=survey)):
        raise ValidationError({"label": _("There is a theme of this name: choose it from the list.")})
    return Theme.objects.create(workspace_id=survey.workspace_id, survey=survey, label=told, created_at=now)


def _effect(survey: Survey, before: dict[int, int]) -> list[dict[str, Any]]:
    old, new = places_of(before), places_of(mentions_of(survey))
    keys = dict(Option.objects.filter(survey=survey).values_list("number", "key"))
    return [
        {"option": keys[number], "from": old[number], "to": new[number]}
        for number in sorted(new, key=lambda number: new[number])
        if old.get(number) != new[number]
    ]


def _step(
    survey: Survey,
    before: Mapping[str, Any],
    actor: audit.Actor,
    now: datetime,
    *,
    effect: list[dict[str, Any]],
    option: Option | None = None,
    theme: Theme | None = None,
) -> CodingStep:
    step = CodingStep.objects.create(
        workspace_id=survey.workspace_id,
        survey=survey,
        at=now,
        by_label=actor.label[:200],
        option=option,
        theme=theme,
        count=len(before),
        before=dict(before),
        effect=effect,
    )
    data = {"step": str(step.pk), "texts": len(before), "option": option.key if option else None}
    audit.record(actor=actor, action="survey.texts_coded", subject=survey, data=data, now=now)
    return step
