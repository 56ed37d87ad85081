"""What a measure says of real customers today: a look before anything is saved. Nothing is written.

Read as the as-of executor reads a day, so that events which no measure counted before take part at once. Where there
are more customers than SAMPLE, some are taken by the hash of their id: the same ones each time, and no kind of them
more often than another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from django.db.models import Q, TextField
from django.db.models.functions import MD5, Cast

from accounts.models import Customer, Workspace
from csplatform.core.tenancy import current_workspace_id
from health import notes
from health.facts.applicability import AFTER_CONTRACT_STAGES, UNDER_CONTRACT
from health.facts.asof import AsOf
from health.measures import Floats, Spec, evaluate

SAMPLE = 1_000
MOST_BARS = 12
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """Customers whose value lies from ``low`` to ``high``; ``share`` is of the fullest bar."""

    low: float
    high: float
    customers: int
    share: float


@dataclass(frozen=True, slots=True)
class Example:
    customer_id: UUID
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Preview:
    """``everybody``: customers for whom health is a question; ``looked_at``: those computed here. ``unknown``: how
    many have no value, by the reason codes of ``health.notes``.
    """

    everybody: int
    looked_at: int
    known: int
    unknown: dict[str, int]
    quartiles: tuple[float, float, float] | None
    bars: list[Bar]
    lowest: list[Example]
    middle: list[Example]
    highest: list[Example]

    @property
    def is_sample(self) -> bool:
        return self.looked_at < self.everybody


def preview(spec: Spec, *, today: date) -> Preview:
    """What ``spec`` says of the active workspace's customers after the contract, as of ``today``."""
    states = Q(contract_state__in=UNDER_CONTRACT)
    chosen = Customer.objects.filter(states | Q(contract_state="none", stage_macro__in=AFTER_CONTRACT_STAGES))
    everybody = chosen.count()
    sample = chosen.order_by(MD5(Cast("pk", TextField())))[:SAMPLE]
    names = dict(sample.values_list("pk", "name"))
    ids = list(names)
    if not ids:
        return Preview(everybody, 0, 0, {}, None, [], [], [], [])
    workspace = Workspace.objects.get(pk=current_workspace_id())
    load = AsOf(ids, [today], [spec], grace_days=workspace.grace_days, data_through=workspace.data_through)
    facts = load.at(today)
    values = evaluate(spec, facts)
    missing = Counter(
        notes.reason_missing(spec, facts, int(place), float("nan")) for place in np.flatnonzero(np.isnan(values))
    )
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    half = max(0, len(order) // 2 - _EXAMPLES // 2)

    def examples(places: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[Example]:
        return [Example(ids[place], names[ids[place]], float(values[place])) for place in places.tolist()]

    quartiles = np.quantile(values[known], [0.25, 0.5, 0.75]).tolist() if len(known) else None
    return Preview(
        everybody,
        len(ids),
        len(known),
        dict(missing.most_common()),
        (quartiles[0], quartiles[1], quartiles[2]) if quartiles else None,
        bars(values[known]),
        examples(order[:_EXAMPLES]),
        examples(order[half : half + _EXAMPLES]),
        examples(order[::-1][:_EXAMPLES]),
    )


def bars(values: Floats) -> list[Bar]:
    """At most MOST_BARS bars of equal width from the lowest to the highest value; one where all are alike."""
    if not len(values):
        return []
    low, high = float(values.min()), float(values.max())
    counts, edges = (
        np.histogram(values, bins=MOST_BARS, range=(low, high)) if high > low else ([len(values)], [low] * 2)
    )
    most = max(int(count) for count in counts)
    return [
        Bar(float(edges[place]), float(edges[place + 1]), int(count), int(count) / most)
        for place, count in enumerate(counts)
    ]
