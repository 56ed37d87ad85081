"""The night's run: yesterday closed, everybody scored for today, and all that follows from it, step by step.

The steps are those of the schedule, by the services its tasks call, one after the other in one process. It is the
second night, as the first finds what filling the workspace has left to do; without new events every window moves on by
a day. Beside it stand the ORM loop and DuckDB, which compute usage only, and of one day instead of two; the latter
writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from accounts.services import renewals
from bench.backfill import fill_back
from bench.history import load
from bench.machine import Cpu, cpu_of
from bench.population import Population, settle
from bench.score_full import UNIT, floor_rate, naive_rate
from bench.table import Row
from csplatform.core import outbox
from csplatform.core.tenancy import workspace_scope
from health import adoption
from health.alerts import opening, routing, sending, silences
from health.models import HealthScore, HealthSnapshot, ScoringRun
from health.services import churn_watch, lab, runs, snapshots
from journeys.services import laps, plan_upkeep, signals

_WEEKS_BEFORE = 5  # what the change of four weeks is measured against
_PATIENCE_SECONDS = 3_600.0


@dataclass(frozen=True)
class Step:
    """What one part of the night took: CPU-seconds here and in the database, and seconds of waiting."""

    cpu: Cpu
    waited: float


class Night:
    """One night of a workspace; ``steps`` by name in the order in which they were done."""

    def __init__(self, workspace_id: UUID, day: date) -> None:
        self.workspace_id = workspace_id
        self.day = day
        self.now = datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=5)
        self.steps: dict[str, Step] = {}

    @property
    def cpu(self) -> Cpu:
        spent = [step.cpu for step in self.steps.values()]
        return Cpu(sum(each.client for each in spent), sum(each.database for each in spent))

    @property
    def waited(self) -> float:
        return sum(step.waited for step in self.steps.values())

    def pass_by(self) -> None:
        """Raises ``RuntimeError`` unless yesterday was closed and today begun."""
        begun: list[ScoringRun] = []
        self._do("plan", lambda: begun.extend(self._plan()))
        if [run.kind for run in begun] != [ScoringRun.Kind.CLOSE_DAY, ScoringRun.Kind.CURRENT]:
            raise RuntimeError(f"Nothing was to be closed on {self.day}.")
        self._do("close", lambda: runs.work(self.workspace_id, begun[0].pk))
        self._do("score", lambda: runs.work(self.workspace_id, begun[1].pk))
        self._do("revise", self._revise)
        self._do("adoption", self._follow)
        self._do("upkeep", self._keep_up)
        self._do("watch", self._watch)
        self._do("news", self._deliver)
        self._do("alerts", self._alert)

    def _do(self, name: str, work: Callable[[], object]) -> None:
        began = time.monotonic()
        cpu = cpu_of(work)
        self.steps[name] = Step(cpu, time.monotonic() - began)

    @contextmanager
    def _scoped(self) -> Iterator[datetime]:
        with workspace_scope(self.workspace_id):
            yield self.now

    def _plan(self) -> list[ScoringRun]:
        """Outages, late facts, contracts on which a date has come, base rates, shards."""
        with self._scoped() as now:
            return runs.roll_over(now=now)

    def _revise(self) -> None:
        while True:
            with self._scoped() as now:
                if not snapshots.revise_late(today=self.day, now=now):
                    return

    def _follow(self) -> None:
        adoption.keep(self.workspace_id, clock=lambda: self.now, seconds=_PATIENCE_SECONDS)

    def _keep_up(self) -> None:
        """Renewals that come near, figures of plans, laps, who has stopped to speak."""
        with self._scoped() as now:
            renewals.tell_due(now=now)
        with self._scoped() as now:
            plan_upkeep.measure_use(now=now)
            plan_upkeep.tell_changes(now=now)
        with self._scoped() as now:
            laps.refresh_missing(now)
        with self._scoped() as now:
            signals.listen_for_silence(now=now)

    def _watch(self) -> None:
        """The champion's drift, whether a training or the laying out of the past is due."""
        with self._scoped() as now:
            churn_watch.watch(now=now)
            churn_watch.train_if_due(now=now)
            lab.renew(now=now)

    def _deliver(self) -> None:
        """News of bands, risks and terms to whoever listens: alerts begin and playbooks start."""
        while outbox.dispatch_waiting(now=self.now):
            pass

    def _alert(self) -> None:
        with self._scoped() as now:
            silences.look(now=now)
        with self._scoped() as now:
            opening.settle(now=now)
        while True:
            with self._scoped() as now:
                if not routing.route_waiting(now=now):
                    break
        until = self.now + timedelta(hours=1)
        sending.send_due(workspace_id=self.workspace_id, clock=lambda: self.now, until=until)


def run(scale: float = 1.0) -> list[Row]:
    """``n``: customers, 20,000 at ``scale`` 1."""
    population = load(scale)
    fill_back(population, _WEEKS_BEFORE)
    first_night(population)
    night = second_night(population)
    n, day = population.customers, population.last_day
    rate = Row("nightly", n / night.cpu.total, UNIT, n, naive_rate(population, day), floor_rate(population, day))
    whole = [
        Row("nightly_waited", night.waited, "seconds", n, is_time=True),
        Row("nightly_client", night.cpu.client, "CPU-seconds", n, is_time=True),
        Row("nightly_database", night.cpu.database, "CPU-seconds", n, is_time=True),
    ]
    steps = [
        Row(f"nightly_{name}", step.cpu.total, "CPU-seconds", n, is_time=True) for name, step in night.steps.items()
    ]
    return [rate, *whole, *steps]


def first_night(population: Population) -> None:
    """The one after today, as facts stored after a night would be told to it as late; the database rests after it.

    So two days pass without events, less than makes an outage of the sender.
    """
    Night(population.workspace.pk, population.last_day + timedelta(days=2)).pass_by()
    settle()


def second_night(population: Population) -> Night:
    """The one after the first; raises ``RuntimeError`` unless it closed the day and scored everybody."""
    night = Night(population.workspace.pk, population.last_day + timedelta(days=3))
    night.pass_by()
    _check(night, population.customers)
    return night


def _check(night: Night, customers: int) -> None:
    with workspace_scope(night.workspace_id):
        closed = HealthSnapshot.objects.filter(as_of=night.day - timedelta(days=1), revision=0).count()
        if HealthScore.objects.count() != customers or closed != customers:
            raise RuntimeError(f"{closed} of {customers} customers have a snapshot of the day before {night.day}.")
