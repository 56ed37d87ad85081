"""A back-test as a table for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ROWS = (("model", "model"), ("rules", "rules"), ("naive", "base rate"), ("renewal_only", "renewal date only"))
_VERDICTS = {
    "model": "Verdict: the model beats the rules, the base rate and the renewal date alone.",
    "rules": "Verdict: the rules stay; the model is not surely better.",
    "not_enough_data": "Verdict: not enough churns to judge a model; the rules stay.",
}


def as_table(proof: Mapping[str, Any]) -> str:
    """``proof``: the object that ``backtest --json`` prints."""
    folds = proof["folds"]
    span = f" from {folds[0]['as_of']} to {folds[-1]['as_of']}" if folds else ""
    lines = [
        f"Churn within {proof['horizon_days']} days, {len(folds)} folds{span}: {proof['n']:,} rows, "
        f"{proof['churned']:,} churned ({proof['churned_customers']:,} customers)",
        f"{'':18}{'ROC AUC':>9}{'95 %':>17}{'log-loss':>10}{'Brier':>9}{'ECE':>8}{'lift':>7}",
    ]
    for key, name in _ROWS:
        row = proof[key]
        interval = row["roc_auc_ci"]
        between = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "–"
        lines.append(
            f"{name:18}{_figure(row['roc_auc'], 3):>9}{between:>17}{_figure(row['log_loss'], 4):>10}"
            f"{_figure(row['brier'], 4):>9}{_figure(row['ece'], 4):>8}{_figure(row['lift_top_decile'], 1):>7}"
        )
    return "\n".join([*lines, _VERDICTS[proof["verdict"]]])


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
