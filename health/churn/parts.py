"""The estimators: rules, a regularised logistic, small boosted trees. Each gives log-odds as a sum over the columns.

``fit`` learns from rows (NaN: not known) and labels; ``contributions`` gives n × (columns + 1), the last being the
constant, whose sum over a row is that row's log-odds. Nothing is weighted or resampled by class: that would spoil
the probabilities.

- Rules: ``health.risk``, with the one constant that makes their mean the base rate of what they are fitted on.
- Logistic: on person-period rows (one per customer and day) this is the discrete-time hazard model (Singer and
  Willett, "It's about time", J. Educ. Stat. 1993), logit h = β₀ + Σ βⱼ zⱼ, with an L2 penalty. zⱼ is the column cut at
  its 1st and 99th percentile and standardised; a missing value is an average one and has a coefficient of its own.
- Trees: LightGBM; a column's part is its exact Shapley value (Lundberg et al., Nature MI 2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Protocol

import numpy as np

from health import risk
from health.churn.calibration import level_shift
from health.measures import Floats

NO_TREES = (
    "Boosted trees took no part: the system's OpenMP library is missing. Install it (Debian and Ubuntu: "
    "apt install libgomp1) and train again."
)


class Part(Protocol):
    """A fitted estimator."""

    def contributions(self, rows: Floats) -> Floats: ...

    def log_odds(self, rows: Floats) -> Floats: ...

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules on the columns of ``names`` they know."""

    names: tuple[str, ...]
    shift: float

    @classmethod
    def fit(cls, rows: Floats, labels: Floats, names: Sequence[str]) -> Rules:
        return cls(tuple(names), level_shift(cls(tuple(names), 0.0).log_odds(rows), labels))

    def contributions(self, rows: Floats) -> Floats:
        inputs = np.full((len(rows), len(risk.INPUTS)), np.nan)
        known = {name: place for place, name in enumerate(self.names) if name in risk.INPUTS}
        for name, place in known.items():
            inputs[:, risk.INPUTS.index(name)] = rows[:, place]
        result = np.zeros((len(rows), rows.shape[1] + 1))
        for name, part in risk.contributions(inputs).items():
            if name in known:
                result[:, known[name]] = part
        result[:, -1] = self.shift
        return result

    def log_odds(self, rows: Floats) -> Floats:
        total: Floats = self.contributions(rows).sum(axis=1)
        return total

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "rules", "names": list(self.names), "shift": self.shift}


@dataclass(frozen=True, slots=True)
class Logistic:
    """Per column: where it is cut, its mean and spread once cut, its coefficient and that of its being missing."""

    low: Floats
    high: Floats
    mean: Floats
    spread: Floats
    coefficients: Floats
    missing: Floats
    constant: float

    @classmethod
    def fit(cls, rows: Floats, labels: Floats, strength: float = 0.1) -> Logistic:
        """``strength``: scikit-learn's C, the weight of the data against the penalty."""
        from sklearn.linear_model import LogisticRegression

        columns = rows.shape[1]
        filled = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
        low, high = np.nanquantile(filled, [0.01, 0.99], axis=0)
        cut = np.clip(filled, low, high)
        mean, spread = np.nanmean(cut, axis=0), np.nanstd(cut, axis=0)
        nothing = np.zeros(columns)
        unfitted = cls(low, high, mean, np.where(spread > 1e-12, spread, np.inf), nothing, nothing, 0.0)
        fitted = LogisticRegression(C=strength, max_iter=2_000).fit(unfitted._prepared(rows), labels)
        found = fitted.coef_[0]
        return cls(low, high, mean, unfitted.spread, found[:columns], found[columns:], float(fitted.intercept_[0]))

    def _prepared(self, rows: Floats) -> Floats:
        missing = np.isnan(rows)
        scaled = (np.clip(rows, self.low, self.high) - self.mean) / self.spread
        return np.hstack([np.where(missing, 0.0, scaled), missing.astype(np.float64)])

    def contributions(self, rows: Floats) -> Floats:
        columns = rows.shape[1]
        parts = self._prepared(rows) * np.concatenate([self.coefficients, self.missing])
        return np.column_stack([parts[:, :columns] + parts[:, columns:], np.full(len(rows), self.constant)])

    def log_odds(self, rows: Floats) -> Floats:
        total: Floats = self._prepared(rows) @ np.concatenate([self.coefficients, self.missing]) + self.constant
        return total

    def to_dict(self) -> dict[str, Any]:
        columns = ("low", "high", "mean", "coefficients", "missing")
        return {
            "kind": "logistic",
            **{name: getattr(self, name).tolist() for name in columns},
            "spread": [None if np.isinf(each) else float(each) for each in self.spread],
            "constant": self.constant,
        }


@cache
def trees_missing() -> str:
    """Why there can be no boosted trees on this machine; empty when there can."""
    try:
        import lightgbm  # noqa: F401  (only whether it can be loaded is asked)
    except OSError:
        return NO_TREES
    return ""


_TREES: dict[str, dict[str, Any]] = {
    "tiny": {"num_leaves": 4, "learning_rate": 0.1, "rounds": 60},
    "small": {"num_leaves": 8, "learning_rate": 0.03, "rounds": 300},
    "large": {"num_leaves": 31, "learning_rate": 0.1, "rounds": 100},
}


@dataclass(frozen=True, slots=True)
class Trees:
    """A LightGBM model as its own text, with the number of columns it was fitted on."""

    text: str

    @classmethod
    def fit(cls, rows: Floats, labels: Floats, size: str, rows_each: float = 1.0) -> Trees:
        """``rows_each``: rows of one customer on average; a leaf needs as many more of them, since they are alike."""
        import lightgbm

        options = {
            "objective": "binary",
            "num_leaves": _TREES[size]["num_leaves"],
            "learning_rate": _TREES[size]["learning_rate"],
            "min_data_in_leaf": round(20 * max(1.0, rows_each)),
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": 1,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(rows, labels, params={"verbosity": -1}, free_raw_data=True)
        return cls(lightgbm.train(options, data, num_boost_round=_TREES[size]["rounds"]).model_to_string())

    def contributions(self, rows: Floats) -> Floats:
        return _predict(self.text, rows, pred_contrib=True)

    def log_odds(self, rows: Floats) -> Floats:
        return _predict(self.text, rows, raw_score=True)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "trees", "text": self.text}


def _predict(text: str, rows: Floats, **options: bool) -> Floats:
    return np.asarray(_booster(text).predict(rows, num_threads=1, **options), dtype=np.float64)


@lru_cache(maxsize=16)
def _booster(text: str) -> Any:
    """Reading a model's text takes as long as asking it about thousands of rows."""
    import lightgbm

    return lightgbm.Booster(model_str=text)


def fit_part(kind: str, rows: Floats, labels: Floats, names: Sequence[str], rows_each: float) -> Part:
    """``kind``: rules, logistic, or the size of trees."""
    if kind == "rules":
        return Rules.fit(rows, labels, names)
    if kind == "logistic":
        return Logistic.fit(rows, labels)
    return Trees.fit(rows, labels, kind, rows_each)


def part_from_dict(stored: Mapping[str, Any]) -> Part:
    """What ``to_dict`` of a part gave."""
    if stored["kind"] == "rules":
        return Rules(tuple(stored["names"]), stored["shift"])
    if stored["kind"] == "trees":
        return Trees(stored["text"])
    arrays = {name: np.array(stored[name]) for name in ("low", "high", "mean", "coefficients", "missing")}
    spread = np.array([np.inf if each is None else each for each in stored["spread"]])
    return Logistic(spread=spread, constant=stored["constant"], **arrays)
