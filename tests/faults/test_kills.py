"""`kill -9` of every process in turn, under load, with a client that retries.

Afterwards every acknowledged event is stored exactly once, and every score is what a full recomputation says.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from csplatform.local.state import PROJECT
from tests.faults.conftest import Product, wait_for

CUSTOMERS = 12
PER_BATCH = 20

# Runs in the product's own environment: what is stored, and what each stored score should be.
_AUDIT = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csplatform.settings")
import django; django.setup()
import json
from datetime import UTC, datetime
import numpy as np
from django.db import connection
from accounts.models import Customer, Workspace
from csplatform.core.tenancy import workspace_scope
from health.models import DirtyCustomer, HealthScore, InboxBatch
from health.facts.asof import AsOf
from health.measures import evaluate
from health.services.compute import card_of, specs_of

workspace = Workspace.objects.get(slug="faults")
with workspace_scope(workspace):
    waiting = InboxBatch.objects.count() + DirtyCustomer.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT c.external_id, count(*), count(DISTINCT e.message_key) FROM health_event e "
                       "JOIN accounts_customer c ON c.id = e.customer_id GROUP BY 1")
        stored = {row[0]: [row[1], row[2]] for row in cursor.fetchall()}
    wrong = []
    for score in HealthScore.objects.select_related("scorecard_version"):
        card = card_of(score.scorecard_version)
        loaded = AsOf([score.customer_id], [score.as_of], specs_of(card), grace_days=30, data_through=None)
        facts = loaded.at(score.as_of)
        if not np.array_equal([evaluate(spec, facts)[0] for spec in card.specs], score.values, equal_nan=True):
            wrong.append(str(score.customer_id))
    print(json.dumps({"waiting": waiting, "stored": stored, "scores": HealthScore.objects.count(), "wrong": wrong}))
"""


class Client(threading.Thread):
    """Sends 200 events a second in batches, and each batch again and again until it is acknowledged."""

    def __init__(self, product: Product, key: str) -> None:
        super().__init__(daemon=True)
        self.product, self.key = product, key
        self.acknowledged: Counter[str] = Counter()
        self.retries = 0
        self.stop = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            batch = [self.message(number + n) for n in range(PER_BATCH)]
            number += PER_BATCH
            while self.product.post("/v1/batch", {"batch": batch}, self.key)[0] != 200:
                self.retries += 1
                time.sleep(0.1)
            self.acknowledged.update(message["context"]["groupId"] for message in batch)
            time.sleep(PER_BATCH / 200)

    @staticmethod
    def message(number: int) -> dict[str, Any]:
        return {
            "type": "track",
            "messageId": f"kill-{number}",
            "userId": f"person-{number % 50}",
            "event": ("login", "order_created", "report_opened")[number % 3],
            "timestamp": datetime.now(UTC).isoformat(),
            "context": {"groupId": f"c{number % CUSTOMERS}"},
        }


def audit(product: Product) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _AUDIT], cwd=PROJECT, env=product.env, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def test_nothing_acknowledged_is_lost_or_doubled_and_every_score_is_right(product: Product, tmp_path: Path) -> None:
    product.manage(
        "create_workspace", "faults", "--name", "Faults", "--owner-email", "o@faults.example",
        "--owner-password", "a long enough password",
    )  # fmt: skip
    customers = tmp_path / "customers.csv"
    customers.write_text("external_id,name\n" + "".join(f"c{n},Customer {n}\n" for n in range(CUSTOMERS)))
    since = datetime.now(UTC).date() - timedelta(days=300)
    terms = tmp_path / "subscriptions.csv"
    terms.write_text(
        "external_id,customer_external_id,arr,seats,starts_on\n"
        + "".join(f"s{n},c{n},12000,10,{since}\n" for n in range(CUSTOMERS))
    )
    product.manage("import_data", "customers", str(customers), "--workspace", "faults")
    product.manage("import_data", "subscriptions", str(terms), "--workspace", "faults")
    key = product.manage("create_api_key", "--workspace", "faults", "--name", "test", "--scopes", "ingest")

    client = Client(product, key)
    client.start()
    time.sleep(3)
    for name in ("web", "worker", "valkey", "postgres"):
        product.kill(name)
        time.sleep(4)
    client.stop.set()
    client.join(timeout=60)
    assert not client.is_alive()
    assert client.retries > 0

    found = wait_for(lambda: (a := audit(product))["waiting"] == 0 and a, 90, "draining and scoring")
    assert found["stored"] == {customer: [n, n] for customer, n in client.acknowledged.items()}
    assert found["scores"] == CUSTOMERS
    assert found["wrong"] == []
