"""Operating-system processes: who they are, how they start so that none survives us, how they end.

A pid alone proves nothing: after a crash another program may have it. A `ProcessRef` therefore keeps the time the
process started as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_LINUX = sys.platform.startswith("linux")
# Every child carries this variable with the path of its state folder, so that orphans of a killed run can be found.
STATE_MARK = "BOOMERANG_STATE"


@dataclass(frozen=True)
class Account:
    """The operating-system user a service runs as."""

    uid: int
    gid: int
    name: str


def service_account(owner_uid: int | None = None) -> Account | None:
    """Who runs the database servers: None for "ourselves", which PostgreSQL refuses only when we are root.

    As root it is `nobody`, or the user `owner_uid` when data already made by an ordinary user are being used.
    """
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwuid(owner_uid) if owner_uid else pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


@dataclass(frozen=True)
class ProcessRef:
    """A process that can be recognised again after its pid was given to another program."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> ProcessRef | None:
        """The process that has `pid` now, or None."""
        started = _started(pid)
        return cls(pid, started) if started else None

    def alive(self) -> bool:
        """True while this very process runs (a zombie does not)."""
        return _started(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Send a signal, unless the process is gone."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _started(pid: int) -> str | None:
    if _LINUX:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    account: Account | None = None,
    death_signal: int = signal.SIGTERM,
    output: IO[bytes] | int | None = None,
    own_group: bool = True,
    umask: int = -1,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that gets `death_signal` when this process dies, even by SIGKILL (Linux only).

    Must be called from the main thread of a single-threaded process: the kernel ties the death signal to the thread.
    """
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL if own_group else None,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=own_group,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        umask=umask,
        preexec_fn=_prepare(death_signal),
    )


def _prepare(death_signal: int) -> Callable[[], None]:
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None

    def in_child() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:  # the parent died before the request was in place
                os._exit(1)

    return in_child


def can_reach(account: Account, path: Path) -> bool:
    """Whether `account` can enter or run `path`: tried, since access lists and mounts make mode bits a guess."""
    tried = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
        capture_output=True,
    )
    return tried.returncode == 0


def kill_group(leader: int) -> None:
    """SIGKILL whatever is left of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def leftovers(state: Path, folders: Sequence[Path] = ()) -> Iterator[ProcessRef]:
    """Processes of an earlier run on this state: they carry its mark, or work inside one of `folders`.

    The second test is for PostgreSQL, whose server processes overwrite their environment with their title.
    """
    if not _LINUX:
        return
    mark = f"{STATE_MARK}={state}".encode()
    ours = set(_ancestors())
    inside = [str(folder) for folder in folders]
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in ours:
            continue
        try:
            marked = mark in (entry / "environ").read_bytes().split(b"\0")
            here = marked or any(
                cwd == folder or cwd.startswith(folder + "/")
                for cwd in [os.readlink(entry / "cwd")]
                for folder in inside
            )
        except OSError:
            continue
        if here and (ref := ProcessRef.of(int(entry.name))):
            yield ref


def _ancestors() -> Iterator[int]:
    pid = os.getpid()
    while pid > 0:
        yield pid
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        pid = int(stat.rpartition(")")[2].split()[1])


def end_all(find: Callable[[], Iterator[ProcessRef]], *, signals: Sequence[tuple[int, float]]) -> int:
    """End every process `find` yields: each signal in turn, waiting the given seconds. Returns how many there were."""
    first = list(find())
    for number, seconds in signals:
        for ref in find():
            ref.signal(number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not any(True for _ in find()):
                return len(first)
            time.sleep(0.05)
    return len(first)
