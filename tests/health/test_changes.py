"""What moved many customers' scores is what the ledger says of each of them, read from stored scores alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Contact, Customer, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import changes, what_changed
from health.defaults import default_content
from health.models import Scorecard, ScorecardVersion, ScoringRun
from health.services import overrides, runs
from tests import factories
from tests.health.uses import store_uses

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
BEGAN = NOW - timedelta(days=200)
SINCE = TODAY - timedelta(days=28)


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def workspace() -> Workspace:
    made = factories.make_workspace()
    with workspace_scope(made):
        for name in ("Busier", "Quieter"):
            customer = factories.make_customer(name, created_at=BEGAN, known_at=BEGAN)
            factories.make_subscription(customer, starts_on=BEGAN.date(), seats=4)
            people = [factories.make_contact(customer, is_sponsor=n == 0, known_at=BEGAN) for n in range(3)]
            days = (range(90), range(40, 90)) if name == "Busier" else (range(28, 90), range(1, 90, 5))
            store_uses({people[0]: days[0], people[1]: days[1]}, now=NOW, per_day=2)
    return made


def scored(workspace: Workspace, kind: str, day: Any) -> None:
    with workspace_scope(workspace):
        run = runs.start(kind=ScoringRun.Kind(kind), days=[day], now=NOW)
    runs.work(workspace.pk, run.pk)


def told(workspace: Workspace) -> dict[str, tuple[changes.Movement, what_changed.Changes]]:
    """By customer: what is read from stored scores, and the ledger with its look at every event."""
    with workspace_scope(workspace):
        everybody = list(Customer.objects.all())
        read = changes.movements([each.pk for each in everybody], SINCE)
        return {each.name: (read[each.pk], what_changed.between(each, SINCE, TODAY)) for each in everybody}


def by_label(changed: what_changed.Changes) -> dict[str, int]:
    return {each.label: each.delta for each in changed.moved if each.delta}


def test_each_measure_has_moved_as_the_ledger_says(workspace: Workspace) -> None:
    scored(workspace, "backfill", SINCE)
    with workspace_scope(workspace):
        Contact.objects.filter(customer__name="Quieter", is_sponsor=True).update(
            is_sponsor=False, known_at=NOW - timedelta(days=4)
        )
    scored(workspace, "current", TODAY)
    for moved, ledger in told(workspace).values():
        assert moved.causes
        assert sum(each.change for each in moved.causes) == ledger.difference
        exact = by_label(ledger)
        assert {each.label for each in moved.causes} == set(exact)
        # Of a difference in several causes each is rounded on its own in the ledger.
        assert all(abs(each.change - exact[each.label]) <= 2 for each in moved.causes)
        assert moved.points is not None
        assert moved.points_before is not None
        assert moved.points - moved.points_before == ledger.difference


def test_another_version_moves_what_it_weighs_otherwise_and_it_still_adds_up(workspace: Workspace) -> None:
    scored(workspace, "backfill", SINCE)
    content = default_content()
    content["items"] = [
        {**item, "weight": item["weight"] * 3 if item["measure"] == "recency" else item["weight"]}
        for item in content["items"]
        if item["measure"] != "breadth"
    ]
    with workspace_scope(workspace):
        card = Scorecard.objects.get(is_default=True)
        ScorecardVersion.objects.filter(version=1).update(published_at=BEGAN)
        ScorecardVersion.objects.create(
            workspace=workspace, scorecard=card, version=2, content=content, published_at=NOW, published_by_label="Ada"
        )
    scored(workspace, "current", TODAY)
    for moved, ledger in told(workspace).values():
        assert sum(each.change for each in moved.causes) == ledger.difference
        exact = by_label(ledger)
        assert all(abs(each.change - exact.get(each.label, 0)) <= 200 for each in moved.causes)
        assert "Depth of use" in {each.label for each in moved.causes}


def test_a_band_set_by_hand_is_a_cause_of_its_own(workspace: Workspace) -> None:
    scored(workspace, "backfill", SINCE)
    with workspace_scope(workspace):
        quieter = Customer.objects.get(name="Quieter")
        overrides.set_override(
            customer_id=quieter.pk,
            band="healthy",
            reason="They are moving to another tenant of ours",
            expires_on=TODAY + timedelta(days=30),
            by=audit.SYSTEM,
            now=NOW,
        )
    scored(workspace, "current", TODAY)
    moved, ledger = told(workspace)["Quieter"]
    assert sum(each.change for each in moved.causes) == ledger.difference
    exact = sum(entry.delta for entry in ledger.entries if entry.cause == "override")
    assert exact > 0
    assert [each.change for each in moved.causes if each.label == "Set by hand"] == [exact]


def test_neither_customers_nor_versions_count_in_queries(workspace: Workspace) -> None:
    scored(workspace, "backfill", SINCE)
    scored(workspace, "current", TODAY)
    with workspace_scope(workspace):
        ids = list(Customer.objects.values_list("pk", flat=True))
        counts = []
        for asked in (ids[:1], ids):
            with CaptureQueriesContext(connection) as captured:
                changes.movements(asked, SINCE)
            counts.append(len(captured))
    assert counts[0] == counts[1] <= 2
