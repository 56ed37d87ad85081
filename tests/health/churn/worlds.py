"""Made-up histories in which what drives churn is known, because it was put there."""

from __future__ import annotations

import numpy as np

from health.churn.panel import Panel, label

HORIZON, GRACE = 14, 7
FIRST = 737_000
STEPS = 8
NAMES = ("drive", "noise", "tenure_days", "days_to_renewal")


def make_panel(*, customers: int = 400, strength: float = 1.2, base: float = -3.2, seed: int = 0) -> Panel:
    """Weekly rows; log-odds of churning within two weeks = base − strength · z(drive), z being standard normal."""
    generator = np.random.default_rng(seed)
    drive = generator.normal(size=customers)
    noise = generator.normal(size=customers)
    tenure = generator.uniform(0, 900, size=customers)
    a_day = 1 - (1 - 1 / (1 + np.exp(-(base - strength * drive)))) ** (1 / HORIZON)
    churned_on = FIRST + generator.geometric(np.clip(a_day, 1e-9, 1))
    through = FIRST + 7 * (STEPS - 1) + HORIZON + GRACE
    rows, labels, who, days = [], [], [], []
    for day in range(FIRST, FIRST + 7 * STEPS, 7):
        for person in np.flatnonzero(churned_on > day):
            rows.append(
                [3 + drive[person], noise[person], tenure[person] + day - FIRST, (person * 7 + FIRST - day) % 90]
            )
            labels.append(label(day, HORIZON, GRACE, through, [int(churned_on[person])]))
            who.append(person)
            days.append(day)
    told, people, when = (np.array(each, dtype=np.int64) for each in (labels, who, days))
    by_notice = np.zeros(len(rows), dtype=np.int64)
    ends = np.array([int(churned_on[person]) if churned_on[person] <= through else 0 for person in who])
    arr = (1_000 * (1 + people % 7)).astype(np.float64)
    values = np.array(rows, dtype=np.float64)
    return Panel(NAMES, values, told, people, when, HORIZON, GRACE, by_notice, ends, arr, through)


def true_risk(panel: Panel, *, strength: float = 1.2, base: float = -3.2) -> np.ndarray:
    """The probability that made each row's label."""
    return 1 / (1 + np.exp(-(base - strength * (panel.values[:, 0] - 3))))
