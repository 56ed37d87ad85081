"""Filtering customers by measures and use."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import segments
from accounts.models import Customer, CustomerHealth, Workspace
from csplatform.core.tenancy import workspace_scope
from health.models import HealthScore, ScorecardVersion
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = factories.make_workspace()
    with workspace_scope(made):
        yield made


def names(said: dict[str, Any]) -> set[str]:
    wanted = segments.condition(segments.parse(said), now=timezone.now())
    return {customer.name for customer in Customer.objects.filter(wanted)}


def scored(name: str, version: ScorecardVersion, **values: float) -> Customer:
    """A customer whose measures have these values, and no others."""
    customer = factories.make_customer(name)
    HealthScore.objects.create(
        customer=customer,
        workspace_id=customer.workspace_id,
        scorecard_version=version,
        computed_at=timezone.now(),
        as_of=timezone.now().date(),
        band="healthy",
        coverage=100,
        values=[values.get(item["measure"], math.nan) for item in version.content["items"]],
        risk_inputs=[],
    )
    return customer


def test_a_measures_present_value_is_compared_and_a_missing_one_is_neither_high_nor_low(workspace: Workspace) -> None:
    version = ScorecardVersion.objects.get()
    scored("Busy", version, active_users=12)
    scored("Quiet", version, active_users=2)
    scored("Silent", version)
    field = "measures.active_users"
    assert names({"field": field, "op": "lt", "value": 5}) == {"Quiet"}
    assert names({"field": field, "op": "gte", "value": 5}) == {"Busy"}
    assert names({"field": field, "op": "between", "value": [2, 3]}) == {"Quiet"}
    assert names({"field": field, "op": "eq", "value": 12}) == {"Busy"}
    assert names({"field": field, "op": "not_set"}) == {"Silent"}
    assert names({"not": {"field": field, "op": "lt", "value": 5}}) == {"Busy", "Silent"}


def test_scores_of_an_earlier_version_are_read_where_that_version_kept_the_measure(workspace: Workspace) -> None:
    first = ScorecardVersion.objects.get()
    scored("Scored before", first, active_users=2)
    turned = {**first.content, "items": first.content["items"][::-1]}
    second = ScorecardVersion.objects.create(
        workspace=workspace, scorecard=first.scorecard, version=2, content=turned, published_at=timezone.now(),
        published_by_label="Test",
    )  # fmt: skip
    scored("Scored since", second, active_users=3)
    assert names({"field": "measures.active_users", "op": "lt", "value": 5}) == {"Scored before", "Scored since"}


def test_a_measure_taken_out_of_the_scorecard_is_no_field_any_more(workspace: Workspace) -> None:
    first = ScorecardVersion.objects.get()
    scored("Quiet", first, active_users=2)
    kept = segments.parse({"not": {"field": "measures.active_users", "op": "lt", "value": 5}})
    left = [item for item in first.content["items"] if item["measure"] != "active_users"]
    ScorecardVersion.objects.create(
        workspace=workspace, scorecard=first.scorecard, version=2, content={**first.content, "items": left},
        published_at=timezone.now(), published_by_label="Test",
    )  # fmt: skip
    assert not Customer.objects.filter(segments.condition(kept, now=timezone.now())).exists()
    assert [path for path, _message in segments.problems(kept)] == ["not.field"]
    assert "no longer exists" in segments.explain(kept)


def test_days_since_the_last_use(workspace: Workspace) -> None:
    now = timezone.now()
    for name, days in (("Today", 0), ("Last week", 7), ("Long ago", 40)):
        customer = factories.make_customer(name)
        CustomerHealth.objects.filter(customer=customer).update(last_event_at=now - timedelta(days=days))
    factories.make_customer("Never")
    assert names({"field": "days_since_last_event", "op": "gte", "value": 7}) == {"Last week", "Long ago"}
    assert names({"field": "days_since_last_event", "op": "lt", "value": 7}) == {"Today"}
    assert names({"field": "last_event", "op": "in_last", "value": 7}) == {"Today", "Last week"}
    assert names({"not": {"field": "last_event", "op": "in_last", "value": 7}}) == {"Long ago", "Never"}
