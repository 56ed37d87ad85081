"""What plans do by themselves: figures read from use, and news of KPIs that stand differently than yesterday."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from accounts.models import Customer
from csplatform.core.audit import Actor
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys import extensions
from journeys.models import Kpi, Measurement
from journeys.selectors import plan
from journeys.services import plan_upkeep, planning
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
WILL = Actor("Will Scarlet")


@pytest.fixture
def used() -> Iterator[dict[str, float]]:
    """What a measure of use says now, as an app that has measures would tell."""
    values = {"active_users": 12.5}

    def read(customer_ids: Sequence[UUID], keys: Sequence[str]) -> Mapping[UUID, Mapping[str, float]]:
        found = {key: values[key] for key in keys if key in values}
        return dict.fromkeys(customer_ids, found)

    extensions.measure_readers.append(read)
    yield values
    extensions.measure_readers.remove(read)


@pytest.fixture
def kpi() -> Iterator[Kpi]:
    with workspace_scope(factories.make_workspace()):
        customer: Customer = factories.make_customer()
        began = NOW - timedelta(days=100)
        outcome = planning.define_outcome(
            customer_id=customer.pk,
            told={"statement": "Everybody plans here", "due_on": NOW.date() + timedelta(days=100)},
            actor=WILL,
            now=began,
        )
        told = {"name": "People", "baseline": 0, "target": 20, "measure_key": "active_users"}
        yield planning.add_kpi(outcome_id=outcome.pk, told=told, actor=WILL, now=began)


def test_a_kpi_is_read_from_its_measure_once_a_day(kpi: Kpi, used: dict[str, float]) -> None:
    assert plan_upkeep.measure_use(now=NOW) == 1
    assert plan_upkeep.measure_use(now=NOW + timedelta(hours=1)) == 0
    measurement = Measurement.objects.get()
    assert (measurement.value, measurement.source, measurement.measured_on) == (Decimal("12.5"), "usage", NOW.date())
    used["active_users"] = 13.0
    assert plan_upkeep.measure_use(now=NOW + timedelta(hours=2)) == 1
    assert Measurement.objects.filter(replaced_by__isnull=True).get().value == 13


def test_a_measure_without_a_value_records_nothing(kpi: Kpi, used: dict[str, float]) -> None:
    used.clear()
    assert plan_upkeep.measure_use(now=NOW) == 0
    assert not Measurement.objects.exists()


def test_a_kpi_that_falls_behind_is_told_once(kpi: Kpi) -> None:
    """At 10 of 20 on day 100 of 200 it is on track; ten points behind the line it is at risk."""
    planning.record_measurement(kpi_id=kpi.pk, told={"value": 10, "measured_on": NOW.date()}, actor=WILL, now=NOW)
    falls = next(
        NOW + timedelta(days=day)
        for day in range(1, 60)
        if plan.plans_of_outcomes([kpi.outcome_id], day=(NOW + timedelta(days=day)).date())[0].standing.status
        == "at_risk"
    )
    assert plan_upkeep.tell_changes(now=falls - timedelta(days=1)) == 0
    assert plan_upkeep.tell_changes(now=falls) == 1
    assert plan_upkeep.tell_changes(now=falls + timedelta(hours=3)) == 0
    news = OutboxEvent.objects.filter(name="kpi.status_changed").get()
    assert (news.payload["before"], news.payload["status"]) == ("on_track", "at_risk")


def test_news_take_the_same_queries_for_any_number_of_plans(kpi: Kpi, django_assert_max_num_queries: object) -> None:
    outcome_id = kpi.outcome_id
    for n in range(10):
        planning.add_kpi(
            outcome_id=outcome_id, told={"name": f"Figure {n}", "baseline": 0, "target": 1}, actor=WILL, now=NOW
        )
    with django_assert_max_num_queries(14):  # type: ignore[operator]  # the fixture has no types
        plan_upkeep.tell_changes(now=NOW + timedelta(days=1))
