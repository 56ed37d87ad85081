"""A renewal that comes near is news once for each term, early enough to act."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts import terms
from accounts.models import Customer, Subscription, Workspace
from accounts.services import read_model, renewals
from accounts.terms import Terms
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.factories import NOW

DAY = NOW.date()  # 16 June 2026


@pytest.fixture
def workspace(db: None) -> Iterator[Workspace]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield workspace


def contract(renewal_on: date, **told: Any) -> Subscription:
    customer = told.pop("customer", None) or factories.make_customer("Loxley Mills")
    row = factories.make_subscription(
        customer, starts_on=renewal_on - timedelta(days=365), renewal_on=renewal_on, **told
    )
    read_model.refresh_contracts([customer.pk], day=DAY, now=NOW)
    return row


def told() -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name="subscription.renewal_due").order_by("created_at", "pk")
    return [row.payload for row in rows]


def test_a_renewal_within_a_quarter_is_told_with_its_dates(workspace: Workspace) -> None:
    row = contract(date(2026, 9, 1), auto_renews=True, notice_days=30)
    assert renewals.tell_due(now=NOW) == 1
    assert told() == [
        {
            "customer_id": str(row.customer_id),
            "subscription_id": str(row.pk),
            "renewal_on": "2026-09-01",
            "notice_deadline": "2026-08-02",
            "days_left": 77,
            "auto_renews": True,
        }
    ]


def test_a_term_is_told_once_and_the_next_term_again(workspace: Workspace) -> None:
    row = contract(date(2026, 9, 1), auto_renews=True)
    assert renewals.tell_due(now=NOW) == 1
    Subscription.objects.filter(pk=row.pk).update(seats=7)
    assert renewals.tell_due(now=NOW) == 0
    assert renewals.tell_due(now=NOW + timedelta(days=1)) == 0
    a_year_later = NOW + timedelta(days=365)
    read_model.refresh_contracts([row.customer_id], day=a_year_later.date(), now=a_year_later)
    assert renewals.tell_due(now=a_year_later) == 1
    assert [each["renewal_on"] for each in told()] == ["2026-09-01", "2027-09-01"]


def test_a_long_notice_period_is_told_of_a_month_before_notice_must_be_given(workspace: Workspace) -> None:
    contract(DAY + timedelta(days=150), auto_renews=True, notice_days=120)
    contract(DAY + timedelta(days=151), auto_renews=True, notice_days=120, customer=factories.make_customer("Other"))
    assert renewals.tell_due(now=NOW) == 1
    assert told()[0]["days_left"] == 150


@pytest.mark.parametrize(
    "fields",
    [
        {"cancelled_on": DAY - timedelta(days=3)},
        {"arr_minor": 0},
        {"renewal_on": DAY + timedelta(days=91)},
    ],
)
def test_what_was_cancelled_is_free_or_is_far_off_is_not_told(workspace: Workspace, fields: dict[str, Any]) -> None:
    contract(fields.pop("renewal_on", date(2026, 9, 1)), **fields)
    assert renewals.tell_due(now=NOW) == 0


def test_each_subscription_of_a_customer_has_its_own_renewal(workspace: Workspace) -> None:
    first = contract(date(2026, 7, 1))
    contract(date(2026, 8, 1), customer=Customer.objects.get(pk=first.customer_id))
    assert renewals.tell_due(now=NOW) == 2
    assert [each["renewal_on"] for each in told()] == ["2026-07-01", "2026-08-01"]


def test_another_workspaces_renewals_are_not_told_here(workspace: Workspace) -> None:
    stranger = factories.make_workspace("stranger")
    with workspace_scope(stranger):
        contract(date(2026, 9, 1))
    assert renewals.tell_due(now=NOW) == 0


def test_a_sweep_takes_as_many_queries_for_thirty_customers_as_for_one(workspace: Workspace) -> None:
    contract(date(2026, 9, 1))
    with CaptureQueriesContext(connection) as few:
        assert renewals.tell_due(now=NOW) == 1
    for n in range(30):
        contract(date(2026, 9, 1), customer=factories.make_customer(f"Customer {n}"))
    with CaptureQueriesContext(connection) as many:
        assert renewals.tell_due(now=NOW) == 30
    assert len(many) == len(few)


days = st.dates(date(2024, 1, 1), date(2028, 1, 1))


@given(
    starts=days,
    day=days,
    months=st.sampled_from([1, 3, 12, 24]),
    auto=st.booleans(),
    notice=st.none() | st.integers(0, 400),
)
def test_a_near_renewal_lies_ahead_and_leaves_time_to_give_notice(
    starts: date, day: date, months: int, auto: bool, notice: int | None
) -> None:
    told = Terms(starts, 1_000, months, auto_renews=auto, notice_days=notice)
    renewal = terms.near_renewal(told, day)
    if day < starts:
        assert renewal is None
        return
    coming = terms.next_renewal(told, day)
    assert coming is not None
    left = (coming - day).days
    assert (renewal is not None) == (left <= max(90, (notice or 0) + 30 if auto else 0))
    assert renewal in (None, coming)
