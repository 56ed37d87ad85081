"""What a back-test tells beyond the figures of the contract, and keeping it with the proof of the scorecards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from accounts.models import Customer
from csplatform.core.models import Job
from csplatform.core.tenancy import current_workspace_id
from health.churn import backtest, details, metrics, parts
from health.churn.backtest import FEWEST_TESTED
from health.churn.panel import Aside
from health.models import ChurnModel, ChurnProof
from health.services import card_proofs, proof_segments
from health.services.churn_history import History


def document(history: History, report: backtest.Report) -> dict[str, Any]:
    """The report in the contract's shape, and what stood aside, how the champion did, and what the page shows."""
    panel = history.own
    tested = _tested(history, report)
    return {
        **report.as_dict(),
        "left_aside": _left_aside([panel.left_aside[each.as_of] for each in report.folds]),
        "left_out": [{"as_of": day.isoformat(), "reason": reason} for day, reason in sorted(panel.left_out.items())],
        "notes": [note for note in [parts.trees_missing()] if note],
        "grace_days": panel.grace,
        "through": date.fromordinal(panel.through).isoformat(),
        "champion": _against_champion(history, report),
        "details": proof_segments.named(details.describe(tested, capacity=history.capacity), history.ids),
    }


def _left_aside(days: Sequence[Aside]) -> dict[str, int]:
    """Rows whose outcome was known already: with a notice (and the customers among them, and who of those left within
    the horizon), and in grace.
    """
    noticed = np.concatenate([day.noticed for day in days]) if days else np.zeros(0, dtype=np.int64)
    leaving = np.concatenate([day.leaving for day in days]) if days else np.zeros(0, dtype=np.bool_)
    return {
        "notice_given": len(noticed),
        "notice_customers": len(np.unique(noticed)),
        "notice_left": len(np.unique(noticed[leaving])),
        "in_grace": sum(day.in_grace for day in days),
    }


def beats_champion(proof: dict[str, Any]) -> bool:
    """Whether a new model may take the champion's place: ahead of it on days it did not learn from, or no champion.

    A champion stays while too few have churned since for a comparison.
    """
    against = proof["champion"]
    return against is None or bool(against["is_ahead"])


def of_cards(history: History) -> list[dict[str, Any]]:
    """The proof of every version of every scorecard on the same history."""
    plan = history.plan
    return card_proofs.of_versions(card_proofs.Asked(plan.horizon, plan.grace, plan.through, history.capacity))


def keep(
    job: Job, proof: dict[str, Any], cards: list[dict[str, Any]], *, model: ChurnModel | None, now: datetime
) -> ChurnProof:
    """Store the proof of the procedure with that of the scorecards."""
    return ChurnProof.objects.create(
        workspace_id=current_workspace_id(),
        made_at=now,
        made_by_label=job.params["label"][:200],
        horizon_days=proof["horizon_days"],
        document=proof,
        cards=cards,
        model=model,
        job=job,
    )


def _tested(history: History, report: backtest.Report) -> details.Tested:
    panel = history.own
    rows = report.rows
    industries = [history.segments["industry"][person] for person in report.customers.tolist()]
    return details.Tested(
        report.labels,
        report.customers,
        report.days,
        panel.ends[rows],
        panel.arr[rows],
        report.told,
        proof_segments.of_rows(panel.arr[rows], panel.values[rows, panel.names.index("tenure_days")], industries),
        panel.grace,
        panel.through,
    )


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


def names_of(described: Mapping[str, Any]) -> dict[str, str]:
    """Names of the customers that details of a proof list, by id; those deleted since are missing."""
    listed = [*described.get("missed", ()), *described.get("false_alarms", ())]
    rows = Customer.objects.filter(pk__in=[line["customer"] for line in listed])
    return {str(key): name for key, name in rows.values_list("id", "name")}
