"""Notes to the readers of published results: what a version changed, or what to know about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from csplatform.core import audit
from surveys.models import Correction, Publication
from surveys.services import building
from surveys.services.lifecycle import locked


@transaction.atomic
def add_correction(*, survey_id: UUID, text: Mapping[str, str], actor: audit.Actor, now: datetime) -> Correction:
    """Add a line to the log of the newest version. Lines are never changed: a wrong one is corrected by another.

    Raises ``Survey.DoesNotExist``; ``ValidationError`` for results that are not published and texts that say nothing.
    """
    survey = locked(survey_id)
    number = Publication.objects.filter(survey=survey).aggregate(newest=Max("number"))["newest"]
    if number is None:
        raise ValidationError(_("There are no published results to correct yet."))
    told = {language: said.strip() for language, said in text.items() if said.strip()}
    if not told or not building.is_text(told):
        raise ValidationError({"text": _("Say in at least one language what readers should know.")})
    correction = Correction.objects.create(
        workspace_id=survey.workspace_id, survey=survey, at=now, number=number, text=told, by_label=actor.label[:200]
    )
    data = {"number": number}
    audit.record(actor=actor, action="survey.correction_added", subject=survey, data=data, now=now)
    return correction
