"""The answers that count, as the tally and the publication read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from surveys.models import Option, Question, QuestionKind, Response, Status, Survey, pick
from surveys.results.people import Person, as_ballots, effective, grouped, token
from surveys.stats.ballots import Ballots
from surveys.stats.shares import Method
from surveys.stats.tally import RESAMPLES, OptionTally, tally


def counted(survey: Survey, *, include_flagged: bool = True, include_removed: bool = False) -> QuerySet[Response]:
    """Answers that count: no tests; flagged ones count until a host removes them."""
    statuses = [Status.COUNTED]
    if include_flagged:
        statuses.append(Status.FLAGGED)
    if include_removed:
        statuses.append(Status.REMOVED)
    return Response.objects.filter(survey=survey, is_test=False, status__in=statuses)


def options_of(survey: Survey) -> list[Option]:
    """All options in their fixed order, retired ones included: ballots that name them keep them."""
    return list(Option.objects.filter(survey=survey).order_by("number"))


def ballots_of(survey: Survey, *, include_flagged: bool = True) -> Ballots:
    """The ballots of a top-3 survey, own words merged into options where a host has done so."""
    numbers = [(option.number, option.key) for option in options_of(survey)]
    rows = counted(survey, include_flagged=include_flagged).order_by("id")
    choices = [
        effective(chosen, merged) for chosen, merged in rows.values_list("choices", "other_option__number").iterator()
    ]
    return as_ballots(choices, numbers)


def tally_of(survey: Survey, *, language: str) -> dict[str, Any]:
    """``n`` and every option's figures of a top-3 survey as they stand now, by share of mentions."""
    labels = {option.key: pick(option.label, language, survey.languages) for option in options_of(survey)}
    if not labels:
        return {"n": counted(survey).count(), "options": []}
    found = tally(ballots_of(survey), seed=survey.seed, resamples=int(survey.method.get("resamples", RESAMPLES)))
    return {"n": found.n, "options": [_figures(option, labels[option.key]) for option in found.ranked()]}


def _figures(option: OptionTally, label: str) -> dict[str, Any]:
    ranks = option.rank_sets[Method.MENTIONS]
    return {
        "key": option.key,
        "label": label,
        "mentions": option.mentions,
        "mention_share": option.mention_share,
        "interval": [option.interval.low, option.interval.high],
        "first": option.first,
        "borda": option.borda_points,
        "rank_set": [ranks.best, ranks.worst],
    }


def segment_questions(survey: Survey) -> list[Question]:
    """The questions whose answers divide the respondents in the results, in order."""
    return list(
        Question.objects.filter(survey=survey, is_segment=True, kind=QuestionKind.SINGLE).order_by("position", "key")
    )


def people_of(survey: Survey, questions: Sequence[Question], *, include_removed: bool = False) -> dict[UUID, Person]:
    """Everybody whose answer counts, by the answer's id, oldest first."""
    choices = {question.key: tuple(str(choice["key"]) for choice in question.choices) for question in questions}
    secret = settings.SECRET_KEY.encode()
    rows = (
        counted(survey, include_removed=include_removed)
        .order_by("id")
        .values_list("id", "choices", "other_option__number", "segments", "shown_order", "status")
    )
    return {
        id: Person(
            token=token(secret, "answer", id.hex),
            choices=effective(chosen, merged),
            groups=grouped(segments, choices),
            shown=tuple(shown),
            is_flagged=status == Status.FLAGGED,
            is_removed=status == Status.REMOVED,
        )
        for id, chosen, merged, segments, shown, status in rows.iterator()
    }
