"""From an acknowledged event to the changed score over REST, with forty measures on the scorecard, while 200 events a
second keep arriving.

Web server, worker and scheduler are the product's own; the background comes from the official
segment-analytics-python. Each probe posts one event with a new name for a customer nobody else writes to, and asks for
its health until a driver's value has changed. Beside it stand a loop that scores everybody, one after the other,
through the ORM (an event waits for its customer's turn), and the answer time of the health request itself.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

import numpy as np
from celery import current_app
from django.db import connection
from segment.analytics.client import Client

from accounts.models import Customer
from accounts.services import keys
from bench import naive
from bench.machine import Web, program, web
from bench.population import Imported, bring_in, store_events
from bench.scorecards import FORTY, publish_more
from bench.table import Row
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import Simulation, yesterday
from health.ingest.drain import drain
from health.models import Event, LateArrival
from health.services import runs, scoring

_CUSTOMERS = 300
_PROBES = 120
_PER_SECOND = 200
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.02


def run(scale: float = 1.0) -> list[Row]:
    """Percentiles in milliseconds, from the answer to the POST until the answer that shows the changed value."""
    probes = max(5, round(_PROBES * scale))
    now = datetime.now(UTC)
    customers = max(30, round(_CUSTOMERS * min(scale, 1.0)))
    simulation = Simulation(end=yesterday(now), customers=customers, days=60, events=60 * customers)
    imported = bring_in(simulation)
    publish_more(imported.workspace, FORTY, simulation.catalogue.feature_names, now)
    store_events(imported, now)
    key = _key(imported, now)
    _bring_up_to_date(imported, now)
    current_app.control.purge()  # what the imports asked for is done
    with ExitStack() as stack:
        server = stack.enter_context(web(workers=2))
        for name in ("worker", "scheduler"):
            stack.enter_context(program(name))
        chosen, others = _choose(imported, probes)
        probe = _Probe(stack.enter_context(closing(server.connect())), key)
        probe.visible_after(chosen[0])  # the processes have started once this comes through
        with _background(server, key, others) as background:
            waits = [_paced(probe, external_id) for external_id in chosen[1:]]
        sent = background.sent + probe.sent
        alone = [probe.reading_takes(external_id) for external_id in chosen]
    _check(imported, sent)
    round_of_loop = _naive_round(imported, now.date())

    def row(percentile: int) -> Row:
        floor = float(np.percentile(alone, percentile)) * 1_000
        value = float(np.percentile(waits, percentile)) * 1_000
        # An event comes at any moment of a round, so its wait is spread evenly over it.
        naive_wait = round_of_loop * percentile / 100 * 1_000
        return Row(f"event_to_score_p{percentile}", value, "ms", len(waits), naive_wait, floor, is_time=True)

    return [row(50), row(95)]


def _bring_up_to_date(imported: Imported, now: datetime) -> None:
    """The nightly work, and what the load has left to score: they come once a day and are not measured here."""
    with workspace_scope(imported.workspace):
        LateArrival.objects.filter(workspace_id=imported.workspace.pk).delete()
        begun = runs.roll_over(now=now)
    for run in begun:
        runs.work(imported.workspace.pk, run.pk)
    scoring.refresh_all(imported.workspace.pk)


def _key(imported: Imported, now: datetime) -> str:
    _, plaintext = keys.create_key(
        workspace=imported.workspace, name="bench", scopes=["ingest", "read"], actor=audit.SYSTEM, now=now
    )
    return plaintext


def _choose(imported: Imported, probes: int) -> tuple[list[str], list[str]]:
    """External ids of the customers to probe (under contract, each several times), and of all the others."""
    with workspace_scope(imported.workspace):
        under_contract = Customer.objects.filter(contract_state="active").order_by("external_id")
        ids = list(under_contract.values_list("external_id", flat=True))
        everybody = set(Customer.objects.values_list("external_id", flat=True))
    probed = ids[: max(1, len(ids) // 4)]
    return [probed[i % len(probed)] for i in range(probes + 1)], sorted(everybody - set(probed))


@dataclass
class _Probe:
    client: HTTPConnection
    key: str
    sent: int = 0

    def visible_after(self, external_id: str) -> float:
        """Seconds from the acknowledgement of a new event until a driver of the customer's health has changed."""
        before = self._values(external_id)
        message = {
            "userId": f"probe-{external_id}",
            "groupId": external_id,
            "context": {"groupId": external_id},
            "event": f"probe {uuid4().hex}",
            "messageId": uuid4().hex,
            "timestamp": datetime.now(UTC).isoformat(),
        }
        status, answer = self._ask("POST", "/v1/track", json.dumps(message))
        if status != 200:
            raise RuntimeError(f"ingest answered {status}: {answer}")
        acknowledged = time.perf_counter()
        self.sent += 1
        while time.perf_counter() - acknowledged < _PATIENCE_SECONDS:
            if self._values(external_id) != before:
                return time.perf_counter() - acknowledged
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"An event was acknowledged, but after {_PATIENCE_SECONDS:.0f} s no score shows it.")

    def reading_takes(self, external_id: str) -> float:
        """Seconds one request for the customer's health takes."""
        began = time.perf_counter()
        self._values(external_id)
        return time.perf_counter() - began

    def _values(self, external_id: str) -> list[float | None]:
        status, answer = self._ask("GET", f"/api/v1/customers/ext:{external_id}/health/")
        if status != 200:
            raise RuntimeError(f"health answered {status}: {answer}")
        return [driver["value"] for driver in answer["drivers"]]

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        self.client.request(method, path, body, headers)
        response = self.client.getresponse()
        return response.status, json.loads(response.read())


def _paced(probe: _Probe, external_id: str) -> float:
    time.sleep(random.uniform(0.05, 0.25))  # noqa: S311  (probes must not fall into step with a drain)
    return probe.visible_after(external_id)


@dataclass
class _Background:
    sent: int = 0
    errors: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _background(server: Web, key: str, customers: list[str]) -> Iterator[_Background]:
    """200 events a second through the official client while the block runs; all are flushed at its end."""
    background = _Background()
    client = Client(
        key,
        host=f"http://127.0.0.1:{server.port}",
        upload_size=100,
        upload_interval=0.5,
        on_error=lambda error, _batch: background.errors.append(str(error)),
    )

    def send() -> None:
        began = time.perf_counter()
        while not background.stop.wait(0.05):
            while background.sent < (time.perf_counter() - began) * _PER_SECOND:
                customer = customers[background.sent % len(customers)]
                client.track(f"steady-{customer}", f"step {background.sent % 7}", context={"groupId": customer})
                background.sent += 1

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield background
    finally:
        background.stop.set()
        thread.join()
        client.shutdown()
    if background.errors:
        raise RuntimeError(f"The background client failed: {background.errors[0]}")


def _check(imported: Imported, sent: int) -> None:
    """Everything sent is stored once; what the stopped worker left is drained here."""
    drain(imported.workspace.pk)
    with workspace_scope(imported.workspace):
        stored = Event.objects.count() - len(imported.data.events)
    if stored != sent:
        raise RuntimeError(f"{sent} events were sent and acknowledged, {stored} are stored.")


def _naive_round(imported: Imported, day: date) -> float:
    """Seconds of one round of the ORM loop over all customers of the workspace."""
    with workspace_scope(imported.workspace):
        ids = list(Customer.objects.values_list("id", flat=True)[:100])
        customers = Customer.objects.count()
    connection.ensure_connection()
    began = time.perf_counter()
    naive.score_customers(imported.workspace, ids, day)
    return (time.perf_counter() - began) / len(ids) * float(customers)
