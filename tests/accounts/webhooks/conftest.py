"""A receiver of webhooks as somebody outside would run one: a real server that checks every signature."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import LazySettings
from standardwebhooks import Webhook

from accounts.models import WebhookEndpoint, Workspace
from accounts.webhooks import endpoints, worker
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from tests import factories

ACTOR = audit.Actor(label="Operations")


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The body as the specification's own library reads it; raises when the signature is wrong."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers each request with what ``answer`` gives: a status, headers and a body."""

    port: int
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], tuple[int, dict[str, str], bytes]] = lambda _request: (200, {}, b"ok")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def answers(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.answer = lambda _request: (status, headers or {}, body)


@pytest.fixture
def receiver(settings: LazySettings) -> Iterator[Receiver]:
    state: Receiver

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.path, headers, body)
            state.received.append(request)
            status, told, content = state.answer(request)
            self.send_response(status)
            for name, value in told.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = Receiver(server.server_address[1])
    settings.WEBHOOK_PRIVATE_HOSTS = [f"127.0.0.1:{state.port}"]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


class Clock:
    """The present, moved by hand; signatures need a moment near the real one."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(db: None) -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def send(clock: Clock) -> Callable[[], int]:
    """Send what is due at the clock's time; returns how many attempts that took."""
    return lambda: worker.send_due(clock=clock, until=clock.now + timedelta(seconds=1))


@dataclass
class Subscribed:
    endpoint: WebhookEndpoint
    secret: str


@pytest.fixture
def subscribe(workspace: Workspace, receiver: Receiver, clock: Clock) -> Callable[..., Subscribed]:
    def make(*events: str, path: str = "") -> Subscribed:
        with workspace_scope(workspace):
            return Subscribed(
                *endpoints.create(url=receiver.url + path, events=events or ["*"], actor=ACTOR, now=clock.now)
            )

    return make
