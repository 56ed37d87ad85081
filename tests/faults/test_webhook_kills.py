"""`kill -9` of the worker while it sends webhooks to a slow receiver.

Afterwards every message has arrived, and none twice but those that were on the line when the worker died.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from accounts.webhooks import worker
from tests.faults.conftest import Product, call, wait_for

MESSAGES = 60


class Receiver(ThreadingHTTPServer):
    """Takes a third of a second for each message."""

    daemon_threads = True

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(0.3)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.timeout(400)
def test_every_message_arrives_although_the_worker_is_killed(product: Product, receiver: Receiver) -> None:
    product.manage(
        "create_workspace", "hooks", "--name", "Hooks", "--owner-email", "o@hooks.example",
        "--owner-password", "a long enough password",
    )  # fmt: skip
    key = product.manage("create_api_key", "--workspace", "hooks", "--name", "test", "--scopes", "admin")
    url = f"http://127.0.0.1:{receiver.server_address[1]}/"
    made = call(product, "POST", "/api/v1/webhooks/", key, {"url": url, "events": ["*"]})
    path = f"/api/v1/webhooks/{made['id']}/"
    sent = {call(product, "POST", path + "test/", key, {})["message_id"] for _ in range(MESSAGES)}

    wait_for(lambda: len(receiver.received) >= 3, 60, "the first message")
    product.kill("worker")
    deliveries = f"{path}deliveries/?state=delivered&limit=500"
    wait_for(lambda: len(call(product, "GET", deliveries, key)["results"]) == MESSAGES, 240, "the last delivery")

    arrived = Counter(headers["webhook-id"] for headers, _body in receiver.received)
    assert set(arrived) == sent
    assert arrived.total() - MESSAGES <= worker.AT_ONCE
    assert max(arrived.values()) <= 2
    for headers, body in receiver.received[-5:]:
        assert Webhook(made["secret"]).verify(body, headers)["type"] == "webhook.tested"
