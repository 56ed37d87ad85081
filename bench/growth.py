"""Whether a night, the customers' list and an answer of the lab cost a customer the same at 1,000, 10,000 and 100,000.

Each size is a workspace of its own: 500 simulated customers brought in, counted, scored and closed once as every
customer is, and their rows then copied in the database up to the size, as importing 100,000 takes far longer.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from django.conf import settings
from django.test import Client

from accounts.models import Customer
from accounts.roles import Role
from accounts.services import people, workspaces
from bench import lab
from bench.backfill import fill_back
from bench.copies import multiply
from bench.history import at_rest
from bench.machine import Web, cpu_of, web
from bench.nightly import Night, first_night, second_night
from bench.population import Population, bring_in, settle, store_events
from bench.score_full import naive_rate
from bench.table import Row
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import Simulation, yesterday

_BASE, _EVENTS_EACH = 500, 20
_TIMES_BASE = (2, 20, 200)
_ASKED = 9


@dataclass(frozen=True)
class Size:
    """What was measured at ``customers``: CPU-seconds of a night, the lab's answer, and seconds until a list came."""

    customers: int
    night: Night
    lab: float
    page: float


def run(scale: float = 1.0) -> list[Row]:
    """``scale`` shrinks the workspace that is copied: 1,000, 10,000 and 100,000 customers at 1."""
    with web(pages=True) as server:
        sizes = []
        for times in _TIMES_BASE:
            population = _workspace(scale, times)
            sizes.append(_measure(population, server))
        naive = naive_rate(population, population.last_day)
    smallest, largest = sizes[0], sizes[-1]
    rows = []
    for size in sizes:
        n, night = size.customers, size.night.cpu.total
        rows += [
            Row(f"growth_night_{n}", n / night, "customers per CPU-second", n),
            Row(f"growth_lab_{n}", size.lab, "CPU-seconds", n, is_time=True),
            Row(f"growth_list_{n}", size.page * 1_000, "ms until the page is there", n, is_time=True),
        ]
    each = [1_000 * size.night.cpu.total / size.customers for size in (smallest, largest)]
    return [
        Row("growth", each[1], "CPU-ms a customer and night", largest.customers, 1_000 / naive, each[0], is_time=True),
        Row("growth_exponent", _exponent(sizes, lambda size: size.night.cpu.total), "(1: level)", len(sizes)),
        *rows,
    ]


def _exponent(sizes: list[Size], cost: Callable[[Size], float]) -> float:
    """How the cost grows: with which power of the number of customers, by least squares over all sizes."""
    x, y = ([float(np.log(value(size))) for size in sizes] for value in (lambda size: size.customers, cost))
    return float(np.polyfit(x, y, 1)[0])


def _workspace(scale: float, times: int) -> Population:
    now = datetime.now(UTC)
    customers = max(10, round(_BASE * scale))
    simulation = Simulation(
        end=yesterday(now), customers=customers, days=90, events=customers * _EVENTS_EACH, history=False
    )
    imported = bring_in(simulation)
    store_events(imported, now)
    population = at_rest(imported)
    fill_back(population, 5)
    first_night(population)
    with workspace_scope(population.workspace):
        multiply(population.workspace, times)
        count = Customer.objects.count()
    settle()
    if count != customers * times:
        raise RuntimeError(f"{customers} customers times {times} made {count}.")
    return Population(
        population.workspace,
        population.last_day,
        count,
        len(imported.data.events),
        population.load,
        population.events_file,
    )


def _measure(population: Population, server: Web) -> Size:
    night = second_night(population)
    answer = lab.prepare(population).answer
    answer()
    spent = statistics.median(cpu_of(answer).total for _ in range(3))
    return Size(population.customers, night, spent, _list(population, server))


def _list(population: Population, server: Web) -> float:
    """Seconds until the first page of the customers' list is there, for their owner; the middle of several."""
    now = datetime.now(UTC)
    slug = population.workspace.slug
    owner = people.create_person(email=f"{slug}@bench.example", password=slug)
    workspaces.add_member(workspace=population.workspace, user=owner, role=Role.OWNER, now=now, actor=audit.SYSTEM)
    browser = Client()
    browser.force_login(owner)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    connection = server.connect()
    waited = []
    for _ in range(1 + _ASKED):
        began = time.perf_counter()
        connection.request("GET", "/customers/", headers={"Cookie": cookie})
        answer = connection.getresponse()
        page = answer.read()
        waited.append(time.perf_counter() - began)
        if answer.status != 200 or b"<table" not in page:
            raise RuntimeError(f"/customers/ answered {answer.status}: {page[:300]!r}")
    connection.close()
    return statistics.median(waited[1:])
