"""The proof: at every past day, what would the model have said, had it known only what was settled by then? Pure.

Rolling origin. Each fold is one day; whatever is fitted, chosen or calibrated for it uses rows whose labels were
settled by that day (day + horizon + grace ≤ the fold's day). Beside the model stand the rules, the base rate ("naive")
and the days to renewal alone, each learned from the same rows. All figures pool the folds' rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from health.churn import metrics
from health.churn.calibration import logit, probability
from health.churn.model import RULES_ONLY, Model, Rows, fit
from health.churn.panel import Ending, Panel
from health.churn.parts import Rules
from health.measures import Floats, Ints

MOST_FOLDS = 26
FEWEST_TESTED = 10
# How many in a hundred resamples of customers the model must be ahead in before it takes the rules' place.
_SURE = 0.9
MODEL, RULES, NOT_ENOUGH = "model", "rules", "not_enough_data"

Forecaster = Callable[[Rows, Floats], Floats]
"""(what was settled, rows of the day) → probabilities."""


@dataclass(frozen=True, slots=True)
class Fold:
    as_of: date
    n: int
    churned: int
    trained_on: int
    churned_customers: int
    recipe: str


@dataclass(slots=True)
class Report:
    """Pooled test rows: ``told`` holds each forecaster's probabilities by name, in the order of ``labels``.

    ``endings``: how the time under contract ended, by ``Ending``. ``rows``: which rows of the panel they are.
    """

    horizon: int
    folds: list[Fold]
    labels: Floats
    customers: Ints
    days: Ints
    told: dict[str, Floats]
    endings: Ints
    rows: Ints
    verdict: str = NOT_ENOUGH
    comparison: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The object of the interface contract, and beside it how the model compares and what it was made of."""
        draws = metrics.Draws.of(self.customers)
        measured = {name: metrics.measure(self.labels, told, draws) for name, told in self.told.items()}
        document = {
            "horizon_days": self.horizon,
            "folds": [_fold_document(fold) for fold in self.folds],
            "n": len(self.labels),
            "churned": int(self.labels.sum()),
            "churned_customers": _churned_customers(self.customers, self.labels),
            "base_rate": float(self.labels.mean()) if len(self.labels) else None,
            **measured,
            "by_kind": {kind: self._of_kind(rows) for kind, rows in self._kinds().items()},
            "model_less": self.comparison,
            "verdict": self.verdict,
        }
        told: dict[str, Any] = metrics.rounded(document)
        return told

    def _kinds(self) -> dict[str, npt.NDArray[np.bool_]]:
        churned = self.labels > 0
        of = {each: churned & (self.endings == each) for each in Ending}
        return {
            "voluntary": of[Ending.CANCELLED] | of[Ending.LAPSED],
            "cancelled": of[Ending.CANCELLED],
            "lapsed": of[Ending.LAPSED],
            "involuntary": of[Ending.UNPAID],
        }

    def _of_kind(self, churned: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """How the model ranks churns of one kind against all who stayed."""
        rows = churned | (self.labels < 1)
        labels, told = churned[rows].astype(np.float64), self.told["model"][rows]
        return {
            "churned": int(churned.sum()),
            "churned_customers": len(np.unique(self.customers[churned])),
            "roc_auc": metrics.roc_auc(labels, told),
            "recall": metrics.caught(labels, told, 0.1)[0] / churned.sum() if churned.any() else None,
        }


def _fold_document(fold: Fold) -> dict[str, Any]:
    return {
        "as_of": fold.as_of.isoformat(),
        "n": fold.n,
        "churned": fold.churned,
        "trained_on": fold.trained_on,
        "churned_customers_trained_on": fold.churned_customers,
        "recipe": fold.recipe,
    }


def base_rate(learned: Rows, values: Floats) -> Floats:
    """The share that churned of what was settled, for everybody: what one knows without looking at a customer."""
    return np.full(len(values), probability(np.array([logit(_smoothed(learned.labels.sum(), len(learned.labels)))]))[0])


def by_rules(learned: Rows, values: Floats) -> Floats:
    """The rules, scaled to the base rate of what was settled."""
    return probability(Rules.fit(learned.values, learned.labels, learned.names).log_odds(values))


def by_renewal(learned: Rows, values: Floats) -> Floats:
    """Shares churned by tenths of the days to renewal, drawn towards the base rate by the weight of 50 rows."""
    place = learned.names.index("days_to_renewal")
    known, asked = learned.values[:, place], values[:, place]
    edges = np.unique(np.nanquantile(known, np.linspace(0.1, 0.9, 9))) if not np.isnan(known).all() else np.array([])
    bins = [np.where(np.isnan(column), len(edges) + 1, np.searchsorted(edges, column)) for column in (known, asked)]
    base = _smoothed(learned.labels.sum(), len(learned.labels))
    churned = np.bincount(bins[0], learned.labels, len(edges) + 2)
    shares: Floats = (churned + 50 * base) / (np.bincount(bins[0], minlength=len(edges) + 2) + 50)
    return shares[bins[1]]


def _smoothed(churned: float, n: int) -> float:
    return float((churned + 0.5) / (n + 1))


BASELINES: Mapping[str, Forecaster] = {"rules": by_rules, "naive": base_rate, "renewal_only": by_renewal}


def run(
    panel: Panel,
    *,
    others: Mapping[str, Forecaster] | None = None,
    tick: Callable[[], None] = lambda: None,
    after_fold: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Back-test the procedure on ``panel``. ``others``: more forecasters to put beside it on the same folds.

    ``tick`` is called after each piece of work, ``after_fold`` with how many folds are done and how many there are.
    """
    forecasters = {**BASELINES, **(others or {})}
    folds: list[Fold] = []
    told: dict[str, list[Floats]] = {name: [] for name in ("model", *forecasters)}
    tested: list[Rows] = []
    days = _fold_days(panel)
    for day in days:
        learned, rows = panel.settled(day), panel.of_day(day)
        model = fit(learned, tick, with_interval=False)
        told["model"].append(model.probabilities(rows.values))
        for name, forecaster in forecasters.items():
            told[name].append(forecaster(learned, rows.values))
        folds.append(_fold(day, rows, learned, model))
        tested.append(rows)
        after_fold(len(folds), len(days))
    return _report(panel, folds, tested, told)


def _fold_days(panel: Panel) -> list[int]:
    """Days with a settled label and enough settled before them for a model; where none has, whatever has any.

    The newest ``MOST_FOLDS`` at even steps, so that years of history cost no more than the last one.
    """
    settled = panel.settled()
    days = np.unique(settled.days).tolist()
    able = [day for day in days if panel.settled(day).carry_a_model]
    chosen = able or [day for day in days if len(panel.settled(day).labels)]
    stride = 1 if len(chosen) <= MOST_FOLDS else min(-(-len(chosen) // MOST_FOLDS), 4)
    return chosen[::-1][::stride][:MOST_FOLDS][::-1]


def _fold(day: int, rows: Rows, learned: Rows, model: Model) -> Fold:
    return Fold(
        date.fromordinal(day),
        len(rows.labels),
        int(rows.labels.sum()),
        len(learned.labels),
        learned.churned_customers,
        model.recipe,
    )


def _report(panel: Panel, folds: list[Fold], tested: list[Rows], told: dict[str, list[Floats]]) -> Report:
    def pooled(parts: list[Any], kind: Any) -> Any:
        return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)

    rows = pooled([np.flatnonzero(panel.is_of_day(fold.as_of.toordinal())) for fold in folds], np.int64)
    report = Report(
        panel.horizon,
        folds,
        pooled([each.labels for each in tested], np.float64),
        panel.customers[rows],
        panel.days[rows],
        {name: pooled(parts, np.float64) for name, parts in told.items()},
        panel.endings[rows],
        rows,
    )
    report.comparison = _compare(report)
    report.verdict = _verdict(report)
    return report


def _compare(report: Report) -> dict[str, Any]:
    """Model less each other forecaster, on the same resamples of customers: ROC AUC and log-loss with intervals."""
    draws = metrics.Draws.of(report.customers)
    ours = report.told["model"]
    compared = {}
    for name, theirs in report.told.items():
        if name == "model" or not len(ours):
            continue
        losses = draws.loss_differences(report.labels, ours, theirs)
        auc = [metrics.roc_auc(report.labels, each) for each in (ours, theirs)]
        compared[name] = {
            "roc_auc": None if auc[0] is None or auc[1] is None else auc[0] - auc[1],
            "roc_auc_ci": metrics.interval(draws.auc_differences(report.labels, ours, theirs)),
            "log_loss": float((metrics.log_loss(report.labels, ours) - metrics.log_loss(report.labels, theirs)).mean()),
            "log_loss_ci": metrics.interval(losses),
            "ahead_in": float(np.mean([loss < 0 for loss in losses])),
        }
    return compared


def _verdict(report: Report) -> str:
    """The model, where it was one on every fold and its log-loss beats rules, base rate and renewal date surely."""
    if any(fold.recipe == RULES_ONLY for fold in report.folds):
        return NOT_ENOUGH
    if _churned_customers(report.customers, report.labels) < FEWEST_TESTED:
        return NOT_ENOUGH
    ahead = all(report.comparison[name]["ahead_in"] >= _SURE for name in BASELINES)
    return MODEL if ahead else RULES


def _churned_customers(customers: Ints, labels: Floats) -> int:
    return len(np.unique(customers[labels > 0]))
