"""A trained model at work: what it reads of customers, and the risk it tells instead of the rules. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from health.churn.model import Model
from health.measures import Facts, Floats, Spec, evaluate
from health.parsing import parse
from health.risk import INPUTS, Risks, basis_points

CONTRACT = ("days_to_renewal", "tenure_days", "seats")


@dataclass(frozen=True, slots=True)
class Serving:
    """A model in force. ``key``: its id; ``specs``: its columns but for those of the contract, in their order."""

    key: str
    horizon: int
    model: Model
    specs: tuple[Spec, ...]

    @classmethod
    def from_dict(cls, key: str, horizon: int, stored: Mapping[str, Any]) -> Serving:
        """``stored``: a model's ``to_dict``, and under ``definitions`` how each of its columns is measured."""
        definitions = stored["definitions"]
        specs = tuple(parse(definitions[name]) for name in stored["names"] if name not in CONTRACT)
        return cls(key, horizon, Model.from_dict(stored), specs)

    def assess(self, by_rules: Risks, facts: Facts) -> Risks:
        """The model's risk of everybody under contract without a known notice; ``by_rules`` for the others.

        Of whoever has given notice the model has learned nothing.
        """
        values = columns(self.specs, facts)
        asked = np.flatnonzero((by_rules.risk >= 0) & (facts.state == "active"))
        told = [by_rules.risk.copy(), by_rules.low.copy(), by_rules.high.copy()]
        by_model = np.zeros(len(values), dtype=np.bool_)
        if len(asked):
            rows = values[asked]
            probabilities = self.model.probabilities(rows)
            interval = self.model.intervals(rows) or (probabilities, probabilities)
            for column, part in zip(told, (probabilities, *interval), strict=True):
                column[asked] = basis_points(part)
            by_model[asked] = True
        inputs = np.hstack([by_rules.inputs, values])
        risk, low, high = told
        return Risks(inputs, risk, low, high, self.horizon, by_model)

    def drivers(self, inputs: Floats) -> list[tuple[str, float | None, float]]:
        """(column, its value or None, what it adds to the log-odds) of one customer; the constant is ``base_rate``.

        ``inputs``: one row of ``Risks.inputs``.
        """
        row = inputs[None, len(INPUTS) :]
        parts = self.model.drivers(row)[0]
        told: list[tuple[str, float | None, float]] = [("base_rate", None, float(parts[-1]))]
        counts = [spec.aggregation == "count" for spec in self.specs] + [False] * len(CONTRACT)
        for name, is_count, value, part in zip(
            self.model.names, counts, row[0].tolist(), parts[:-1].tolist(), strict=True
        ):
            known = value if not is_count else math.expm1(value)
            told.append((name, None if value != value else known, part))
        return told


def columns(specs: Sequence[Spec], facts: Facts) -> Floats:
    """n × (measures and what the contract says). Counts as log(1 + count), which spreads small ones apart."""
    found = []
    for spec in specs:
        value = evaluate(spec, facts)
        found.append(np.log1p(value) if spec.aggregation == "count" else value)
    found.append(np.where(facts.renewal_on > 0, facts.renewal_on - facts.as_of, np.nan))
    found.append(np.where(facts.customer_since > 0, facts.as_of - facts.customer_since, np.nan))
    found.append(facts.seats)
    return np.column_stack([column.astype(np.float64) for column in found]).astype(np.float32).astype(np.float64)
