"""HTTP ingest: events per CPU-second from the request to stored events and running state.

Starts the real web server with one worker on an empty workspace, sends batches of 100 track calls over one connection,
then drains. ``ingest_http`` counts web server, database and drain: from the request until each event is stored once
and counted; ``ingest_http_ack`` counts web server and database until the durable answer. The client's own CPU time
is not counted. Beside them stand a serializer and an INSERT per event, and a bare COPY of the same rows into a table
with the exactly-once index.
"""

from __future__ import annotations

import io
import json
import random
import statistics
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from rest_framework import serializers

from accounts.models import Workspace
from accounts.services import keys, workspaces
from bench.machine import Web, as_owner, cpu_of, database_cpu, processes_cpu, web
from bench.table import Row
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.ingest.drain import drain
from health.models import Event, UsageWindow

UNIT = "events per CPU-second"
_BATCH = 100
_CUSTOMERS = 500
_PEOPLE = 10
_NAMES = ["report.opened", "route.planned", "invoice.sent", "driver.invited", "map.viewed", "export.started"]


def run(scale: float = 1.0) -> list[Row]:
    """``scale`` 1 sends 60,000 events."""
    batches = max(5, round(600 * scale))
    workspace, key = make_workspace()
    messages = _messages(batches)
    with web() as server:
        post(server, key, everybody(_CUSTOMERS, _PEOPLE))
        drain(workspace.pk)
        before = processes_cpu(server.pid) + database_cpu()
        post(server, key, messages)
        # A hundredth of a second is the clock's tick: a small run may take less.
        request = max(processes_cpu(server.pid) + database_cpu() - before, 0.01)
    work = cpu_of(lambda: drain(workspace.pk))
    events = batches * _BATCH
    _check(workspace, events)
    naive, floor = _naive(workspace, messages[:20]), _floor(messages)

    def row(name: str, cpu: float) -> Row:
        return Row(name, events / cpu, UNIT, events, naive, floor)

    return [
        row("ingest_http", request + work.total),
        row("ingest_http_ack", request),
        row("ingest_http_drain", work.total),
    ]


def make_workspace(*scopes: str) -> tuple[Workspace, str]:
    """An empty workspace and a key for it with the scope ``ingest`` and ``scopes``."""
    now = datetime.now(UTC)
    workspace = workspaces.create_workspace(slug=f"bench-{uuid4().hex[:12]}", name="Bench", now=now, actor=audit.SYSTEM)
    _, plaintext = keys.create_key(
        workspace=workspace, name="bench", scopes=["ingest", *scopes], actor=audit.SYSTEM, now=now
    )
    return workspace, plaintext


def everybody(customers: int, people: int) -> list[bytes]:
    """Group calls that make every customer and contact of a load known, as they are after a product's first day."""
    calls = [
        {
            "type": "group",
            "messageId": str(uuid4()),
            "userId": f"u-{customer}-{person}",
            "groupId": f"c-{customer}",
            "traits": {"name": f"Customer {customer}"},
        }
        for customer in range(customers)
        for person in range(people)
    ]
    return [json.dumps({"batch": calls[start : start + 1_000]}).encode() for start in range(0, len(calls), 1_000)]


def _messages(batches: int) -> list[bytes]:
    """As segment-analytics-python sends them."""
    chooser = random.Random(7)  # noqa: S311  (the same load every time)
    now = datetime.now(UTC)
    found = []
    for _ in range(batches):
        batch = [_message(chooser, now) for _ in range(_BATCH)]
        found.append(json.dumps({"batch": batch, "sentAt": now.isoformat()}).encode())
    return found


def _message(chooser: random.Random, now: datetime) -> dict[str, Any]:
    customer = chooser.randrange(_CUSTOMERS)
    at = now - timedelta(seconds=chooser.random() * 20)
    return {
        "integrations": {},
        "anonymousId": None,
        "properties": {"plan": "pro", "duration": chooser.randrange(5_000), "path": "/reports/weekly"},
        "timestamp": at.isoformat(timespec="milliseconds"),
        "context": {"groupId": f"c-{customer}", "library": {"name": "analytics-python", "version": "2.4.0"}},
        "userId": f"u-{customer}-{chooser.randrange(_PEOPLE)}",
        "type": "track",
        "event": chooser.choice(_NAMES),
        "messageId": str(uuid4()),
    }


def post(server: Web, key: str, bodies: list[bytes]) -> None:
    """Send batches one after the other over one connection; raises ``RuntimeError`` unless each is taken whole."""
    client = server.connect()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for body in bodies:
        client.request("POST", "/v1/batch", body, headers)
        response = client.getresponse()
        answer = response.read()
        if response.status != 200 or answer != b'{"success":true}':
            raise RuntimeError(f"ingest answered {response.status}: {answer[:300]!r}")
    client.close()


def _check(workspace: Workspace, events: int) -> None:
    with workspace_scope(workspace):
        stored = Event.objects.filter(customer_id__isnull=False).count()
        windows = UsageWindow.objects.filter(stream="*").values_list("counts", flat=True)
        counted = sum(sum(memoryview(tallies).cast("i")) for tallies in windows)
    if not stored == counted == events:
        raise RuntimeError(f"sent {events}, stored {stored}, counted {counted}")


class _NaiveEvent(serializers.Serializer[Any]):
    messageId = serializers.CharField()  # noqa: N815  # the protocol's name
    userId = serializers.CharField()  # noqa: N815  # the protocol's name
    event = serializers.CharField()
    timestamp = serializers.DateTimeField()
    properties = serializers.JSONField()


def _naive(workspace: Workspace, messages: list[bytes]) -> float:
    """A serializer and a row at a time through the ORM, each committed: what a first version would do."""
    found = [message for body in messages for message in json.loads(body)["batch"]]

    def work() -> None:
        for message in found:
            serializer = _NaiveEvent(data=message)
            serializer.is_valid(raise_exception=True)
            data = serializer.validated_data
            event = Event(
                message_key=uuid4(),
                workspace_id=workspace.pk,
                name=data["event"],
                occurred_at=data["timestamp"],
                known_at=data["timestamp"],
                recorded_at=data["timestamp"],
                contact_key=data["userId"],
                properties=data["properties"],
            )
            with workspace_scope(workspace):
                event.save(force_insert=True)

    return len(found) / cpu_of(work).total


def _floor(messages: list[bytes]) -> float:
    """A bare COPY into a table whose unique index is the exactly-once key; nothing parsed, checked or counted."""
    found = [message for body in messages for message in json.loads(body)["batch"]]
    lines = "".join(
        f"{UUID(message['messageId'])}\t{message['timestamp']}\t{message['event']}\t{json.dumps(message['properties'])}\n"
        for message in found
    ).encode()

    columns = "(id uuid PRIMARY KEY, at timestamptz, name text, properties jsonb)"
    seconds = []
    with as_owner() as cursor:
        for _ in range(3):
            cursor.execute(f"CREATE TABLE bench_floor {columns}")
            try:
                seconds.append(cpu_of(lambda: cursor.copy_expert("COPY bench_floor FROM STDIN", io.BytesIO(lines))))
            finally:
                cursor.execute("DROP TABLE bench_floor")
    return len(found) / statistics.median(cpu.total for cpu in seconds)
