"""Churn risk by rules: labelled as such, scaled to the workspace's own base rate. Pure: no Django, no clock.

log-odds = log-odds(base rate over the horizon) + Σ contributions. The contributions are judgements, not fits:
each is a piecewise-linear function of one input, zero for an ordinary customer. The interval joins the
sampling uncertainty of the base rate (a Gamma posterior of the churn hazard) with a fixed uncertainty of the
rules, as an 80 % range. A trained model replaces the rules once the workspace's history can prove one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from health.measures import Facts, Floats, Ints, Spec, evaluate

HORIZON_DAYS = 90
FEWEST_CHURNS = 20

# Before there is history: 5 % per quarter, with the weight of two observed churns.
_PRIOR_CHURNS = 2.0
_PRIOR_DAYS = _PRIOR_CHURNS / (-math.log(1 - 0.05) / HORIZON_DAYS)
_RULE_SD = 0.5
_Z80 = 1.2816

TREND, RECENCY, HABIT, SPONSOR = (
    Spec("trend"),
    Spec("recency", 64),
    Spec("active_days", 28, "per_week"),
    Spec("sponsor", source="contacts"),
)
USAGE_SPECS = [TREND, RECENCY, HABIT, SPONSOR]

# Order of ``risk_inputs`` wherever they are stored. NaN: not known.
INPUTS = (
    "activity_trend",
    "recency",
    "habit",
    "sponsor_present",
    "days_to_renewal",
    "tenure_days",
    "notice",
    "base_log_odds",
    "base_sd",
)

_CURVES: dict[str, tuple[tuple[float, float], ...]] = {
    "activity_trend": ((0.0, 1.2), (0.6, 0.5), (0.9, 0.0), (1.1, 0.0), (1.5, -0.3)),
    "recency": ((0.0, -0.2), (7.0, 0.0), (21.0, 0.8), (64.0, 1.4)),
    "habit": ((0.0, 0.6), (1.0, 0.3), (3.0, 0.0), (5.0, -0.4)),
    "sponsor_present": ((0.0, 0.7), (1.0, -0.1)),
    "days_to_renewal": ((0.0, 0.9), (HORIZON_DAYS, 0.4), (HORIZON_DAYS + 30.0, -0.5), (365.0, -0.9)),
    "tenure_days": ((0.0, 0.2), (365.0, 0.0), (1095.0, -0.3)),
    "notice": ((0.0, 0.0), (1.0, 4.0)),
}


LEVELS = (("low", 0), ("raised", 1_000), ("high", 2_500), ("very_high", 5_000))
"""Levels of risk and the basis points from which on each holds: what people act on, and what is news."""
_LEAST = [least for _, least in LEVELS]


def level(risk: int) -> str:
    """The level of a risk in basis points."""
    return LEVELS[bisect_right(_LEAST, risk) - 1][0]


def rose(before: int | None, after: int | None) -> bool:
    """Whether a risk (basis points; None or less than 0: none) has come to a higher level. The first has not risen."""
    if before is None or after is None or before < 0 or after < 0:
        return False
    return before < after and bisect_right(_LEAST, after) > bisect_right(_LEAST, before)


@dataclass(frozen=True, slots=True)
class BaseRate:
    """Log-odds of churning within the horizon for an ordinary customer, and their standard deviation."""

    log_odds: float
    sd: float
    horizon: int = HORIZON_DAYS

    @classmethod
    def observed(cls, churns: int, exposure_days: int, horizon: int = HORIZON_DAYS) -> BaseRate:
        """From ``churns`` over ``exposure_days`` of customers under contract, for ``horizon`` days ahead.

        Posterior mean of a Gamma hazard λ; p = 1 − exp(−λ·horizon). The relative standard deviation of a
        Gamma(k) variable is 1/√k, which is also that of the log-odds to first order while p is small.
        """
        hazard = (churns + _PRIOR_CHURNS) / (exposure_days + _PRIOR_DAYS)
        p = min(max(1.0 - math.exp(-hazard * horizon), 1e-6), 1 - 1e-6)
        return cls(math.log(p / (1 - p)), 1.0 / math.sqrt(churns + _PRIOR_CHURNS), horizon)

    @property
    def is_rough(self) -> bool:
        """Whether fewer churns stand behind it than a percentage can carry: then only a level of risk is told."""
        return bool(_too_few_churns(self.sd))


def _too_few_churns(sd: Any) -> Any:
    """Whether fewer churns than ``FEWEST_CHURNS`` stand behind a base rate of this ``sd`` (a number or an array)."""
    return sd**-2.0 - _PRIOR_CHURNS < FEWEST_CHURNS - 1e-6


@dataclass(slots=True)
class Risks:
    """Basis points per customer, −1 where risk is no question (no contract, or churned), for ``horizon`` days ahead.

    ``inputs``: what the rules read, in the order of ``INPUTS``; behind it what a model read, in the order of its
    columns, where there is one. ``by_model``: whose risk is the model's.
    """

    inputs: Floats
    risk: Ints
    low: Ints
    high: Ints
    horizon: int
    by_model: npt.NDArray[np.bool_]

    @property
    def methods(self) -> list[str]:
        """Whose risk each customer's is: model, rules, or none where it is no question."""
        told: list[str] = np.where(self.risk < 0, "none", np.where(self.by_model, "model", "rules")).tolist()
        return told

    @property
    def rough(self) -> npt.NDArray[np.bool_]:
        """For whom a level is all that can be told: by the rules, with too few churns behind for a percentage."""
        few: npt.NDArray[np.bool_] = _too_few_churns(self.inputs[:, INPUTS.index("base_sd")])
        return few & (self.risk >= 0) & ~self.by_model


