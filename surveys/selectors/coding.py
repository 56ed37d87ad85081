"""Answers in own words, as the coding workbench shows them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from surveys.grouping import Group, groups
from surveys.models import COUNTING, Coding, CodingStep, Response, Survey, Theme

MOST_TEXTS = 2_000
"""As many texts as are grouped at once, the newest; the others come up as these are coded."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """``groups`` of texts that wait, each member an answer; ``waiting``: how many wait in all."""

    groups: list[tuple[str, list[Response]]]
    waiting: int
    coded: int


def with_words(survey: Survey) -> QuerySet[Response]:
    """Counted answers with own words."""
    rows = Response.objects.filter(survey=survey, is_test=False)
    return rows.exclude(other_text="").filter(status__in=COUNTING)


def _under_theme() -> Exists:
    return Exists(Coding.objects.filter(response=OuterRef("pk")))


def workbench(survey: Survey, *, most_groups: int = 30) -> Workbench:
    """The texts that are neither merged nor under a theme, in suggested groups, the largest first."""
    every = with_words(survey)
    waiting = every.filter(~_under_theme(), other_option__isnull=True)
    rows = {row.pk: row for row in waiting.order_by("-occurred_at", "-id")[:MOST_TEXTS]}
    found: list[Group[UUID]] = groups({pk: row.other_text for pk, row in rows.items()})
    total = every.aggregate(n=Count("pk"))["n"]
    left = len(rows) if len(rows) < MOST_TEXTS else waiting.count()
    return Workbench(
        [(group.label, [rows[pk] for pk in group.members]) for group in found[:most_groups]],
        left,
        total - left,
    )


def coded(survey: Survey) -> QuerySet[Response]:
    """The texts that are merged into an option or under a theme, the newest first."""
    rows = with_words(survey).filter(Q(other_option__isnull=False) | Q(_under_theme()))
    return rows.select_related("other_option").prefetch_related("codings__theme").order_by("-occurred_at", "-id")


def themes_of(survey: Survey) -> list[Theme]:
    """Themes with ``texts``, how many counted texts are under each, the most first."""
    rows = Theme.objects.filter(survey=survey).annotate(texts=Count("codings"))
    return list(rows.order_by("-texts", "created_at", "id"))


def ledger_of(survey: Survey) -> list[CodingStep]:
    """The steps, the newest first."""
    rows = CodingStep.objects.filter(survey=survey).select_related("option", "theme").defer("before")
    return list(rows.order_by("-at", "-id")[:100])
