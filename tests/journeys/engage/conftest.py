"""A workspace with two customers, people at both, and a CSM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from accounts.models import Contact, Customer, Membership, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Engagement
from journeys.services import engagements
from tests import factories

NOW = factories.NOW


@dataclass
class Town:
    workspace: Workspace
    csm: Membership
    mills: Customer
    freight: Customer
    ann: Contact
    bob: Contact

    def log(self, external_id: str = "e-1", *, at: datetime = NOW, now: datetime = NOW, **told: Any) -> Engagement:
        """A call with the mills, changed by what is ``told``."""
        said = {
            "customer_external_id": ["c-mills"],
            "direction": "vendor_to_customer",
            "channel": "call",
            "occurred_at": at,
            **told,
        }
        return engagements.create(external_id=external_id, told=said, actor=audit.SYSTEM, now=now)


def make_town(workspace: Workspace) -> Town:
    """In the workspace's scope."""
    mills = factories.make_customer("Loxley Mills", external_id="c-mills", domain="loxley.example")
    freight = factories.make_customer("Nottingham Freight", external_id="c-freight", domain="freight.example")
    return Town(
        workspace=workspace,
        csm=factories.make_member(workspace, email="marian@kestrel.example"),
        mills=mills,
        freight=freight,
        ann=factories.make_contact(mills, external_id="p-ann", name="Ann Weaver", email="ann@loxley.example"),
        bob=factories.make_contact(freight, external_id="p-bob", name="Bob Carter", email="bob@freight.example"),
    )


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield make_town(workspace)
