"""Makes `.venv` with the locked dependencies: `python3 csplatform/local/install.py local|dev`.

Run by the system's own interpreter, however old, before anything is installed: the standard library only, and syntax
that an old Python can still read as far as the line that refuses it.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is the line that refuses an older one
    sys.exit(
        "Boomerang needs Python 3.11 or newer, and {} is {}.{}: "
        "install one, or name it with `make PYTHON=/path/to/python3.11 run`.".format(
            sys.executable, sys.version_info[0], sys.version_info[1]
        )
    )

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VENV = PROJECT / ".venv"
STAMP = VENV / "installed.json"
# What each set brings with it: the development lock holds the same pins as the local one, and more.
INCLUDES = {"local": ["local"], "dev": ["dev", "local"]}


def main(wanted: str) -> None:
    """Install the set `wanted` unless it is installed already; ends with one line and code 1 when it cannot."""
    if VENV.is_symlink():
        return  # shared with another checkout, which keeps it up to date
    try:
        with _alone():
            _install(wanted)
    except PermissionError as error:
        sys.exit(
            f"Cannot write to {error.filename}: make this folder writable for you, or clone it where you can write."
        )


def _install(wanted: str) -> None:
    locks = {name: _digest(name) for name in INCLUDES}
    python = VENV / "bin" / "python"
    if _works(python):
        if _installed().get(wanted) == locks[wanted]:
            return
    else:
        _make_venv()
    print(f"Installing the locked dependencies ({wanted}) into .venv ...", flush=True)
    STAMP.unlink(missing_ok=True)  # an interrupted installation must not look finished
    lock = PROJECT / f"requirements-{wanted}.lock"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-qq"]
    done = subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(lock)], check=False)
    if done.returncode != 0:
        sys.exit(
            "Installing failed: see pip's message above. Is a package index reachable? Run the same command again."
        )
    STAMP.write_text(json.dumps({name: locks[name] for name in INCLUDES[wanted]}), encoding="ascii")


def _make_venv() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        sys.exit("This Python has no venv module: install it, on Debian and Ubuntu with `apt install python3-venv`.")
    print("Making .venv ...", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = " ".join((done.stdout + done.stderr).split())[-300:]
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(f"Could not make .venv: {reason}")


def _works(python: Path) -> bool:
    """Whether the interpreter of .venv still runs: an upgrade of the system's Python may have taken it away."""
    if not python.exists():
        return False
    tried = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False)
    return tried.returncode == 0


def _installed() -> dict[str, str]:
    try:
        content = json.loads(STAMP.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return dict(content) if isinstance(content, dict) else {}


def _digest(name: str) -> str:
    lock = PROJECT / f"requirements-{name}.lock"
    return hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Two makes at once must not install into one .venv: the second waits."""
    handle = os.open(PROJECT, os.O_RDONLY)
    try:
        if not os.access(PROJECT, os.W_OK):
            raise PermissionError(13, "not writable", str(PROJECT))
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


if __name__ == "__main__":
    if sys.argv[1:] not in (["local"], ["dev"]):
        sys.exit("usage: install.py local|dev")
    main(sys.argv[1])
