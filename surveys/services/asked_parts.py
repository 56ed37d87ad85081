"""What a version of an NPS, CSAT, CES or questionnaire survey holds: its questions, their figures, and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surveys.models import Publication, Survey
from surveys.results import asked as assembling
from surveys.results import asked_csv
from surveys.results.privacy import Basis
from surveys.selectors import asked as reads
from surveys.selectors import counting


@dataclass(frozen=True, slots=True)
class Parts:
    """What depends on the kind: the document's part of it, the rows as CSV, and the basis as it is stored.

    ``counted_version``: the earlier version the figures come from, None for a new count; ``changes_wait``: some answers
    changed since, too few to be counted.
    """

    document: dict[str, Any]
    rows: str
    basis: dict[str, Any]
    counted_version: int | None
    changes_wait: bool


def parts(survey: Survey, earlier: Sequence[Publication], *, are_answers_kept: bool) -> Parts:
    """The parts of the next version. Words are published nowhere: only how many people wrote some."""
    questions, segments = reads.questions_of(survey), counting.segment_questions(survey)
    measures = reads.measures_of(survey, questions)
    asked = reads.asked_of(survey, measures, segments)
    counted = assembling.count(asked, [_version(each) for each in earlier], are_answers_kept=are_answers_kept)
    document = {
        "options": [],
        "questions": [{"key": each.key, "label": each.label, "choices": each.choices} for each in segments],
        "asked": reads.words_of(survey, questions),
        "figures": counted.figures,
        "rows_question": counted.rows_question,
        "coding": [],
        "own_words": None,
        "quotes": [],
    }
    rows = ""
    if survey.publish_rows and counted.figures["is_enough"]:
        rows = asked_csv.data_csv(asked, counted, {each.number: each.rows for each in earlier})
    return Parts(document, rows, _stored(counted.fresh), counted.counted_version, counted.changes_wait)


def _version(publication: Publication) -> assembling.Version:
    """An earlier version with who was counted in it, by measure."""
    people = {token: tuple(groups) for token, groups in publication.basis.get("groups", {}).items()}
    bases = {
        key: Basis({token: ("", people[token]) for token in tokens})
        for key, tokens in publication.basis.get("counted", {}).items()
    }
    return assembling.Version(publication.number, publication.results, bases)


def _stored(fresh: Mapping[str, Basis]) -> dict[str, Any]:
    if not fresh:
        return {}
    groups = {token: list(groups) for basis in fresh.values() for token, (_same, groups) in basis.people.items()}
    return {"groups": groups, "counted": {key: list(basis.people) for key, basis in fresh.items()}}
