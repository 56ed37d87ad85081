"""Asking again: a wave has the keys and the wording of the one before, so that the two can be compared."""

from __future__ import annotations

import re
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit
from surveys.models import Option, Question, Survey
from surveys.services import building

_COPIED = (
    "audience", "checks", "languages", "title", "intro", "question", "thanks", "purpose", "hosts", "allow_other",
    "confirm_by_email", "is_listed", "publish_rows", "licence", "retention_days",
)  # fmt: skip
_QUESTION = ("key", "kind", "label", "help", "choices", "scale", "is_segment", "is_required")
_YEAR = re.compile(r"-?\d{4}$")


def suggestion(survey: Survey, today: date) -> dict[str, str]:
    """Address and name of the wave after ``survey``: its series with this year, or the next where that is taken."""
    stem = _YEAR.sub("", survey.slug)[:50]
    taken = set(Survey.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    year = next(year for year in range(today.year, today.year + len(taken) + 1) if f"{stem}-{year}" not in taken)
    return {"slug": f"{stem}-{year}", "wave": str(year)}


@transaction.atomic
def next_wave(*, survey_id: UUID, slug: str, wave: str, actor: audit.Actor, now: datetime) -> Survey:
    """A draft with everything that ``survey_id`` asks, but its dates and retired options, in the same series.

    Raises ``Survey.DoesNotExist``; ``ValidationError`` by field: slug taken, wave named as another of the series.
    """
    before = Survey.objects.select_for_update(of=("self",), no_key=True).get(pk=survey_id)
    series = before.series or before.slug
    if wave and Survey.objects.filter(series=series, wave=wave).exists():
        raise ValidationError({"wave": _("This series already has a wave of this name.")})
    if not before.series:
        before.series, before.updated_at, before.version = series, now, before.version + 1
        before.save(update_fields=["series", "updated_at", "version"])
    options = Option.objects.filter(survey=before, retired_at__isnull=True).order_by("number")
    questions = Question.objects.filter(survey=before).order_by("position")
    made = building.create_survey(
        kind=before.kind,
        slug=slug,
        actor=actor,
        now=now,
        options=list(options.values("key", "label", "help")),
        questions=list(questions.values(*_QUESTION)),
        series=series,
        wave=wave,
        **{field: getattr(before, field) for field in _COPIED},
    )
    data = {"from": str(before.pk), "series": series}
    audit.record(actor=actor, action="survey.wave_started", subject=made, data=data, now=now)
    return made
