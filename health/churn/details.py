"""What the page of a proof draws and lists beside the figures of the contract. Pure.

Everything here is read off the same test rows as the figures: what was told of a customer on a past day, and what
became of it. Intervals resample customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from health.churn import metrics
from health.measures import Floats, Ints

DAYS_AHEAD = (30, 60, 90, 180)
_BINS = 10
_GRID = np.linspace(0, 1, 41)
_SHARE = 0.10
_MOST_LISTED = 20
_FEWEST_IN_SEGMENT = 5
_DRAWS = 200
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tested:
    """Test rows. ``told``: by forecaster, larger meaning a higher risk. ``ends``: the day of the next churn, or 0.

    ``arr``: revenue a year on the row's day, in minor units. ``segments``: by kind of segment, each row's own.
    ``through``: the last day of complete data, an ordinal like all days here.
    """

    labels: Floats
    customers: Ints
    days: Ints
    ends: Ints
    arr: Floats
    told: Mapping[str, Floats]
    segments: Mapping[str, Sequence[str]]
    grace: int
    through: int


def describe(tested: Tested, *, capacity: int | None, main: str = "model") -> dict[str, Any]:
    """All of it for ``main`` and, where they are compared, the other forecasters. Empty rows: an empty description."""
    if not len(tested.labels):
        return {}
    draws = metrics.Draws.of(tested.customers, draws=_DRAWS)
    chosen = {name: _worked_on(tested, told, capacity) for name, told in tested.told.items()}
    document = {
        "reliability": reliability(tested.labels, tested.told[main], draws),
        "roc": {name: _roc(tested.labels, told) for name, told in tested.told.items()},
        "roc_band": _roc_band(tested.labels, tested.told[main], draws),
        "gains": {name: _gains(tested.labels, told) for name, told in tested.told.items()},
        "at_days": [_at_days(tested, days) for days in DAYS_AHEAD],
        "capacity": {"customers": capacity, "share": None if capacity else _SHARE},
        "at_capacity": {name: _at_capacity(tested, mask) for name, mask in chosen.items()},
        "segments": _segments(tested, main),
        "missed": _missed(tested, chosen[main], main),
        "false_alarms": _false_alarms(tested, chosen[main], main),
    }
    told: dict[str, Any] = metrics.rounded(document)
    return told


def reliability(labels: Floats, told: Floats, draws: metrics.Draws) -> list[dict[str, Any]]:
    """Per tenth of the rows by risk: the mean told, the share that churned, and how sure that share is."""
    bins = np.array_split(np.argsort(told, kind="stable"), _BINS)
    found = []
    for rows in bins:
        if len(rows):
            shares = [
                float((weights[rows] * labels[rows]).sum() / weights[rows].sum())
                for weights in draws.weights
                if weights[rows].any()
            ]
            found.append(
                {
                    "told": float(told[rows].mean()),
                    "churned": float(labels[rows].mean()),
                    "interval": metrics.interval(shares),
                    "n": len(rows),
                }
            )
    return found


def _roc(labels: Floats, told: Floats, weights: Floats | None = None) -> list[float]:
    """Share of the churned that is found at each of 41 shares of false alarms, evenly from 0 to 1."""
    w = np.ones(len(labels)) if weights is None else weights
    levels, place = np.unique(-told, return_inverse=True)
    churned = np.bincount(place, w * labels, len(levels)).cumsum()
    stayed = np.bincount(place, w * (1 - labels), len(levels)).cumsum()
    if not churned[-1] or not stayed[-1]:
        return []
    found: list[float] = np.interp(
        _GRID, np.concatenate([[0], stayed / stayed[-1]]), np.concatenate([[0], churned / churned[-1]])
    ).tolist()
    return found


def _roc_band(labels: Floats, told: Floats, draws: metrics.Draws) -> list[list[float]]:
    """Low and high (95 %) of the curve of ``_roc``."""
    curves = [curve for weights in draws.weights[:_DRAWS] if (curve := _roc(labels, told, weights))]
    return np.percentile(np.array(curves), [2.5, 97.5], axis=0).tolist() if curves else []


def _gains(labels: Floats, told: Floats) -> list[float]:
    """Share of the churned among the highest 5 %, 10 %, 20 % … 100 % of rows."""
    total = labels.sum()
    return [metrics.caught(labels, told, share)[0] / total for share in GAINS] if total else []


GAINS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def _worked_on(tested: Tested, told: Floats, capacity: int | None) -> Mask:
    """The rows a team would have worked on: on each day the highest risks, as many as it can (else a tenth).

    Who of equals is drawn by a fixed seed: customers stand in an order that may say something of them.
    """
    lots = np.random.default_rng(13).random(len(told))
    mask = np.zeros(len(told), dtype=np.bool_)
    for day in np.unique(tested.days):
        rows = np.flatnonzero(tested.days == day)
        size = min(len(rows), capacity or max(1, round(_SHARE * len(rows))))
        mask[rows[np.lexsort((lots[rows], -told[rows]))[:size]]] = True
    return mask


def _at_capacity(tested: Tested, mask: Mask) -> dict[str, Any]:
    """What working on the chosen rows would have met: precision, recall, and the share of the revenue that left."""
    lost = tested.labels * tested.arr
    churned, hits = tested.labels.sum(), tested.labels[mask].sum()
    return {
        "precision": float(hits / mask.sum()) if mask.any() else None,
        "recall": float(hits / churned) if churned else None,
        "revenue_recall": float(lost[mask].sum() / lost.sum()) if lost.sum() else None,
    }


def _at_days(tested: Tested, ahead: int) -> dict[str, Any]:
    """How the same ranking finds churns within ``ahead`` days, on rows for which that is settled."""
    settled = tested.days + ahead + tested.grace <= tested.through
    churned = ((tested.ends > 0) & (tested.ends <= tested.days + ahead)).astype(np.float64)[settled]
    row: dict[str, Any] = {"days": ahead, "n": int(settled.sum()), "churned": int(churned.sum()), "by": {}}
    if row["churned"]:
        for name, told in tested.told.items():
            hits, size = metrics.caught(churned, told[settled], _SHARE)
            row["by"][name] = {"precision": hits / size, "recall": hits / float(churned.sum())}
    return row


def _segments(tested: Tested, main: str) -> list[dict[str, Any]]:
    """By segment: how well it is ranked inside, by the others too, and how many churns were expected and came."""
    found = []
    for kind, names in tested.segments.items():
        each = np.array(names)
        for name in sorted(set(names)):
            rows = each == name
            labels, told = tested.labels[rows], tested.told[main][rows]
            churned = len(np.unique(tested.customers[rows][labels > 0]))
            enough = churned >= _FEWEST_IN_SEGMENT
            draws = metrics.Draws.of(tested.customers[rows], draws=_DRAWS)
            found.append(
                {
                    "kind": kind,
                    "name": name,
                    "n": int(rows.sum()),
                    "churned": int(labels.sum()),
                    "expected": float(told.sum()),
                    "roc_auc": metrics.roc_auc(labels, told) if enough else None,
                    "roc_auc_ci": draws.auc_interval(labels, told) if enough else None,
                    "beside": {
                        key: metrics.roc_auc(labels, theirs[rows]) if enough else None
                        for key, theirs in tested.told.items()
                        if key != main
                    },
                }
            )
    return found


def _missed(tested: Tested, mask: Mask, main: str) -> list[dict[str, Any]]:
    """Customers that churned and were never among the chosen while it could have helped: the largest first."""
    worked = set(tested.customers[mask & (tested.labels > 0)].tolist())
    rows = [row for row in np.flatnonzero(tested.labels > 0).tolist() if int(tested.customers[row]) not in worked]
    last = {int(tested.customers[row]): row for row in rows}
    return [_line(tested, row, main) for row in sorted(last.values(), key=lambda row: -tested.arr[row])[:_MOST_LISTED]]


def _false_alarms(tested: Tested, mask: Mask, main: str) -> list[dict[str, Any]]:
    """Chosen customers that churned at no tested time: the highest risk of each, the highest first."""
    left = set(tested.customers[tested.labels > 0].tolist())
    highest: dict[int, int] = {}
    for row in np.flatnonzero(mask).tolist():
        person = int(tested.customers[row])
        if person not in left and (
            person not in highest or tested.told[main][row] > tested.told[main][highest[person]]
        ):
            highest[person] = row
    chosen = sorted(highest.values(), key=lambda row: -tested.told[main][row])[:_MOST_LISTED]
    return [_line(tested, row, main) for row in chosen]


def _line(tested: Tested, row: int, main: str) -> dict[str, Any]:
    return {
        "customer": int(tested.customers[row]),
        "as_of": int(tested.days[row]),
        "told": float(tested.told[main][row]),
        "churned_on": int(tested.ends[row]) or None,
        "arr_minor": int(tested.arr[row]),
    }
