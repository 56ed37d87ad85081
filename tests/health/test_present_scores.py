"""Dirty customers are scored from running state; lists and readers see the same."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection

from accounts.models import Customer, Workspace
from accounts.services import read_model
from csplatform.core.ids import uuid7
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from health import dirty, risk, selectors
from health.measures import STATE_DAYS
from health.models import ChurnBaseRate, DirtyCustomer, HealthScore, UsageWindow
from health.services import scoring
from tests import factories

pytestmark = pytest.mark.django_db


def today() -> date:
    return datetime.now(UTC).date()


def last_seen_today(how_many: int) -> bytes:
    tally = np.zeros(STATE_DAYS, dtype="<i4")
    tally[-1] = how_many
    return tally.tobytes()


def customer_in_use(
    workspace: Workspace, *, name: str = "Trent Valley Foods", per_day: int = 40, users: int = 8, seats: int = 10
) -> Customer:
    """A customer whose people work every day, two years into its contract."""
    customer = factories.make_customer(name)
    factories.make_subscription(customer, seats=seats, starts_on=today() - timedelta(days=700))
    read_model.refresh_contracts([customer.pk], day=today(), now=factories.NOW)
    factories.make_contact(customer, is_sponsor=True)
    UsageWindow.objects.create(
        workspace=workspace,
        customer=customer,
        stream="*",
        anchor=today(),
        counts=np.full(STATE_DAYS, per_day, dtype="<i4").tobytes(),
        users=last_seen_today(users),
        features=last_seen_today(6),
        first_day=today() - timedelta(days=600),
        last_event_at=datetime.now(UTC),
    )
    return customer


def test_lists_know_whether_a_risk_is_no_more_than_a_level() -> None:
    """Few churns behind it: rough; many: not; either way the list says what the customer's own page says."""
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = customer_in_use(workspace)
        for churns in (0, 400):
            ChurnBaseRate.objects.update_or_create(
                as_of=today(), defaults={"churns": churns, "exposure_days": 500_000, "workspace": workspace}
            )
            dirty.mark([customer.pk], factories.NOW)
            while scoring.refresh_dirty():
                pass
            customer.health.refresh_from_db()
            reading = selectors.health_of(customer, now=datetime.now(UTC))
            assert reading["churn"]["is_rough"] is customer.health.churn_is_rough is (churns == 0)


def test_a_customer_in_daily_use_is_healthy_and_the_parts_add_up() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = customer_in_use(workspace)
        while scoring.refresh_dirty():
            pass
        health = selectors.health_of(customer, now=datetime.now(UTC))
        assert health["band"] == "healthy"
        assert round(sum(d["points"] for d in health["drivers"]), 2) == health["score"]
        assert round(sum(d["max_points"] for d in health["drivers"]), 2) == 100
        assert health["coverage"] == 1
        assert health["churn"]["method"] == "rules"
        customer.refresh_from_db()
        assert customer.health.points == round(health["score"] * 100)
        assert customer.health.band == "healthy"


def test_losing_the_sponsor_costs_exactly_the_sponsors_points_and_is_news_when_the_band_changes() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = customer_in_use(workspace, per_day=3, users=4)
        scoring.refresh_dirty()
        before = selectors.health_of(customer, now=datetime.now(UTC))
        customer.contacts.filter(is_sponsor=True).update(is_sponsor=False)
        dirty.mark([customer.pk], factories.NOW)
        scoring.refresh_dirty()
        after = selectors.health_of(customer, now=datetime.now(UTC))
        assert round(before["score"] - after["score"], 2) == 20
        news = OutboxEvent.objects.filter(name="health.band_changed")
        assert news.exists() == (before["band"] != after["band"])


def test_a_risk_that_comes_to_a_higher_level_is_news_once_and_one_that_falls_is_none() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = customer_in_use(workspace)
        scoring.refresh_dirty()
        customer.refresh_from_db()
        before = customer.health.churn_risk
        assert before is not None
        assert not OutboxEvent.objects.filter(name="churn_risk.rose").exists()
        row = customer.subscriptions.get()
        for cancelled_on in (today(), None):
            row.cancelled_on = cancelled_on
            row.save()
            read_model.refresh_contracts([customer.pk], day=today(), now=factories.NOW)
            dirty.mark([customer.pk], factories.NOW)
            scoring.refresh_dirty()
            scoring.refresh_dirty()
        told = OutboxEvent.objects.get(name="churn_risk.rose").payload
        assert told["customer_id"] == str(customer.pk)
        assert (told["from"], told["to"]) == (
            risk.level(before),
            risk.level(round(float(told["probability"]) * 10_000)),
        )
        assert told["from"] != told["to"]


