"""`make run`: services, migrations, static files, web, worker, scheduler and the demo, in the foreground."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from csplatform import serve
from csplatform.local import catalogues, ports, static
from csplatform.local.errors import LocalError, StopRequested
from csplatform.local.services import Services, claim
from csplatform.local.state import PROJECT
from csplatform.local.supervisor import Child, Program, require
from csplatform.local.terminal import say

_WEB_STAGE = 1
_WORK_STAGE = 2
_TASK_STAGE = 0
_DEMO_ATTEMPTS = 3
_LOGINS = "logins"


@dataclass(frozen=True)
class Address:
    """Where the web server listens, and how people reach it."""

    bind: str
    port: int

    @property
    def reachable(self) -> str:
        """The host to talk to from this machine."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        host = f"[{self.reachable}]" if ":" in self.reachable else self.reachable
        return f"http://{host}:{self.port}"

    def hosts(self) -> str:
        """ALLOWED_HOSTS when none were given: this machine's names, and its addresses when we listen on all."""
        names = ["127.0.0.1", "localhost", "[::1]"]
        if self.reachable != self.bind or self.bind not in names:
            names += [self.bind, socket.gethostname()]
            with contextlib.suppress(OSError):  # a machine need not know its own name
                names += [str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None)]
        return ",".join(dict.fromkeys(f"[{name}]" if ":" in name.strip("[]") else name for name in names))


def run(path: Path, environ: Mapping[str, str]) -> int:
    """Start everything, print where it is, and keep it running until asked to stop."""
    address = read_address(environ)
    ours = claim(path, environ)
    if ours is None:
        from csplatform.local.commands import already_running

        raise already_running(path)
    try:
        check_port(address)
        _Run(ours, address, environ).forever()
    except StopRequested:
        say("Stopping ...")
        return 0
    finally:
        ours.close()
    return 0


def read_address(environ: Mapping[str, str]) -> Address:
    """BIND and PORT.

    Raises LocalError naming the variable when it cannot be used.
    """
    text = environ.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise LocalError(f"PORT is {text!r}: expected a whole number from 1 to 65535.")
    return Address(environ.get("BIND") or "127.0.0.1", int(text))


def check_port(address: Address) -> None:
    """Raise LocalError unless the web server will be able to listen."""
    try:
        free = ports.is_free(address.bind, address.port)
    except PermissionError as error:
        raise LocalError(f"PORT {address.port} needs more rights than you have: try `PORT=8000 make run`.") from error
    except OSError as error:
        raise LocalError(
            f"BIND is {address.bind!r}, which is no address of this machine: try 127.0.0.1, or 0.0.0.0 for all."
        ) from error
    if not free:
        raise LocalError(
            f"Port {address.port} on {address.bind} is taken by another program: "
            f"choose another, for example `PORT={min(address.port + 1, 65535)} make run`."
        )


