"""Training a churn model with its rolling-origin back-test and the proof of the scorecards, until all is stored.

CPU-seconds of the whole job as the worker does it. Beside it stand the naive way (the same rows' usage by five queries
of the ORM each, measured on some of them, and then the same learning) and the learning alone: the model of every fold
and the last one, fitted to arrays that are ready.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from django.db import connection

from accounts.models import Customer
from bench import naive
from bench.history import at_rest
from bench.machine import Cpu, cpu_of, memory_of
from bench.population import Population, bring_in, store_events
from bench.table import Row
from csplatform.core import audit
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import Simulation, yesterday
from health.churn.model import fit
from health.churn.panel import Panel
from health.models import ChurnProof
from health.services import churn, churn_history

_CUSTOMERS, _EVENTS_EACH, _MONTHS, _HORIZON = 1_000, 100, 24, 90
_SAMPLE = 200


def run(scale: float = 1.0) -> list[Row]:
    """1,000 customers with two years of history at ``scale`` 1; ``n``: rows (customers × days) to learn from."""
    population = _load(scale)
    spent: list[Cpu] = []
    told: list[dict[str, Any]] = []
    began = time.monotonic()
    peak, held = memory_of(lambda: spent.append(cpu_of(lambda: told.append(_train(population)))))
    waited = time.monotonic() - began
    gathered: list[churn_history.History] = []
    today = datetime.now(UTC).date()
    workspace_id = population.workspace.pk
    gathering = cpu_of(
        lambda: gathered.append(churn_history.gather(workspace_id, _HORIZON, today, lambda done, total: None))
    )
    panel = gathered[0].own
    days = [date.fromisoformat(fold["as_of"]).toordinal() for fold in told[0]["folds"]]
    learning = cpu_of(lambda: _learn(panel, days))
    rows, total = len(panel.labels), spent[0].total
    slow = rows * _seconds_a_row(population, gathered[0]) + learning.total
    return [
        Row("backtest", total, "CPU-seconds", rows, slow, learning.total, is_time=True),
        Row("backtest_gather", gathering.total, "CPU-seconds", rows, slow - learning.total, is_time=True),
        Row("backtest_waited", waited, "seconds", rows, is_time=True),
        Row("backtest_memory", peak, f"MB at its peak, {held:.0f} of them before", rows, is_time=True),
    ]


def _load(scale: float) -> Population:
    now = datetime.now(UTC)
    customers = max(60, round(_CUSTOMERS * scale))
    simulation = Simulation(
        end=yesterday(now), customers=customers, months=_MONTHS, events=customers * _EVENTS_EACH, history=False
    )
    imported = bring_in(simulation)
    store_events(imported, now)
    return at_rest(imported)


def _train(population: Population) -> dict[str, Any]:
    """The job of a training, done; returns the proof's document."""
    workspace = population.workspace
    with workspace_scope(workspace):
        job = churn.start(horizon=_HORIZON, actor=audit.SYSTEM, now=datetime.now(UTC))
    churn.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        ended = Job.objects.get(pk=job.pk)
        # One whose model takes the champion's place ends with the run that tells everybody's risk by it.
        if ended.state in (JobState.FAILED, JobState.CANCELLED):
            raise RuntimeError(f"The training ended as {ended.state}: {ended.message}")
        document: dict[str, Any] = ChurnProof.objects.get(job=job).document
    return document


def _learn(panel: Panel, days: list[int]) -> None:
    for day in days:
        fit(panel.settled(day), with_interval=False)
    settled = panel.settled()
    if len(settled.labels):
        fit(settled)


def _seconds_a_row(population: Population, history: churn_history.History) -> float:
    """CPU-seconds to compute the usage of one customer on one day, customer by customer."""
    panel = history.own
    step = max(1, len(panel.labels) // _SAMPLE)
    places = list(islice(range(0, len(panel.labels), step), _SAMPLE))
    with workspace_scope(population.workspace):
        customers = Customer.objects.in_bulk({history.ids[panel.customers[place]] for place in places})
        connection.ensure_connection()

        def work() -> None:
            for place in places:
                customer = customers[history.ids[panel.customers[place]]]
                naive.values_of(customer, date.fromordinal(int(panel.days[place])))

        return cpu_of(work).total / len(places)
