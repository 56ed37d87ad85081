"""The estimator: parts averaged, chosen and calibrated within what it is given to learn from, and nothing else.

K, the number of customers with a churn, says what a history can carry (measured on five sets): under 20 the rules,
under 100 the mean of several simple parts or one of them, from there on trees as well. Choice and calibration use the
same predictions for rows unseen: by rolling origin where the days allow it, else by folds of customers. The level of
the probabilities is that of the newest of them, because how many leave changes sooner than who does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from health.churn import parts
from health.churn.calibration import Sigmoid, VennAbers, probability
from health.churn.metrics import log_loss
from health.measures import Floats, Ints
from health.risk import FEWEST_CHURNS

MANY_CHURNS = 100
_FOLDS = 5
_ORIGINS = 4

RULES_ONLY = "rules"
_BLEND = ("rules", "logistic", "tiny")
RECIPES: dict[str, tuple[str, ...]] = {
    RULES_ONLY: ("rules",),
    "logistic": ("logistic",),
    "blend": _BLEND,
    "trees": ("small",),
    "deep_trees": ("large",),
    "trees_and_deep_trees": ("small", "large"),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """What is learned from: n × m values (NaN: not known), labels 0 or 1, whose row, and of which day (ordinal).

    ``horizon``: days a label looks ahead; with ``grace`` days more it is settled. None: the rows have no order in time.
    """

    names: tuple[str, ...]
    values: Floats
    labels: Floats
    customers: Ints
    days: Ints
    horizon: int | None = None
    grace: int = 0

    def take(self, chosen: npt.NDArray[Any]) -> Rows:
        return Rows(
            self.names,
            self.values[chosen],
            self.labels[chosen],
            self.customers[chosen],
            self.days[chosen],
            self.horizon,
            self.grace,
        )

    @property
    def settled_on(self) -> Ints:
        """The day from which each row's label is settled."""
        return self.days + (self.horizon or 0) + self.grace

    @property
    def carry_a_model(self) -> bool:
        """Enough who churned and who stayed, and days that span a horizon: one day of many says nothing of time."""
        stayed = len(np.unique(self.customers[self.labels < 1]))
        if min(self.churned_customers, stayed) < FEWEST_CHURNS:
            return False
        return self.horizon is None or int(np.ptp(self.days)) >= self.horizon

    @property
    def churned_customers(self) -> int:
        return len(np.unique(self.customers[self.labels > 0]))

    @property
    def rows_each(self) -> float:
        return len(self.labels) / max(1, len(np.unique(self.customers)))


