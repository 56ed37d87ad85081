"""The churn estimator on flat public sets, beside scikit-learn and LightGBM as they come: `python -m bench.churn_flat`.

Flat sets have no time, so they test the estimator alone: stratified 5-fold cross-validation, three seeds, every fold
learned, chosen and calibrated without the rows it is judged by. Nothing was tuned on these folds. The sets (Telco,
churn5000, Iranian) are read from a folder: ``python -m bench.churn_flat FOLDER [--seeds 1]``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from health.churn import metrics
from health.churn.model import Rows, fit
from health.measures import Floats

FOLDS = 5
_LABELS = {"telco": ("Churn", "Yes"), "churn5000": ("churn", "yes"), "iranian": ("Churn", "1")}
_KEYS = {"telco": "customerID"}

Forecaster = Callable[[Floats, Floats, Floats, Sequence[str]], Floats]


def read(path: Path) -> tuple[Floats, Floats, list[str]]:
    """Values, labels and column names: numbers as they are, texts as one column a value; Iranian without duplicates."""
    column, yes = _LABELS[path.stem]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in (column, _KEYS.get(path.stem))]
    unique = list(dict.fromkeys(tuple(row[name] for name in (*names, column)) for row in rows))
    kept = unique if path.stem == "iranian" else [tuple(row[name] for name in (*names, column)) for row in rows]
    columns, told = [], []
    for place, name in enumerate(names):
        texts = [row[place].strip() for row in kept]
        levels = sorted(set(texts))
        if all(_is_number(text) for text in levels if text):
            columns.append(np.array([float(text) if text else np.nan for text in texts]))
            told.append(name)
        else:
            for level in levels[1:] if len(levels) == 2 else levels:
                columns.append(np.array([float(text == level) for text in texts]))
                told.append(f"{name}={level}")
    return np.column_stack(columns), np.array([float(row[-1] == yes) for row in kept]), told


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def ours(learned: Floats, labels: Floats, asked: Floats, names: Sequence[str]) -> Floats:
    people = np.arange(len(labels))
    rows = Rows(tuple(names), learned, labels, people, np.zeros(len(labels), dtype=np.int64))
    return fit(rows).probabilities(asked)


def logistic(learned: Floats, labels: Floats, asked: Floats, names: Sequence[str]) -> Floats:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fitted = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=2_000)).fit(learned, labels)
    told: Floats = fitted.predict_proba(asked)[:, 1]
    return told


def boosted(**options: Any) -> Forecaster:
    """LightGBM with these options, uncalibrated."""

    def forecast(learned: Floats, labels: Floats, asked: Floats, names: Sequence[str]) -> Floats:
        import lightgbm

        taken = {"objective": "binary", "num_threads": 1, "verbosity": -1, **options}
        rounds = taken.pop("rounds")
        booster = lightgbm.train(taken, lightgbm.Dataset(learned, labels), num_boost_round=rounds)
        return np.asarray(booster.predict(asked, num_threads=1), dtype=np.float64)

    return forecast


def histogram(learned: Floats, labels: Floats, asked: Floats, names: Sequence[str]) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    told: Floats = HistGradientBoostingClassifier(random_state=0).fit(learned, labels).predict_proba(asked)[:, 1]
    return told


FORECASTERS: dict[str, Forecaster] = {
    "ours": ours,
    "logistic (scikit-learn)": logistic,
    "boosting (scikit-learn)": histogram,
    "LightGBM 300 x 8 leaves": boosted(num_leaves=8, learning_rate=0.03, rounds=300),
    "LightGBM default": boosted(rounds=100),
}


def judge(values: Floats, labels: Floats, names: Sequence[str], seeds: int) -> dict[str, dict[str, float]]:
    """Metrics of the pooled folds and CPU-seconds a fold, means over seeds."""
    from sklearn.model_selection import StratifiedKFold

    results: dict[str, list[list[float]]] = {name: [] for name in FORECASTERS}
    for seed in range(seeds):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(values, labels)
        pooled = {name: np.zeros(len(labels)) for name in FORECASTERS}
        seconds = dict.fromkeys(FORECASTERS, 0.0)
        for learn, asked in folds:
            for name, forecast in FORECASTERS.items():
                began = time.process_time()
                pooled[name][asked] = forecast(values[learn], labels[learn], values[asked], names)
                seconds[name] += time.process_time() - began
        for name, told in pooled.items():
            results[name].append(
                [
                    metrics.roc_auc(labels, told) or 0.0,
                    float(((told - labels) ** 2).mean()),
                    float(metrics.log_loss(labels, told).mean()),
                    metrics.expected_calibration_error(labels, told),
                    seconds[name] / FOLDS,
                ]
            )
    keys = ("roc_auc", "brier", "log_loss", "ece", "cpu_seconds")
    return {name: dict(zip(keys, np.mean(rows, axis=0).tolist(), strict=True)) for name, rows in results.items()}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    for path in sorted(given.folder.glob("*.csv")):
        values, labels, names = read(path)
        say(f"\n{path.stem}: {len(labels):,} rows, {labels.mean():.1%} churned")
        say(f"{'':26}{'ROC AUC':>9}{'Brier':>9}{'log-loss':>10}{'ECE':>8}{'CPU s':>8}")
        for name, row in judge(values, labels, names, given.seeds).items():
            say(
                f"{name:26}{row['roc_auc']:9.4f}{row['brier']:9.4f}{row['log_loss']:10.4f}{row['ece']:8.4f}"
                f"{row['cpu_seconds']:8.2f}"
            )


if __name__ == "__main__":
    main()
