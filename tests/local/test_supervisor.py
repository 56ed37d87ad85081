"""The supervisor by itself: whatever its children and its reader do, it hears that it shall stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from csplatform.local.state import PROJECT
from tests.local.conftest import wait_for

_LINES = 200_000
_LOUD = f"""
import os
from pathlib import Path
from csplatform.local.errors import StopRequested
from csplatform.local.supervisor import Program, Supervisor

supervisor = Supervisor(Path("."))
supervisor.start(Program(name="loud", argv=["sh", "-c", "seq {_LINES}; exec sleep 60"], env=dict(os.environ), stage=0))
try:
    while True:
        supervisor.tick()
except StopRequested:
    supervisor.stop_all()
"""


def loud(folder: Path) -> subprocess.Popen[bytes]:
    """A supervisor whose child writes far more than a pipe holds."""
    environ = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen([sys.executable, "-c", _LOUD], cwd=folder, env=environ, stderr=subprocess.PIPE)


def logged(folder: Path) -> bool:
    """Whether the child's last line has reached its log file."""
    file = folder / "loud.log"
    return file.exists() and file.read_bytes().endswith(f"{_LINES}\n".encode())


def test_it_stops_although_nobody_reads_what_it_says(tmp_path: Path) -> None:
    supervisor = loud(tmp_path)
    wait_for(lambda: logged(tmp_path), 60)
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0
    supervisor.communicate()


def test_a_reader_sees_every_line(tmp_path: Path) -> None:
    with loud(tmp_path) as supervisor:
        assert supervisor.stderr
        for number in range(1, _LINES + 1):
            assert supervisor.stderr.readline() == b"loud      | %d\n" % number
        supervisor.terminate()
