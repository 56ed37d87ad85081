"""A workspace with somebody in each department, and a prospect whose interest is qualified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Customer, Membership, Workspace
from accounts.roles import Department, Role
from accounts.services import customers
from csplatform.core import audit
from csplatform.core.audit import Actor
from csplatform.core.tenancy import workspace_scope
from journeys.models import Relay
from journeys.services import moving
from tests import factories

NOW = factories.NOW  # a Tuesday, 11:00 in Paris
LATER = NOW + timedelta(hours=2)


def member_of(workspace: Workspace, department: Department, role: Role = Role.CSM) -> Membership:
    member = factories.make_member(workspace, role)
    Membership.objects.filter(pk=member.pk).update(department=department)
    member.refresh_from_db()
    return member


def actor(member: Membership) -> Actor:
    return Actor(label=str(member.user), user_id=member.user_id)


@dataclass
class House:
    """Marketing gives, sales takes; the manager belongs to neither."""

    workspace: Workspace
    marketer: Membership
    seller: Membership
    success: Membership
    manager: Membership
    customer: Customer

    def offer(self, **more: Any) -> Relay:
        """Marketing moves the customer on to Trial, which takes a handover to sales."""
        told: dict[str, Any] = {
            "by": self.marketer,
            "actor": actor(self.marketer),
            "now": NOW,
            "reason": "Asked for a demo",
            **more,
        }
        answer = moving.move(customer_id=self.customer.pk, stage_key="trial", **told)
        assert isinstance(answer, moving.Opened)
        return answer.relay


def make_house(workspace: Workspace) -> House:
    """In the workspace's scope."""
    customer = customers.create(external_id="c-1", told={"name": "Loxley Mills"}, actor=audit.SYSTEM, now=NOW)
    moving.move(
        customer_id=customer.pk, stage_key="consideration", reason="Fit is qualified", actor=audit.SYSTEM, now=NOW
    )
    return House(
        workspace=workspace,
        marketer=member_of(workspace, Department.MARKETING),
        seller=member_of(workspace, Department.SALES),
        success=member_of(workspace, Department.CUSTOMER_SUCCESS),
        manager=member_of(workspace, Department.MANAGEMENT, Role.MANAGER),
        customer=customer,
    )


@pytest.fixture
def house(db: None) -> Iterator[House]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield make_house(workspace)
