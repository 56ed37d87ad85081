"""Answers as moderators look at them: one by one, and those that came from one sender together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet, TextField
from django.db.models.functions import Cast

from surveys.models import COUNTING, Removal, Response, Status, Survey

SMALLEST_CLUSTER = 3
_MOST_CLUSTERS = 20


@dataclass(frozen=True, slots=True)
class Cluster:
    """Answers that share a sender's hash; ``example`` is one of them, by which the page asks for all."""

    example: UUID
    count: int
    flagged: int


def answers_of(survey: Survey, show: str, *, like: UUID | None = None) -> QuerySet[Response]:
    """Answers that count, flagged or removed (``show``), newest first; ``like``: only those of the same sender."""
    rows = Response.objects.filter(survey=survey, is_test=False).order_by("-occurred_at", "-id")
    if like is not None:
        sender = Response.objects.filter(survey=survey, pk=like).exclude(sender_hash="").values("sender_hash")[:1]
        rows = rows.filter(sender_hash__in=sender)
    if show == "flagged":
        return rows.filter(status=Status.FLAGGED)
    if show == "waiting":
        return rows.filter(status=Status.WAITING)
    if show == "removed":
        return rows.filter(status=Status.REMOVED)
    return rows.filter(status__in=COUNTING)


def clusters_of(survey: Survey) -> list[Cluster]:
    """Senders with several counted answers, the most first."""
    rows = (
        Response.objects.filter(survey=survey, is_test=False)
        .filter(status__in=COUNTING)
        .exclude(sender_hash="")
        .values("sender_hash")
        .annotate(
            n=Count("id"),
            flagged=Count("id", filter=Q(status=Status.FLAGGED)),
            example=Min(Cast("id", TextField())),  # PostgreSQL before 18 has no least UUID
        )
        .filter(n__gte=SMALLEST_CLUSTER)
        .order_by("-n", "sender_hash")[:_MOST_CLUSTERS]
    )
    return [Cluster(UUID(row["example"]), row["n"], row["flagged"]) for row in rows]


def sizes_of(survey: Survey, senders: Sequence[str]) -> dict[str, int]:
    """How many counted answers each of ``senders`` (hashes) has."""
    rows = (
        Response.objects.filter(survey=survey, is_test=False, sender_hash__in=[s for s in senders if s])
        .filter(status__in=COUNTING)
        .values_list("sender_hash")
        .annotate(n=Count("id"))
    )
    return dict(rows)


def log_of(survey: Survey) -> list[Removal]:
    """The public log, newest first."""
    return list(Removal.objects.filter(survey=survey).order_by("-at", "-id")[:100])
