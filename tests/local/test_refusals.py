"""What cannot work is said in one line that tells what to do, and leaves no process."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from csplatform.local.state import PROJECT
from tests.local.conftest import Local


def refusal(local: Local, *arguments: str, **env: str) -> str:
    """The one line a command ends with."""
    done = local.run(*arguments, **env)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert local.alive() == []
    return done.stderr.splitlines()[-1]


def test_a_taken_port_names_another(local: Local) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(local, "run", PORT=str(port))
    assert said.startswith(f"Port {port} on 127.0.0.1 is taken")
    assert "make run" in said


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty", "8000.0", "٨٠"])
def test_an_unusable_port_is_named(local: Local, port: str) -> None:
    assert refusal(local, "run", PORT=port).startswith("PORT is ")


def test_an_address_of_another_machine_is_named(local: Local) -> None:
    assert refusal(local, "run", BIND="203.0.113.7", PORT="8765").startswith("BIND is '203.0.113.7'")


def test_an_unreachable_database_is_named_without_its_password(local: Local) -> None:
    url = "postgres://someone:hidden-word@127.0.0.1:1/none"
    said = refusal(local, "services", DATABASE_URL=url, DATABASE_OWNER_URL=url)
    assert said.startswith("DATABASE_URL does not answer")
    assert "hidden-word" not in said


def test_a_database_without_its_owner_is_refused(local: Local) -> None:
    said = refusal(local, "services", DATABASE_URL="postgres://someone@127.0.0.1:1/none")
    assert said.startswith("DATABASE_OWNER_URL")


def test_an_unreachable_broker_is_named(local: Local) -> None:
    said = refusal(local, "services", REDIS_URL="redis://127.0.0.1:1/0")
    assert said.startswith("REDIS_URL does not answer")


def test_a_folder_that_cannot_be_written_is_named() -> None:
    said = refusal(Local(Path("/proc/no-such-place/.local")), "services")
    assert said.startswith("Cannot write to /proc/no-such-place/.local")
    assert "LOCAL_STATE" in said


def test_data_of_another_release_are_kept_and_named(local: Local) -> None:
    (local.state / "postgres").mkdir(parents=True)
    (local.state / "postgres" / "PG_VERSION").write_text("9\n")
    (local.state / "secrets.json").write_text('{"postgres": "x", "secret_key": "x"}')
    said = refusal(local, "services")
    assert "PostgreSQL 9" in said
    assert (local.state / "postgres" / "PG_VERSION").exists()


def test_an_old_python_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    # The installer as an older interpreter would run it: only the version it reports differs.
    script = PROJECT / "csplatform" / "local" / "install.py"
    code = f"import sys, runpy; sys.version_info = (3, 8, 2); runpy.run_path({str(script)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert list(tmp_path.iterdir()) == []
