"""What a back-test tells beyond the figures of the contract, and keeping it with the proof of the scorecards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np

from accounts.models import Customer
from csplatform.core.models import Job
from csplatform.core.tenancy import current_workspace_id
from health.churn import backtest, details, metrics, parts
from health.churn.backtest import FEWEST_TESTED
from health.models import ChurnModel, ChurnProof
from health.services import card_proofs
from health.services.churn_history import History

_OLD = 365
_SHOWN_SEGMENTS = 6


def document(history: History, report: backtest.Report) -> dict[str, Any]:
    """The report in the contract's shape, and what stood aside, how the champion did, and what the page shows."""
    panel = history.own
    aside = [panel.left_aside.get(fold.as_of, (0, 0)) for fold in report.folds]
    tested = _tested(history, report)
    return {
        **report.as_dict(),
        "left_aside": {"notice_given": sum(n for n, _ in aside), "in_grace": sum(n for _, n in aside)},
        "left_out": [{"as_of": day.isoformat(), "reason": reason} for day, reason in sorted(panel.left_out.items())],
        "notes": [note for note in [parts.trees_missing()] if note],
        "grace_days": panel.grace,
        "through": date.fromordinal(panel.through).isoformat(),
        "champion": _against_champion(history, report),
        "details": _named(history, details.describe(tested, capacity=history.capacity)),
    }


def beats_champion(proof: dict[str, Any]) -> bool:
    """Whether a new model may take the champion's place: ahead of it on days it did not learn from, or no champion.

    A champion stays while too few have churned since for a comparison.
    """
    against = proof["champion"]
    return against is None or bool(against["is_ahead"])


def keep(job: Job, history: History, proof: dict[str, Any], *, model: ChurnModel | None, now: datetime) -> ChurnProof:
    """Store the proof, with that of every version of the scorecard on the same history."""
    return ChurnProof.objects.create(
        workspace_id=current_workspace_id(),
        made_at=now,
        made_by_label=job.params["label"][:200],
        horizon_days=history.own.horizon,
        document=proof,
        cards=card_proofs.of_versions(
            horizon=history.own.horizon,
            grace=history.own.grace,
            through=history.plan.through,
            capacity=history.capacity,
        ),
        model=model,
        job=job,
    )


def _tested(history: History, report: backtest.Report) -> details.Tested:
    panel = history.own
    rows = report.rows
    tenure = panel.values[rows, panel.names.index("tenure_days")]
    arr = panel.arr[rows]
    edges = np.quantile(arr, [1 / 3, 2 / 3]) if len(arr) else np.zeros(2)
    size = np.array(["small", "middle", "large"])[np.searchsorted(edges, arr, side="left")]
    industries = np.array([history.segments["industry"][person] for person in report.customers], dtype=object)
    common = {name for name, _ in _most_common(industries.tolist())}
    return details.Tested(
        report.labels,
        report.customers,
        report.days,
        panel.ends[rows],
        arr,
        report.told,
        {
            "arr": size.tolist(),
            "tenure": np.where(tenure < _OLD, "first_year", "later").tolist(),
            "industry": [name if name in common else "" for name in industries.tolist()],
        },
        panel.grace,
        panel.through,
    )


def _most_common(names: list[str]) -> list[tuple[str, int]]:
    counted: dict[str, int] = {}
    for name in names:
        if name:
            counted[name] = counted.get(name, 0) + 1
    return sorted(counted.items(), key=lambda item: -item[1])[:_SHOWN_SEGMENTS]


def _against_champion(history: History, report: backtest.Report) -> dict[str, Any] | None:
    """The procedure less the champion, on test rows of days after the champion was trained. None without one."""
    if history.champion is None or history.champion_learned is None:
        return None
    later = np.flatnonzero(report.days > history.champion_learned.toordinal())
    labels = report.labels[later]
    told: dict[str, Any] = {
        "number": history.champion_number,
        "from": history.champion_learned.isoformat(),
        "n": len(later),
        "churned_customers": len(np.unique(report.customers[later][labels > 0])),
        "is_ahead": False,
    }
    if told["churned_customers"] < FEWEST_TESTED:
        return told
    values = history.whole.only(history.champions_columns()).values[report.rows[later]]
    theirs = history.champion.model.probabilities(values)
    ours = report.told["model"][later]
    draws = metrics.Draws.of(report.customers[later])
    losses = draws.loss_differences(labels, ours, theirs)
    told |= {
        "roc_auc": metrics.roc_auc(labels, theirs),
        "log_loss": float(metrics.log_loss(labels, theirs).mean()),
        "log_loss_less": float(np.mean(losses)),
        "log_loss_less_ci": metrics.interval(losses),
        "ahead_in": float(np.mean([loss < 0 for loss in losses])),
    }
    told["is_ahead"] = told["ahead_in"] > 0.5
    rounded: dict[str, Any] = metrics.rounded(told)
    return rounded


def _named(history: History, described: dict[str, Any]) -> dict[str, Any]:
    """Customers by id and days as dates, instead of positions and ordinals."""
    for line in [*described.get("missed", ()), *described.get("false_alarms", ())]:
        line["customer"] = str(history.ids[line["customer"]])
        for name in ("as_of", "churned_on"):
            line[name] = date.fromordinal(line[name]).isoformat() if line[name] else None
    return described


def names_of(proof: ChurnProof) -> dict[str, str]:
    """Names of the customers a proof lists, by id; those deleted since are missing."""
    details = proof.document["details"]
    listed = [*details.get("missed", ()), *details.get("false_alarms", ())]
    rows = Customer.objects.filter(pk__in=[line["customer"] for line in listed])
    return {str(key): name for key, name in rows.values_list("id", "name")}
