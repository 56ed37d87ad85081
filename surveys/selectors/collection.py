"""How the collecting of answers goes: counts only, never what was chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from surveys.models import COUNTING, Response, Status, Survey

MOST_DAYS = 56
"""As many days as the chart shows; those before are summed up in words."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """Answers of one survey: ``counted`` includes the flagged ones."""

    counted: int = 0
    flagged: int = 0


@dataclass(slots=True)
class Collection:
    """Answers of one survey by what they are, without test answers (``tests``). ``waiting``: not yet confirmed."""

    counted: int = 0
    flagged: int = 0
    removed: int = 0
    waiting: int = 0
    tests: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)


def newest_first() -> QuerySet[Survey]:
    """The workspace's surveys."""
    return Survey.objects.order_by("-created_at", "-id")


def counts(survey_ids: Iterable[UUID]) -> dict[UUID, Tallied]:
    """Answers per survey, in one query; surveys without one are not in it."""
    rows = (
        Response.objects.filter(survey_id__in=list(survey_ids), is_test=False)
        .filter(status__in=COUNTING)
        .values_list("survey_id")
        .annotate(counted=Count("id"), flagged=Count("id", filter=Q(status=Status.FLAGGED)))
    )
    return {survey_id: Tallied(counted, flagged) for survey_id, counted, flagged in rows}


def collection_of(survey: Survey) -> Collection:
    """Everything counted about ``survey``'s answers, in one query."""
    found = Collection()
    rows = (
        Response.objects.filter(survey=survey)
        .values_list("is_test", "status", "language", "channel")
        .annotate(n=Count("id"))
    )
    for is_test, status, language, channel, n in rows:
        if is_test:
            found.tests += n
        elif status == Status.REMOVED:
            found.removed += n
        elif status == Status.WAITING:
            found.waiting += n
        else:
            found.counted += n
            found.flagged += n if status == Status.FLAGGED else 0
            found.languages[language] += n
            found.channels[channel] += n
    return found


def days_of(survey: Survey, *, until: date) -> list[tuple[date, int]]:
    """Counted answers per day (in the active time zone), without gaps, the last ``MOST_DAYS`` up to ``until``."""
    first = until - timedelta(days=MOST_DAYS - 1)
    rows = (
        Response.objects.filter(survey=survey, is_test=False)
        .filter(status__in=COUNTING)
        .annotate(day=TruncDate("occurred_at"))
        .filter(day__gte=first)
        .values_list("day")
        .annotate(n=Count("id"))
    )
    per_day: dict[date, int] = dict(rows)
    if not per_day:
        return []
    start = min(per_day)
    return [(day := start + timedelta(days=i), per_day.get(day, 0)) for i in range((until - start).days + 1)]
