"""Published versions as hosts see them, and what has changed since the last one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, Sum

from surveys.models import CodingStep, Correction, Erasure, OptIn, Publication, Removal, Survey


@dataclass(frozen=True, slots=True)
class Changes:
    """Since the newest version: answers removed (put back: negative), erased by their authors (by day: those of the
    day of publication count as later), and coding steps made or undone."""

    removed: int
    erased: int
    coded: int


def versions_of(survey: Survey) -> list[Publication]:
    """All versions, the newest first, without what they hold."""
    rows = Publication.objects.filter(survey=survey).defer("results", "rows", "basis")
    return list(rows.order_by("-number"))


def changes_since(survey: Survey, version: Publication) -> Changes:
    at = version.published_at
    steps = CodingStep.objects.filter(Q(at__gt=at, undone_at__isnull=True) | Q(at__lte=at, undone_at__gt=at))
    return Changes(
        removed=Removal.objects.filter(survey=survey, at__gt=at).aggregate(n=Sum("count"))["n"] or 0,
        erased=Erasure.objects.filter(survey=survey, on__gte=at.date()).count(),
        coded=steps.filter(survey=survey).count(),
    )


def corrections_of(survey: Survey) -> list[Correction]:
    """The log, the newest first."""
    return list(Correction.objects.filter(survey=survey).order_by("-at", "-id")[:100])


def waiting_for_results(survey: Survey) -> int:
    """How many people asked to be mailed the results and have not been yet."""
    return OptIn.objects.filter(survey=survey, wants_results=True, results_sent_at__isnull=True).count()
