"""Reads for the results pages: the published versions and the log of corrections. Inside a workspace's scope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, Max

from surveys.models import Correction, Erasure, Publication


def stamp(survey_id: UUID) -> tuple[int, int, int] | None:
    """What changes with everything a results page shows: newest version, corrections, erasures. None: not published."""
    number = Publication.objects.filter(survey_id=survey_id).aggregate(newest=Max("number"))["newest"]
    if number is None:
        return None
    corrections = Correction.objects.filter(survey_id=survey_id).aggregate(count=Count("pk"))["count"]
    erasures = Erasure.objects.filter(survey_id=survey_id).aggregate(count=Count("pk"))["count"]
    return number, corrections, erasures


def version(survey_id: UUID, number: int | None = None) -> Publication | None:
    """One version, the newest without ``number``; None where there is none."""
    found = Publication.objects.filter(survey_id=survey_id).defer("basis")
    return (found.filter(number=number) if number else found.order_by("-number")).first()


def corrections(survey_id: UUID, *, up_to: int) -> list[dict[str, Any]]:
    """The log up to a version, newest first."""
    found = Correction.objects.filter(survey_id=survey_id, number__lte=up_to).order_by("-at", "-id")
    return [
        {"on": at.date().isoformat(), "number": number, "text": text}
        for at, number, text in found.values_list("at", "number", "text")
    ]