@dataclass(frozen=True, slots=True)
class Model:
    """``recipe``: name of the parts taken. ``losses``: mean log-loss on unseen rows of each recipe that was weighed."""

    names: tuple[str, ...]
    recipe: str
    parts: tuple[parts.Part, ...]
    sigmoid: Sigmoid
    band: VennAbers | None
    churned_customers: int
    losses: Mapping[str, float] = field(default_factory=dict)

    def scores(self, values: Floats) -> Floats:
        """Mean log-odds of the parts, before calibration."""
        total: Floats = np.mean([part.log_odds(values) for part in self.parts], axis=0)
        return total

    def probabilities(self, values: Floats) -> Floats:
        return probability(self.sigmoid.log_odds(self.scores(values)))

    def intervals(self, values: Floats) -> tuple[Floats, Floats] | None:
        """Low and high of each row's probability; None where too little history could be set aside for it."""
        if self.band is None:
            return None
        scores = self.scores(values)
        return self.band.around(scores, probability(self.sigmoid.log_odds(scores)))

    def drivers(self, values: Floats) -> Floats:
        """n × (columns + 1): what each column, and last the constant, adds to the log-odds of the probability."""
        mean: Floats = np.mean([part.contributions(values) for part in self.parts], axis=0) * self.sigmoid.slope
        mean[:, -1] += self.sigmoid.shift
        return mean

    def to_dict(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "recipe": self.recipe,
            "parts": [part.to_dict() for part in self.parts],
            "sigmoid": [self.sigmoid.slope, self.sigmoid.shift],
            "band": self.band.to_dict() if self.band else None,
            "churned_customers": self.churned_customers,
            "losses": dict(self.losses),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Model:
        return cls(
            tuple(stored["names"]),
            stored["recipe"],
            tuple(parts.part_from_dict(each) for each in stored["parts"]),
            Sigmoid(*stored["sigmoid"]),
            VennAbers.from_dict(stored["band"]) if stored["band"] else None,
            stored["churned_customers"],
            stored["losses"],
        )


def fit(rows: Rows, tick: Callable[[], None] = lambda: None, *, with_interval: bool = True) -> Model:
    """Choose, fit and calibrate from ``rows`` alone; ``tick`` is called after each piece of work."""
    churned = rows.churned_customers
    candidates = recipes_for(rows)
    if candidates == [RULES_ONLY]:
        rules = parts.Rules.fit(rows.values, rows.labels, rows.names)
        return Model(rows.names, RULES_ONLY, (rules,), Sigmoid(1.0, 0.0), None, churned)
    unseen, at = _scores_unseen(rows, candidates, tick)
    labels = rows.labels[at]
    losses = {}
    for name in candidates:
        sigmoid = Sigmoid.fit(unseen[name], labels)
        losses[name] = float(log_loss(labels, probability(sigmoid.log_odds(unseen[name]))).mean())
    best = min(candidates, key=lambda name: losses[name])
    newest = _newest(rows.take(at))
    fitted = tuple(_part(kind, rows) for kind in _kinds(best, rows.names))
    tick()
    return Model(
        rows.names,
        best,
        fitted,
        Sigmoid.fit(unseen[best], labels).levelled(unseen[best][newest], labels[newest]),
        _band(unseen[best], rows.take(at)) if with_interval else None,
        churned,
        losses,
    )


def recipes_for(rows: Rows) -> list[str]:
    """What may be chosen among. Rules need their columns; trees need their library."""
    if not rows.carry_a_model:
        return [RULES_ONLY]
    allowed = ["blend", "logistic"]
    if rows.churned_customers >= MANY_CHURNS and not parts.trees_missing():
        allowed += ["trees", "deep_trees", "trees_and_deep_trees"]
    return [name for name in allowed if name != "blend" or len(_kinds(name, rows.names)) > 1]


def _kinds(recipe: str, names: Sequence[str]) -> list[str]:
    kinds = []
    for kind in RECIPES[recipe]:
        if kind == "rules" and "days_to_renewal" not in names:
            continue
        if kind in ("tiny", "small", "large") and parts.trees_missing():
            continue
        kinds.append(kind)
    return kinds


def _part(kind: str, rows: Rows) -> parts.Part:
    return parts.fit_part(kind, rows.values, rows.labels, rows.names, rows.rows_each)


def _scores_unseen(
    rows: Rows, candidates: Sequence[str], tick: Callable[[], None]
) -> tuple[dict[str, Floats], npt.NDArray[np.intp]]:
    """Per recipe the scores of rows that the fitted parts had not seen, and which rows those are."""
    kinds = sorted({kind for name in candidates for kind in _kinds(name, rows.names)})
    scored: dict[str, list[Floats]] = {kind: [] for kind in kinds}
    places = []
    for learn, judge in splits(rows):
        seen, unseen = rows.take(learn), rows.values[judge]
        for kind in kinds:
            scored[kind].append(_part(kind, seen).log_odds(unseen))
            tick()
        places.append(judge)
    joined = {kind: np.concatenate(found) for kind, found in scored.items()}
    scores = {name: np.mean([joined[kind] for kind in _kinds(name, rows.names)], axis=0) for name in candidates}
    return scores, np.concatenate(places)


Split = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def splits(rows: Rows) -> list[Split]:
    """(learn, judge) within ``rows``: rolling origin where it leaves enough churns on both sides, else by customer."""
    rolling = _rolling(rows) if rows.horizon is not None else []
    if rolling and rows.take(np.concatenate([judge for _, judge in rolling])).churned_customers >= FEWEST_CHURNS:
        return rolling
    return _by_customer(rows)


def _rolling(rows: Rows) -> list[Split]:
    """The days that can be judged, in blocks; each block by what was settled before its first day."""
    judged = []
    for day in np.unique(rows.days):
        if rows.take(rows.settled_on <= day).carry_a_model:
            judged.append(day)
    found = []
    for block in np.array_split(np.array(judged), min(_ORIGINS, len(judged))) if judged else []:
        learn = np.flatnonzero(rows.settled_on <= block[0])
        found.append((learn, np.flatnonzero(np.isin(rows.days, block))))
    return found


def _by_customer(rows: Rows) -> list[Split]:
    """Folds of customers, those with a churn shared out evenly; drawn once and for all by a fixed seed."""
    people, code = np.unique(rows.customers, return_inverse=True)
    churned = np.bincount(code, rows.labels, len(people)) > 0
    generator = np.random.default_rng(11)
    fold = np.zeros(len(people), dtype=np.int64)
    for group in (np.flatnonzero(churned), np.flatnonzero(~churned)):
        fold[generator.permutation(group)] = np.arange(len(group)) % _FOLDS
    return [(np.flatnonzero(fold[code] != n), np.flatnonzero(fold[code] == n)) for n in range(_FOLDS)]


def _newest(rows: Rows) -> npt.NDArray[np.bool_]:
    """Which rows set the level: the newest days that hold 20 customers with a churn, since base rates drift."""
    if rows.horizon is not None:
        for day in np.unique(rows.days)[::-1]:
            chosen: npt.NDArray[np.bool_] = rows.days >= day
            if rows.take(chosen).churned_customers >= FEWEST_CHURNS:
                return chosen
    return np.ones(len(rows.days), dtype=np.bool_)


def _band(scores: Floats, rows: Rows) -> VennAbers | None:
    """From one row a customer, drawn by a fixed seed: rows of one customer would make it look too sure."""
    order = np.random.default_rng(12).permutation(len(scores))
    _, first = np.unique(rows.customers[order], return_index=True)
    chosen = order[first]
    return VennAbers.fit(scores[chosen], rows.labels[chosen]) if len(chosen) > 1 else None
