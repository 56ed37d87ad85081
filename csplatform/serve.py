"""The three processes of an installation: `python -m csplatform.serve web|worker|scheduler`.

One place for their command lines, used by the supervisor behind `make run` and by the container image alike. Each
replaces this process, so that signals reach the server itself. No Django here: it starts in no time.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

_DEFAULT_PROCESSES = "2"


def web(env: Mapping[str, str]) -> list[str]:
    """The web server on BIND and PORT with WEB_WORKERS processes of four threads, each thread with one connection."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"),
        *("--host", env.get("BIND") or "127.0.0.1", "--port", env.get("PORT") or "8000"),
        *("--workers", env.get("WEB_WORKERS") or _DEFAULT_PROCESSES, "--blocking-threads", "4"),
        # It once hung when terminated during its start; and a worker that dies must not take its share of load along.
        *("--workers-kill-timeout", "5s", "--respawn-failed-workers"),
        "csplatform.wsgi:application",
    ]


def worker(env: Mapping[str, str]) -> list[str]:
    """A Celery worker with WORKER_CONCURRENCY processes that takes one task at a time."""
    return [
        *_celery("worker"),
        *("--concurrency", env.get("WORKER_CONCURRENCY") or _DEFAULT_PROCESSES, "--prefetch-multiplier", "1"),
        *("--without-mingle", "--without-gossip", "--loglevel", "WARNING"),
    ]


def scheduler(env: Mapping[str, str]) -> list[str]:
    """The Celery scheduler. Its schedule file only spares repeats: what is due stands in the database."""
    folder = Path(env.get("LOCAL_STATE") or tempfile.gettempdir())
    return [*_celery("beat"), "--schedule", str(folder / "beat-schedule"), "--pidfile", "", "--loglevel", "WARNING"]


def _celery(action: str) -> list[str]:
    # Root runs these only where root runs everything, on a machine of one person.
    quiet = ("-W", "ignore:You're running the worker with superuser")
    return [sys.executable, *quiet, "-m", "celery", "-A", "csplatform", "--quiet", action]


PROCESSES: dict[str, Callable[[Mapping[str, str]], list[str]]] = {"web": web, "worker": worker, "scheduler": scheduler}


def main() -> None:
    """Become the process named on the command line."""
    if len(sys.argv) != 2 or sys.argv[1] not in PROCESSES:
        sys.exit(f"usage: python -m csplatform.serve {'|'.join(PROCESSES)}")
    argv = PROCESSES[sys.argv[1]](os.environ)
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
