"""The embedded services of one state: which are wanted, starting them, and what the others need to know."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from csplatform.local import binaries, ports, postgres, valkey
from csplatform.local import state as states
from csplatform.local.errors import LocalError
from csplatform.local.processes import STATE_MARK, Account, ProcessRef, end_all, leftovers, service_account
from csplatform.local.state import Lock, State
from csplatform.local.supervisor import Child, Program, Supervisor
from csplatform.local.terminal import say

POSTGRES_STAGE = 9
VALKEY_STAGE = 8
_PORT_ATTEMPTS = 3
_READY_SECONDS = 120.0  # crash recovery after a long load may take its time


@dataclass
class Services:
    """The services of one state while we supervise them. Open with `claim`."""

    state: State
    lock: Lock
    supervisor: Supervisor
    account: Account | None
    environ: Mapping[str, str]
    env: dict[str, str] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)

    def start(self) -> dict[str, str]:
        """Start what is not given from outside and return the environment every program of ours runs in."""
        end_orphans(self.state)
        previous = states.read_record(self.state.path) or {}
        self.record = {
            "ready": False,
            "supervisor": vars(_myself()),
            "env": {},
            "ports": previous.get("ports", {}),
            "children": {},
        }
        secrets = states.passwords(self.state)
        own = {"SECRET_KEY": secrets["secret_key"], "LOCAL_STATE": str(self.state.path)}
        for name, folder in (("STATIC_ROOT", "static"), ("MEDIA_ROOT", "media")):
            own[name] = self.environ.get(name) or str(self.state.path / folder)
            Path(own[name]).mkdir(parents=True, exist_ok=True)
        own.update(self._databases(secrets))
        own.update(self._broker(secrets))
        own.update(self._given("SECRET_KEY"))
        self.record["env"] = own
        self.env = {**self.environ, **own, STATE_MARK: str(self.state.path)}
        return self.env

    def announce(self, **more: Any) -> None:
        """Let `discover` find the services."""
        self.record.update(more, ready=True)
        states.write_services(self.state.path, self.record)

    def close(self) -> None:
        """Stop every child and free the state for others."""
        try:
            self.supervisor.stop_all()
        finally:
            states.forget_services(self.state.path)
            self.lock.release()

    def children_changed(self, running: dict[str, ProcessRef]) -> None:
        """Keep the written list of children true."""
        self.record["children"] = {name: vars(ref) for name, ref in running.items()}
        states.write_services(self.state.path, self.record)

    # -- PostgreSQL -------------------------------------------------------------------------------
    def _databases(self, secrets: dict[str, str]) -> dict[str, str]:
        given = self._given("DATABASE_URL", "DATABASE_OWNER_URL")
        if given:
            for name, role in (("DATABASE_URL", "the app's role"), ("DATABASE_OWNER_URL", "the role for migrations")):
                if name not in given:
                    raise LocalError(
                        f"{name} ({role}) is missing: set DATABASE_URL and DATABASE_OWNER_URL both, "
                        "or neither for the embedded PostgreSQL."
                    )
            for name, address in given.items():
                postgres.check_external(name, address)
            return given
        port = self._start_postgres(secrets)
        postgres.set_up(port, secrets)
        return {
            "DATABASE_URL": postgres.url(postgres.APP, secrets[postgres.APP], port),
            "DATABASE_OWNER_URL": postgres.url(postgres.OWNER, secrets[postgres.OWNER], port),
        }

    def _start_postgres(self, secrets: dict[str, str]) -> int:
        programs = binaries.locate(self.state.home, self.account)
        data = self.state.postgres
        fresh = not data.exists()
        if fresh:
            say("Creating the database ...")
        postgres.create(data, programs, secrets["postgres"], self.account)

        def attempt(port: int) -> Program:
            def prepare() -> None:
                postgres.clear_crash(data)
                postgres.configure(data, port, self.account)

            return Program(
                name="postgres",
                argv=[str(programs.postgres), "-D", str(data)],
                env=self._server_env(),
                stage=POSTGRES_STAGE,
                account=self.account,
                stop_signal=signal.SIGINT,
                stop_seconds=30,
                umask=0o077,
                quiet=True,
                before_start=prepare,
            )

        return self._start_on_port("postgres", attempt, lambda port: postgres.ready(port, secrets["postgres"]))

    # -- Valkey -----------------------------------------------------------------------------------
    def _broker(self, secrets: dict[str, str]) -> dict[str, str]:
        given = self._given("REDIS_URL")
        if given:
            valkey.check_external("REDIS_URL", given["REDIS_URL"])
            return given
        programs = binaries.locate(self.state.home, self.account)

        def attempt(port: int) -> Program:
            file = valkey.configure(self.state.valkey, port, secrets["valkey"], self.account)
            return Program(
                name="valkey",
                argv=[str(programs.valkey), str(file)],
                env=self._server_env(),
                stage=VALKEY_STAGE,
                account=self.account,
                umask=0o077,
                quiet=True,
            )

        port = self._start_on_port("valkey", attempt, lambda port: valkey.ready(valkey.url(secrets["valkey"], port)))
        return {"REDIS_URL": valkey.url(secrets["valkey"], port)}

    # -- shared -----------------------------------------------------------------------------------
    def _start_on_port(self, name: str, program: Callable[[int], Program], ready: Callable[[int], bool]) -> int:
        """Start a server on a port of our choosing; another one when somebody takes it in between."""
        known = self.record["ports"]
        last = ""
        for _ in range(_PORT_ATTEMPTS):
            port = ports.choose(known.get(name), {other for key, other in known.items() if key != name})
            child = self.supervisor.start(program(port), keep=False)
            if self._comes_up(child, partial(ready, port)):
                child.keep = True
                known[name] = port
                return port
            last = child.last_line
            self.supervisor.stop(child)
            known.pop(name, None)
        raise LocalError(f"The embedded {name} does not start: {last or 'it said nothing'} - see {self.state.logs}.")

    def _comes_up(self, child: Child, ready: Callable[[], bool]) -> bool:
        self.supervisor.wait_until(lambda: not child.running or ready(), _READY_SECONDS, every=0.05)
        return child.running and ready()

    def _server_env(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", STATE_MARK: str(self.state.path)}

    def _given(self, *names: str) -> dict[str, str]:
        return {name: self.environ[name] for name in names if self.environ.get(name)}


def claim(path: Path, environ: Mapping[str, str]) -> Services | None:
    """Become the one supervisor of the state at `path`; None when another is.

    Raises LocalError when the folder cannot be written or belongs to another user.
    """
    owner = None
    data = (states.recorded_home(path) or path) / "postgres"
    if data.exists():
        owner = data.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise LocalError(
                f"{path} was made by another user: run as that user, or set LOCAL_STATE to a folder of yours."
            )
    account = service_account(owner)
    state = states.open_state(path, account)
    lock = Lock(path, "lock")
    if not lock.acquire():
        return None
    services = Services(state, lock, Supervisor(state.logs), account, environ)
    services.supervisor.on_change = services.children_changed
    return services


def end_orphans(state: State) -> None:
    """End what a killed run left. Call only while holding the lock: nobody supervises them any more."""
    count = end_all(
        lambda: leftovers(state.path, [state.postgres]),
        signals=[(signal.SIGTERM, 5), (signal.SIGINT, 5), (signal.SIGKILL, 5)],
    )
    if count:
        say(f"Ended {count} process{'es' if count > 1 else ''} an interrupted run had left.")


def _myself() -> ProcessRef:
    me = ProcessRef.of(os.getpid())
    assert me is not None
    return me
