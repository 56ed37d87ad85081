"""What customers expect and how far they have come: outcomes with KPIs, and their measurements.

A KPI moves from its baseline towards its target as quickly as the customer makes the product its own: the commitment
that drives usage drives it, too, with noise of its own. Some are revised on the way. Streams of random numbers are
their own, so that nothing else changes with them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from csplatform.demo.calendar import Window
from csplatform.demo.plan import Plan
from csplatform.demo.population import stream

OUTCOME_COLUMNS = (
    "external_id",
    "customer_external_id",
    "statement",
    "kind",
    "due_on",
    "confidence",
    "effective_on",
    "reason",
    "kpi_external_id",
    "kpi_name",
    "unit",
    "baseline",
    "target",
    "measured_by",
)
MEASUREMENT_COLUMNS = ("kpi_external_id", "value", "measured_on")
_STREAM = 11
_MONTH = 30
_SHARE_WITHOUT = 0.08  # of customers under contract that nobody has agreed anything with


@dataclass
class Promises:
    """Rows of both files."""

    outcomes: list[tuple[str, ...]] = field(default_factory=list)
    measurements: list[tuple[str, ...]] = field(default_factory=list)


def promise(plans: list[Plan], *, window: Window, seed: int) -> Promises:
    """The outcomes of every customer, and of those in a trial what it is to show."""
    told = tomllib.loads((Path(__file__).parent / "outcomes.toml").read_text(encoding="utf-8"))
    made = Promises()
    for plan in plans:
        rng = stream(seed, _STREAM, plan.index)
        if plan.trial is not None and plan.trial[0] >= 0:
            _Writer(plan, rng, window, made, told["revision"]).add(
                told["trial"], "trial", plan.trial[0], days=(24, 45), every=7
            )
        begin = plan.contract_day
        if begin is None or rng.random() < _SHARE_WITHOUT:
            continue
        writer = _Writer(plan, rng, window, made, told["revision"])
        day = max(begin, 0) + int(rng.integers(0, 120 if begin < 0 else 12))
        while day < window.last - 20 and (plan.left_on is None or day < plan.left_on - 60):
            writer.add(told["outcome"], "outcome", day, days=(240, 380), every=_MONTH)
            day += int(rng.integers(190, 330))
    made.outcomes.sort(key=lambda row: (row[6], row[0]))
    made.measurements.sort(key=lambda row: (row[2], row[0]))
    return made


class _Writer:
    """Writes one customer's outcomes, one after the other."""

    def __init__(
        self, plan: Plan, rng: np.random.Generator, window: Window, made: Promises, revision: dict[str, Any]
    ) -> None:
        self._plan, self._rng, self._window, self._made, self._revision = plan, rng, window, made, revision
        self._used: set[str] = set()
        self._number = 0

    def add(self, choice: list[dict[str, Any]], kind: str, day: int, *, days: tuple[int, int], every: int) -> None:
        """One outcome agreed on ``day``, due in so many days, measured every so many."""
        free = [entry for entry in choice if entry["statement"] not in self._used]
        if not free:
            return
        entry = free[int(self._rng.integers(len(free)))]
        self._used.add(entry["statement"])
        self._number += 1
        external_id = f"{self._plan.external_id}-{'t' if kind == 'trial' else 'o'}{self._number}"
        due = day + int(self._rng.integers(*days))
        for place, kpi in enumerate(entry["kpis"]):
            baseline, target = (round(float(self._rng.uniform(*kpi[name])), kpi["decimals"]) for name in _ENDS)
            words = (
                external_id,
                self._plan.external_id,
                entry["statement"],
                kind,
                self._on(due),
                entry.get("confidence", ""),
            )
            measured = (f"{external_id}-k{place + 1}", kpi["name"], kpi["unit"])
            row = (*words, self._on(day), "", *measured, f"{baseline}", f"{target}", kpi["by"])
            self._made.outcomes.append(row)
            revised = self._revised(day, due, baseline, target, kpi["decimals"]) if kind == "outcome" else None
            if revised is not None:
                changed_on, new_target, reason = revised
                self._made.outcomes.append(
                    (*words, self._on(changed_on), reason, *measured, f"{baseline}", f"{new_target}", kpi["by"])
                )
                target = new_target
            self._measure(measured[0], (baseline, target), (day, due), every, kpi["decimals"])

    def _revised(self, day: int, due: int, baseline: float, target: float, decimals: int) -> Any:
        changed_on = day + (due - day) // 2
        if changed_on > self._window.last or self._rng.random() >= self._revision["share"]:
            return None
        further = round(target + (target - baseline) * float(self._rng.uniform(0.08, 0.2)), decimals)
        if further <= 0 or further == target:
            return None
        reasons = self._revision["reasons"]
        return changed_on, further, reasons[int(self._rng.integers(len(reasons)))]

    def _measure(self, kpi: str, way: tuple[float, float], days: tuple[int, int], every: int, decimals: int) -> None:
        baseline, target = way
        begin, due = days
        pace = float(self._rng.lognormal(0.24, 0.2))
        gone = 0.0
        last = min(self._window.last, due + every, self._plan.left_on or self._window.last)
        for day in range(begin + every, last + 1, every):
            gone += every / (due - begin) * pace * self._plan.felt(day, every) * float(self._rng.uniform(0.5, 1.5))
            share = min(gone, 1.06) + float(self._rng.normal(0, 0.015))
            value = round(max(0.0, baseline + (target - baseline) * share), decimals)
            self._made.measurements.append((kpi, f"{value}", self._on(day)))

    def _on(self, day: int) -> str:
        return self._window.date(day).isoformat()


_ENDS = ("baseline", "target")
