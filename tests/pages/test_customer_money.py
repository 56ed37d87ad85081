"""What a customer's page says of invoices, opportunities and support tickets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import Customer
from accounts.services import dated, invoices, opportunities
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.services import tickets
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
TODAY = NOW.date()


def tell(kind: dated.Kind, *rows: dict[str, object]) -> None:
    facts = [Facts(str(row["external_id"]), {k: v for k, v in row.items() if k != "external_id"}) for row in rows]
    result = dated.upsert(kind, rows=facts, actor=audit.SYSTEM, now=NOW, is_history=True)
    assert not result.refusals


@pytest.fixture
def customer(client: Client) -> Customer:
    workspace = factories.make_workspace()
    client.force_login(factories.make_member(workspace).user)
    with workspace_scope(workspace):
        customer = factories.make_customer("Loxley Mills", external_id="mills")
        due = TODAY - timedelta(days=12)
        bill = {"customer_external_id": "mills", "issued_on": due - timedelta(days=30), "due_on": due, "amount": "1200"}
        tell(
            invoices.KIND,
            {"external_id": "I-LATE", **bill},
            {"external_id": "I-PAID", **bill, "paid_on": due + timedelta(days=3)},
        )
        sale = {"customer_external_id": "mills", "kind": "expansion", "opened_on": due, "amount": "900"}
        tell(
            opportunities.KIND,
            {"external_id": "o-1", **sale, "stage": "Proposal"},
            {"external_id": "o-2", **sale, "won": False, "closed_on": TODAY},
        )
        ask = {"customer_external_id": "mills", "opened_at": NOW - timedelta(days=2)}
        tell(
            tickets.KIND,
            {"external_id": "t-1", **ask, "subject": "Labels print twice", "priority": "urgent"},
            {"external_id": "t-2", **ask, "subject": "Cannot sign in", "solved_at": NOW, "csat": 4},
        )
    return customer


def test_the_money_tab_says_what_is_overdue_and_what_may_be_sold(client: Client, customer: Customer) -> None:
    page = client.get(f"/customers/{customer.pk}/?tab=money").content.decode()
    assert "12 days overdue" in page
    assert "3 days late" in page
    assert page.index("I-LATE") < page.index("I-PAID")
    assert "Expansion, Proposal" in page
    assert "lost " in page


def test_tickets_stand_among_the_conversations(client: Client, customer: Customer) -> None:
    page = client.get(f"/customers/{customer.pk}/?tab=activity").content.decode()
    assert page.index("Labels print twice") < page.index("Cannot sign in")
    assert "Urgent" in page
    assert "satisfaction 4 of 5" in page


def test_without_any_the_money_tab_says_where_they_come_from(client: Client) -> None:
    workspace = factories.make_workspace()
    client.force_login(factories.make_member(workspace).user)
    with workspace_scope(workspace):
        customer = factories.make_customer()
    page = client.get(f"/customers/{customer.pk}/?tab=money").content.decode()
    assert "No invoice yet" in page
    assert "No opportunity yet" in page
