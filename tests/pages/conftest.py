"""A workspace with one member of each role, a stranger's workspace beside it, and signed-in clients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import pytest
from django.test import Client

from accounts.models import Contact, Customer, Membership, Subscription, Workspace
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from tests import factories


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, "allauth.account.auth_backends.AuthenticationBackend")
    return client


@dataclass
class House:
    """Two workspaces that must never meet."""

    workspace: Workspace
    members: dict[Role, Membership]
    stranger: Membership
    customer: Customer
    contact: Contact
    subscription: Subscription
    clients: dict[Role, Client] = field(default_factory=dict)

    def client(self, role: Role = Role.MANAGER) -> Client:
        return self.clients.setdefault(role, signed_in(self.members[role]))


@pytest.fixture
def house(db: None) -> House:
    workspace = factories.make_workspace("kestrel")
    members = {role: factories.make_member(workspace, role, f"{role}@kestrel.example") for role in Role}
    with workspace_scope(workspace):
        customer = factories.make_customer(
            arr_minor=186_000_00, contract_state="active", stage_key="adoption", stage_macro="adoption"
        )
        contact = factories.make_contact(customer, name="Head of operations", is_sponsor=True)
        subscription = factories.make_subscription(customer, arr_minor=186_000_00, starts_on=date(2026, 1, 1))
    stranger = factories.make_member(factories.make_workspace("stranger"), Role.OWNER)
    return House(workspace, members, stranger, customer, contact, subscription)


@pytest.fixture
def as_role(house: House) -> Callable[[Role], Client]:
    return house.client
