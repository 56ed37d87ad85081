"""Keeps child processes running: starts, watches, restarts with back-off, and stops them in order.

One thread and one event loop, on purpose: the kernel ties a child's death signal to the thread that made it, and
signals, exits and output all arrive in one place.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from csplatform.local.errors import LocalError, StopRequested
from csplatform.local.processes import Account, ProcessRef, kill_group, spawn
from csplatform.local.terminal import ChildLog, say

_FIRST_DELAY = 0.2
_LONGEST_DELAY = 30.0
_STABLE_SECONDS = 60.0


@dataclass(frozen=True)
class Program:
    """What to run and how to end it."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    stage: int  # programs of the lowest stage stop first
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10.0
    umask: int = -1
    quiet: bool = False  # its output goes to its log file only
    fresh_log: bool = False  # its log file tells of this run only
    foreground: bool = False  # shares our terminal and process group
    before_start: Callable[[], None] | None = None


@dataclass
class Child:
    """A program with its present process, if any."""

    program: Program
    keep: bool  # restart when it ends unasked
    process: subprocess.Popen[bytes] | None = None
    log: ChildLog | None = None
    exit_code: int | None = None
    failures: int = 0
    started_at: float = 0.0
    restart_at: float | None = None
    last_line: str = ""

    @property
    def running(self) -> bool:
        """Whether it has a process now."""
        return self.process is not None


