"""CPU time and memory of processes, read from /proc (Linux), and the product's own processes started for a bench.

CPU rather than wall time, because other work on the machine moves the latter and hardly the former.
"""

from __future__ import annotations

import atexit
import http.client
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg2
from django.conf import settings
from django.db import connection, connections
from psycopg2.extensions import cursor

from csplatform import serve
from csplatform.core.routers import OWNER
from csplatform.local import static
from csplatform.local.processes import spawn
from csplatform.local.state import PROJECT

_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Cpu:
    """CPU seconds of this process and of the database server."""

    client: float
    database: float

    @property
    def total(self) -> float:
        return self.client + self.database


def cpu_of(work: Callable[[], object]) -> Cpu:
    """What ``work`` costs here and in the database server (at least one clock tick)."""
    client, database = time.process_time(), database_cpu()
    work()
    spent = Cpu(time.process_time() - client, database_cpu() - database)
    return spent if spent.total > 0 else Cpu(1 / _TICKS, 0.0)


def database_cpu() -> float:
    """CPU seconds of the whole database server since its start: backends, those that ended, its writers.

    The server must run on this machine and serve nobody else meanwhile.
    """
    try:
        server = int(_stat(backend_pid())[1])
        return _own_and_ended(server) + sum(map(_own, children(server)))
    except OSError as error:
        raise RuntimeError(
            "The bench reads CPU time from /proc: it needs Linux and a database server on this machine. "
            "Leave DATABASE_URL unset to use the embedded one."
        ) from error


def backend_pid() -> int:
    """The process that serves our connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
    return pid


def running_seconds(pid: int) -> float:
    """CPU seconds of one process, to the nanosecond (the figures in /proc/PID/stat are ticks of 10 ms)."""
    with open(f"/proc/{pid}/schedstat") as stat:
        return int(stat.read().split()[0]) / 1e9


def processes_cpu(*roots: int) -> float:
    """CPU seconds of these processes and everything below them, ended children included."""
    return sum(_own_and_ended(root) + (processes_cpu(*children(root)) if children(root) else 0.0) for root in roots)


def children(pid: int) -> list[int]:
    """The living children of a process."""
    with open(f"/proc/{pid}/task/{pid}/children") as found:
        return [int(child) for child in found.read().split()]


def peak_memory_mb() -> float:
    """The largest resident set of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_of(work: Callable[[], object]) -> tuple[float, float]:
    """MB this process holds at its peak during ``work``, and how many of them it held before."""
    before = _resident_mb("VmRSS")
    with open("/proc/self/clear_refs", "w") as told:
        told.write("5")  # forgets the peak so far
    work()
    return _resident_mb("VmHWM"), before


def _resident_mb(name: str) -> float:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(f"{name}:")) / 1024


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on: index 1 is the parent, 11 and 12 user and system time."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()


def _own(pid: int) -> float:
    try:
        fields = _stat(pid)
    except OSError:  # it ended since it was listed; its parent has its time now
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _own_and_ended(pid: int) -> float:
    return sum(int(field) for field in _stat(pid)[11:15]) / _TICKS


@contextmanager
def as_owner() -> Iterator[cursor]:
    """A cursor of the owner's role, each statement a transaction of its own."""
    with closing(psycopg2.connect(**connections[OWNER].get_connection_params())) as session:
        session.autocommit = True
        with session.cursor() as found:
            yield found


# --- the product's processes ------------------------------------------------------------------------


@dataclass(frozen=True)
class Web:
    """A running web server."""

    pid: int
    port: int

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is kept open between requests."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


@contextmanager
def web(*, workers: int = 1, pages: bool = False) -> Iterator[Web]:
    """The product's web server on a free port of loopback, ready to answer; ``pages``: pages, too, not only calls."""
    port = _free_port()
    env = {"BIND": "127.0.0.1", "PORT": str(port), "WEB_WORKERS": str(workers)}
    if pages:
        env["STATIC_ROOT"] = _static_files()
    with program("web", env) as process:
        yield _ready(process, port)


@contextmanager
def wsgi(application: str, extra: Mapping[str, str] | None = None) -> Iterator[Web]:
    """Another WSGI application (``module:name``) behind the same server with the same options, to compare with."""
    port = _free_port()
    argv = serve.web({"BIND": "127.0.0.1", "PORT": str(port), "WEB_WORKERS": "1"})
    with _running([*argv[:-1], application], extra) as process:
        yield _ready(process, port)


@cache
def _static_files() -> str:
    """A folder with the static files collected, without which no page can name them; gone with this process."""
    folder = tempfile.mkdtemp(prefix="boomerang-bench-static-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    argv = [sys.executable, str(PROJECT / "manage.py"), *static.COLLECT]
    subprocess.run(argv, env={**os.environ, "STATIC_ROOT": folder}, check=True)  # noqa: S603  (our own command)
    return folder


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _ready(process: subprocess.Popen[bytes], port: int) -> Web:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The web server of the bench did not start.")
        time.sleep(0.1)
    return Web(process.pid, port)


def program(name: str, extra: Mapping[str, str] | None = None) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """The product's process ``name`` (web, worker or scheduler) on the bench's database; ends with the block."""
    return _running([sys.executable, "-m", "csplatform.serve", name], extra)


@contextmanager
def _running(argv: list[str], extra: Mapping[str, str] | None) -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, **_addresses(), "LOG_LEVEL": "ERROR", "DEMO": "0", **(extra or {})}
    process = spawn(argv, env=env)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
        _end_group(process.pid)
        process.wait()


def _end_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def alone() -> ProcessPoolExecutor:
    """A process of the same database that has done nothing yet, for functions of modules."""
    return ProcessPoolExecutor(1, get_context("spawn"), _begin, (_addresses(),))


def _begin(addresses: dict[str, str]) -> None:
    os.environ.update(addresses)
    django.setup()


def _addresses() -> dict[str, str]:
    """What other processes must be told to work on the same database (a test's has another name)."""
    return {variable: _here(variable) for variable in ("DATABASE_URL", "DATABASE_OWNER_URL")}


def _here(variable: str) -> str:
    name = str(connection.settings_dict["NAME"])
    default = os.environ.get("DATABASE_URL") or _address()
    return urlunsplit(urlsplit(os.environ.get(variable) or default)._replace(path=f"/{name}"))


def _address() -> str:
    default = settings.DATABASES["default"]
    return f"postgres://{default['USER']}:{default['PASSWORD']}@{default['HOST']}:{default['PORT']}/"


def _answers(port: int) -> bool:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        client.request("GET", "/healthz")
        return client.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()
