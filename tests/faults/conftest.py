"""The whole product, started as `make run` starts it, on a state folder of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from csplatform.local.processes import STATE_MARK
from csplatform.local.state import PROJECT, read_record

_OURS = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "LOCAL_STATE", "STATIC_ROOT", "MEDIA_ROOT", STATE_MARK}


def wait_for(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true answer; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} seconds"
        time.sleep(0.1)
    return found


@dataclass
class Product:
    """A running installation: its port, its state, and what it takes to talk to it."""

    state: Path
    port: int
    env: dict[str, str]
    process: subprocess.Popen[bytes]

    def pid(self, name: str) -> int:
        """The process id of a child; 0 while it has none."""
        child = (read_record(self.state) or {}).get("children", {}).get(name)
        return int(child["pid"]) if child else 0

    def kill(self, name: str) -> None:
        """`kill -9` a child, and wait until the supervisor has started another."""
        before = self.pid(name)
        assert before, f"{name} does not run"
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: self.pid(name) not in (0, before), 30, f"a new {name}")

    def manage(self, *arguments: str) -> str:
        """What a management command prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=PROJECT, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def get(self, path: str, key: str = "") -> tuple[int, Any]:
        """GET a JSON document; status 0 when nobody answers."""
        return self._request("GET", path, None, {"Authorization": f"Bearer {key}"} if key else {})

    def post(self, path: str, body: Any, key: str) -> tuple[int, Any]:
        """POST JSON as a Segment client does."""
        headers = {
            "Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(),
            "Content-Type": "application/json",
        }
        return self._request("POST", path, json.dumps(body), headers)

    def _request(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()


def call(product: Product, method: str, path: str, key: str, body: Any = None) -> Any:
    """A REST call that must succeed."""
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=20)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status < 300, text
    return json.loads(text)


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """Started once for the module, without the demo."""
    with tempfile.TemporaryDirectory(prefix="boomerang-faults-") as folder, socket.socket() as probe:
        state = Path(folder)
        state.chmod(0o755)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        clean = {name: value for name, value in os.environ.items() if name not in _OURS}
        env = {**clean, "LOCAL_STATE": str(state), "PORT": str(port), "DEMO": "0", "WEBHOOK_PRIVATE_HOSTS": "127.0.0.1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "csplatform.local", "run"],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        product = Product(state, port, env, process)
        try:
            wait_for(lambda: process.poll() is not None or product.get("/readyz")[0] == 200, 150, "readiness")
            assert process.poll() is None, "the product ended while starting"
            yield product
        finally:
            process.terminate()
            process.wait(timeout=60)
