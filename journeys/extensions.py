"""Where higher apps tell the journey what it cannot read itself. Filled in each ``AppConfig.ready``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

MeasureReader = Callable[[Sequence[UUID], Sequence[str]], Mapping[UUID, Mapping[str, float]]]
"""(customers, keys of measures) → the present values by customer and key; one that is unknown is left out."""

MeasureNames = Callable[[], Mapping[str, str]]
"""Key → name of the active workspace's measures."""


@dataclass(frozen=True, slots=True)
class DayOfGroup:
    """Some customers on a closed day: how many had a score, its mean in hundredths, and how many were at risk."""

    customers: int
    mean_points: int
    at_risk: int


GroupHistory = Callable[[Sequence[date], Sequence[UUID], bool], Mapping[date, DayOfGroup]]
"""(days, customers, inside) → how these customers (``inside``), or all the others, stood on each day that is known."""

group_histories: list[GroupHistory] = []
measure_readers: list[MeasureReader] = []
measure_names: list[MeasureNames] = []


def measure_values(customer_ids: Sequence[UUID], keys: Sequence[str]) -> dict[UUID, dict[str, float]]:
    """Present values of these measures, from every app that has measures."""
    found: dict[UUID, dict[str, float]] = {customer_id: {} for customer_id in customer_ids}
    for reader in measure_readers:
        for customer_id, values in reader(customer_ids, keys).items():
            found[customer_id].update(values)
    return found


def named_measures() -> dict[str, str]:
    """Key → name of the active workspace's measures."""
    return {key: name for source in measure_names for key, name in source().items()}


def group_history(days: Sequence[date], customer_ids: Sequence[UUID], *, inside: bool) -> dict[date, DayOfGroup]:
    """How some customers, or all others, stood on past days, from every app that keeps them."""
    return {day: told for reader in group_histories for day, told in reader(days, customer_ids, inside).items()}
