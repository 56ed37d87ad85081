"""Who chose to leave and whose contract ended unpaid are told apart, and who was known to leave stands aside."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Customer, Invoice, Workspace
from accounts.roles import Role
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health.churn.panel import Ending, ending
from health.models import ChurnProof
from health.services import churn
from tests import factories
from tests.health.churn.test_history import HORIZON, LEAVING, TODAY, fill, leaves_on, on, usual_events

END = date(2026, 6, 1)
BEFORE, AFTER = END - timedelta(days=20), END + timedelta(days=20)


@pytest.mark.parametrize(
    ("notice_on", "debts", "told"),
    [
        (None, [], Ending.LAPSED),
        (None, [(BEFORE, None)], Ending.UNPAID),
        (None, [(BEFORE, AFTER)], Ending.UNPAID),
        (None, [(BEFORE, BEFORE)], Ending.LAPSED),
        (None, [(END, None)], Ending.LAPSED),  # the bill for the time that never came
        (None, [(AFTER, None)], Ending.LAPSED),
        (BEFORE, [(BEFORE, None)], Ending.CANCELLED),
        (END, [(BEFORE, None)], Ending.UNPAID),
        (END, [], Ending.CANCELLED),
    ],
)
def test_a_time_under_contract_ends_unpaid_when_an_invoice_was_overdue_and_nobody_had_given_notice(
    notice_on: date | None, debts: list[tuple[date, date | None]], told: Ending
) -> None:
    assert ending(END, notice_on, debts) == told


_days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(notice_on=st.none() | _days, debts=st.lists(st.tuples(_days, st.none() | _days), max_size=4))
def test_a_debt_never_turns_a_notice_given_before_the_end_into_an_accident(
    notice_on: date | None, debts: list[tuple[date, date | None]]
) -> None:
    told = ending(END, notice_on, debts)
    if notice_on is not None and notice_on < END:
        assert told == Ending.CANCELLED
    assert (told == Ending.UNPAID) <= any(due < END for due, _ in debts)


def bill(customer: Customer, due: date, paid: date | None) -> None:
    Invoice.objects.create(
        workspace_id=current_workspace_id(),
        external_id=f"i-{customer.external_id}",
        customer=customer,
        issued_on=due - timedelta(days=14),
        due_on=due,
        paid_on=paid,
        amount_minor=10_000,
        currency="EUR",
        known_at=factories.NOW,
        recorded_at=factories.NOW,
        updated_at=factories.NOW,
    )


@pytest.fixture
def workspace(db: Any) -> Workspace:
    """Every third of those who leave has not paid; the others, and some who stay, have paid late or in time."""
    made = factories.make_workspace("billed")
    with workspace_scope(made):
        fill(made, usual_events())
        for number, customer in enumerate(Customer.objects.order_by("external_id")[: LEAVING + 20]):
            end = leaves_on(number)
            due = on((end or 100) - 15)
            bill(customer, due, None if end and number % 3 == 0 else due + timedelta(days=5))
    return made


def test_the_proof_counts_and_ranks_each_kind_and_the_page_shows_them(workspace: Workspace) -> None:
    told = churn.prove(workspace.pk, horizon=HORIZON, today=TODAY, report=lambda done, total: None)
    kinds = told["by_kind"]
    assert kinds["involuntary"]["churned"] > 5
    assert kinds["involuntary"]["churned"] + kinds["voluntary"]["churned"] == told["churned"]
    assert kinds["lapsed"]["churned"] == kinds["voluntary"]["churned"]
    assert kinds["cancelled"] == {"churned": 0, "churned_customers": 0, "roc_auc": None, "recall": None}
    customers = {key: kind["churned_customers"] for key, kind in kinds.items()}
    assert customers["involuntary"] + customers["voluntary"] == told["churned_customers"]
    with workspace_scope(workspace):
        ChurnProof.objects.create(workspace_id=workspace.pk, made_at=factories.NOW, horizon_days=HORIZON, document=told)
    client = Client()
    client.force_login(factories.make_member(workspace, Role.VIEWER).user)
    text = client.get(reverse("proof")).content.decode()
    assert "Ended unpaid" in text
    assert "Chose to leave" in text
    assert "No notice was known on any tested day" in text


@pytest.mark.django_db
def test_whose_notice_is_known_stands_aside_and_is_counted_by_customer() -> None:
    workspace = factories.make_workspace("told")
    with workspace_scope(workspace):
        fill(workspace, usual_events(), notice=True)
    told = churn.prove(workspace.pk, horizon=HORIZON, today=TODAY, report=lambda done, total: None)
    aside = told["left_aside"]
    assert 0 < aside["notice_left"] <= aside["notice_customers"] <= aside["notice_given"]
    # Ten days between notice and end: who has given one leaves within the two weeks looked ahead.
    assert aside["notice_left"] == aside["notice_customers"]
