"""A workspace whose customers differ in everything that can be filtered by."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AttributeDefinition, AttributeKind, AttributeValue, Contact, Customer, Workspace
from accounts.roles import Role
from accounts.segments import Relation, fields
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from tests import factories


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = factories.make_workspace()
    with workspace_scope(made):
        yield made


@pytest.fixture
def met() -> Iterator[None]:
    """A relation with dates, as a higher app registers one."""
    relation = Relation("met", "meeting", lambda: Contact.objects.all(), at_column="created_at")
    fields.register(relation)
    yield
    del fields.registered["met"]


def make_attributes(workspace: Workspace) -> dict[str, AttributeDefinition]:
    kinds = {
        "trucks": AttributeKind.NUMBER,
        "tier": AttributeKind.TEXT,
        "golive": AttributeKind.DATE,
        "pilot": AttributeKind.BOOLEAN,
    }
    return {
        key: AttributeDefinition.objects.create(
            workspace=workspace, key=key, label=key.title(), kind=kind, created_at=factories.NOW
        )
        for key, kind in kinds.items()
    }


def make_customers(workspace: Workspace, seed: int, count: int = 40) -> list[Customer]:
    """Customers of which any value may be missing, the same for the same ``seed``."""
    chance, now = random.Random(seed), timezone.now()
    definitions = make_attributes(workspace)
    csms = [factories.make_member(workspace, Role.CSM) for _ in range(2)]

    def perhaps(value: Any) -> Any:
        return value if chance.random() < 0.7 else None

    def day(spread: int = 12) -> Any:
        return now.date() + timedelta(days=chance.randint(-spread, spread))

    for number in range(count):
        state = chance.choice(["none", "active", "notice_given", "in_grace"])
        customer = factories.make_customer(
            f"Customer {number}",
            external_id=f"c-{number}",
            country=perhaps(chance.choice(["DE", "FR", "MT"])) or "",
            industry=perhaps(chance.choice(["Food", "Freight"])) or "",
            region=perhaps("North") or "",
            tags=chance.sample(["pilot", "vip", "key"], chance.randint(0, 2)),
            employees=perhaps(chance.randint(0, 10)),
            contract_state=state,
            arr_minor=chance.choice([0, 500_000, 500_050, 900_000]),
            expected_arr_minor=perhaps(chance.choice([0, 500_000])),
            renewal_on=perhaps(day()),
            notice_deadline=perhaps(day()),
            csm=perhaps(chance.choice(csms)),
            created_at=now + timedelta(days=chance.randint(-12, 0)),
            health={
                "band": chance.choice(["healthy", "watch", "at_risk", "unknown"]),
                "points": perhaps(chance.choice([0, 50, 100, 450, 1000])),
                "churn_risk": perhaps(chance.choice([0, 1250, 5000, 10_000])),
            },
        )
        told: dict[str, dict[str, Any]] = {
            "trucks": {"number_value": chance.randint(0, 20) * 5_000},
            "tier": {"text_value": chance.choice(["gold", "silver"])},
            "golive": {"date_value": day()},
            "pilot": {"boolean_value": chance.random() < 0.5},
        }
        for key, value in told.items():
            if chance.random() < 0.6:
                AttributeValue.objects.create(
                    workspace=workspace, customer=customer, definition=definitions[key], **value
                )
        for _ in range(chance.choice([0, 0, 1, 2, 3])):
            _make_contact(customer, now - timedelta(days=chance.randint(0, 14)), chance.random() < 0.3)
    rows = Customer.objects.select_related("health").prefetch_related("attribute_values__definition", "contacts")
    return list(rows.filter(workspace_id=current_workspace_id()))


def _make_contact(customer: Customer, at: datetime, is_sponsor: bool) -> None:
    factories.make_contact(customer, created_at=at, is_sponsor=is_sponsor)