@pytest.mark.parametrize(
    ("known_at", "through", "is_news"),
    [
        (timedelta(days=3), None, True),
        (timedelta(days=3), timedelta(days=2), True),
        (timedelta(0), None, False),
        (timedelta(days=3), timedelta(days=60), False),
    ],
    ids=["known before", "export of these days", "brought in today", "facts long past"],
)
def test_what_changes_while_a_companys_past_is_brought_in_is_no_news(
    known_at: timedelta, through: timedelta | None, is_news: bool
) -> None:
    workspace = factories.make_workspace()
    Workspace.objects.update(data_through=through and today() - through)
    with workspace_scope(workspace):
        customer = customer_in_use(workspace)
        Customer.objects.update(known_at=datetime.now(UTC) - known_at)
        scoring.refresh_dirty()
        customer.subscriptions.update(cancelled_on=today() - (through or timedelta(0)))
        read_model.refresh_contracts([customer.pk], day=today(), now=factories.NOW)
        dirty.mark([customer.pk], factories.NOW)
        scoring.refresh_dirty()
        assert OutboxEvent.objects.filter(name="churn_risk.rose").exists() == is_news


def test_a_customer_without_any_event_is_unknown_with_the_reason_said() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer()
        factories.make_subscription(customer, seats=5)
        factories.make_contact(customer, is_sponsor=True)
        read_model.refresh_contracts([customer.pk], day=today(), now=factories.NOW)
        scoring.refresh_dirty()
        health = selectors.health_of(customer, now=datetime.now(UTC))
        assert (health["band"], health["score"]) == ("unknown", None)
        assert "No product event" in next(d for d in health["drivers"] if d["measure"] == "habit")["note"]


def test_before_the_contract_health_is_not_applicable() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer()
        dirty.mark([customer.pk], factories.NOW)
        scoring.refresh_dirty()
        health = selectors.health_of(customer, now=datetime.now(UTC))
        assert (health["band"], health["score"], health["drivers"]) == ("not_applicable", None, [])
        assert health["churn"]["method"] == "none"


def test_a_refresh_consumes_its_dirty_rows_and_a_repeat_changes_nothing() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = customer_in_use(workspace)
        assert scoring.refresh_dirty() == 1
        assert not DirtyCustomer.objects.filter(workspace_id=workspace.pk).exists()
        first = HealthScore.objects.get(customer=customer)
        dirty.mark([customer.pk], factories.NOW)
        scoring.refresh_dirty()
        second = HealthScore.objects.get(customer=customer)
        assert (first.points, first.values, first.risk_inputs) == (second.points, second.values, second.risk_inputs)
        assert second.computed_at > first.computed_at


@pytest.mark.django_db(transaction=True)
def test_a_customer_somebody_is_changing_is_left_for_later_instead_of_waited_for() -> None:
    """Whoever changes a customer marks it afterwards: waiting here with its mark in hand would be a deadlock."""
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        held, free = customer_in_use(workspace), customer_in_use(workspace)
        dirty.mark([held.pk, free.pk], factories.NOW)
    scored: list[int] = []

    def refresh() -> None:
        with workspace_scope(workspace):
            scored.append(scoring.refresh_dirty())
        connection.close()

    with workspace_scope(workspace):
        Customer.objects.select_for_update(no_key=True).get(pk=held.pk)
        other = threading.Thread(target=refresh)
        other.start()
        other.join(timeout=20)
        dirty.mark([held.pk], factories.NOW)
    with workspace_scope(workspace):
        assert scored == [1]
        assert [row.customer_id for row in DirtyCustomer.objects.all()] == [held.pk]
        assert scoring.refresh_dirty() == 1


def test_the_mark_of_a_customer_that_is_gone_goes_too() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        dirty.mark([uuid7()], factories.NOW)
        assert scoring.refresh_dirty() == 1
        assert not DirtyCustomer.objects.exists()
