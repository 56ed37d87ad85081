"""The figures of a score (NPS, CSAT, CES) or a questionnaire, each measure counted and released by itself. Pure.

A measure is answered by some of the people only, so the rules of `privacy` hold for those who answered it: under ten
of them nothing of it is shown, and a later version counts it anew only once ten of them came or went.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from surveys.results import measure_groups, releases
from surveys.results.document import Document, Question
from surveys.results.measures import CES, CSAT, NPS, SCALE, SCORE, Measure, figures
from surveys.results.people import Person
from surveys.results.privacy import SMALLEST, Basis, Hiding

FIGURES_A_GROUP = {NPS: 2, CSAT: 1, CES: 5, SCALE: 5}
"""How many counts from 0 to the group's size tell as much as what a group shows: promoters and detractors; the
satisfied; the sum and the sum of squares of answers on a scale, rounded up."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is counted: all who count, with their ``values``; the measures and the segment questions, in order."""

    people: Sequence[Person]
    measures: Sequence[Measure]
    questions: Sequence[Question]
    seed: int

    def who_answered(self, key: str) -> list[Person]:
        """Those who answered the measure ``key``."""
        return [person for person in self.people if key in person.values]


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier version. ``bases``: by measure key ("" for everybody) who was counted, where it was counted anew."""

    number: int
    document: Document
    bases: Mapping[str, Basis]


@dataclass(frozen=True, slots=True)
class Counted:
    """``figures`` of the next version, the question its rows carry, and ``fresh``: the keys counted anew."""

    figures: dict[str, Any]
    rows_question: str | None
    counted_version: int | None
    changes_wait: bool
    fresh: Mapping[str, Basis] = field(default_factory=dict)


def count(asked: Asked, history: Sequence[Version], *, are_answers_kept: bool = True) -> Counted:
    """The next version: everybody's number, and each measure, anew or as it was last shown."""
    decided = measure_groups.hiding_of(asked.people, asked.questions)
    everybody = _basis(asked.people)
    overall = releases.recount(
        partial(_sizes, asked, decided), everybody, _releases(history, ""), are_answers_kept=are_answers_kept
    )
    fresh = {} if overall.counted_version else {"": everybody}
    told, waits, carried = [], overall.changes_wait, None
    for measure in asked.measures:
        people = asked.who_answered(measure.key)
        now, earlier = _basis(people), _releases(history, measure.key)
        decision = releases.recount(
            partial(_figures, asked, measure, people, decided),
            now,
            earlier,
            are_answers_kept=are_answers_kept,
        )
        found = dict(decision.figures)
        if decision.counted_version:
            found["counted_version"] = decision.counted_version
        else:
            fresh[measure.key] = now
        if measure.key == SCORE and found["is_enough"]:
            carried = _carried(measure, found, earlier, decision)
        waits = waits or decision.changes_wait
        told.append(found)
    return Counted({**overall.figures, "measures": told}, carried, overall.counted_version, waits, fresh)


def _sizes(asked: Asked, decided: Sequence[Hiding]) -> dict[str, Any]:
    n = len(asked.people)
    if n < SMALLEST:
        return {"is_enough": False, "n": None, "groups": []}
    return {"is_enough": True, "n": n, "groups": measure_groups.size_tables(asked.people, asked.questions, decided)}


def _figures(asked: Asked, measure: Measure, people: Sequence[Person], decided: Sequence[Hiding]) -> dict[str, Any]:
    if len(people) < SMALLEST:
        return {"key": measure.key, "kind": measure.kind, "is_enough": False, "n": None, "groups": []}
    found = figures(measure, [person.values[measure.key] for person in people])
    tables = measure_groups.tables(people, measure, asked.questions, decided, seed=asked.seed)
    return {**found, "is_enough": True, "groups": tables if measure.kind != "text" else []}


def _carried(
    measure: Measure, found: dict[str, Any], earlier: Sequence[releases.Release], decision: releases.Decision
) -> str | None:
    if decision.counted_version:
        return decision.rows_question
    return releases.carried_question(found, earlier, FIGURES_A_GROUP[measure.kind])


def _basis(people: Sequence[Person]) -> Basis:
    """Answers cannot change once results are published, only come and go: who counts is all there is to compare."""
    return Basis({person.token: ("", person.groups) for person in people})


def _releases(history: Sequence[Version], key: str) -> list[releases.Release]:
    """The earlier versions as far as they concern one measure ("" for everybody)."""
    found = []
    for version in history:
        figures_then = _of(version.document["figures"], key)
        if figures_then is not None:
            document = {"figures": figures_then, "rows_question": version.document["rows_question"]}
            found.append(releases.Release(version.number, document, version.bases.get(key)))
    return found


def _of(figures_then: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    if not key:
        return {name: value for name, value in figures_then.items() if name != "measures"}
    return next((dict(each) for each in figures_then["measures"] if each["key"] == key), None)
