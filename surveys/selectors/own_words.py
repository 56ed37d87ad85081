"""What people said in their own words, as far as it is published: themes, quotes with consent, the coding ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q

from surveys.models import COUNTING, Coding, CodingStep, Response, Survey, Theme
from surveys.results.people import NOT_SAID, Person, token
from surveys.selectors import counting

MOST_QUOTES = 4
_LONGEST_QUOTE = 280


def themes(survey: Survey) -> dict[str, Any]:
    """How many people wrote something, and how many of them each theme holds, the most first."""
    counts = Count("codings", filter=Q(codings__response__status__in=COUNTING, codings__response__is_test=False))
    found = Theme.objects.filter(survey=survey).annotate(people=counts).order_by("-people", "created_at", "id")
    return {
        "people": counting.counted(survey).exclude(other_text="").count(),
        "themes": [{"label": theme.label, "count": theme.people} for theme in found if theme.people],
    }


def quotes(
    survey: Survey,
    people: Mapping[UUID, Person],
    questions: Sequence[str],
    tables: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Texts their authors let us quote and a host has put under a theme, each with at most one group that is shown.

    The same question for all quotes: the first whose group may be named. ``ref`` finds a quote whose author withdraws.
    """
    allowed = counting.counted(survey).filter(may_quote=True).exclude(other_text="")
    by_theme: dict[UUID, list[Response]] = defaultdict(list)
    codings = Coding.objects.filter(response__in=allowed).select_related("response").order_by("response_id", "id")
    for coding in codings:
        if len(coding.response.other_text) <= _LONGEST_QUOTE:
            by_theme[coding.theme_id].append(coding.response)
    chosen: dict[UUID, Response] = {}
    for texts in sorted(by_theme.values(), key=len, reverse=True):
        fresh = next((text for text in texts if text.pk not in chosen), None)
        if fresh is not None and len(chosen) < MOST_QUOTES:
            chosen[fresh.pk] = fresh
    secret = settings.SECRET_KEY.encode()
    return [
        {
            "text": response.other_text,
            "language": response.language,
            "group": _group(people.get(pk), questions, tables),
            "ref": token(secret, "quote", pk.hex),
        }
        for pk, response in chosen.items()
    ]


def quote_ref(response_id: UUID) -> str:
    """The ``ref`` of the quote that an answer would make."""
    return token(settings.SECRET_KEY.encode(), "quote", response_id.hex)


def _group(
    person: Person | None, questions: Sequence[str], tables: Sequence[Mapping[str, Any]]
) -> dict[str, str] | None:
    if person is None:
        return None
    table = next((each for each in tables if not each["is_whole"]), None)
    if table is None:
        return None
    group = person.groups[questions.index(table["question"])]
    shown = {row["group"] for row in table["groups"]} - {NOT_SAID}
    return {"question": table["question"], "group": group} if group in shown else None


def ledger(survey: Survey) -> list[dict[str, Any]]:
    """Every step of the coding: how many texts went where, which places that changed, and whether it was undone."""
    steps = CodingStep.objects.filter(survey=survey).select_related("theme", "option").order_by("at", "id")
    return [
        {
            "on": step.at.date().isoformat(),
            "count": step.count,
            "option": step.option.key if step.option else None,
            "theme": step.theme.label if step.theme else None,
            "effect": step.effect,
            "is_undone": step.undone_at is not None,
        }
        for step in steps
    ]
