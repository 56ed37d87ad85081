"""The embedded services through their command line: what they give, and that nothing is left of them."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from csplatform.local.state import discover
from tests.local.conftest import Local, wait_for

MakeLocal = Callable[..., Local]

DESCRIBE = """
import json, os, psycopg2, redis
facts = {}
for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
    cursor = psycopg2.connect(os.environ[name]).cursor()
    cursor.execute("SELECT rolname, rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user")
    facts[name] = cursor.fetchone()
cursor.execute("SELECT array_agg(extname::text) FROM pg_extension")
facts["extensions"] = cursor.fetchone()[0]
cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('listen_addresses'), "
               "(SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())")
facts["settings"] = cursor.fetchone()
client = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
facts["valkey"] = {**client.config_get("appendonly"), **client.config_get("maxmemory-policy")}
facts["secret"] = len(os.environ["SECRET_KEY"])
print(json.dumps(facts))
"""


def test_a_command_gets_real_services(served: Local) -> None:
    facts = json.loads(served.python(DESCRIBE))
    assert facts["DATABASE_URL"] == ["cs_app", False, False, False]
    assert facts["DATABASE_OWNER_URL"] == ["cs_owner", False, False, True]
    assert {"pg_trgm", "citext", "unaccent", "btree_gist"} <= set(facts["extensions"])
    assert facts["settings"] == ["on", "127.0.0.1", "cs_owner"]
    assert facts["valkey"] == {"appendonly": "yes", "maxmemory-policy": "noeviction"}
    assert facts["secret"] >= 50


def test_a_command_that_started_the_services_leaves_no_process(local: Local) -> None:
    assert local.sql("SELECT 1") == "1"
    assert local.alive() == []


def test_the_exit_code_is_the_commands_own(served: Local) -> None:
    assert served.run("exec", "--", "sh", "-c", "exit 7").returncode == 7
    missing = served.run("exec", "--", "no-such-program-of-ours")
    assert (missing.returncode, missing.stderr.splitlines()[-1]) == (1, "There is no command no-such-program-of-ours.")


def test_the_servers_never_run_as_root(served: Local) -> None:
    expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    for name in ("postgres", "valkey"):
        assert Path(f"/proc/{served.child(name).pid}").stat().st_uid == expected


def test_manage_py_finds_running_services_and_only_those(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_STATE", str(local.state))
    assert discover() is None
    supervisor = local.serve()
    found = discover()
    assert found is not None
    assert found["DATABASE_URL"].startswith("postgres://cs_app:")
    supervisor.terminate()
    supervisor.wait(30)
    assert discover() is None


def test_a_copied_state_folder_is_not_taken_for_the_running_one(
    served: Local, make_local: MakeLocal, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = make_local("copy")
    copy.state.mkdir()
    (copy.state / "services.json").write_bytes((served.state / "services.json").read_bytes())
    monkeypatch.setenv("LOCAL_STATE", str(copy.state))
    assert discover() is None


def test_two_states_run_side_by_side(served: Local, local: Local) -> None:
    one, two = served, local
    two.serve()
    ports = [*one.record()["ports"].values(), *two.record()["ports"].values()]
    assert len(set(ports)) == 4
    one.sql("CREATE TABLE only_here AS SELECT 1 AS n")
    assert two.sql("SELECT to_regclass('only_here')::text") == "None"


def test_a_second_command_joins_the_services_and_keeps_them(local: Local, tmp_path: Path) -> None:
    joined = tmp_path / "joined"
    first = local.start("exec", "--", "sh", "-c", f"while [ ! -e {joined} ]; do sleep 0.05; done")
    wait_for(lambda: local.record().get("ready"))
    outlive = f"import pathlib, time; pathlib.Path({str(joined)!r}).touch(); time.sleep(3); print('kept')"
    assert local.python(outlive) == "kept"
    assert "waiting for it to end" in first.communicate(timeout=30)[1]
    assert first.returncode == 0
    assert local.alive() == []


def test_a_second_supervisor_is_refused_in_one_line(served: Local) -> None:
    refused = served.run("services")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "already runs" in refused.stderr
    assert "make stop" in refused.stderr


def test_stop_ends_the_services_and_says_so(local: Local) -> None:
    supervisor = local.serve()
    assert "Stopped." in local.run("stop").stderr
    assert supervisor.wait(5) == 0
    assert local.alive() == []
    assert "Nothing was running." in local.run("stop").stderr


@pytest.mark.parametrize("seconds", [0.15, 0.6, 1.2])
def test_asked_to_stop_while_starting_leaves_nothing_and_can_start_again(local: Local, seconds: float) -> None:
    starting = local.start("services")
    with pytest.raises(subprocess.TimeoutExpired):
        starting.wait(seconds)
    starting.terminate()
    starting.wait(30)
    wait_for(lambda: local.alive() == [], 5)
    assert local.sql("SELECT 1") == "1"


def test_data_go_where_the_servers_user_can_reach_them(make_local: MakeLocal) -> None:
    closed = make_local("closed", closed=True)
    assert closed.sql("SELECT 1") == "1"
    noted = closed.state / "data.json"
    if os.geteuid() != 0:
        assert not noted.exists()
        return
    home = Path(json.loads(noted.read_text())["home"])
    assert home.name.startswith("boomerang-clone-closed-")
    assert (home / "postgres" / "PG_VERSION").exists()
    assert closed.run("reset", "--yes").returncode == 0
    assert not home.exists()
    assert not closed.state.exists()


def test_reset_asks_and_refuses_without_a_terminal(served: Local) -> None:
    refused = served.run("reset")
    assert refused.returncode == 1
    assert "Nothing was deleted" in refused.stderr
    assert served.record()["ready"]


def test_reset_does_not_delete_a_folder_that_is_no_state(local: Local) -> None:
    local.state.mkdir()
    (local.state / "thesis.txt").write_text("years of work")
    assert local.run("reset", "--yes").returncode == 1
    assert (local.state / "thesis.txt").exists()


def test_ctrl_c_ends_services_quietly(local: Local) -> None:
    supervisor = local.serve()
    supervisor.send_signal(signal.SIGINT)
    _, said = supervisor.communicate(timeout=30)
    assert supervisor.returncode == 0
    assert "Traceback" not in said
    assert local.alive() == []


def test_an_interrupted_command_passes_the_request_on(local: Local) -> None:
    program = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(0)); print('up', flush=True); time.sleep(60)"
    )
    running = local.start("exec", "--", sys.executable, "-c", program)
    assert running.stdout is not None
    assert running.stdout.readline() == "up\n"
    running.terminate()
    running.wait(30)
    assert local.alive() == []