@dataclass
class Supervisor:
    """Runs children; every wait of the start-up goes through `tick`, so that a request to stop is heard at once."""

    logs: Path
    on_change: Callable[[dict[str, ProcessRef]], None] | None = None
    _children: list[Child] = field(default_factory=list)
    _selector: selectors.DefaultSelector = field(default_factory=selectors.DefaultSelector)
    _signals: list[tuple[int, float]] = field(default_factory=list)
    _stopping: bool = False

    def __post_init__(self) -> None:
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
        self._wake = (reader, writer)
        self._selector.register(reader, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the loop

    # -- starting ---------------------------------------------------------------------------------
    def start(self, program: Program, *, keep: bool = True) -> Child:
        """Start a program; with `keep` it is restarted whenever it ends unasked."""
        child = Child(program, keep)
        self._children.append(child)
        self._launch(child)
        return child

    def run(self, *programs: Program) -> list[Child]:
        """Run programs beside each other to their ends, the others being watched; each child tells its exit code."""
        children = [self.start(program, keep=False) for program in programs]
        while any(child.running for child in children):
            self.tick()
        for child in children:
            self._children.remove(child)
        return children

    def wait_until(self, true: Callable[[], bool], seconds: float, *, every: float = 0.1) -> bool:
        """Wait for a condition; False when it did not come true in time."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                return False
            self.tick(every)
        return True

    def _launch(self, child: Child) -> None:
        program = child.program
        if program.before_start:
            program.before_start()
        child.restart_at = None
        child.exit_code = None
        child.process = spawn(
            program.argv,
            env=program.env,
            account=program.account,
            death_signal=program.stop_signal,
            output=None if program.foreground else subprocess.PIPE,
            own_group=not program.foreground,
            umask=program.umask,
            cwd=Path("/") if program.account else None,
        )
        child.started_at = time.monotonic()
        if child.process.stdout:
            os.set_blocking(child.process.stdout.fileno(), False)
            child.log = ChildLog(self.logs, program.name, quiet=program.quiet, fresh=program.fresh_log)
            self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        self._changed()

    # -- watching ---------------------------------------------------------------------------------
    def tick(self, timeout: float = 0.5) -> None:
        """Handle output, exits and due restarts.

        Raises StopRequested when a signal asked us to stop.
        """
        self._pump(timeout)
        for child in list(self._children):
            if child.process and child.process.poll() is not None:
                self._ended(child)
            if child.restart_at is not None and time.monotonic() >= child.restart_at and not self._signals:
                self._launch(child)
                say(f"{child.program.name} was restarted.")
        if self._signals and not self._stopping:
            raise StopRequested

    def _pump(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    while self._wake[0].recv(4096):
                        pass
            else:
                self._read(key.data)

    def _read(self, child: Child) -> None:
        if not (child.process and child.process.stdout and child.log):
            return
        try:
            data = child.process.stdout.read(65536)
        except (BlockingIOError, ValueError):
            return
        if data:
            child.log.feed(data)
        elif data == b"":
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()

    def _ended(self, child: Child) -> None:
        process = child.process
        assert process
        if not child.program.foreground:
            kill_group(process.pid)  # a server killed outright leaves its own children behind
        if process.stdout and not process.stdout.closed:
            for _ in range(64):  # what is still in the pipe, but never forever
                before = child.log.last if child.log else ""
                self._read(child)
                if process.stdout.closed or (child.log and child.log.last == before):
                    break
            if not process.stdout.closed:
                self._selector.unregister(process.stdout)
                process.stdout.close()
        if child.log:
            child.log.close()
            child.last_line = child.log.last
            child.log = None
        child.exit_code = process.returncode
        child.process = None
        self._changed()
        if child.keep and not self._stopping and not self._signals:
            self._plan_restart(child)

    def _plan_restart(self, child: Child) -> None:
        if time.monotonic() - child.started_at > _STABLE_SECONDS:
            child.failures = 0
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2**child.failures)
        child.failures += 1
        child.restart_at = time.monotonic() + delay
        say(f"{child.program.name} {_how(child.exit_code)}; restarting it in {delay:.1f} s.")

    def _changed(self) -> None:
        if self.on_change:
            pairs = ((each.program.name, ProcessRef.of(each.process.pid)) for each in self._children if each.process)
            self.on_change({name: ref for name, ref in pairs if ref})

    # -- stopping ---------------------------------------------------------------------------------
    def _asked_to_stop(self, number: int, _: FrameType | None) -> None:
        self._signals.append((number, time.monotonic()))

    @property
    def in_a_hurry(self) -> bool:
        """A second Ctrl-C, a while after the first. (make passes one signal on twice, so twice alone says nothing.)"""
        pressed = [at for number, at in self._signals if number == signal.SIGINT]
        return len(pressed) > 1 and pressed[-1] - pressed[0] > 1.0

    def stop_all(self) -> None:
        """Stop every child, stage by stage; what does not end in its time is killed."""
        self._stopping = True
        for stage in sorted({child.program.stage for child in self._children}):
            self._stop([child for child in self._children if child.program.stage == stage])
        self._children.clear()

    def stop(self, child: Child) -> None:
        """Stop one child for good."""
        child.keep = False
        child.restart_at = None
        self._stop([child])
        if child in self._children:
            self._children.remove(child)

    def _stop(self, children: Sequence[Child]) -> None:
        began = time.monotonic()
        for child in children:
            child.keep = False
            child.restart_at = None
            if child.process:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.process.pid, child.program.stop_signal)
        while any(child.running for child in children):
            self._pump(0.1)
            for child in children:
                process = child.process
                if process is None:
                    continue
                if process.poll() is not None:
                    self._ended(child)
                elif self.in_a_hurry or time.monotonic() - began > child.program.stop_seconds:
                    say(f"{child.program.name} did not stop in time; killing it.")
                    kill_group(process.pid) if not child.program.foreground else process.kill()
                    process.wait()
                    self._ended(child)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-code).name}"
    return f"ended unexpectedly with code {code}"


def require(child: Child, what: str) -> None:
    """Raise LocalError unless a program run to its end succeeded."""
    if child.exit_code != 0:
        raise LocalError(
            f"{what} failed ({_how(child.exit_code)}): {child.last_line or 'it said nothing'} "
            f"- the whole output is in {child.program.name}.log of the state folder's logs."
        )
