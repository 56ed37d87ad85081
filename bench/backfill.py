"""Rebuilding past days from events and versions: customers × days per CPU-second, snapshots stored.

Beside it stand the ORM loop and DuckDB, which compute usage only, and of one day at a time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.machine import cpu_of
from bench.population import Population, load
from bench.score_full import floor_rate, naive_rate
from bench.table import Row
from csplatform.core.tenancy import workspace_scope
from health.models import HealthSnapshot, ScoringRun
from health.services import runs

_DAYS = 4


def run(scale: float = 1.0) -> list[Row]:
    """Weekly snapshots of the last month for every customer."""
    population = load(scale)
    spent = cpu_of(lambda: _backfill(population))
    with workspace_scope(population.workspace):
        stored = HealthSnapshot.objects.count()
    n = population.customers * _DAYS
    if not 0 < stored <= n:
        raise RuntimeError(f"{stored} snapshots were stored for {n} customers × days.")
    day = population.last_day
    return [
        Row(
            "backfill",
            n / spent.total,
            "customers × days per CPU-second",
            n,
            naive_rate(population, day),
            floor_rate(population, day),
        )
    ]


def _backfill(population: Population) -> None:
    days = [population.last_day - timedelta(days=7 * week) for week in reversed(range(_DAYS))]
    with workspace_scope(population.workspace):
        run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=days, now=datetime.now(UTC))
    runs.work(population.workspace.pk, run.pk)
