"""What surveys show on the customer's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import formats
from surveys import voice_figures
from surveys.ballots import SCORES
from surveys.models import OTHER, Kind, QuestionKind, Response
from surveys.results.privacy import SMALLEST
from surveys.selectors import voice

_SHOWN = 8
_BEFORE = timedelta(days=60)
"""A person's earlier answer is compared when it is at least so old: a change of mind is none."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A kind's figure from each person's latest answer; ``before`` is that of the answers before those."""

    kind: str
    label: str
    value: str
    n: int
    at: datetime
    before: str


def panel(customer: Customer) -> dict[str, Any]:
    """``figures`` by kind and ``answers``, the newest first, of the customer's people; empty without answers."""
    rows = voice.answers_of(customer)
    top3 = {row.survey_id for row in rows if row.survey.kind == Kind.TOP3}
    labels = voice.labels_of(top3, get_language() or "en") if top3 else {}
    return {
        "figures": [figure for kind in voice.SCORED if (figure := _figure(kind, rows))],
        "answers": [_answer(row, labels) for row in rows[:_SHOWN]],
        "more": max(0, len(rows) - _SHOWN),
    }


def first_impression(customer: Customer, *, is_aggregate: bool) -> str:
    """What people say who have just used the product for the first time, in a sentence; empty where nobody did.

    ``is_aggregate``: people are shown together only, so that fewer than ``SMALLEST`` say nothing.
    """
    found = voice.first_impression_of(customer)
    if found is None or (is_aggregate and found.people < SMALLEST):
        return ""
    told = {
        "mean": formats.number(found.mean, get_language(), digits=1),
        "top": SCORES[found.kind][1],
        "n": formats.number(found.people, get_language()),
    }
    return (
        ngettext(
            "First impression: %(mean)s of %(top)d from %(n)s person",
            "First impression: %(mean)s of %(top)d from %(n)s people",
            found.people,
        )
        % told
    )


def _figure(kind: Kind, rows: Sequence[Response]) -> Figure | None:
    mine = [row for row in rows if row.survey.kind == kind and row.score is not None]
    if not mine:
        return None
    newest, oldest_fresh = mine[0].occurred_at, mine[0].occurred_at - voice.FRESH
    fresh = [row for row in mine if row.occurred_at > oldest_fresh]
    latest = _one_each(fresh)
    cut = newest - _BEFORE
    before = _one_each([row for row in fresh if row.occurred_at <= cut])
    score = voice.score_of(kind, [row.score for row in latest if row.score is not None])
    earlier = voice.score_of(kind, [row.score for row in before if row.score is not None])
    return Figure(
        kind=kind,
        label=str(kind.label),
        value=voice_figures.shown(kind, score.value),
        n=score.n,
        at=newest,
        before=voice_figures.shown(kind, earlier.value) if earlier.n else "",
    )


def _one_each(rows: Sequence[Response]) -> list[Response]:
    """The newest of each person; an answer without a name is somebody of their own."""
    found: dict[UUID, Response] = {}
    for row in rows:
        found.setdefault(row.contact_id or row.pk, row)
    return list(found.values())


def _answer(row: Response, labels: dict[tuple[UUID, int], str]) -> dict[str, Any]:
    scored = row.score is not None
    return {
        "id": row.pk,
        "contact_id": row.contact_id,
        "at": row.occurred_at,
        "who": str(row.contact) if row.contact else "",
        "role": row.contact.role if row.contact else "",
        "kind": row.survey.get_kind_display(),
        "wave": row.survey.wave,
        "score": row.score,
        "word": voice_figures.word(row.survey.kind, row.score) if row.score is not None else "",
        "tone": voice_figures.tone(row.survey.kind, row.score) if row.score is not None else "",
        "choices": [] if scored else [_choice(row, number, labels) for number in row.choices],
        "words": words_of(row),
    }


def _choice(row: Response, number: int, labels: dict[tuple[UUID, int], str]) -> str:
    if number == OTHER:
        return row.other_text or _("in own words")
    return labels.get((row.survey_id, number), str(number))


def words_of(row: Response) -> str:
    """What the person wrote, of all questions that ask for words; the survey's questions must be loaded."""
    asked = [question.key for question in row.survey.questions.all() if question.kind == QuestionKind.TEXT]
    return " · ".join(str(row.answers[key]) for key in asked if row.answers.get(key))
