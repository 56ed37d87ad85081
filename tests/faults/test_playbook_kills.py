"""`kill -9` of the worker while thousands of triggers come at once: each begins exactly one run, each run one task.

`PLAYBOOK_TRIGGERS` sets how many (300 by default); the seconds and the workers' memory are logged (`-o log_cli=true`).
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.faults.conftest import Product, call, wait_for

log = logging.getLogger(__name__)
TRIGGERS = int(os.environ.get("PLAYBOOK_TRIGGERS", "300"))
MOST_MB = 400  # of one process of the worker; it starts with some 150


def resident_mb(pid: int) -> int:
    """The largest resident memory among a process and its children, in MB."""
    tree = [pid, *(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    found = 0
    for each in tree:
        try:
            status = Path(f"/proc/{each}/status").read_text()
        except FileNotFoundError:
            continue  # ended meanwhile
        found = max(found, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")))
    return found // 1024


class Database:
    """The product's own database as its owner; policies are forced, so each look names the workspace."""

    def __init__(self, product: Product) -> None:
        address = product.manage("shell", "-v", "0", "-c", _OWNER_URL)
        self.session = psycopg2.connect(address.splitlines()[-1])
        self.session.autocommit = False

    def ask(self, workspace: str, question: str, *told: Any) -> Any:
        with self.session, self.session.cursor() as cursor:
            cursor.execute("SELECT set_config('app.workspace', %s, true)", [workspace])
            cursor.execute(question, told)
            return cursor.fetchall() if cursor.description else None


_OWNER_URL = """
from django.db import connections
told = connections["owner"].settings_dict
print(f"postgresql://{told['USER']}:{told['PASSWORD']}@{told['HOST']}:{told['PORT']}/{told['NAME']}")
"""
_CUSTOMERS = """
INSERT INTO accounts_customer (id, workspace_id, external_id, name, name_sort, domain, industry, country, region,
    lifecycle_stage, source, created_at, known_at, updated_at, version, traits, tags, stage_key, stage_macro,
    contract_state, arr_minor)
SELECT gen_random_uuid(), %s, 'c-' || n, 'Customer ' || n, 'customer ' || n, '', '', '', '', '', '', now(), now(),
    now(), 1, '{}', '{}', '', '', 'none', 0
FROM generate_series(1, %s) n
"""
_EVENTS = """
INSERT INTO core_outboxevent (id, workspace_id, name, payload, created_at)
SELECT gen_random_uuid(), workspace_id, 'health.band_changed',
    jsonb_build_object('customer_id', id, 'from', 'watch', 'to', 'at_risk'), now()
FROM accounts_customer WHERE workspace_id = %s
"""
_STATES = (
    "SELECT state, count(*), count(DISTINCT trigger_key) FROM journeys_playbookrun WHERE workspace_id = %s GROUP BY 1"
)
_TASKS = (
    "SELECT count(*), count(DISTINCT customer_id) FROM journeys_task WHERE workspace_id = %s AND source = 'playbook'"
)


@pytest.mark.timeout(3_600)
def test_every_trigger_begins_one_run_although_the_worker_is_killed(product: Product) -> None:
    product.manage(
        "create_workspace", "books", "--name", "Books", "--owner-email", "o@books.example",
        "--owner-password", "a long enough password",
    )  # fmt: skip
    key = product.manage("create_api_key", "--workspace", "books", "--name", "test", "--scopes", "admin")
    task = {"kind": "task", "title": "Prepare {{ customer.name }}", "owner": "customer_success", "due_days": 2}
    definition = {
        "trigger": {"event": "health.band_changed"},
        "steps": [task],
        "limits": {"runs_an_hour": max(TRIGGERS, 1_000), "again_after_days": 0},
    }
    made = call(product, "POST", "/api/v1/playbooks/", key, {"name": "Risk", "definition": definition})
    call(product, "POST", f"/api/v1/playbooks/{made['id']}/activate/", key, {})
    database = Database(product)
    workspace = str(database.ask("", "SELECT id FROM accounts_workspace WHERE slug = 'books'")[0][0])
    database.ask(workspace, _CUSTOMERS, workspace, TRIGGERS)

    started = time.monotonic()
    database.ask(workspace, _EVENTS, workspace)

    def runs() -> dict[str, tuple[int, int]]:
        return {state: (n, keys) for state, n, keys in database.ask(workspace, _STATES, workspace)}

    def done() -> int:
        return runs().get("done", (0, 0))[0]

    wait_for(lambda: done() > 0, 120, "the first run")
    product.kill("worker")
    peak = 0

    def all_done() -> bool:
        nonlocal peak
        peak = max(peak, resident_mb(product.pid("worker")))
        return bool(done() >= TRIGGERS)

    wait_for(all_done, 3_000, "the last run")
    seconds = time.monotonic() - started

    assert runs() == {"done": (TRIGGERS, TRIGGERS)}
    assert database.ask(workspace, _TASKS, workspace) == [(TRIGGERS, TRIGGERS)]
    assert peak < MOST_MB
    rate = TRIGGERS / seconds
    log.warning("%d triggers: %.0f s, %.0f runs/s, largest process %d MB", TRIGGERS, seconds, rate, peak)
