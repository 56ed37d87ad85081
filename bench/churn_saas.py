"""Churn on the simulated SaaS set, through the product's own commands: `python -m bench.churn_saas FOLDER`.

FOLDER holds account.csv, subscription.csv and event.csv.gz. They are imported into a workspace of their own on the
database that DATABASE_URL names, then back-tested over 28 days; a plain L2 logistic regression and a small LightGBM
stand beside the model on the same folds and rows, compared by resamples of customers. Nothing is tuned on them.
"""

from __future__ import annotations

import argparse
import json
import resource
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from health.churn.model import Rows
from health.measures import Floats

SLUG = "churn-saas"
HORIZON = 28
MAPS = {
    "customers": ("account.csv", ["id=external_id"]),
    "subscriptions": (
        "subscription.csv",
        ["account_id=customer_external_id", "start_date=starts_on", "end_date=ends_on", "quantity=seats"],
    ),
    "events": (
        "event.csv.gz",
        ["account_id=customer_external_id", "event_time=timestamp", "event_type_id=event"],
    ),
}


def logistic(learned: Rows, asked: Floats) -> Floats:
    """As it comes, on the same columns, missing ones at their mean."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    steps = (SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(max_iter=2_000))
    told: Floats = make_pipeline(*steps).fit(learned.values, learned.labels).predict_proba(asked)[:, 1]
    return told


def boosted(learned: Rows, asked: Floats) -> Floats:
    """LightGBM, 300 trees of 8 leaves."""
    import lightgbm

    options = {"objective": "binary", "num_leaves": 8, "learning_rate": 0.03, "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(learned.values, learned.labels, params={"verbosity": -1})
    told = lightgbm.train(options, data, num_boost_round=300).predict(asked, num_threads=1)
    return np.asarray(told, dtype=np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    _set_up()
    _import(options.folder)
    started = time.process_time()
    told = prove()
    told["cpu_seconds"] = round(time.process_time() - started, 1)
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps(told) if options.json else _table(told))
    sys.stdout.write("\n")


def _set_up() -> None:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csplatform.settings")
    django.setup()


def _import(folder: Path) -> None:
    """With the commands that docs/users/churn.md shows; a second run changes nothing."""
    from django.core.management import call_command

    from accounts.models import Workspace

    if not Workspace.objects.filter(slug=SLUG).exists():
        call_command(
            "create_workspace",
            SLUG,
            name="Simulated SaaS",
            owner_email="bench@example.org",
            owner_password=secrets.token_urlsafe(12),
        )
    for kind, (name, maps) in MAPS.items():
        call_command("import_data", kind, folder / name, workspace=SLUG, map=maps, through="2020-08-01")


def prove() -> dict[str, Any]:
    """The back-test of the imported workspace, with the two plain ways beside it."""
    from accounts.selectors.workspaces import workspace_by_slug
    from health.churn import backtest
    from health.services import churn_history, churn_proofs

    workspace = workspace_by_slug(SLUG)
    today = datetime.now(UTC).date()
    history = churn_history.gather(workspace.pk, HORIZON, today, lambda done, total: None)
    report = backtest.run(history.own, others={"logistic": logistic, "lightgbm": boosted})
    return churn_proofs.document(history, report)


def _table(told: dict[str, Any]) -> str:
    lines = [
        f"{len(told['folds'])} folds, {told['n']:,} rows, {told['churned']} churned rows of "
        f"{told['churned_customers']} customers; verdict: {told['verdict']}; {told['cpu_seconds']} CPU-seconds, "
        f"{told['peak_mb']} MB",
        f"{'':14}{'ROC AUC':>9}{'95 %':>18}{'log-loss':>10}{'ECE':>8}  model less it (ROC AUC)",
    ]
    for name in ("model", "logistic", "lightgbm", "rules", "renewal_only", "naive"):
        row, less = told[name], told["model_less"].get(name)
        low, high = row["roc_auc_ci"]
        against = f"{less['roc_auc']:+.3f} [{less['roc_auc_ci'][0]:+.3f}, {less['roc_auc_ci'][1]:+.3f}]" if less else ""
        lines.append(
            f"{name:14}{row['roc_auc']:>9.3f}{f'{low:.3f} to {high:.3f}':>18}{row['log_loss']:>10.4f}{row['ece']:>8.3f}"
            f"  {against}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
