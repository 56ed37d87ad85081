"""One definition, two executors: running state and the events themselves say the same of the present day."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer
from accounts.services import read_model
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from health import arrivals
from health.facts import live
from health.facts.asof import AsOf
from health.measures import Facts, Spec, evaluate
from health.models import LateArrival, Measure, ScoringRun
from health.parsing import parse
from health.risk import USAGE_SPECS
from health.services import base_rate, runs, snapshots
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.now(UTC).date()
NAMES = ["login", "order_created", "report_opened", "export"]
SPECS = [
    Spec("count", 28, "per_seat_week"),
    Spec("count", 7),
    Spec("trend", 28),
    Spec("trend", 14, events=("login",)),
    Spec("distinct_users", 28),
    Spec("distinct_users", 7, "share_of_seats"),
    Spec("distinct_users", 28, events=("export", "login")),
    Spec("distinct_events", 28),
    Spec("distinct_events", 64),
    Spec("active_days", 28, "per_week"),
    Spec("active_days", 14, events=("order_created",)),
    Spec("recency", 64),
    *USAGE_SPECS,
    *(
        parse({"source": "events", **definition})
        for definition in (
            {"aggregation": "count", "window_days": 90},
            {"aggregation": "count", "scale": "per_week", "events": ["login"]},
            {"aggregation": "count", "where": [{"property": "plan", "is": "equals", "value": "pro"}]},
            {"aggregation": "active_days", "where": [{"property": "size", "is": "greater", "value": 3}]},
            {"aggregation": "count", "window_days": 7, "compare": "usual_z", "windows": 8},
            {"aggregation": "count", "window_days": 14, "compare": "usual_ratio", "events": ["login"]},
            {"aggregation": "active_days", "compare": "before_difference", "scale": "per_week"},
            {"aggregation": "trend", "window_days": 45},
            {"aggregation": "distinct_users", "window_days": 20, "compare": "before_ratio"},
            {"aggregation": "distinct_users", "window_days": 90, "scale": "share_of_seats"},
            {"aggregation": "distinct_events", "window_days": 10, "compare": "usual_z", "windows": 3},
            {"aggregation": "habit", "habit_days": 2},
            {"aggregation": "habit", "habit_days": 3, "scale": "share_of_seats", "window_days": 60},
            {"aggregation": "habit", "habit_days": 1, "scale": "", "compare": "before_difference"},
            {"aggregation": "sum", "scale": "per_seat_week"},
            {"aggregation": "sum", "property": "size", "window_days": 15, "compare": "usual_ratio", "windows": 4},
            {"aggregation": "latest", "property": "size", "events": ["export", "login"]},
            {"aggregation": "latest", "window_days": 365},
            {"aggregation": "recency", "window_days": 80},
            {"aggregation": "recency", "where": [{"property": "size", "is": "exists"}]},
        )
    ),
]
PLANS = ["pro", "basic", 5, None]
SIZES = [1.1, "2.2", "large", None, 7, -3, "1e2", True]

EVENTS = st.lists(
    st.tuples(
        st.integers(0, 100),  # days ago
        st.integers(0, 86_399),  # second of the day
        st.integers(0, 4),  # who; 0 is nobody known
        st.sampled_from(NAMES),
    ),
    max_size=60,
)


def store(customer: Customer, people: list[str | None], events: list[tuple[int, int, int, str]], known: date) -> None:
    batch = arrivals.EventBatch()
    for days_ago, second, who, name in events:
        moment = datetime.combine(TODAY - timedelta(days=days_ago), datetime.min.time(), UTC)
        at = int(moment.timestamp() + second) * 1_000_000
        batch.keys.append(uuid7().hex)
        batch.customer_ids.append(str(customer.pk))
        batch.contact_ids.append(people[who])
        batch.customer_keys.append(None)
        batch.contact_keys.append(None)
        batch.names.append(name)
        batch.at.append(at)
        batch.known.append(max(at, int(datetime.combine(known, datetime.min.time(), UTC).timestamp()) * 1_000_000))
        batch.values.append(second / 7 if second % 3 else None)
        batch.properties.append(json.dumps({"plan": PLANS[second % 4], "size": SIZES[second % 8]}))
    arrivals.store(batch, now=datetime.now(UTC))


def customer_with_people(
    since_days_ago: int, seats: int | None, ends_on: date | None = None
) -> tuple[Customer, list[str | None]]:
    since = TODAY - timedelta(days=since_days_ago)
    began = datetime.combine(since, datetime.min.time(), UTC)
    customer = factories.make_customer(created_at=began, known_at=began)
    renewal_on = None if ends_on else TODAY + timedelta(days=50)
    factories.make_subscription(customer, starts_on=since, seats=seats, renewal_on=renewal_on, ends_on=ends_on)
    contacts = [factories.make_contact(customer, is_sponsor=n == 1, known_at=began) for n in range(4)]
    read_model.refresh_contracts([customer.pk], day=TODAY, now=datetime.now(UTC))
    return customer, [None, *(str(contact.pk) for contact in contacts)]


def as_of(customer: Customer, day: date, **options: Any) -> Facts:
    loaded = AsOf([customer.pk], [day], SPECS, grace_days=30, data_through=None)
    return loaded.at(day, **options)


@pytest.fixture
def workspace() -> Any:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        for events in (["login"], ["export", "login"], ["order_created"]):
            Measure.objects.create(
                workspace=workspace,
                key="-".join(events),
                label={"en": "x"},
                definition={"source": "events", "aggregation": "count", "events": events},
                created_at=factories.NOW,
                updated_at=factories.NOW,
            )
        yield workspace


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=EVENTS, second=EVENTS, since=st.integers(0, 90), seats=st.sampled_from([None, 3, 10]))
def test_running_state_equals_a_rebuild_from_the_events(
    workspace: Any,
    first: list[tuple[int, int, int, str]],
    second: list[tuple[int, int, int, str]],
    since: int,
    seats: int | None,
) -> None:
    customer, people = customer_with_people(since, seats)
    store(customer, people, first, TODAY)
    store(customer, people, second, TODAY)
    incremental = live.load([customer.pk], TODAY, SPECS).facts
    rebuilt = as_of(customer, TODAY)
    for spec in SPECS:
        np.testing.assert_array_equal(evaluate(spec, incremental), evaluate(spec, rebuilt), err_msg=str(spec))
    assert incremental.state.tolist() == rebuilt.state.tolist()
    assert incremental.renewal_on.tolist() == rebuilt.renewal_on.tolist()
    assert incremental.customer_since.tolist() == rebuilt.customer_since.tolist()


@pytest.mark.parametrize("ended_days_ago", [1, 30])
def test_in_grace_the_seats_are_known_to_both(workspace: Any, ended_days_ago: int) -> None:
    customer, people = customer_with_people(400, 10, ends_on=TODAY - timedelta(days=ended_days_ago))
    store(customer, people, [(n, 40_000, 1 + n % 4, NAMES[n % 4]) for n in range(60)], TODAY)
    incremental, rebuilt = live.load([customer.pk], TODAY, SPECS).facts, as_of(customer, TODAY)
    assert incremental.state.tolist() == rebuilt.state.tolist() == ["in_grace"]
    for spec in SPECS:
        np.testing.assert_array_equal(evaluate(spec, incremental), evaluate(spec, rebuilt), err_msg=str(spec))
    assert evaluate(Spec("distinct_users", 28, "share_of_seats"), incremental).tolist() == [0.4]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(on_time=EVENTS, late=EVENTS, days_ago=st.integers(1, 40))
def test_what_arrived_later_takes_no_part_in_a_past_day(
    workspace: Any,
    on_time: list[tuple[int, int, int, str]],
    late: list[tuple[int, int, int, str]],
    days_ago: int,
) -> None:
    day = TODAY - timedelta(days=days_ago)
    customer, people = customer_with_people(90, 10)
    store(customer, people, on_time, date.min.replace(year=2000))
    before = as_of(customer, day)
    store(customer, people, late, day + timedelta(days=1))
    after = as_of(customer, day)
    for spec in SPECS:
        np.testing.assert_array_equal(evaluate(spec, before), evaluate(spec, after), err_msg=str(spec))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
def test_many_days_in_one_load_equal_each_day_alone(workspace: Any, events: list[tuple[int, int, int, str]]) -> None:
    customer, people = customer_with_people(90, 10)
    store(customer, people, events, date.min.replace(year=2000))
    days = [TODAY - timedelta(days=n) for n in (75, 40, 8, 1)]
    together = AsOf([customer.pk], days, SPECS, grace_days=30, data_through=None)
    for day in days:
        alone = as_of(customer, day)
        for spec in SPECS:
            np.testing.assert_array_equal(
                evaluate(spec, together.at(day)), evaluate(spec, alone), err_msg=f"{day} {spec}"
            )


def test_late_data_appends_a_revision_and_changes_neither_the_snapshot_nor_the_rebuild(workspace: Any) -> None:
    customer, people = customer_with_people(90, 10)
    day = TODAY - timedelta(days=5)
    store(customer, people, [(n, 40_000, 1 + n % 4, NAMES[n % 4]) for n in range(5, 80)], date.min.replace(year=2000))
    LateArrival.objects.all().delete()
    now = datetime.now(UTC)
    snapshots.take([customer.pk], [day], bases=base_rate.observe([day]), now=now)
    (before,) = snapshots.ordinary_snapshots(customer.pk)

    store(customer, people, [(6, second, 2, "export") for second in range(0, 80_000, 500)], TODAY)
    assert snapshots.revise_late(today=TODAY, now=datetime.now(UTC)) == 1

    (after,) = snapshots.ordinary_snapshots(customer.pk)
    assert after.pk == before.pk
    _, result, _, _ = snapshots.rebuild_one(customer.pk, day)
    assert result.values[0].tolist() == after.values
    assert int(result.scores.total[0]) == after.points
    revisions = list(snapshots.revisions(customer.pk))
    assert [(r.as_of, r.revision) for r in revisions] == [(day, 1)]
    assert revisions[0].values != after.values


def test_facts_imported_after_a_snapshot_leave_it_until_the_day_is_built_again(workspace: Any) -> None:
    customer, people = customer_with_people(90, 10)
    day = TODAY - timedelta(days=5)
    run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=[day], now=datetime.now(UTC))
    runs.work(workspace.pk, run.pk)
    store(customer, people, [(n, 40_000, 1, "login") for n in range(5, 60)], date.min.replace(year=2000))
    _, result, _, _ = snapshots.rebuild_one(customer.pk, day)
    assert np.isnan(result.values[0]).any()

    run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=[day], now=datetime.now(UTC))
    runs.work(workspace.pk, run.pk)
    stored = snapshots.ordinary_snapshots(customer.pk).last()
    assert stored is not None
    assert stored.revision == 1
    _, result, _, _ = snapshots.rebuild_one(customer.pk, day)
    assert result.values[0].tolist() == stored.values
