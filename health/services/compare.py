"""Two days of customers side by side: what each was scored from, and why the scores differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
import numpy.typing as npt

from accounts.models import Workspace
from csplatform.core.tenancy import current_workspace_id
from health import ledger, scoring
from health.adjusting import OVERRIDE
from health.facts.asof import AsOf
from health.ledger import Course, Split, State
from health.measures import Facts, Floats, Overrides, evaluate
from health.models import ScorecardVersion
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
    cuts = snapshots.recorded_cuts(customer_id, [first, last])
    versions = cards.versions_of(customer_id, [first, last])
    seen_by = card_of(versions[first]), card_of(versions[last])
    workspace = Workspace.objects.get(pk=current_workspace_id())
    specs = [spec for card in seen_by for spec in specs_of(card)]
    loaded = [
        AsOf(
            [customer_id],
            days,
            specs,
            grace_days=workspace.grace_days,
            data_through=workspace.data_through,
            recorded_through=cuts[day],
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


def walk(cards: tuple[Card, Card], start: Facts, aged: Facts, end: Facts) -> Ways:
    """The two days of n customers as the ledger wants them: ``aged`` are the facts of the first day on the last."""
    keys = list(dict.fromkeys(item.key for card in cards for item in card.items))
    exceptions = list(dict.fromkeys(each.name for card in cards for each in card.exceptions))
    before = _course(cards[0], keys, exceptions, start, aged, end)
    after = before if cards[0] is cards[1] else _course(cards[1], keys, exceptions, start, aged, end)
    return Ways([*keys, *exceptions, OVERRIDE], before, after)


def _course(card: Card, keys: list[str], exceptions: list[str], start: Facts, aged: Facts, end: Facts) -> Course:
    first, between, last = (_values(card, facts) for facts in (start, aged, end))
    applies = aged.applicable | (start.applicable & end.applicable)
    stations = (
        (first, start.applicable, start.overrides),
        (ledger.grown_older(first, between, last), applies, aged.overrides),
        (last, end.applicable, end.overrides),
    )
    return Course(*(_state(card, keys, exceptions, *station) for station in stations))


def _state(
    card: Card,
    keys: list[str],
    exceptions: list[str],
    values: Floats,
    applicable: npt.NDArray[np.bool_],
    overrides: Overrides | None,
) -> State:
    scores = scoring.score(card, values, applicable, overrides.codes if overrides else None)
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


def _values(card: Card, facts: Facts) -> Floats:
    return np.column_stack([evaluate(spec, facts) for spec in card.specs])


def _end(day: date, version: ScorecardVersion, card: Card, facts: Facts) -> End:
    values = _values(card, facts)
    told = facts.overrides
    return End(
        day, version, card, facts, values, scoring.score(card, values, facts.applicable, told.codes if told else None)
    )
