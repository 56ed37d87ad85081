"""What-if: a draft against the version in force, for every customer today and a year of weeks, until the answer.

The history is made up (values alike in kind to real ones: counts, shares, ratios) in the size of the workspace; today's
customers are the loaded ones. Beside it stands scoring every row of the history anew with both scorecards as a run
does, measured on a part of them, and reading every value once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.machine import cpu_of
from bench.population import Population, load
from bench.score_full import score_all
from bench.table import Row
from csplatform.core.tenancy import workspace_scope
from health import lab_reads
from health.lab.columns import Column
from health.lab.history import History, key_of
from health.measures import Floats
from health.models import Scorecard, ScorecardVersion
from health.scoring import Card, parse_card, score
from health.services.compute import card_of

_WEEKS = 52
_MEASURES = 20
_TIMES = 5
_CAPACITY = 25
_SAMPLE = 20_000  # rows


@dataclass(frozen=True)
class Prepared:
    """A changed draft of the scorecard in force, and a past to answer from. ``values``: that past as plain numbers."""

    population: Population
    version: ScorecardVersion
    draft: Card
    values: Floats
    history: History

    def answer(self) -> None:
        """What the page asks for."""
        with workspace_scope(self.population.workspace):
            found = lab_reads.answer(self.draft, self.version.scorecard, self.version, self.history, capacity=_CAPACITY)
        # Some rows lack so many values that one of the scorecards gives them no score.
        if found.compared is None or found.compared.rows < 0.9 * len(self.history):
            raise RuntimeError("The lab has left rows out.")


def prepare(population: Population) -> Prepared:
    """Everybody of ``population`` must have been scored."""
    version, draft = _version(population)
    values = _values(population.customers * _WEEKS, len(card_of(version).items))
    return Prepared(population, version, draft, values, _history(version, values, population.customers))


def run(scale: float = 1.0) -> list[Row]:
    """The answer to a changed weight and band; the wall-clock time as well, because somebody waits for it."""
    population = load(scale)
    score_all(population, population.last_day)
    prepared = prepare(population)
    answer, history, values = prepared.answer, prepared.history, prepared.values
    answer()
    spent = sorted(cpu_of(answer).total for _ in range(_TIMES))[_TIMES // 2]
    waited = []
    for _ in range(_TIMES):
        began = time.monotonic()
        answer()
        waited.append(time.monotonic() - began)
    n = len(history)
    card = card_of(prepared.version)
    slow = cpu_of(lambda: _naive(card, prepared.draft, values[:_SAMPLE])).total * n / min(n, _SAMPLE)
    best = cpu_of(lambda: [_read(column) for column in history.columns.values()]).total
    size = len(history.to_bytes()) / 1e6
    return [
        Row("lab", spent, "CPU-seconds", n, slow, best, is_time=True),
        Row("lab_waited", sorted(waited)[_TIMES // 2], "seconds", n, is_time=True),
        Row("lab_history", size, "MB", n, values.nbytes / 1e6, is_time=True),
    ]


def _version(population: Population) -> tuple[ScorecardVersion, Card]:
    """The version in force with as many measures as the bench asks for, and a draft of it."""
    with workspace_scope(population.workspace):
        version = ScorecardVersion.objects.filter(scorecard=Scorecard.objects.get(is_default=True)).latest("version")
    items = list(version.content["items"])
    changed = [{**item, "weight": item["weight"] * (2 if place % 3 == 0 else 1)} for place, item in enumerate(items)]
    bands = {**version.content["bands"], "healthy": version.content["bands"]["healthy"] - 5}
    return version, parse_card({**version.content, "items": changed, "bands": bands})


def _values(rows: int, measures: int) -> Floats:
    generator = np.random.default_rng(5)
    kinds: list[Any] = [
        lambda: generator.poisson(6, rows).astype(np.float64),
        lambda: generator.gamma(2.0, 0.5, rows),
        lambda: generator.integers(0, 29, rows) / 4,
        lambda: generator.random(rows).round(3),
    ]
    values: Floats = np.column_stack([kinds[place % len(kinds)]() for place in range(measures)])
    values[generator.random(values.shape) < 0.05] = np.nan
    return values


def _history(version: ScorecardVersion, values: Floats, customers: int) -> History:
    generator = np.random.default_rng(7)
    card = card_of(version)
    columns = {key_of(item.spec): Column.of(values[:, place]) for place, item in enumerate(card.items)}
    day = np.repeat(np.arange(_WEEKS, dtype=np.uint16), customers)
    customer = np.tile(np.arange(customers, dtype=np.int32), _WEEKS)
    churned = generator.random(len(day)) < 0.02
    told = {"cards": [str(version.scorecard_id)], "macros": [""]}
    nothing = np.zeros(len(day), dtype=np.uint16)
    days = 7 * np.arange(1, _WEEKS + 1)
    return History(days, day, customer, churned, columns, told, nothing, nothing.astype(np.uint8))


def _read(column: Column) -> float:
    return float((column.values if column.codes is None else column.codes).max())


def _naive(card: Card, draft: Card, values: Floats) -> None:
    applicable = np.ones(len(values), dtype=np.bool_)
    for each in (card, draft):
        score(each, values, applicable)
