"""A state folder of its own for each test, and the command line of the local services on it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from csplatform.local.processes import STATE_MARK, ProcessRef, leftovers
from csplatform.local.state import PROJECT, read_record, recorded_home

# What `make test` set for us must not reach a supervisor under test: it would use our own services.
_OURS = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "LOCAL_STATE", "STATIC_ROOT", "MEDIA_ROOT", STATE_MARK}


@dataclass
class Local:
    """`python -m csplatform.local` on one state folder."""

    state: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start a command and return at once."""
        clean = {name: value for name, value in os.environ.items() if name not in _OURS}
        process = subprocess.Popen(
            [sys.executable, "-m", "csplatform.local", "--state", str(self.state), *arguments],
            cwd=PROJECT,
            env={**clean, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*arguments, **env)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def python(self, code: str) -> str:
        """What a Python program prints that `exec` runs with the services."""
        done = self.run("exec", "--", sys.executable, "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def serve(self) -> subprocess.Popen[str]:
        """Start the services and wait until they can be found."""
        process = self.start("services")
        wait_for(lambda: self.record().get("ready") or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        return process

    def record(self) -> dict[str, Any]:
        """What is written about the running services."""
        return read_record(self.state) or {}

    def child(self, name: str) -> ProcessRef:
        """A child of the running supervisor."""
        return ProcessRef(**self.record()["children"][name])

    def alive(self) -> list[ProcessRef]:
        """Every process that belongs to this state."""
        home = recorded_home(self.state) or self.state
        return list(leftovers(self.state, [home / "postgres"]))

    def clean_up(self) -> None:
        """Stop everything, delete the state, and see that nothing is left."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
        self.run("reset", "--yes")
        assert self.alive() == []

    def sql(self, statement: str) -> str:
        """One value from the running database, as the owner."""
        return self.python(
            "import os, psycopg2\n"
            "db = psycopg2.connect(os.environ['DATABASE_OWNER_URL']); db.autocommit = True; c = db.cursor()\n"
            f"c.execute({statement!r})\n"
            "print(c.fetchone()[0] if c.description else '')"
        )


def wait_for(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for a condition, and fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@contextlib.contextmanager
def states() -> Iterator[Callable[..., Local]]:
    """A maker of state folders the servers' user can reach; everything in them is stopped and deleted at the end."""
    made: list[Local] = []
    with tempfile.TemporaryDirectory(prefix="boomerang-test-", ignore_cleanup_errors=True) as root:
        Path(root).chmod(0o755)

        def make(name: str = "state", closed: bool = False) -> Local:
            folder = Path(root) / f"clone-{name}"
            folder.mkdir(mode=0o700 if closed else 0o755)
            made.append(Local(Path(os.path.realpath(folder)) / ".local"))
            return made[-1]

        yield make
        for each in made:
            each.clean_up()


@pytest.fixture
def make_local() -> Iterator[Callable[..., Local]]:
    """A maker of state folders."""
    with states() as make:
        yield make


@pytest.fixture
def local(make_local: Callable[..., Local]) -> Local:
    """One state folder."""
    return make_local()


@pytest.fixture(scope="module")
def served() -> Iterator[Local]:
    """Services that run through the whole module, for tests that only look."""
    with states() as make:
        shared = make("served")
        shared.serve()
        yield shared