class _Run:
    def __init__(self, services: Services, address: Address, environ: Mapping[str, str]) -> None:
        self._services = services
        self._supervisor = services.supervisor
        self._address = address
        self._environ = environ
        self._env: dict[str, str] = {}

    def forever(self) -> None:
        say("Starting PostgreSQL and Valkey ...")
        self._env = {**self._services.start(), **self._own_settings()}
        self._prepare()
        web = self._supervisor.start(self._server("web", _WEB_STAGE, 8))
        # Tasks are idempotent and come back when cut off, so a long one is not waited for.
        self._supervisor.start(self._server("worker", _WORK_STAGE, 12))
        self._supervisor.start(self._server("scheduler", _WORK_STAGE, 5))
        # manage.py finds the services from here on: there is a schema to talk to.
        self._services.announce(url=self._address.url)
        if self._env["DEMO"] == "1" and not self._logins.exists():
            self._load_demo()
        self._wait_ready(web)
        self._banner()
        while True:
            self._supervisor.tick()

    def _own_settings(self) -> dict[str, str]:
        env = self._environ
        ours = {
            "PORT": str(self._address.port),
            "BIND": self._address.bind,
            "PUBLIC_URL": env.get("PUBLIC_URL") or self._address.url,
            "ALLOWED_HOSTS": env.get("ALLOWED_HOSTS") or self._address.hosts(),
            "DEMO": "0" if env.get("DEMO", "1").strip().lower() in {"0", "false", "no", "off"} else "1",
            "PYTHONUNBUFFERED": "1",
        }
        if sys.stderr.isatty() and not env.get("LOG_FORMAT"):
            ours["LOG_FORMAT"] = "text"  # our children write to a pipe, yet a person reads it
        return ours

    # -- one after the other ----------------------------------------------------------------------
    def _prepare(self) -> None:
        """Migrate and collect static files, at once: a first start has both to do, and two processors."""
        catalogues.compile_changed()
        say("Migrating the database ...")
        wanted = ("--demo-logins", self._logins) if self._env["DEMO"] == "1" else ("--setup-link", self._setup_link)
        arguments = [str(each) for each in wanted]
        for written in (self._logins, self._setup_link):
            written.unlink(missing_ok=True)
        tasks = [("Migrating the database", self._manage("migrate", "prepare", *arguments, quiet=True))]
        target = Path(self._env["STATIC_ROOT"])
        fingerprint = static.fingerprint(PROJECT)
        collect = not static.is_current(target, fingerprint)
        if collect:
            say("Collecting static files ...")
            tasks.append(("Collecting static files", self._manage("static", *static.COLLECT, quiet=True)))
        done = self._supervisor.run(*(program for _, program in tasks))
        for (what, _), child in zip(tasks, done, strict=True):
            require(child, what)
        if collect:
            static.remember(target, fingerprint)

    def _load_demo(self) -> None:
        for attempt in range(1, _DEMO_ATTEMPTS + 1):
            (child,) = self._supervisor.run(self._manage("demo", "load_demo"))
            if child.exit_code == 0:
                break
            say(f"Loading the demo failed (attempt {attempt} of {_DEMO_ATTEMPTS}); what was loaded is kept.")
        require(child, "Loading the demo (start without it: DEMO=0 make run)")
        self._supervisor.run(self._manage(_LOGINS, "demo_logins", quiet=True))

    def _wait_ready(self, web: Child) -> None:
        seen = ""

        def ready() -> bool:
            nonlocal seen
            status, seen = _get(self._address, "/readyz")
            return status == 200

        if not self._supervisor.wait_until(ready, 120, every=0.3):
            raise LocalError(f"{self._address.url}/readyz does not become ready: {seen[:300] or web.last_line}")

    def _banner(self) -> None:
        say("")
        say(f"Boomerang is ready at {self._address.url}")
        if self._env["DEMO"] == "1":
            for line in self._logins.read_text(encoding="utf-8").splitlines():
                say(f"  {line}")
        elif self._setup_link.exists():
            say("Nobody can sign in yet. Make your workspace here, within a day:")
            say(f"  {self._setup_link.read_text(encoding='utf-8').strip()}")
            self._setup_link.unlink()  # it opens the installation: it was shown, and is not left lying about
        say("Ctrl-C stops it.")

    @property
    def _logins(self) -> Path:
        """Who can sign in to the demo; there once the demo is known to be loaded."""
        return self._services.state.logs / f"{_LOGINS}.log"

    @property
    def _setup_link(self) -> Path:
        """The address that makes the first workspace; there between the migration and the banner, if nobody is."""
        return self._services.state.path / "setup-link"

    # -- programs ---------------------------------------------------------------------------------
    def _manage(self, name: str, *arguments: str, quiet: bool = False) -> Program:
        argv = [sys.executable, str(PROJECT / "manage.py"), *arguments]
        return Program(name=name, argv=argv, env=self._env, stage=_TASK_STAGE, quiet=quiet, fresh_log=True)

    def _server(self, name: str, stage: int, stop_seconds: float) -> Program:
        argv = serve.PROCESSES[name](self._env)
        return Program(name=name, argv=argv, env=self._env, stage=stage, stop_seconds=stop_seconds)


def _get(address: Address, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address.reachable, address.port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": f"127.0.0.1:{address.port}"})
        answer = connection.getresponse()
        return answer.status, answer.read(4096).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
