"""Full scoring: every customer of a workspace, from planning the run to the written scores and list columns.

The runs are those of the nights that follow each other: with each, every window has moved on by a day, so nearly
every score and list row is written anew. Between them the database comes to rest, as it does in a day. Beside them
stand an ORM loop over a sample of the customers and DuckDB over the raw events of all of them. DuckDB writes nothing
back, hence the row that computes only, too.
"""

from __future__ import annotations

import statistics
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from uuid import UUID

from accounts.models import Customer
from bench import floor, naive
from bench.machine import Cpu, cpu_of
from bench.population import Population, load, settle
from bench.table import Row
from csplatform.core.tenancy import workspace_scope
from health.facts import live
from health.models import HealthScore, ScoringRun
from health.services import base_rate, runs
from health.services.cards import version_on
from health.services.compute import card_of, compute, specs_of

UNIT = "customers per CPU-second"
_NIGHTS = 5
_TIMES = 3
_SAMPLE = 300
_AT_ONCE = 4_000  # customers, as in a shard


def run(scale: float = 1.0) -> list[Row]:
    """The load of the events, the first scoring and the ones of the nights after."""
    population = load(scale)
    first = night(population, 1)
    nights = [night(population, 2 + each) for each in range(_NIGHTS)]
    day = population.last_day + timedelta(days=2 + _NIGHTS // 2)
    computing = [cpu_of(partial(compute_all, population, day)) for _ in range(_TIMES)]
    n = population.customers
    slow, best = naive_rate(population, day), floor_rate(population, day)

    def rate(name: str, seconds: float) -> Row:
        return Row(name, n / seconds, UNIT, n, slow, best)

    middle, computed = _middle(nights), _middle(computing)
    return [
        Row("load_events", population.events / population.load.total, "events per CPU-second", population.events),
        rate("score_full", middle.total),
        rate("score_full_first", first.total),
        rate("score_full_compute", computed.total),
        Row("score_full_client", middle.client, "CPU-seconds", n, is_time=True),
        Row("score_full_database", middle.database, "CPU-seconds", n, is_time=True),
    ]


def _middle(spent: list[Cpu]) -> Cpu:
    return sorted(spent, key=lambda cpu: cpu.total)[len(spent) // 2]


def night(population: Population, number: int) -> Cpu:
    """What the run of the ``number``-th night after the last day with data takes.

    The database has had a day to come to rest. Raises ``RuntimeError`` unless every customer was scored.
    """
    settle()
    day = population.last_day + timedelta(days=number)
    spent = cpu_of(partial(score_all, population, day))
    with workspace_scope(population.workspace):
        scored = HealthScore.objects.filter(as_of=day).count()
    if scored != population.customers:
        raise RuntimeError(f"{scored} of {population.customers} customers were scored as of {day}.")
    return spent


def score_all(population: Population, day: date) -> None:
    """The run of present scores as of ``day``."""
    workspace = population.workspace
    with workspace_scope(workspace):
        run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[day], now=datetime.combine(day, time(hour=1), UTC))
    runs.work(workspace.pk, run.pk)


def compute_all(population: Population, day: date) -> None:
    """Facts, values, points and risks of everybody as of ``day``, as a run computes them; nothing is written."""
    ids = sample_of(population, population.customers)
    with workspace_scope(population.workspace):
        card = card_of(version_on(day))
        specs, base = specs_of(card), base_rate.now(day)
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            compute(card, live.load(live.Span(part[0], part[-1]), day, specs).facts, base)


def naive_rate(population: Population, day: date) -> float:
    """Customers per CPU-second of the ORM loop, on customers spread evenly over the workspace."""
    sample = sample_of(population, _SAMPLE)
    naive.score_customers(population.workspace, sample[: len(sample) // 10], day)
    return len(sample) / cpu_of(lambda: naive.score_customers(population.workspace, sample, day)).total


def sample_of(population: Population, size: int) -> list[UUID]:
    """At most ``size`` customers' ids, evenly spread."""
    with workspace_scope(population.workspace):
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
    return ids[:: max(1, len(ids) // size)][:size]


def floor_rate(population: Population, day: date) -> float:
    """Customers per CPU-second of DuckDB over all events; the median of a few runs."""
    files = floor.raw(population.workspace, population.events_file)
    seconds = [floor.seconds(files, day) for _ in range(_TIMES)]
    return population.customers / max(statistics.median(seconds), 0.001)
