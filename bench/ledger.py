"""What changed between two days: differences of scores split by cause and measure, and each of them checked.

Random pairs of days of random customers, over scorecards that change on the way: other weights, another definition,
measures left out, an exception, bands set by hand. Every pair must add up to the hundredth, and both of its ends must
be the scores that the product gives those days. Beside it stand the comparison of one customer at a time, as a page
asks for it, and the arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction

from bench.machine import cpu_of
from bench.population import Population, load
from bench.score_full import sample_of
from bench.table import Row
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import ledger
from health.defaults import default_content
from health.facts.asof import AsOf
from health.models import Scorecard, ScorecardVersion
from health.risk import BaseRate
from health.scoring import parse_card
from health.services import overrides
from health.services.cards import Deck
from health.services.compare import Ways, compare, walk
from health.services.compute import card_of, compute, specs_of

_PAIRS = 100_000
_SOONER = 20  # all of them need no full population: a twentieth of it has as many customers as take part
_TOGETHER = 100  # customers loaded at once, each with as many pairs of days
_ONE_BY_ONE = 20
_DAYS = 80
_BASE = BaseRate.observed(0, 0)


@dataclass
class Tally:
    """``pairs`` that added up, how many of them ``moved``, and by which causes; ``ways``: some, to be split again."""

    pairs: int
    moved: int
    causes: dict[str, int]
    ways: list[Ways]


def run(scale: float = 1.0) -> list[Row]:
    """Splits and checks all pairs; raises ``RuntimeError`` at the first that does not add up."""
    population = load(scale)
    wanted = max(_TOGETHER, min(_PAIRS, round(_PAIRS * scale * _SOONER)))
    random = np.random.default_rng(5)
    with workspace_scope(population.workspace), transaction.atomic():
        ids = sample_of(population, max(1, min(population.customers, wanted // _TOGETHER)))
        _change_scorecards(population)
        _set_bands(ids[::7])
        tally = Tally(0, 0, dict.fromkeys(ledger.CAUSES, 0), [])
        ours = cpu_of(partial(_split_all, population, ids, wanted, random, tally))
        alone = cpu_of(partial(_one_by_one, population, ids, random))
        least = cpu_of(partial(_arithmetic, tally.ways))
        transaction.set_rollback(True)
    silent = [cause for cause, count in tally.causes.items() if not count]
    if not tally.moved or (silent and wanted == _PAIRS):
        raise RuntimeError(f"{tally.moved} of {tally.pairs} pairs moved; never {', '.join(silent)}: nothing is proved.")
    n = tally.pairs
    arithmetic = sum(len(way.before.start.override) for way in tally.ways)
    return [
        Row(
            "ledger",
            n / ours.total,
            "pairs of days per CPU-second, each checked",
            n,
            _ONE_BY_ONE / alone.total,
            arithmetic / max(least.total, 1e-9),
        )
    ]


def _change_scorecards(population: Population) -> None:
    """Versions 2 and 3 in force for the second and the last part of the days."""
    card = Scorecard.objects.get(is_default=True)
    ScorecardVersion.objects.update(published_at=datetime(2000, 1, 1, tzinfo=UTC))
    second, third = default_content(), default_content()
    for number, item in enumerate(second["items"]):
        item["weight"] = 5 + 3 * number
    second["items"] = [deepcopy(item) for item in second["items"] if item["measure"] != "recency"]
    for item in third["items"]:
        if item["measure"] == "habit":
            item["definition"] = {**item["definition"], "window_days": 14}
    third["exceptions"] = [_exception()]
    for version, (content, back) in enumerate(((second, 45), (third, 20)), start=2):
        parse_card(content)
        at = datetime.combine(population.last_day - timedelta(days=back), time(12), UTC)
        ScorecardVersion.objects.create(
            workspace=population.workspace, scorecard=card, version=version, content=content, published_at=at,
            published_by_label="Bench",
        )  # fmt: skip


def _exception() -> dict[str, Any]:
    label = {"en": "Few seats in use"}
    return {"key": "few", "label": label, "measure": "seat_share", "op": "<", "value": 0.4, "cap": "at_risk"}


def _set_bands(ids: list[UUID]) -> None:
    now = datetime.now(UTC)
    for customer_id in ids:
        overrides.set_override(
            customer_id=customer_id,
            band="healthy",
            reason="bench",
            expires_on=now.date() + timedelta(days=5),
            by=audit.SYSTEM,
            now=now,
        )


def _pairs(population: Population, count: int, random: np.random.Generator) -> Iterator[tuple[date, date]]:
    """Two days each, the first never after the second; some end today, where the bands set by hand stand."""
    today = datetime.now(UTC).date()
    for first, last in np.sort(random.integers(0, _DAYS, size=(count, 2)), axis=1).tolist():
        begin = population.last_day - timedelta(days=_DAYS - 1 - first)
        yield begin, today if last == _DAYS - 1 else population.last_day - timedelta(days=_DAYS - 1 - last)


def _split_all(population: Population, ids: list[UUID], wanted: int, random: np.random.Generator, tally: Tally) -> None:
    start = 0
    while tally.pairs < wanted:
        part = ids[start : start + _TOGETHER]
        start = 0 if start + _TOGETHER >= len(ids) else start + _TOGETHER
        count = min(_TOGETHER, -(-(wanted - tally.pairs) // len(part)))
        _split_part(population, part, list(_pairs(population, count, random)), tally)


def _split_part(population: Population, ids: list[UUID], pairs: list[tuple[date, date]], tally: Tally) -> None:
    days = sorted({day for pair in pairs for day in pair})
    cards = {day: card_of(hands[0][0]) for day, hands in Deck.load().deal(ids, days).items()}
    specs = [spec for card in {id(each): each for each in cards.values()}.values() for spec in specs_of(card)]
    loaded = AsOf(ids, days, specs, grace_days=population.workspace.grace_days, data_through=None)
    for first, last in pairs:
        start, end = loaded.at(first), loaded.at(last)
        ways = walk((cards[first], cards[last]), start, loaded.at(last, known_through=first), end)
        scores = [compute(cards[day], facts, _BASE).scores for day, facts in ((first, start), (last, end))]
        split = ledger.split(ways.before, ways.after)
        sums = split.parts.sum(axis=(1, 2))
        for place, (state, stated) in enumerate(((ways.before.start, scores[0]), (ways.after.end, scores[1]))):
            off = (stated.total >= 0) & (stated.total != state.total)
            _refuse(off, ids, first, last, f"end {place} is not the score of its day")
        _refuse(sums != ways.after.end.total - ways.before.start.total, ids, first, last, "the items do not add up")
        tally.pairs += len(ids)
        tally.moved += int((split.parts != 0).any(axis=(1, 2)).sum())
        for index, cause in enumerate(ledger.CAUSES):
            tally.causes[cause] += int((split.parts[:, index] != 0).any(axis=1).sum())
        if len(tally.ways) < 50:
            tally.ways.append(ways)


def _refuse(wrong: np.ndarray, ids: list[UUID], first: date, last: date, why: str) -> None:
    if wrong.any():
        raise RuntimeError(f"{ids[int(np.argmax(wrong))]}, {first} to {last}: {why}.")


def _one_by_one(population: Population, ids: list[UUID], random: np.random.Generator) -> None:
    for place, (first, last) in enumerate(_pairs(population, _ONE_BY_ONE, random)):
        compare(ids[place % len(ids)], first, last)


def _arithmetic(prepared: list[Ways]) -> None:
    for ways in prepared:
        ledger.split(ways.before, ways.after)
