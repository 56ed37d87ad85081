"""Two days of customers side by side: what each was scored from, and why the scores differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
import numpy.typing as npt

from health import ledger, scoring
from health.adjusting import BANDS, OVERRIDE
from health.facts.asof import AsOf
from health.ledger import Course, Split, State
from health.measures import Facts, Floats, Spec, evaluate
from health.models import ScorecardVersion
from health.models.scores import ScoreFields
from health.scoring import Card, Scores
from health.services import cards, snapshots
from health.services.compute import card_of, specs_of


@dataclass(slots=True)
class End:
    """One of the two days under the card that was in force on it."""

    as_of: date
    version: ScorecardVersion
    card: Card
    facts: Facts
    values: Floats
    scores: Scores


@dataclass(slots=True)
class Comparison:
    """``columns`` of ``split``: the measures of either card, their exceptions, the override. Totals in hundredths."""

    first: End
    last: End
    columns: list[str]
    total_first: int
    total_last: int
    split: Split


@dataclass(frozen=True, slots=True)
class Stored:
    """n customers as stored scores hold them. ``values``: by what is looked at; ``codes``: of the overrides."""

    values: Mapping[Spec, Floats]
    applicable: npt.NDArray[np.bool_]
    codes: npt.NDArray[np.int8]

    @classmethod
    def of(cls, rows: Sequence[ScoreFields]) -> Stored:
        """``rows`` of one version, joined with their overrides."""
        table = np.array([row.values for row in rows], dtype=np.float64)
        specs = card_of(rows[0].scorecard_version).specs
        codes = [BANDS.index(row.override.band) + 1 if row.override else 0 for row in rows]
        return cls(
            {spec: table[:, place] for place, spec in enumerate(specs)},
            np.array([row.band != scoring.NOT_APPLICABLE for row in rows], dtype=np.bool_),
            np.array(codes, dtype=np.int8),
        )

    def beside(self, other: Stored) -> Stored:
        """With the values of ``other`` for what only that one's version looked at: it counts as it was all along."""
        return Stored({**other.values, **self.values}, self.applicable, self.codes)


Seen = Facts | Stored


@dataclass(slots=True)
class Ways:
    """``before`` is seen by the card of the first day, ``after`` by that of the last; ``columns`` of their split."""

    columns: list[str]
    before: Course
    after: Course


def compare(customer_id: UUID, first: date, last: date) -> Comparison:
    """One customer on ``first`` and ``last`` (not after today), each as it was known by its end.

    Facts stored after a day's snapshot take no part in that day, so that a day stays what was said of it.
    """
    bases = snapshots.bases_of(customer_id, [first, last])
    versions = cards.versions_of(customer_id, [first, last])
    seen_by = card_of(versions[first]), card_of(versions[last])
    specs = [spec for card in seen_by for spec in specs_of(card)]
    loaded = [
        AsOf(
            [customer_id],
            days,
            specs,
            grace_days=bases[day].grace_days,
            data_through=bases[day].data_through,
            recorded_through=bases[day].recorded_through,
        )
        for day, days in ((first, [first, last]), (last, [last]))
    ]
    start, aged, end = loaded[0].at(first), loaded[0].at(last, known_through=first), loaded[1].at(last)
    ways = walk(seen_by, start, aged, end)
    ends = [
        _end(day, versions[day], card, facts)
        for day, card, facts in ((first, seen_by[0], start), (last, seen_by[1], end))
    ]
    split = ledger.split(ways.before, ways.after)
    return Comparison(
        ends[0], ends[1], ways.columns, int(ways.before.start.total[0]), int(ways.after.end.total[0]), split
    )


def walk(cards: tuple[Card, Card], start: Seen, aged: Seen, end: Seen) -> Ways:
    """The two days of n customers as the ledger wants them: ``aged`` are the facts of the first day on the last."""
    keys = list(dict.fromkeys(item.key for card in cards for item in card.items))
    exceptions = list(dict.fromkeys(each.name for card in cards for each in card.exceptions))
    before = _course(cards[0], keys, exceptions, start, aged, end)
    after = before if cards[0] is cards[1] else _course(cards[1], keys, exceptions, start, aged, end)
    return Ways([*keys, *exceptions, OVERRIDE], before, after)


def _course(card: Card, keys: list[str], exceptions: list[str], start: Seen, aged: Seen, end: Seen) -> Course:
    first, between, last = (_values(card, seen) for seen in (start, aged, end))
    applies = aged.applicable | (start.applicable & end.applicable)
    stations = (
        (first, start.applicable, _codes(start)),
        (ledger.grown_older(first, between, last), applies, _codes(aged)),
        (last, end.applicable, _codes(end)),
    )
    return Course(*(_state(card, keys, exceptions, *station) for station in stations))


def _state(
    card: Card,
    keys: list[str],
    exceptions: list[str],
    values: Floats,
    applicable: npt.NDArray[np.bool_],
    codes: npt.NDArray[np.int8] | None,
) -> State:
    scores = scoring.score(card, values, applicable, codes)
    capped = np.zeros((len(values), len(exceptions)), dtype=np.int64)
    for index, each in enumerate(card.exceptions):
        capped[:, exceptions.index(each.name)] = scores.adjustments[:, index]
    return ledger.state(
        card,
        keys,
        values,
        applicable,
        measured=scores.points.sum(axis=1),
        capped=capped,
        override=scores.adjustments[:, -1],
    )


def _values(card: Card, seen: Seen) -> Floats:
    if isinstance(seen, Stored):
        return np.column_stack([seen.values[spec] for spec in card.specs])
    return np.column_stack([evaluate(spec, seen) for spec in card.specs])


def _codes(seen: Seen) -> npt.NDArray[np.int8] | None:
    if isinstance(seen, Stored):
        return seen.codes
    return seen.overrides.codes if seen.overrides else None


def _end(day: date, version: ScorecardVersion, card: Card, facts: Facts) -> End:
    values = _values(card, facts)
    return End(day, version, card, facts, values, scoring.score(card, values, facts.applicable, _codes(facts)))
