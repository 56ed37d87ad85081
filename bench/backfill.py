"""Filling back two years of weekly snapshots for every customer: snapshots stored per CPU-second.

Each is rebuilt from events and versions as they were known at the end of its day. Beside it stand the ORM loop and
DuckDB, which compute usage only, one day at a time, and the latter writes nothing.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from bench.history import load
from bench.machine import Cpu, cpu_of, memory_of
from bench.population import Population
from bench.score_full import floor_rate, naive_rate
from bench.table import Row
from csplatform.core.models import JobState
from csplatform.core.tenancy import workspace_scope
from health.models import HealthSnapshot, ScoringRun
from health.services import runs

_WEEKS = 104


def run(scale: float = 1.0) -> list[Row]:
    """104 weekly snapshots of 20,000 customers at ``scale`` 1, by one process.

    A customer has none of days before its relation began. Raises ``RuntimeError`` if anybody has none of the last day.
    """
    population = load(scale)
    spent: list[Cpu] = []
    began = time.monotonic()
    peak, held = memory_of(lambda: spent.append(cpu_of(lambda: fill_back(population, _WEEKS))))
    waited = time.monotonic() - began
    with workspace_scope(population.workspace):
        stored = HealthSnapshot.objects.count()
        newest = HealthSnapshot.objects.filter(as_of=population.last_day).count()
    if newest != population.customers or stored < newest:
        raise RuntimeError(f"{newest} of {population.customers} customers have a snapshot of {population.last_day}.")
    cpu = spent[0]
    slow, best = naive_rate(population, population.last_day), floor_rate(population, population.last_day)
    return [
        Row("backfill", stored / cpu.total, "snapshots per CPU-second", stored, slow, best),
        Row("backfill_waited", waited, "seconds", stored, is_time=True),
        Row("backfill_client", cpu.client, "CPU-seconds", stored, is_time=True),
        Row("backfill_database", cpu.database, "CPU-seconds", stored, is_time=True),
        Row("backfill_memory", peak, f"MB at its peak, {held:.0f} of them before", stored, is_time=True),
    ]


def fill_back(population: Population, weeks: int) -> None:
    """Weekly snapshots up to the last day with data, as the command asks for them."""
    days = [population.last_day - timedelta(days=7 * week) for week in reversed(range(weeks))]
    with workspace_scope(population.workspace):
        run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=days, now=datetime.now(UTC))
    runs.work(population.workspace.pk, run.pk)
    with workspace_scope(population.workspace):
        run.refresh_from_db()
        if run.job.state != JobState.DONE:
            raise RuntimeError(f"The back-fill ended as {run.job.state}.")
