"""`/healthz`, `/readyz` and `/metrics` as machines use them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import redis
from django.db import OperationalError, connection
from django.test import Client, override_settings
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import Workspace
from csplatform import ops
from csplatform.core import heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker() -> Iterator[None]:
    """No sign of life before and after."""
    broker = heartbeat.broker()
    broker.delete(heartbeat.KEY)
    yield
    broker.delete(heartbeat.KEY)


@pytest.fixture
def worker() -> heartbeat.Heartbeat:
    """A worker that has just shown itself."""
    consumer = SimpleNamespace(hostname="worker@test", timer=SimpleNamespace(call_repeatedly=lambda *_: None))
    step = heartbeat.Heartbeat(consumer)
    step.start(consumer)
    return step


def checks(client: Client) -> tuple[int, dict[str, str | None]]:
    """Status of /readyz, and each check's reason."""
    answer = client.get("/readyz")
    body = answer.json()
    assert body["ready"] == (answer.status_code == 200)
    assert answer["Cache-Control"] == "no-store"
    return answer.status_code, {name: check.get("reason") for name, check in body["checks"].items()}


def test_alive_answers_under_any_host_and_without_tls(client: Client) -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        answer = client.get("/healthz", headers={"host": "10.1.2.3:8000"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_only_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).status_code in (200, 503)


def test_ready_names_every_check(client: Client, worker: heartbeat.Heartbeat) -> None:
    assert checks(client) == (200, dict.fromkeys(["database", "broker", "migrations", "worker"]))


def test_without_a_worker_it_is_not_ready(client: Client) -> None:
    status, found = checks(client)
    assert status == 503
    assert [name for name, reason in found.items() if reason] == ["worker"]


def test_a_sign_of_life_runs_out(worker: heartbeat.Heartbeat) -> None:
    assert 0 < int(heartbeat.broker().ttl(heartbeat.KEY)) <= 15


def test_the_demo_is_waited_for_when_wanted(client: Client, worker: heartbeat.Heartbeat) -> None:
    with override_settings(DEMO=True):
        assert checks(client)[0] == 503
        for slug in ("sherwood", "community"):
            demo = Workspace.objects.create(slug=slug, name=slug, is_demo=True, created_at=datetime.now(UTC))
            assert checks(client)[1]["demo"] == "the demo workspaces are being loaded"
            Workspace.objects.filter(pk=demo.pk).update(demo_ready_at=datetime.now(UTC))
        assert checks(client)[0] == 200


def test_a_lost_database_is_a_reason_and_no_error(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise OperationalError("connection to server at 10.9.8.7 failed: password wrong")

    monkeypatch.setattr(connection, "cursor", lost)
    monkeypatch.setattr(connection, "close", lambda: None)
    status, found = checks(client)
    assert (status, found["database"]) == (503, "the database does not answer")
    assert "10.9.8.7" not in str(found)


def test_a_lost_broker_is_a_reason_and_no_error(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = redis.Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr(ops, "broker", lambda: nobody)
    monkeypatch.setattr(heartbeat, "broker", lambda: nobody)
    status, found = checks(client)
    assert status == 503
    assert found["broker"] == found["worker"] == "the broker does not answer"


def test_metrics_are_figures_prometheus_can_read(client: Client, worker: heartbeat.Heartbeat) -> None:
    answer = client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.content.decode())}
    states = {sample.labels["check"]: sample.value for sample in families["boomerang_check_ok"].samples}
    assert states == {"database": 1.0, "broker": 1.0, "migrations": 1.0, "worker": 1.0}
    assert families["boomerang_queue_depth"].samples[0].labels == {"queue": "default"}
    assert families["boomerang_outbox_waiting"].samples[0].value == 0.0


@pytest.mark.parametrize(
    ("peer", "forwarded", "authorization", "status"),
    [
        ("127.0.0.1", None, None, 200),
        ("::1", None, None, 200),
        ("127.0.0.1", "203.0.113.9", None, 403),  # a proxy on this machine speaks for somebody elsewhere
        ("203.0.113.9", None, None, 403),
        ("203.0.113.9", None, "Bearer right-token", 200),
        ("127.0.0.1", "203.0.113.9", "bearer right-token", 200),
        ("203.0.113.9", None, "Bearer wrong", 403),
        ("203.0.113.9", None, "Bearer ", 403),
        ("203.0.113.9", None, "Basic right-token", 403),
        ("", None, None, 403),
    ],
)
def test_metrics_are_for_this_machine_or_a_token(
    client: Client, peer: str, forwarded: str | None, authorization: str | None, status: int
) -> None:
    headers = {"X-Forwarded-For": forwarded, "Authorization": authorization}
    with override_settings(METRICS_TOKEN="right-token"):
        answer = client.get(
            "/metrics", headers={name: value for name, value in headers.items() if value}, REMOTE_ADDR=peer
        )
    assert answer.status_code == status


def test_without_a_token_set_none_is_accepted(client: Client) -> None:
    with override_settings(METRICS_TOKEN=""):
        answer = client.get("/metrics", headers={"Authorization": "Bearer "}, REMOTE_ADDR="203.0.113.9")
    assert answer.status_code == 403
