"""What `make stop`, `make reset`, `make test` and the services-only mode do. `run` has a module of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from csplatform.local import postgres
from csplatform.local import state as states
from csplatform.local.errors import LocalError, StopRequested
from csplatform.local.processes import STATE_MARK, ProcessRef, end_all, leftovers
from csplatform.local.run import run
from csplatform.local.services import Services, claim
from csplatform.local.state import Lock
from csplatform.local.supervisor import Program
from csplatform.local.terminal import say

__all__ = ["execute", "reset", "run", "services", "stop"]

_STOP_SECONDS = 90.0
_COMMAND_STAGE = 0


def services(path: Path, environ: Mapping[str, str]) -> int:
    """Run PostgreSQL and Valkey in the foreground until asked to stop."""
    ours = claim(path, environ)
    if ours is None:
        raise already_running(path)
    try:
        ours.start()
        ours.announce()
        say("PostgreSQL and Valkey run; manage.py finds them by itself. Ctrl-C stops them.")
        while True:
            ours.supervisor.tick()
    except StopRequested:
        return 0
    finally:
        ours.close()


def execute(path: Path, environ: Mapping[str, str], command: Sequence[str]) -> int:
    """Run a command with the services' variables set; start the services for it unless they run already."""
    if not command:
        raise LocalError("exec needs a command: python -m csplatform.local exec -- COMMAND ...")
    ours = claim(path, environ)
    if ours is None:
        return _execute_beside(path, command)
    code = 1
    try:
        env = ours.start()
        ours.announce()
        program = Program(name="command", argv=command, env=env, stage=_COMMAND_STAGE, foreground=True, stop_seconds=30)
        code = _watch(ours, program)
        _wait_for_others(ours)
    except StopRequested:
        code = 130
    finally:
        ours.close()
    return code


def _watch(ours: Services, program: Program) -> int:
    try:
        (child,) = ours.supervisor.run(program)
    except FileNotFoundError as error:
        raise LocalError(f"There is no command {program.argv[0]}.") from error
    code = child.exit_code or 0
    return code if code >= 0 else 128 - code


def _wait_for_others(ours: Services) -> None:
    """Others may have joined our services while our command ran; they keep them until they are done."""
    users = Lock(ours.state.path, "users")
    if not users.acquire():
        say("Another command still uses these services; waiting for it to end.")
        while not users.acquire():
            ours.supervisor.tick()
    users.release()


def _execute_beside(path: Path, command: Sequence[str]) -> int:
    users = Lock(path, "users")
    deadline = time.monotonic() + 120
    while not (record := states.read_services(path)) or not users.acquire(shared=True):
        if time.monotonic() > deadline:
            raise LocalError(f"The services of {path} are starting or stopping for too long; try `make stop` first.")
        time.sleep(0.2)
    try:
        env = {**os.environ, **record["env"], STATE_MARK: str(path)}
        child = subprocess.Popen(list(command), env=env)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # The terminal sends SIGINT to the command as well; the others we pass on.
            signal.signal(number, lambda got, _: None if got == signal.SIGINT else child.send_signal(got))
        code = child.wait()
    except FileNotFoundError as error:
        raise LocalError(f"There is no command {command[0]}.") from error
    finally:
        users.release()
    return code if code >= 0 else 128 - code


def stop(path: Path) -> int:
    """Stop the supervisor of this state and its children, or the orphans of one that was killed."""
    say("Stopped." if _stop(path) else "Nothing was running.")
    return 0


def _stop(path: Path) -> bool:
    supervisor = _supervisor(path)
    if supervisor:
        try:
            supervisor.signal(signal.SIGTERM)
        except PermissionError as error:
            raise LocalError(f"Process {supervisor.pid} belongs to another user: stop it as that user.") from error
        deadline = time.monotonic() + _STOP_SECONDS
        while supervisor.alive() and time.monotonic() < deadline:
            time.sleep(0.1)
        supervisor.signal(signal.SIGKILL)
    orphans = _end_orphans(path)
    if supervisor or orphans:
        states.forget_services(path)
    return bool(supervisor or orphans)


def _supervisor(path: Path) -> ProcessRef | None:
    record = states.read_record(path) or {}
    known = ProcessRef(**record["supervisor"]) if "supervisor" in record else None
    return known if known and known.alive() else None


def _end_orphans(path: Path) -> int:
    data = (states.recorded_home(path) or path) / "postgres"
    ended = end_all(
        lambda: leftovers(path, [data]), signals=[(signal.SIGTERM, 5), (signal.SIGINT, 5), (signal.SIGKILL, 5)]
    )
    if data.exists() and os.access(data, os.W_OK):
        postgres.clear_crash(data)
    return ended


def reset(path: Path, *, ask: bool) -> int:
    """Delete the state folder and its data: every workspace in it is gone."""
    if not path.exists():
        say(f"There is nothing to delete at {path}.")
        return 0
    if not _looks_like_state(path):
        raise LocalError(f"{path} does not look like a state folder of ours; nothing was deleted.")
    if ask:
        if not sys.stdin.isatty():
            raise LocalError("Nothing was deleted: without a terminal to ask at, say `make reset YES=1`.")
        answer = input(f"Delete {path} with its database and everything in it? [y/N] ")
        if answer.strip().lower() not in {"y", "yes"}:
            say("Nothing was deleted.")
            return 1
    # `make test` and `make bench` keep states of their own inside.
    for each in (path, *(record.parent for record in path.glob("*/services.json"))):
        _stop(each)
    try:
        states.remove(path)
    except OSError as error:
        raise LocalError(f"Could not delete {error.filename}: {error.strerror}.") from error
    say(f"Deleted {path}.")
    return 0


def _looks_like_state(path: Path) -> bool:
    inside = [path, *path.glob("*/")]
    return any((each / "lock").exists() and (each / "logs").is_dir() for each in inside)


def already_running(path: Path) -> LocalError:
    """The one-line answer when another supervisor holds the state."""
    record = states.read_record(path) or {}
    pid = record.get("supervisor", {}).get("pid", "?")
    where = f" at {record['url']}" if record.get("url") and record.get("ready") else ""
    return LocalError(f"Boomerang already runs on {path}{where} (process {pid}): `make stop` stops it.")
