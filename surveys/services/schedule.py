"""What is due: surveys to open, to close, to publish. The dates stand in the surveys; the scheduler only asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from csplatform.core import audit
from csplatform.core.models import AuditEvent
from surveys.models import State, Survey
from surveys.services import lifecycle, publishing

log = structlog.get_logger()

ACTOR = audit.Actor(label="schedule")


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of step: which surveys it is due for at a moment, and who does it."""

    name: str
    due: Callable[[datetime], Q]
    take: Callable[..., Any]


STEPS = (
    Step("open", lambda now: Q(state=State.DRAFT, opens_at__lte=now), lifecycle.open_survey),
    Step("close", lambda now: Q(state=State.OPEN, closes_at__lte=now), lifecycle.close_survey),
    Step("publish", lambda now: Q(state__in=(State.OPEN, State.CLOSED), publishes_at__lte=now), publishing.publish),
)
"""In this order: what a sweep missed for long opens, closes and is published at once."""


def take_due(*, now: datetime) -> int:
    """Take every step that is due in the active workspace; returns how many were taken.

    A survey whose step is refused stays as it is and holds up no other; the audit trail says why, once for each
    reason. The next sweep tries again, so that a corrected survey needs nobody to remember it.
    """
    return sum(
        _take(step, survey_id, now)
        for step in STEPS
        for survey_id in Survey.objects.filter(step.due(now)).order_by("pk").values_list("pk", flat=True)
    )


def _take(step: Step, survey_id: UUID, now: datetime) -> int:
    try:
        with transaction.atomic():
            step.take(survey_id=survey_id, actor=ACTOR, now=now)
    except ValidationError as error:
        _tell(step, survey_id, _reasons(error), now)
        return 0
    except Survey.DoesNotExist:  # deleted since it was listed
        return 0
    except Exception as error:  # a fault of ours with one survey must not keep the others waiting
        log.exception("a survey's step failed", survey=str(survey_id), step=step.name)
        _tell(step, survey_id, {"": [type(error).__name__]}, now)
        return 0
    return 1


def _reasons(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"": list(error.messages)}


def _tell(step: Step, survey_id: UUID, reasons: dict[str, list[str]], now: datetime) -> None:
    told = {"step": step.name, "reasons": reasons}
    survey = Survey.objects.filter(pk=survey_id).first()
    earlier = AuditEvent.objects.filter(
        object_type=Survey._meta.label_lower, object_id=str(survey_id), action="survey.step_refused"
    )
    last = earlier.order_by("-at", "-id").first()
    if survey is not None and (last is None or last.data != told):
        audit.record(actor=ACTOR, action="survey.step_refused", subject=survey, data=told, now=now)
