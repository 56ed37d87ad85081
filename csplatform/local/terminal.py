"""What the person at the terminal sees, and the log files kept beside it."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import BinaryIO

_COLOURS = {"postgres": 34, "valkey": 35, "web": 32, "worker": 36, "scheduler": 33, "demo": 95}
_KEEP_BYTES = 5 * 1024 * 1024
_PATIENCE = 0.5


class _Terminal:
    """Our stderr. Whoever reads it may have stopped to, and must not hold up the supervisor: a pipe that is full
    would keep it from hearing that it shall stop. What cannot be shown is counted, and stays in the log files.
    """

    def __init__(self) -> None:
        self._missed = 0

    def show(self, line: str) -> None:
        try:
            self._show(sys.stderr.fileno(), line)
        except OSError:
            return  # the terminal went away; the log files still have it

    def _show(self, target: int, line: str) -> None:
        note = f"\n({self._missed} lines were not read in time: they are in the state folder's logs)\n"
        data = ((note if self._missed else "") + line + "\n").encode("utf-8", errors="replace")
        for start in range(0, len(data), select.PIPE_BUF):  # as much as never blocks once there is room
            if not select.select([], [target], [], 0 if self._missed else _PATIENCE)[1]:
                self._missed += 1
                return
            os.write(target, data[start : start + select.PIPE_BUF])
        self._missed = 0


_terminal = _Terminal()


def say(message: str) -> None:
    """A message of the supervisor itself; to stderr, so that a command run by `exec` keeps stdout for itself."""
    _terminal.show(message)


def say_child(name: str, line: str) -> None:
    """One line of a child's output, named after it."""
    prefix = f"{name:<9} | "
    if sys.stderr.isatty():
        prefix = f"\033[{_COLOURS.get(name, 37)}m{prefix}\033[0m"
    _terminal.show(prefix + line)


class ChildLog:
    """Cuts a child's output into lines for the terminal, and appends it as it is to its log file."""

    def __init__(self, folder: Path, name: str, *, quiet: bool, fresh: bool = False) -> None:
        self.file = folder / f"{name}.log"
        self._name = name
        self._quiet = quiet
        self._rest = b""
        self.last = ""
        if fresh:
            self.file.unlink(missing_ok=True)
        self._stream = self._open()

    def _open(self) -> BinaryIO:
        if self.file.exists() and self.file.stat().st_size > _KEEP_BYTES:
            self.file.replace(self.file.with_suffix(".log.1"))
        return self.file.open("ab")

    def feed(self, data: bytes) -> None:
        """Take what the child wrote."""
        self._stream.write(data)
        self._stream.flush()
        if self._stream.tell() > _KEEP_BYTES:
            self._stream.close()
            self._stream = self._open()
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > 65536:
            lines, self._rest = [*lines, self._rest], b""
        for raw in lines:
            self._show(raw)

    def close(self) -> None:
        """No more output will come."""
        if self._rest:
            self._show(self._rest)
            self._rest = b""
        self._stream.close()

    def _show(self, raw: bytes) -> None:
        line = raw.decode("utf-8", errors="replace").rstrip()
        if line:
            self.last = line
            if not self._quiet:
                say_child(self._name, line)
