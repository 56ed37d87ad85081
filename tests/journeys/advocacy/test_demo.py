"""What the demo shows of requests and advocacy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Customer
from csplatform.core.tenancy import workspace_scope
from journeys import demo_wishes
from journeys.models import AdvocacyAct, Request, RequestCustomer
from journeys.selectors import advocacy
from tests import factories

BEFORE = factories.NOW - timedelta(days=700)
pytestmark = pytest.mark.django_db


def test_the_demo_shows_every_state_and_loads_once() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        first = factories.make_customer("First", external_id="c-0", created_at=BEFORE)
        for n in range(1, 30):
            factories.make_customer(
                f"Customer {n}",
                external_id=f"c-{n}",
                contract_state="active",
                created_at=BEFORE,
                arr_minor=n * 1_000_00,
                referred_by=first if n < 3 else None,
                health={"band": "healthy", "points": 8_000 + n},
            )
    for _again in range(2):
        demo_wishes.load(workspace=workspace, now=factories.NOW)
    with workspace_scope(workspace):
        assert set(Request.objects.values_list("status", flat=True)) == {"open", "planned", "shipped", "declined"}
        assert RequestCustomer.objects.count() > 10
        states = set(AdvocacyAct.objects.values_list("state", flat=True))
        assert states == {"thanked", "done", "agreed", "asked", "declined"}
        assert AdvocacyAct.objects.filter(kind="referral", referred__isnull=False).count() == 2
        assert advocacy.came_back().arr_minor == 3_000_00
        assert Customer.objects.count() == 30
