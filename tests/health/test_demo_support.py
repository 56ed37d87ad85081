"""The demo's tickets, invoices and opportunities: there once, the same every time, and true to the customer's score."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Invoice, Opportunity
from csplatform.core.tenancy import workspace_scope
from health import demo_support
from journeys.models import Ticket
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_they_are_drawn_once_and_fit_the_customer() -> None:
    workspace = factories.make_workspace()
    since = NOW.date() - timedelta(days=500)
    with workspace_scope(workspace):
        for number in range(40):
            factories.make_customer(
                external_id=f"c-{number}", contract_state="active", customer_since=since, arr_minor=40_000_00,
                renewal_on=NOW.date() + timedelta(days=30), health={"points": 9_000 if number % 2 else 1_000},
            )  # fmt: skip
    demo_support.load(workspace=workspace, now=NOW)
    with workspace_scope(workspace):
        counts = [model.objects.count() for model in (Ticket, Invoice, Opportunity)]
        assert counts[1] == 160
        assert counts[2] >= 40
        late = Invoice.objects.filter(paid_on__isnull=True, due_on__lt=NOW.date())
        assert not late.filter(customer__health__points=9_000).exists()
        well = Ticket.objects.filter(customer__health__points=9_000).count()
        assert 0 < well < counts[0] - well
    demo_support.load(workspace=workspace, now=NOW)
    with workspace_scope(workspace):
        assert [model.objects.count() for model in (Ticket, Invoice, Opportunity)] == counts
