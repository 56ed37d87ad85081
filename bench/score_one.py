"""Refreshing one dirty customer, as after an event: the CPU time its backend spends, and the wall time of all of it.

Beside it stand one customer of the ORM loop, and the least a refresh could do: one indexed read and one write.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Customer
from bench import naive
from bench.machine import backend_pid, running_seconds
from bench.population import Population, load
from bench.score_full import sample_of
from bench.table import Row
from csplatform.core.tenancy import workspace_scope
from health import dirty
from health.models import HealthScore
from health.services import scoring

_TIMES = 200


def run(scale: float = 1.0) -> list[Row]:
    """Medians in milliseconds over customers spread evenly over the workspace."""
    population = load(scale)
    ids = sample_of(population, max(5, min(_TIMES, round(2_000 * scale))))
    _refresh(population, ids[0])  # the first one finds out the day's base rate
    ours, wall = _medians(ids, lambda customer_id: _refresh(population, customer_id), before=_mark(population))
    slow, slow_wall = _medians(ids, lambda customer_id: _naive(population, customer_id))
    least, least_wall = _medians(ids, lambda customer_id: _least(population, customer_id))
    unit = "ms of database CPU"
    return [
        Row("score_one", ours, unit, len(ids), slow, least, is_time=True),
        Row("score_one_wall", wall, "ms", len(ids), slow_wall, least_wall, is_time=True),
    ]


def _mark(population: Population) -> Callable[[UUID], None]:
    def mark(customer_id: UUID) -> None:
        with workspace_scope(population.workspace):
            dirty.mark([customer_id], datetime.now(UTC))

    return mark


def _refresh(population: Population, _customer_id: UUID) -> None:
    with workspace_scope(population.workspace):
        scoring.refresh_dirty()


def _naive(population: Population, customer_id: UUID) -> None:
    naive.score_customers(population.workspace, [customer_id], datetime.now(UTC).date())


def _least(population: Population, customer_id: UUID) -> None:
    with workspace_scope(population.workspace), transaction.atomic():
        seats = Customer.objects.values_list("seats", flat=True).get(pk=customer_id)
        HealthScore.objects.filter(customer_id=customer_id).update(coverage=min(seats or 0, 100))
        transaction.set_rollback(True)


def _medians(
    ids: list[UUID], work: Callable[[UUID], None], before: Callable[[UUID], None] | None = None
) -> tuple[float, float]:
    """Milliseconds of the backend's CPU, and in all, of ``work`` on each customer."""
    backend = backend_pid()
    statements, walls = [], []
    for customer_id in ids:
        if before is not None:
            before(customer_id)
        spent, began = running_seconds(backend), time.perf_counter()
        work(customer_id)
        walls.append(time.perf_counter() - began)
        statements.append(running_seconds(backend) - spent)
    return statistics.median(statements) * 1_000, statistics.median(walls) * 1_000
