"""The embedded PostgreSQL: creating its data directory, configuring it, its roles and database.

Driven by its own programs: the wheel's wrapper listens with `trust` as the one superuser, which would switch
row-level security off without a word.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import extensions, sql

from csplatform.local.binaries import Binaries
from csplatform.local.errors import LocalError
from csplatform.local.processes import Account, end_all, leftovers, spawn

DATABASE = "boomerang"
OWNER = "cs_owner"
APP = "cs_app"
# Trusted extensions. In template1 too, so that the test database has them without a superuser.
EXTENSIONS = ("pg_trgm", "citext", "unaccent", "btree_gist")
_SHARED_MEMORY_WANTED = 512 * 1024 * 1024


def url(role: str, password: str, port: int) -> str:
    """The connection URL of a role."""
    return f"postgres://{role}:{quote(password, safe='')}@127.0.0.1:{port}/{DATABASE}"


def create(data: Path, binaries: Binaries, password: str, account: Account | None) -> None:
    """Run initdb unless the data directory exists; an interrupted run leaves nothing that looks finished."""
    if (data / "PG_VERSION").exists():
        _check_version(data, binaries)
        return
    if data.exists():
        raise LocalError(f"{data} exists but is no PostgreSQL data directory: move it away, or `make reset`.")
    fresh = data.with_name("postgres.unfinished")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    secret = data.with_name("postgres.password")
    try:
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="utf-8")
        if account:
            os.chown(fresh, account.uid, account.gid)
            os.chown(secret, account.uid, account.gid)
        # LANG may name a locale that is not installed; the built-in provider needs none.
        child = spawn(
            [
                *(str(binaries.initdb), "-D", str(fresh), "-U", "postgres", "--pwfile", str(secret)),
                *("-A", "scram-sha-256", "-E", "UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ],
            env={"PATH": os.defpath, "LC_ALL": "C"},
            account=account,
            output=subprocess.PIPE,
            cwd=Path("/"),
        )
        output = child.communicate()[0].decode(errors="replace")
    finally:
        secret.unlink(missing_ok=True)
    if child.returncode != 0:
        lines = [line for line in output.splitlines() if "error" in line or "fatal" in line.lower()]
        raise LocalError(f"initdb could not create {fresh}: {(lines or output.splitlines() or ['no output'])[-1]}")
    fresh.rename(data)


def _check_version(data: Path, binaries: Binaries) -> None:
    made = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    shown = subprocess.run([str(binaries.postgres), "--version"], capture_output=True, text=True, check=True).stdout
    ours = shown.split()[2].split(".")[0]
    if made != ours:
        raise LocalError(
            f"{data} was made by PostgreSQL {made}, this release brings {ours}: "
            "export with the old release and import with this one, or `make reset`."
        )


def configure(data: Path, port: int, account: Account | None) -> None:
    """Write the whole postgresql.conf: it is ours, and the port may change from start to start."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 100,
        "password_encryption": "scram-sha-256",
        "shared_buffers": "256MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "effective_cache_size": "1GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "synchronous_commit": "on",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] %u ",
        "idle_in_transaction_session_timeout": "10min",
        "dynamic_shared_memory_type": _shared_memory(),
    }
    file = data / "postgresql.conf"
    file.write_text("".join(f"{key} = '{value}'\n" for key, value in settings.items()), encoding="utf-8")
    if account:
        os.chown(file, account.uid, account.gid)


def _shared_memory() -> str:
    # Containers often have 64 MB of /dev/shm, less than one parallel hash join asks for.
    try:
        sizes = os.statvfs("/dev/shm")
    except OSError:
        return "mmap"
    return "posix" if sizes.f_blocks * sizes.f_frsize >= _SHARED_MEMORY_WANTED else "mmap"


def clear_crash(data: Path) -> None:
    """End server processes a crash left on this data directory, and a pid file that now names another program.

    PostgreSQL itself refuses to start while the pid in its file belongs to any living process of the same user.
    Call only while holding the state's lock.
    """
    end_all(
        lambda: leftovers(Path("/nonexistent"), [data]),
        signals=[(signal.SIGINT, 5), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)],
    )
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return
    with contextlib.suppress(ProcessLookupError):
        # None of the server's own processes is left: it is somebody else, or dead and not yet collected by init.
        with contextlib.suppress(PermissionError):
            os.kill(pid, 0)
        file.unlink()


def ready(port: int, password: str) -> bool:
    """Whether the server takes connections."""
    try:
        psycopg2.connect(
            host="127.0.0.1", port=port, user="postgres", password=password, dbname="postgres", connect_timeout=2
        ).close()
    except psycopg2.OperationalError:
        return False
    return True


def set_up(port: int, secrets: dict[str, str]) -> None:
    """Make the two roles, the database and the extensions where missing.

    cs_owner owns the database and may create others (tests do); cs_app gets no more than use. Neither is superuser
    nor may bypass row-level security.
    """
    with _admin(port, secrets, "postgres") as cursor:
        for role, right in ((OWNER, "CREATEDB"), (APP, "NOCREATEDB")):
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if not cursor.fetchone():
                cursor.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {} PASSWORD %s").format(
                        sql.Identifier(role), sql.SQL(right)
                    ),
                    [secrets[role]],
                )
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone():
            return
    with _admin(port, secrets, "template1") as cursor:
        for extension in EXTENSIONS:
            cursor.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
    with _admin(port, secrets, "postgres") as cursor:
        # Last, so that a crash in between is repaired by the next start.
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))


@contextlib.contextmanager
def _admin(port: int, secrets: dict[str, str], database: str) -> Iterator[extensions.cursor]:
    """A cursor of the superuser that commits each statement; the connection ends with it."""
    connection = psycopg2.connect(
        host="127.0.0.1", port=port, user="postgres", password=secrets["postgres"], dbname=database
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def check_external(name: str, address: str, seconds: float = 6.0) -> None:
    """Raise LocalError unless the PostgreSQL at `address` takes us, waiting a little for one that is just starting."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg2.connect(address, connect_timeout=3).close()
            return
        except psycopg2.Error as error:
            reason = " ".join(str(error).split()) or "no reason given"
            if time.monotonic() > deadline or "starting up" not in reason:
                raise LocalError(
                    f"{name} does not answer: {reason[:200]}. Start that server or correct {name}; "
                    "without DATABASE_URL and DATABASE_OWNER_URL the embedded PostgreSQL is used."
                ) from error
        time.sleep(0.5)
