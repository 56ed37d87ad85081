"""Late data make revisions: every stored day that they would have changed gets one, and no day loses what was said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer, Subscription, SubscriptionVersion, Workspace
from csplatform.core.tenancy import workspace_scope
from health import what_changed
from health.models import HealthSnapshot, LateArrival, ScoringRun
from health.services import base_rate, late_facts, runs, snapshots
from journeys.models import KpiVersion, Measurement, OutcomeVersion
from tests import factories
from tests.health import stories, uses
from tests.health.told import NOW, TODAY, ago

pytestmark = pytest.mark.django_db

KEPT = [90, 70, 40, 12, 3, 1]
"""Days ago of which snapshots are stored."""
DAYS = [TODAY - timedelta(days=back) for back in KEPT]
LATE = st.lists(st.integers(1, 150), min_size=1, max_size=3, unique=True)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    uses.make_months(now=NOW)
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield workspace


def in_use(days: list[int]) -> tuple[Customer, list[Any]]:
    customer = factories.make_customer(created_at=ago(400), known_at=ago(400))
    people = [factories.make_contact(customer, known_at=ago(400), is_sponsor=number == 0) for number in range(2)]
    factories.make_subscription(customer, starts_on=ago(300).date(), seats=5)
    uses.store_uses({people[0]: days}, now=NOW)
    return customer, people


def take(customers: list[Customer]) -> None:
    ids = [customer.pk for customer in customers]
    snapshots.take(ids, DAYS, bases=base_rate.observe(DAYS), now=NOW)
    LateArrival.objects.all().delete()


def by_rebuilding(customer: Customer, day: date, **known: Any) -> list[float]:
    bases = {day: base_rate.observe([day])[day]}
    (found,) = snapshots.rebuild([customer.pk], [day], bases=bases, basis=snapshots.Basis.present(), **known)
    values: list[float] = found.result.values[0].tolist()
    return values


def stored(customer: Customer, day: date) -> tuple[list[float], list[float]]:
    """What was said of the day, and the newest revision of it (else the same)."""
    said = snapshots.ordinary_snapshots(customer.pk).filter(as_of=day).last()
    assert said is not None
    revised = snapshots.revisions(customer.pk).filter(as_of=day).last()
    return said.values, revised.values if revised else said.values


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=LATE, second=LATE, other=LATE, at_once=st.booleans(), used=st.lists(st.integers(1, 200), max_size=30))
def test_each_day_that_late_use_touches_is_revised_as_if_built_again(
    workspace: Workspace, first: list[int], second: list[int], other: list[int], at_once: bool, used: list[int]
) -> None:
    (one, people), (two, others) = in_use(used), in_use(used)
    take([one, two])
    before = {(each.pk, day): stored(each, day)[0] for each in (one, two) for day in DAYS}
    uses.store_uses({people[1]: first}, now=NOW, known=NOW, per_day=4)
    if not at_once:
        assert snapshots.revise_late(today=TODAY, now=datetime.now(UTC)) == 1
    uses.store_uses({people[1]: second, others[1]: other}, now=NOW, known=NOW, per_day=7)
    assert snapshots.revise_late(today=TODAY, now=datetime.now(UTC)) == 2
    for each in (one, two):
        for day in DAYS:
            said, revised = stored(each, day)
            assert np.array_equal(said, before[each.pk, day], equal_nan=True)
            rebuilt = by_rebuilding(each, day, known_through=TODAY)
            np.testing.assert_array_equal(revised, rebuilt, err_msg=str(day))
    counted = HealthSnapshot.objects.count()
    assert snapshots.revise_late(today=TODAY, now=datetime.now(UTC)) == 0
    assert HealthSnapshot.objects.count() == counted


def test_what_a_file_dates_back_is_in_snapshots_computed_since_and_asks_for_nothing_more(workspace: Workspace) -> None:
    customer, people = in_use([5, 6])
    take([customer])
    uses.store_uses({people[1]: [5]}, now=NOW, per_day=3)
    ids, bases = [customer.pk], base_rate.observe(DAYS)
    assert snapshots.take(ids, DAYS, bases=bases, now=NOW) > 0
    counted = HealthSnapshot.objects.count()
    assert snapshots.revise_late(today=TODAY, now=datetime.now(UTC)) == 1
    assert HealthSnapshot.objects.count() == counted
    uses.store_uses({people[1]: [7]}, now=NOW, per_day=3)
    assert snapshots.revise_late(today=TODAY, now=datetime.now(UTC)) == 1
    assert HealthSnapshot.objects.count() > counted


@pytest.mark.parametrize(
    "name", [name for name, story in stories.ALL.items() if story.moves and name not in ("events", "adoption")]
)
def test_what_is_told_late_of_any_source_touches_the_days_since_it_happened(workspace: Workspace, name: str) -> None:
    story, told = stories.ALL[name], stories.make(event=5, lag=3)
    story.begin(told)
    since = snapshots.arrivals_settled()
    if name == "withdrawn":  # what is taken back is dated by the clock of whoever takes it back
        since = told.late - timedelta(hours=1)
        for model in (OutcomeVersion, KpiVersion, Measurement):
            model.objects.update(recorded_at=told.happened)
    LateArrival.objects.all().delete()
    story.late(told)
    late_facts.mark(since=since, today=TODAY)
    (mark,) = LateArrival.objects.filter(customer_id=told.customer.pk)
    assert mark.from_day <= told.happened.date()


def test_what_was_told_in_time_asks_for_no_revision(workspace: Workspace) -> None:
    since = snapshots.arrivals_settled()
    story, told = stories.ALL["judgement"], stories.make(event=5, lag=3)
    story.begin(told)
    late_facts.mark(since=since, today=TODAY)
    assert not LateArrival.objects.exists()


def test_the_night_after_revises_what_was_told_late(workspace: Workspace) -> None:
    story, told = stories.ALL["tickets"], stories.make(event=5, lag=3)
    story.begin(told)
    LateArrival.objects.all().delete()
    assert len(runs.roll_over(now=datetime.now(UTC) - timedelta(days=1))) == 2
    story.late(told)
    assert [run.kind for run in runs.roll_over(now=datetime.now(UTC))][:1] == [ScoringRun.Kind.CLOSE_DAY]
    assert LateArrival.objects.filter(customer_id=told.customer.pk).exists()


def test_settings_changed_later_leave_a_stored_day_as_it_was(workspace: Workspace) -> None:
    """A longer grace makes nobody a customer of a day on which they had churned."""
    customer, _people = in_use([60, 61, 80])
    Subscription.objects.update(ends_on=ago(50).date(), starts_on=ago(500).date())
    SubscriptionVersion.objects.update(ends_on=ago(50).date(), starts_on=ago(500).date())
    take([customer])
    day = TODAY - timedelta(days=12)
    _version, before, facts, _at = snapshots.rebuild_one(customer.pk, day)
    assert facts.state.tolist() == ["churned"]
    Workspace.objects.update(grace_days=90, data_through=ago(40).date())
    _version, after, facts, _at = snapshots.rebuild_one(customer.pk, day)
    assert facts.state.tolist() == ["churned"]
    assert after.scores.band.tolist() == before.scores.band.tolist()
    found = what_changed.between(customer, day, TODAY)
    assert found.found.first.facts.state.tolist() == ["churned"]
