"""By which kinds of customers a proof is told, and naming whom it lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from health.measures import Floats

_OLD = 365
_SHOWN = 6


def of_rows(arr: Floats, tenure_days: Floats, industries: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Each row's own segment by size (thirds of ``arr``), by age and by industry, the most frequent six of them."""
    edges = np.quantile(arr, [1 / 3, 2 / 3]) if len(arr) else np.zeros(2)
    size = np.array(["small", "middle", "large"])[np.searchsorted(edges, arr, side="left")]
    common = {name for name, _ in Counter(name for name in industries if name).most_common(_SHOWN)}
    return {
        "arr": size.tolist(),
        "tenure": np.where(tenure_days < _OLD, "first_year", "later").tolist(),
        "industry": [name if name in common else "" for name in industries],
    }


def named(described: dict[str, Any], ids: Sequence[UUID]) -> dict[str, Any]:
    """Customers by id and days as dates, instead of positions and ordinals."""
    for line in [*described.get("missed", ()), *described.get("false_alarms", ())]:
        line["customer"] = str(ids[line["customer"]])
        for name in ("as_of", "churned_on"):
            line[name] = date.fromordinal(line[name]).isoformat() if line[name] else None
    return described
