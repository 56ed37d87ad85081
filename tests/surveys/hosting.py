"""Answers as rows, for pages that only read them. Use inside ``workspace_scope``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from surveys.models import OptIn, Response, Survey
from surveys.services import building, lifecycle
from tests.factories import NOW


def starter(slug: str = "top-2026", *, opened: bool = True, **settings: Any) -> Survey:
    """The top-3 starter, open unless ``opened`` says otherwise."""
    survey = building.create_from_starter(slug=slug, actor=audit.SYSTEM, now=NOW, **settings)
    return lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW) if opened else survey


def answered(survey: Survey, n: int = 1, *, at: datetime = NOW, **fields: Any) -> list[Response]:
    """``n`` answers to ``survey``, alike but for their keys."""
    told = {"choices": [1, 2, 3], "occurred_at": at, "known_at": at, **fields}
    return Response.objects.bulk_create(
        Response(
            workspace_id=survey.workspace_id,
            survey=survey,
            submission_key=(key := uuid7().hex),
            receipt_hash=key,
            **told,
        )
        for _ in range(n)
    )


def wants_peers(survey: Survey, *names: str, challenge: int = 2, **fields: Any) -> list[OptIn]:
    """People who asked to meet peers with ``challenge`` (an option number). Opens its own scope."""
    with workspace_scope(survey.workspace_id):
        return [
            OptIn.objects.create(
                workspace_id=survey.workspace_id, survey=survey, email=f"{name}@guests.example", wants_peers=True,
                challenge=challenge, given_on=NOW.date(), **fields,
            )
            for name in names
        ]  # fmt: skip
