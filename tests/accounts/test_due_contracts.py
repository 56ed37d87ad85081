"""What time alone does to contracts is found by looking at few customers, and nothing is missed."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts.services import read_model
from accounts.terms import add_months
from csplatform.core.tenancy import workspace_scope
from tests import factories

pytestmark = pytest.mark.django_db
FIRST = date(2026, 1, 1)


def subscription(chooser: random.Random) -> dict[str, Any]:
    """Terms of any shape: open-ended or not, renewed or not, ended early or late, cancelled or not."""
    starts = FIRST + timedelta(days=chooser.randrange(-400, 200))
    months = chooser.choice([1, 3, 12])

    def maybe(day: date) -> date | None:
        return day if chooser.random() < 0.35 else None

    return {
        "starts_on": starts,
        "billing_period_months": months,
        "renewal_on": maybe(add_months(starts, months)),
        "ends_on": maybe(starts + timedelta(days=chooser.randrange(5, 600))),
        "cancelled_on": maybe(starts + timedelta(days=chooser.randrange(1, 500))),
        "auto_renews": chooser.random() < 0.6,
        "notice_days": chooser.choice([None, 14, 90]),
        "arr_minor": chooser.choice([0, 12_000_00]),
        "seats": chooser.choice([None, 5]),
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_due_refresh_leaves_nothing_for_a_full_one(seed: int) -> None:
    chooser = random.Random(seed)
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        for number in range(60):
            customer = factories.make_customer(f"Customer {number}")
            for _ in range(chooser.randrange(4)):
                factories.make_subscription(customer, **subscription(chooser))
        day = FIRST
        read_model.refresh_contracts(None, day=day, now=noon(day))
        moved = 0
        while day < FIRST + timedelta(days=400):
            since, day = day, day + timedelta(days=chooser.choice([1, 1, 1, 2, 9, 40]))
            moved += len(read_model.refresh_due_contracts(since=since, day=day, now=noon(day)))
            assert read_model.refresh_contracts(None, day=day, now=noon(day)) == []
        assert moved > 60


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
