"""The state folder (`.local/`): what is kept between runs and where running services are written down.

Imported by the settings, so it uses the standard library only and starts nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csplatform.local.errors import LocalError
from csplatform.local.processes import Account, ProcessRef, can_reach

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT = ".local"
_SERVICES = "services.json"


@dataclass(frozen=True)
class State:
    """One state folder; `home` holds the servers' data (the folder itself unless their user cannot reach it)."""

    path: Path
    home: Path

    @property
    def logs(self) -> Path:
        """One log file for each child process."""
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's data directory."""
        return self.home / "valkey"


def state_path(given: str | None = None) -> Path:
    """The state folder: `given`, else LOCAL_STATE, else `.local`; relative ones are meant from the project's root."""
    return Path(os.path.realpath(PROJECT / (given or os.environ.get("LOCAL_STATE") or DEFAULT)))


def discover() -> dict[str, str] | None:
    """The environment variables of the services running on the state folder, or None when none run there.

    Keys: DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL (those that are embedded), SECRET_KEY, LOCAL_STATE.
    """
    record = read_services(state_path())
    return dict(record["env"]) if record else None


def read_services(path: Path) -> dict[str, Any] | None:
    """The record of the services running on the state at `path`.

    None when there is none, when its supervisor no longer runs (the pid may be another program's by now), or when the
    folder is a copy of another state.
    """
    record = read_record(path)
    if record is None or not record.get("ready"):
        return None
    return record if ProcessRef(**record["supervisor"]).alive() else None


def read_record(path: Path) -> dict[str, Any] | None:
    """The last record written for the state at `path`, whether or not its processes still run."""
    record = _read_json(path / _SERVICES)
    return record if record and record.get("state") == str(path) else None


def write_services(path: Path, record: dict[str, Any]) -> None:
    """Replace the record in one step, readable by its owner only: it holds passwords."""
    # After a power cut none of these processes runs, so there is nothing worth waiting for the disk.
    write_json(path / _SERVICES, {**record, "state": str(path)}, durable=False)


def forget_services(path: Path) -> None:
    """No services run any more."""
    record = read_record(path)
    if record:  # ports and pids stay for the next start; only "ready" goes
        write_services(path, {**record, "ready": False})


def open_state(path: Path, account: Account | None) -> State:
    """Make the state folder ready for writing and find where the servers' data go.

    Raises LocalError when the folder cannot be written.
    """
    try:
        for folder in (path, path / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        probe = path / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise LocalError(
            f"Cannot write to {path} ({error.strerror}): make the folder writable for you, "
            "or set LOCAL_STATE to one that is."
        ) from error
    home = _home(path, account)
    return State(path=path, home=home)


def _home(path: Path, account: Account | None) -> Path:
    recorded = recorded_home(path)
    if recorded:
        return recorded
    if account is None or can_reach(account, path):
        return path
    # A root home is closed to the servers' user. The folder outside is named after the clone, so that people can tell
    # whose it is, and after its path, so that two clones of one name do not meet.
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"boomerang-{path.parent.name}-{digest}"
    for base in (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir())):
        home = base / name
        try:
            home.mkdir(mode=0o755, exist_ok=True)
            home.chmod(0o755)
        except OSError:
            continue
        if home.stat().st_uid == os.geteuid() and can_reach(account, home):
            write_json(path / "data.json", {"state": str(path), "home": str(home)})
            return home
    raise LocalError(
        f"The user {account.name}, who runs the database server for root, can reach no folder for its data: "
        "set LOCAL_STATE to a folder every user can enter, for example LOCAL_STATE=/srv/boomerang."
    )


def recorded_home(path: Path) -> Path | None:
    """The data folder outside that was noted for this state, if any."""
    noted = _read_json(path / "data.json")
    if noted and noted.get("state") == str(path) and Path(noted["home"]).is_dir():
        return Path(noted["home"])
    return None


def passwords(state: State) -> dict[str, str]:
    """The generated passwords and SECRET_KEY of this state, made once."""
    file = state.home / "secrets.json"
    known = _read_json(file)
    if known:
        return {key: str(value) for key, value in known.items()}
    if file.exists():
        raise LocalError(f"{file} belongs to another user: run as that user, or `make reset` as that user first.")
    if (state.postgres / "PG_VERSION").exists():
        raise LocalError(f"{file} is missing, so the data beside it cannot be opened: restore it, or `make reset`.")
    made = {name: secrets.token_urlsafe(24) for name in ("postgres", "cs_owner", "cs_app", "valkey")}
    made["secret_key"] = secrets.token_urlsafe(48)
    write_json(file, made)
    return made


def remove(path: Path) -> None:
    """Delete the state, states kept inside it, and their data outside, if any."""
    for each in (path, *path.glob("*/")):
        home = recorded_home(each)
        if home and home != each:
            shutil.rmtree(home)
    shutil.rmtree(path)


class Lock:
    """A lock on the state folder that the kernel frees when its holder dies, however it dies."""

    def __init__(self, path: Path, name: str) -> None:
        self._file = path / name
        self._handle: int | None = None

    def acquire(self, *, shared: bool = False) -> bool:
        """Try to take the lock; False when another process holds it."""
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def write_json(file: Path, content: dict[str, Any], *, durable: bool = True) -> None:
    """Write a private JSON file so that readers see the old or the new one, never half of it."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _read_json(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
