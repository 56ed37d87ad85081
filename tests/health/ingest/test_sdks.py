"""The official SDKs, unmodified, against the real web server over real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as DjangoClient

from accounts.models import Contact, Customer
from accounts.services import keys
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.ingest.drain import drain
from health.models import Event
from tests import factories
from tests.health.ingest.conftest import Sender


def _url(alias: str) -> str:
    database: dict[str, Any] = settings.DATABASES[alias]
    place = f"{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return f"postgres://{database['USER']}:{database['PASSWORD']}@{place}"


@pytest.fixture
def server(transactional_db: None) -> Iterator[str]:
    """The product's own web server on the test database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--no-ws", "--log-level", "warning", "csplatform.wsgi:application"),
    ]
    env = {
        **os.environ,
        "DATABASE_URL": _url("default"),
        "DATABASE_OWNER_URL": _url("owner"),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "STATIC_ROOT": str(settings.STATIC_ROOT),
    }
    process = subprocess.Popen(command, env=env, cwd=settings.BASE_DIR)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the web server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web server does not listen")


@pytest.fixture
def sender(transactional_db: None) -> Sender:
    workspace = factories.make_workspace()
    _, plaintext = keys.create_key(
        workspace=workspace, name="product", scopes=["ingest"], actor=audit.SYSTEM, now=datetime.now(UTC)
    )
    return Sender(workspace, plaintext, DjangoClient())


def _use(client: Any) -> None:
    """What a product does, with everything sent twice as after a lost answer."""
    for _ in range(2):
        client.identify("u-1", {"email": "ops@nottingham.example", "name": "Operations"}, message_id="m-1")
        client.group("u-1", "c-1", {"name": "Nottingham Freight"}, message_id="m-2")
        for number in range(150):
            client.track("u-1", "report.opened", {"number": number, "title": "Tour 😀 פתח"}, message_id=f"t-{number}")
        client.page("u-1", "Reports", "Weekly", message_id="m-3")
        client.screen("u-1", "Reports", "Weekly", message_id="m-4")
        client.alias("visitor", "u-1", message_id="m-5")
    client.flush()
    client.join()


def _check(sender: Sender) -> None:
    assert sender.waiting() == 2 * 155
    drain(sender.workspace.pk)
    with workspace_scope(sender.workspace):
        customer, contact = Customer.objects.get(), Contact.objects.get()
        assert (customer.external_id, customer.name) == ("c-1", "Nottingham Freight")
        assert (contact.external_id, contact.email, contact.customer_id) == (
            "u-1",
            "ops@nottingham.example",
            customer.pk,
        )
        events = Event.objects.filter(customer_id=customer.pk, contact_id=contact.pk)
        assert events.filter(name="report.opened").count() == 150
        assert events.count() == Event.objects.count() == 152
        now = datetime.now(UTC)
        assert all(now - timedelta(minutes=2) < event.occurred_at <= now for event in events)


@pytest.mark.parametrize("zipped", [False, True])
def test_segment_analytics_python_works_unmodified(server: str, sender: Sender, zipped: bool) -> None:
    from segment.analytics.client import Client

    failures: list[Any] = []
    _use(Client(sender.key, host=server, gzip=zipped, on_error=lambda *what: failures.append(what)))
    assert not failures
    _check(sender)


def test_rudder_sdk_python_works_unmodified(server: str, sender: Sender) -> None:
    from rudderstack.analytics.client import Client

    failures: list[Any] = []
    _use(Client(sender.key, host=server, on_error=lambda *what: failures.append(what)))
    assert not failures
    _check(sender)
