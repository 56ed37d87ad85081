"""Full scoring of 100,000 customers by 20 measures of two streams, with write-back: the night's run, and its memory.

Few events a customer, because scoring reads what arrivals have counted and its time does not grow with them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from accounts.models import Customer
from bench.history import at_rest
from bench.machine import alone, cpu_of, peak_memory_mb
from bench.population import Population, bring_in, store_events
from bench.score_full import UNIT, night, score_all
from bench.scorecards import TWENTY, publish_more
from bench.table import Row
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import Simulation, yesterday
from health.facts import live
from health.services import base_rate, scoring
from health.services.cards import version_on
from health.services.compute import card_of, compute, specs_of

_CUSTOMERS, _EVENTS_EACH, _NIGHTS = 100_000, 20, 5
_SAMPLE, _SHARD = 25, 4_000


def run(scale: float = 1.0) -> list[Row]:
    """The runs of the nights after the first scoring; the middle one counts."""
    now = datetime.now(UTC)
    simulation = Simulation(
        end=yesterday(now),
        customers=max(30, round(_CUSTOMERS * scale)),
        days=90,
        events=max(600, round(_CUSTOMERS * _EVENTS_EACH * scale)),
        history=False,
    )
    imported = bring_in(simulation)
    publish_more(imported.workspace, TWENTY, simulation.catalogue.feature_names, now)
    store_events(imported, now)
    population = at_rest(imported)
    night(population, 1)
    nights = sorted((night(population, 2 + each) for each in range(_NIGHTS)), key=lambda cpu: cpu.total)
    middle = nights[_NIGHTS // 2]
    n = population.customers
    return [
        Row("score_twenty", n / middle.total, UNIT, n, _one_by_one(population), _arithmetic_alone(population)),
        Row("score_twenty_client", middle.client, "CPU-seconds", n, is_time=True),
        Row("score_twenty_database", middle.database, "CPU-seconds", n, is_time=True),
        Row("score_twenty_memory", _memory_of_a_night(population), "MB at its peak", n, is_time=True),
    ]


def _memory_of_a_night(population: Population) -> float:
    """The peak of a process that scores everybody and has done nothing else, as a worker of the product."""
    with alone() as process:
        return process.submit(_night_alone, population).result()


def _night_alone(population: Population) -> float:
    score_all(population, population.last_day + timedelta(days=2 + _NIGHTS))
    return peak_memory_mb()


def _one_by_one(population: Population) -> float:
    """Customers per CPU-second when each is loaded, scored and written by itself."""
    day = population.last_day + timedelta(days=1)
    with workspace_scope(population.workspace):
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True)[:_SAMPLE])
        base = base_rate.present(day)

        def each() -> None:
            for customer_id in ids:
                scoring.score_present([customer_id], day=day, computed_at=datetime.now(UTC), base=base)

        return len(ids) / cpu_of(each).total


def _arithmetic_alone(population: Population) -> float:
    """Customers per CPU-second of the scores' arithmetic, with nothing read or written."""
    day = population.last_day + timedelta(days=1)
    with workspace_scope(population.workspace):
        card, base = card_of(version_on(day)), base_rate.present(day)
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True)[:_SHARD])
        facts = live.load(ids, day, specs_of(card)).facts
        return len(ids) / cpu_of(lambda: compute(card, facts, base)).total
