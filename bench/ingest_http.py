"""HTTP ingest: events per CPU-second from the request to stored events and running state.

Starts the real web server with one worker on an empty workspace of its own, sends batches of 100 track calls over
one connection, then drains. CPU time is read from the processes: web server, database backends, drain. The client's
is not counted. Beside it stand the naive way (a serializer and an INSERT per event) and the floor (a bare COPY of the
same rows into an unindexed table).
"""

from __future__ import annotations

import http.client
import io
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from rest_framework import serializers

from accounts.models import Workspace
from accounts.services import keys, workspaces
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.ingest.drain import drain
from health.models import Event, UsageWindow

_BATCH = 100
_CUSTOMERS = 500
_PEOPLE = 10
_TICKS = os.sysconf("SC_CLK_TCK")
_NAMES = ["report.opened", "route.planned", "invoice.sent", "driver.invited", "map.viewed", "export.started"]


def run(scale: float = 1.0) -> list[dict[str, Any]]:
    """Rows of the bench table; ``scale`` 1 sends 60,000 events."""
    batches = max(20, round(600 * scale))
    workspace, key = _workspace()
    messages = _messages(batches)
    with _server() as server:
        _post(server, key, _everybody())
        drain(workspace.pk)
        web, database = _cpu(server.pids()), _database_cpu()
        _post(server, key, messages)
        http_cpu = _cpu(server.pids()) - web + _database_cpu() - database
    web_part = http_cpu
    own, database = time.process_time(), _database_cpu()
    drain(workspace.pk)
    drain_database, worker = _database_cpu() - database, time.process_time() - own
    events = batches * _BATCH
    _check(workspace, events)
    naive, floor = _naive(workspace, min(events, 2_000)), _floor(messages)

    def row(name: str, cpu: float) -> dict[str, Any]:
        value = events / cpu
        return {
            "name": name,
            "value": round(value),
            "unit": "events per CPU-second",
            "naive": round(naive),
            "floor": round(floor),
            "ratio_to_naive": round(value / naive, 1),
            "ratio_to_floor": round(value / floor, 3),
            "n": events,
        }

    return [
        row("ingest_http", web_part + drain_database),
        row("ingest_http_with_worker", web_part + drain_database + worker),
        row("ingest_http_request_only", web_part),
        row("ingest_drain_only", drain_database + worker),
    ]


def _workspace() -> tuple[Workspace, str]:
    now = datetime.now(UTC)
    workspace = workspaces.create_workspace(slug=f"bench-{uuid4().hex[:12]}", name="Bench", now=now, actor=audit.SYSTEM)
    _, plaintext = keys.create_key(workspace=workspace, name="bench", scopes=["ingest"], actor=audit.SYSTEM, now=now)
    return workspace, plaintext


def _everybody() -> list[bytes]:
    """Group calls that make every customer and contact of the load known, as they are after a product's first day."""
    people = [(customer, person) for customer in range(_CUSTOMERS) for person in range(_PEOPLE)]
    calls = [
        {
            "type": "group",
            "messageId": str(uuid4()),
            "userId": f"u-{customer}-{person}",
            "groupId": f"c-{customer}",
            "traits": {"name": f"Customer {customer}"},
        }
        for customer, person in people
    ]
    return [json.dumps({"batch": calls[start : start + 1_000]}).encode() for start in range(0, len(calls), 1_000)]


def _messages(batches: int) -> list[bytes]:
    """As segment-analytics-python sends them."""
    chooser = random.Random(7)  # noqa: S311  (the same load every time)
    now = datetime.now(UTC)
    found = []
    for _ in range(batches):
        batch = []
        for _ in range(_BATCH):
            customer = chooser.randrange(_CUSTOMERS)
            at = now - timedelta(seconds=chooser.random() * 20)
            batch.append(
                {
                    "integrations": {},
                    "anonymousId": None,
                    "properties": {"plan": "pro", "duration": chooser.randrange(5_000), "path": "/reports/weekly"},
                    "timestamp": at.isoformat(timespec="milliseconds"),
                    "context": {
                        "groupId": f"c-{customer}",
                        "library": {"name": "analytics-python", "version": "2.4.0"},
                    },
                    "userId": f"u-{customer}-{chooser.randrange(_PEOPLE)}",
                    "type": "track",
                    "event": chooser.choice(_NAMES),
                    "messageId": str(uuid4()),
                }
            )
        found.append(json.dumps({"batch": batch, "sentAt": now.isoformat()}).encode())
    return found


