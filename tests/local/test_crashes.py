"""What an unclean end leaves behind: killed supervisors and servers, stale pid files, orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from csplatform.local.processes import ProcessRef
from csplatform.local.state import recorded_home
from tests.local.conftest import Local, wait_for


def test_after_kill_9_of_everything_the_next_start_has_the_data(local: Local) -> None:
    supervisor = local.serve()
    local.sql("CREATE TABLE kept AS SELECT 42 AS n")
    supervisor.kill()
    for ref in local.alive():
        ref.signal(signal.SIGKILL)
    supervisor.wait(10)
    assert local.sql("SELECT n FROM kept") == "42"
    assert local.alive() == []


def test_a_killed_supervisor_takes_its_servers_with_it(local: Local) -> None:
    supervisor = local.serve()
    supervisor.kill()
    wait_for(lambda: local.alive() == [], 15)


def test_a_pid_file_naming_another_program_does_not_stop_the_start(local: Local) -> None:
    assert local.sql("SELECT 1") == "1"
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        home = recorded_home(local.state) or local.state
        (home / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{home}/postgres\n1\n1\n\n127.0.0.1\n")
        assert local.sql("SELECT 2") == "2"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_record_naming_another_program_is_not_believed(local: Local) -> None:
    supervisor = local.serve()
    me = ProcessRef.of(os.getpid())
    assert me is not None
    assert local.child("postgres").alive()
    assert not ProcessRef(me.pid, "0").alive()
    supervisor.kill()
    supervisor.wait(10)
    assert "Stopped" in local.run("stop").stderr or local.alive() == []
    assert local.alive() == []


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_killed_server_comes_back_on_its_port_with_its_data(local: Local, name: str) -> None:
    local.serve()
    before = local.child(name)
    address = local.record()["env"]
    local.sql("CREATE TABLE kept AS SELECT 42 AS n")
    before.signal(signal.SIGKILL)
    wait_for(lambda: name in local.record()["children"] and local.child(name) != before)
    wait_for(answers(local))
    assert local.record()["env"] == address


def answers(local: Local) -> Callable[[], bool]:
    """Both servers answer, and the row is there."""
    code = (
        "import os, psycopg2, redis\n"
        "redis.Redis.from_url(os.environ['REDIS_URL']).ping()\n"
        "c = psycopg2.connect(os.environ['DATABASE_OWNER_URL']).cursor(); c.execute('SELECT n FROM kept')\n"
        "print(c.fetchone()[0])"
    )

    def ask() -> bool:
        done = local.run("exec", "--", sys.executable, "-c", code)
        return done.returncode == 0 and done.stdout.strip() == "42"

    return ask
