"""The demo's conversations, signals and shock, loaded as every workspace's data comes in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from accounts.imports import engine, kinds
from accounts.imports import runs as imports
from csplatform.core import audit
from csplatform.core.models import JobState
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import Simulation
from journeys import demo_change
from journeys.models import Cadence, Engagement, EngagementCustomer, Shock, Signal
from journeys.selectors import shocks
from tests import factories

NOW = factories.NOW


@pytest.mark.django_db(transaction=True)
def test_a_year_of_conversations_and_a_running_shock(tmp_path: Path) -> None:
    workspace = factories.make_workspace("sherwood")
    paths = Simulation(end=NOW.date() - timedelta(days=1), customers=60, events=0).run().write(tmp_path)
    for key in ("customers", "contacts", "subscriptions", "engagements"):
        kind = kinds.get(key)
        assert kind is not None
        run = imports.import_file(
            path=getattr(paths, key), kind=kind, pairs=(), through=None, actor=audit.SYSTEM, workspace_id=workspace.pk,
            clock=lambda: NOW, progress=lambda _done, _total: None,
        )  # fmt: skip
        assert run.job is not None
        assert (run.job.state, run.rows_rejected) == (JobState.DONE, 0), engine.counts(run)
    for _time in range(2):
        demo_change.load(workspace=workspace, now=NOW)
    with workspace_scope(workspace):
        assert Engagement.objects.count() > 300
        assert set(EngagementCustomer.objects.values_list("direction", flat=True).distinct()) == {
            "vendor_to_customer", "customer_to_vendor", "customer_to_customer", "customer_to_third_party",
        }  # fmt: skip
        assert Cadence.objects.count() == 2
        assert Signal.objects.filter(state="answered").count() == 4
        shock = Shock.objects.get()
        assert shocks.standing(shock).customers > 1
        assert shock.state == "running"