@dataclass
class _Server:
    process: subprocess.Popen[bytes]
    port: int

    def pids(self) -> list[int]:
        """The server and every process below it."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            with open(f"/proc/{pid}/task/{pid}/children") as children:
                waiting += map(int, children.read().split())
        return found


@contextmanager
def _server() -> Iterator[_Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"),
        *(
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-ws",
            "--log-level",
            "warning",
            "csplatform.wsgi:application",
        ),
    ]
    name = str(connection.settings_dict["NAME"])
    env = {**os.environ, "DATABASE_URL": os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"}
    process = subprocess.Popen(command, env=env)  # noqa: S603  (our own server)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield _Server(process, port)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _post(server: _Server, key: str, bodies: list[bytes]) -> None:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for body in bodies:
        client.request("POST", "/v1/batch", body, headers)
        response = client.getresponse()
        answer = response.read()
        if response.status != 200 or answer != b'{"success":true}':
            raise RuntimeError(f"ingest answered {response.status}: {answer[:300]!r}")
    client.close()


def _cpu(pids: list[int]) -> float:
    """CPU seconds, user and system, spent by these processes so far."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def _database_cpu() -> float:
    """CPU seconds of the whole server on this machine: backends and its writers. Backends that ended are lost."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    with open(f"/proc/{backend}/stat") as stat:
        postmaster = int(stat.read().rsplit(")", 1)[1].split()[1])
    with open(f"/proc/{postmaster}/task/{postmaster}/children") as children:
        pids = [int(pid) for pid in children.read().split()]
    own = [pid for pid in pids if _belongs(pid)]
    return _cpu(own)


def _belongs(pid: int) -> bool:
    """Backends of this database, and the writers that serve them."""
    with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
        title = cmdline.read().decode(errors="replace")
    name = str(connection.settings_dict["NAME"])
    return f" {name} " in title or "walwriter" in title


def _check(workspace: Workspace, events: int) -> None:
    with workspace_scope(workspace):
        stored = Event.objects.filter(customer_id__isnull=False).count()
        counted = sum(
            sum(memoryview(row).cast("i"))
            for row in UsageWindow.objects.filter(stream="*").values_list("counts", flat=True)
        )
    if not stored == counted == events:
        raise RuntimeError(f"sent {events}, stored {stored}, counted {counted}")


class _NaiveEvent(serializers.Serializer[Any]):
    messageId = serializers.CharField()  # noqa: N815
    userId = serializers.CharField()  # noqa: N815
    event = serializers.CharField()
    timestamp = serializers.DateTimeField()
    properties = serializers.JSONField()


def _naive(workspace: Workspace, events: int) -> float:
    """A serializer and a row at a time through the ORM: what a first version would do."""
    found = [message for body in _messages(max(1, events // _BATCH)) for message in json.loads(body)["batch"]]

    def work() -> None:
        for message in found:
            serializer = _NaiveEvent(data=message)
            serializer.is_valid(raise_exception=True)
            data = serializer.validated_data
            with workspace_scope(workspace):
                Event.objects.create(
                    message_key=uuid4(),
                    workspace_id=workspace.pk,
                    name=data["event"],
                    occurred_at=data["timestamp"],
                    known_at=data["timestamp"],
                    recorded_at=data["timestamp"],
                    contact_key=data["userId"],
                    properties=data["properties"],
                )

    return len(found) / _measured(work)


def _floor(messages: list[bytes]) -> float:
    """A bare COPY of the same events into a table without an index, nothing parsed or checked."""
    found = [message for body in messages for message in json.loads(body)["batch"]]
    lines = "".join(
        f"{UUID(message['messageId'])}\t{message['timestamp']}\t{message['event']}\t{json.dumps(message['properties'])}\n"
        for message in found
    ).encode()
    seconds = []
    for _ in range(3):

        def work() -> None:
            with connection.cursor() as cursor:
                cursor.execute("CREATE TEMP TABLE floor (id uuid, at timestamptz, name text, properties jsonb)")
                cursor.copy_expert("COPY floor FROM STDIN", io.BytesIO(lines))
                cursor.execute("DROP TABLE floor")

        seconds.append(_measured(work))
    return len(found) / statistics.median(seconds)


def _measured(work: Callable[[], None]) -> float:
    own, database = time.process_time(), _database_cpu()
    work()
    return max(time.process_time() - own + _database_cpu() - database, 1 / _TICKS)
