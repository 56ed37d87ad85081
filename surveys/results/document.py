"""The results document: everything the page, the downloads and the picture show, as one JSON-able dict. Pure.

Its shape is public (`results.json`) and versioned by ``SCHEMA``. ``figures`` come from counting; what stands beside
them (texts, logs, quotes) may be corrected in a later version without a new count.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surveys.results import checks, groups, waves
from surveys.results.people import OWN_WORDS, Person, as_ballots
from surveys.results.privacy import SMALLEST
from surveys.stats.ballots import Ballots
from surveys.stats.shares import Method
from surveys.stats.tally import RESAMPLES, OptionTally, Tally, tally

SCHEMA = 1
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A segment question: its key and the keys of its choices, in order."""

    key: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What is counted. ``options``: (number, key) in fixed order; ``people``: all who count; ``removed``: those a host
    removed, for the sensitivity panel alone; ``labels``: option key → language → label, to tell whether an earlier
    wave used the same words; ``earlier``: that wave's document, if any.
    """

    people: Sequence[Person]
    options: Sequence[tuple[int, str]]
    questions: Sequence[Question]
    labels: Mapping[str, Mapping[str, str]]
    seed: int
    removed: Sequence[Person] = ()
    earlier: Document | None = None
    resamples: int = RESAMPLES

    def ballots(self, people: Sequence[Person]) -> Ballots:
        return as_ballots([person.choices for person in people], self.options)


def figures(source: Source) -> dict[str, Any]:
    """All counted figures. With fewer than ten answers there are none, not even their number."""
    n = len(source.people)
    if n < SMALLEST:
        return {"is_enough": False, "n": None, "groups": []}
    ballots = source.ballots(source.people)
    counted = tally(ballots, seed=source.seed, resamples=source.resamples)
    return {
        "is_enough": True,
        "n": n,
        "choices_made": _choices_made(source.people),
        "own_words": sum(OWN_WORDS in person.choices for person in source.people),
        "options": [_option(option, counted) for option in counted.options],
        "rankings": {str(method): _ranking(counted, method) for method in counted.rankings},
        "resamples": source.resamples,
        "pairs": len(source.options) * (len(source.options) - 1) // 2,
        "position": checks.position(source.people, ballots, source.options),
        "sensitivity": checks.sensitivity(source),
        "change": waves.change(counted, source.labels, source.earlier),
        "groups": groups.tables(source.people, ballots, source.questions),
    }


def _choices_made(people: Sequence[Person]) -> dict[str, int]:
    made = Counter(sum(choice is not None for choice in person.choices) for person in people)
    return {str(count): made[count] for count in sorted(made)}


def _option(option: OptionTally, counted: Tally) -> dict[str, Any]:
    return {
        "key": option.key,
        "mentions": option.mentions,
        "mention_share": _round(option.mention_share),
        "interval": interval(option.interval),
        "first": option.first,
        "first_share": _round(option.first_share),
        "first_interval": interval(option.first_interval),
        "borda": option.borda_points,
        "borda_mean": _round(option.borda),
        "plackett_luce": _round(option.strength),
        "rank_sets": {str(method): [found.best, found.worst] for method, found in option.rank_sets.items()},
        "places": {str(method): place for method, place in option.places.items()},
    }


def _ranking(counted: Tally, method: Method) -> dict[str, Any]:
    ranking = counted.rankings[method]
    return {
        "order": list(ranking.order),
        "clear_gaps": list(ranking.clear_gaps),
        "critical": _round(ranking.critical, 2),
        "title": {
            "case": str(ranking.title.case),
            "leaders": list(ranking.title.leaders),
            "clear_gap": ranking.title.clear_gap,
            "others_first": {str(method): list(keys) for method, keys in ranking.title.others_first.items()},
        },
    }


def interval(found: Any) -> list[float]:
    """An interval as [low, high], rounded as everything published is."""
    return [_round(found.low), _round(found.high)]


def _round(value: float, digits: int = 4) -> float:
    return round(float(value), digits)


def digest(document: Document, rows: str) -> str:
    """SHA-256 of a version: the document without quotes, which their authors may withdraw, and the rows."""
    kept = {key: value for key, value in document.items() if key not in ("quotes", "digest")}
    canonical = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode() + b"\n" + rows.encode()).hexdigest()