def gather(facts: Facts, base: BaseRate) -> Floats:
    """The n × len(INPUTS) inputs of the rules."""
    n = len(facts.seats)
    columns = [evaluate(spec, facts) for spec in USAGE_SPECS]
    columns.append(np.where(facts.renewal_on > 0, facts.renewal_on - facts.as_of, np.nan).astype(np.float64))
    columns.append(np.where(facts.customer_since > 0, facts.as_of - facts.customer_since, np.nan).astype(np.float64))
    columns.append(np.isin(facts.state, ("notice_given", "in_grace")).astype(np.float64))
    columns.append(np.full(n, base.log_odds))
    columns.append(np.full(n, base.sd))
    return np.column_stack(columns)


def contributions(inputs: Floats) -> dict[str, Floats]:
    """What each input adds to the log-odds, per customer; 0 where the input is not known."""
    result: dict[str, Floats] = {}
    for index, name in enumerate(INPUTS):
        if name in _CURVES:
            xs, ys = zip(*_CURVES[name], strict=True)
            column = inputs[:, index]
            result[name] = np.where(np.isnan(column), 0.0, np.interp(column, xs, ys))
    return result


def assess(inputs: Floats, applicable: npt.NDArray[np.bool_], horizon: int = HORIZON_DAYS) -> Risks:
    """Risk of churn within the horizon by the rules, with its 80 % range, in basis points."""
    base, sd = inputs[:, INPUTS.index("base_log_odds")], inputs[:, INPUTS.index("base_sd")]
    log_odds = base + sum(contributions(inputs).values())
    spread = _Z80 * np.sqrt(sd**2 + _RULE_SD**2)
    risk, low, high = (basis_points(1 / (1 + np.exp(-log_odds - shift))) for shift in (0.0, -spread, spread))
    risk, low, high = (np.where(applicable, part, -1) for part in (risk, low, high))
    return Risks(inputs, risk, low, high, horizon, np.zeros(len(inputs), dtype=np.bool_))


def basis_points(probabilities: Floats) -> Ints:
    """Whole basis points of probabilities."""
    return np.rint(10_000 * probabilities).astype(np.int64)
