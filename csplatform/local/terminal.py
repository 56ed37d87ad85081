"""What the person at the terminal sees, and the log files kept beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO, TextIO

_COLOURS = {"postgres": 34, "valkey": 35, "web": 32, "worker": 36, "scheduler": 33, "demo": 95}
_KEEP_BYTES = 5 * 1024 * 1024


def say(message: str) -> None:
    """A message of the supervisor itself; to stderr, so that a command run by `exec` keeps stdout for itself."""
    _write(sys.stderr, message)


def say_child(name: str, line: str) -> None:
    """One line of a child's output, named after it."""
    prefix = f"{name:<9} | "
    if sys.stderr.isatty():
        prefix = f"\033[{_COLOURS.get(name, 37)}m{prefix}\033[0m"
    _write(sys.stderr, prefix + line)


def _write(stream: TextIO, text: str) -> None:
    try:
        print(text, file=stream, flush=True)
    except (BrokenPipeError, OSError):
        return  # the terminal went away; the log files still have it


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
