"""`make run` itself: what it starts heals when killed, and nothing stays when it is asked to stop."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from csplatform.local.processes import ProcessRef
from tests.local.conftest import Local, states, wait_for

pytestmark = pytest.mark.timeout(400)


@dataclass
class Running:
    """A run without the demo, which has tests of its own."""

    local: Local
    port: int
    supervisor: subprocess.Popen[str]

    def ready(self) -> bool:
        """Whether /readyz says so."""
        return self.get("/readyz")[0] == 200

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; 0 when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()


def start(local: Local) -> Running:
    """Start a run on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # Compressed static files are not what is tried here.
    return Running(local, port, local.start("run", PORT=str(port), DEMO="0", DEBUG="1"))


def children_of(running: Running) -> dict[str, object]:
    """What this supervisor, and not one before it, says it has started."""
    record = running.local.record()
    mine = record.get("supervisor", {}).get("pid") == running.supervisor.pid
    return dict(record["children"]) if mine else {}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One run for the whole module."""
    with states() as make:
        found = start(make("run"))
        wait_for(lambda: found.ready() or found.supervisor.poll() is not None, 180)
        assert found.supervisor.poll() is None, found.supervisor.communicate()[1]
        yield found


def test_every_process_of_an_installation_runs(running: Running) -> None:
    assert set(running.local.record()["children"]) == {"postgres", "valkey", "web", "worker", "scheduler"}
    assert json.loads(running.get("/readyz")[1])["checks"]["worker"] == {"ok": True}


def test_its_address_is_written_where_others_find_it(running: Running) -> None:
    wait_for(lambda: "url" in running.local.record())
    assert running.local.record()["url"] == f"http://127.0.0.1:{running.port}"


@pytest.mark.parametrize("name", ["web", "worker", "scheduler", "valkey", "postgres"])
def test_a_killed_process_heals(running: Running, name: str) -> None:
    before = running.local.child(name)
    before.signal(signal.SIGKILL)
    wait_for(lambda: running.local.record()["children"].get(name, vars(before)) != vars(before), 60)
    wait_for(running.ready, 120)
    assert not before.alive()


def test_a_request_to_stop_ends_everything(running: Running) -> None:
    children = [ProcessRef(**each) for each in running.local.record()["children"].values()]
    # make passes a signal on that reaches us by ourselves too
    running.supervisor.terminate()
    running.supervisor.terminate()
    assert running.supervisor.wait(60) == 0
    assert not any(each.alive() for each in children)
    assert running.local.alive() == []
    assert running.get("/healthz")[0] == 0
    assert f":{running.port}/setup/" in running.supervisor.communicate()[1], "nobody is there: the way in is printed"
    assert not (running.local.state / "setup-link").exists()


def test_stopped_while_the_web_server_starts_nothing_hangs(running: Running) -> None:
    again = start(running.local)
    wait_for(lambda: "web" in children_of(again) or again.supervisor.poll() is not None, 120)
    began = time.monotonic()
    os.kill(again.supervisor.pid, signal.SIGTERM)
    assert again.supervisor.wait(90) == 0
    assert time.monotonic() - began < 60
    assert running.local.alive() == []
