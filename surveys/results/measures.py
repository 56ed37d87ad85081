"""What was asked beside a top-3 ballot, counted: a score, or a further question. Pure.

Figures of one measure are ``{"key", "kind", "n", …}``. With a scale (``nps``, ``csat``, ``ces``, ``scale``): ``value``,
``interval`` and ``distribution``; with choices (``single``, ``multiple``, ``ranking``): ``options``, their ``order``
and the ``leaders``, which cannot be told apart; ``text`` has its number of authors alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surveys.stats import scores
from surveys.stats.intervals import wilson
from surveys.stats.leading import leaders

SCORE = "score"
"""The key of the one figure that NPS, CSAT and CES ask for."""
NPS, CSAT, CES, SCALE = "nps", "csat", "ces", "scale"
SCALED = (NPS, CSAT, CES, SCALE)
CHOSEN = ("single", "multiple", "ranking")
_ENDS = {NPS: (0, 10), CSAT: (1, 5), CES: (1, 7)}


@dataclass(frozen=True, slots=True)
class Measure:
    """``choices``: keys in order, of questions with choices; ``low``/``high``: the ends of a scale."""

    key: str
    kind: str
    choices: tuple[str, ...] = ()
    low: int = 1
    high: int = 5

    @classmethod
    def of_score(cls, kind: str) -> Measure:
        """The score that surveys of ``kind`` ask for."""
        low, high = _ENDS[kind]
        return cls(SCORE, kind, low=low, high=high)

    @property
    def answers(self) -> tuple[int, ...]:
        """The steps of a scale."""
        return tuple(range(self.low, self.high + 1))

    def holds(self, value: Any) -> bool:
        """Whether ``value`` is an answer at all."""
        if self.kind in SCALED:
            return isinstance(value, int) and self.low <= value <= self.high
        if self.kind == "text":
            return bool(value)
        listed = [value] if isinstance(value, str) else list(value or ())
        return bool(listed) and all(each in self.choices for each in listed)


def figures(measure: Measure, values: Sequence[Any]) -> dict[str, Any]:
    """All figures of ``values``, the valid answers to ``measure``, however few."""
    told: dict[str, Any] = {"key": measure.key, "kind": measure.kind, "n": len(values)}
    if measure.kind in SCALED:
        return {**told, **_scaled(measure, values)}
    return {**told, **_chosen(measure, values)} if measure.kind in CHOSEN else told


def score(measure: Measure, values: Sequence[int]) -> scores.Score:
    """The figure of a scale, with its interval: a scale of one's own is told by its mean, as CES is."""
    if measure.kind == NPS:
        return scores.nps(values)
    if measure.kind == CSAT:
        return scores.csat(values)
    return scores.ces(values, lowest=measure.low, highest=measure.high)


def summary(measure: Measure, values: Sequence[int]) -> dict[str, Any]:
    """``n``, ``value`` and ``interval``, rounded as everything published is."""
    found = score(measure, values)
    value = None if found.value is None else _round(found.value)
    return {"n": found.n, "value": value, "interval": [_round(found.interval.low), _round(found.interval.high)]}


def worth(measure: Measure) -> tuple[float, ...]:
    """What each step of a scale counts in the measure's figure."""
    if measure.kind == NPS:
        return tuple(float((answer >= scores.PROMOTER) - (answer <= scores.DETRACTOR)) for answer in measure.answers)
    if measure.kind == CSAT:
        return tuple(float(answer >= scores.SATISFIED) for answer in measure.answers)
    return tuple(float(answer) for answer in measure.answers)


def _scaled(measure: Measure, values: Sequence[int]) -> dict[str, Any]:
    counted, n = Counter(values), len(values)
    steps = [
        {"answer": answer, "count": counted[answer], "share": _round(counted[answer] / n) if n else None}
        for answer in measure.answers
    ]
    return {**summary(measure, values), "distribution": steps}


def _chosen(measure: Measure, values: Sequence[Any]) -> dict[str, Any]:
    """Options by share of those who answered; of a ranking by mean place, where those left out share what is left."""
    lists = [[value] if isinstance(value, str) else list(value) for value in values]
    options = [_option(measure, key, lists) for key in measure.choices]
    index = {key: place for place, key in enumerate(measure.choices)}
    by_place = measure.kind == "ranking"
    ordered = sorted(
        options,
        key=lambda each: ((each["mean_place"] or 0.0) if by_place else -each["count"], index[each["key"]]),
    )
    ahead = leaders(_before(measure, lists)) if lists else tuple(range(len(options)))
    order = [each["key"] for each in ordered]
    found = {measure.choices[each] for each in ahead}
    return {"options": options, "order": order, "leaders": [key for key in order if key in found]}


def _option(measure: Measure, key: str, lists: Sequence[Sequence[str]]) -> dict[str, Any]:
    n = len(lists)
    by_place = measure.kind == "ranking"
    count = sum(chosen[0] == key if by_place else key in chosen for chosen in lists)
    told: dict[str, Any] = {"key": key, "count": count, **share(count, n)}
    if by_place:
        places = [_place(measure, key, chosen) for chosen in lists]
        # Twice the place is whole: those left out share the mean of the places that are left.
        doubled = scores.ces([round(2 * place) for place in places], lowest=2, highest=2 * len(measure.choices))
        told["mean_place"] = None if doubled.value is None else _round(doubled.value / 2)
        told["place_interval"] = [_round(doubled.interval.low / 2), _round(doubled.interval.high / 2)]
    return told


def share(count: int, n: int) -> dict[str, Any]:
    """A share of ``n`` with Wilson's interval."""
    found = wilson(count, n)
    return {"share": _round(count / n) if n else None, "interval": [_round(found.low), _round(found.high)]}


def _place(measure: Measure, key: str, chosen: Sequence[str]) -> float:
    return chosen.index(key) + 1 if key in chosen else (len(chosen) + 1 + len(measure.choices)) / 2


def _before(measure: Measure, lists: Sequence[Sequence[str]]) -> list[list[int]]:
    """How many put one choice before another; in questions without order the chosen before those that are not."""
    table = [[0] * len(measure.choices) for _ in measure.choices]
    for chosen in lists:
        places = [
            _place(measure, key, chosen) if measure.kind == "ranking" else float(key not in chosen)
            for key in measure.choices
        ]
        for i, own in enumerate(places):
            for j, other in enumerate(places):
                table[i][j] += own < other
    return table


def _round(value: float, digits: int = 4) -> float:
    return round(float(value), digits)
