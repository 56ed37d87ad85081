"""A workspace with people in three departments, and customers in their care."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import AccountTeamMember, Customer, Membership, Workspace
from accounts.models.customers import TeamRole
from accounts.roles import Department, Role
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.journeys.relays.conftest import member_of

NOW = factories.NOW


@dataclass
class Firm:
    workspace: Workspace
    success: Membership
    seller: Membership
    product: Membership
    manager: Membership

    def customer(self, name: str, *, csm: Membership | None = None, **fields: Any) -> Customer:
        """A customer in the care of ``csm``, in the workspace's scope."""
        customer = factories.make_customer(name, csm=csm, **{"contract_state": "active", **fields})
        if csm is not None:
            self.place(customer, csm, TeamRole.CSM)
        return customer

    def place(
        self, customer: Customer, member: Membership, role: TeamRole, covers_for: Membership | None = None
    ) -> None:
        AccountTeamMember.objects.create(
            workspace=self.workspace, customer=customer, member=member, role=role, since=NOW.date(),
            covers_for=covers_for,
        )  # fmt: skip


@pytest.fixture
def firm(db: None) -> Firm:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        return Firm(
            workspace=workspace,
            success=member_of(workspace, Department.CUSTOMER_SUCCESS),
            seller=member_of(workspace, Department.SALES),
            product=member_of(workspace, Department.PRODUCT, Role.CONTRIBUTOR),
            manager=member_of(workspace, Department.MANAGEMENT, Role.MANAGER),
        )
