"""A workspace with the eight default stages, and shorthands for what moves need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import Customer, Workspace
from accounts.services import customers
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from tests.factories import NOW, make_workspace


@pytest.fixture
def workspace(db: None) -> Iterator[Workspace]:
    workspace = make_workspace()
    with workspace_scope(workspace):
        yield workspace


@pytest.fixture
def customer(workspace: Workspace) -> Customer:
    """A prospect, placed at Awareness by the way every customer comes into being."""
    return customers.create(external_id="c-1", told={"name": "Loxley Mills"}, actor=audit.SYSTEM, now=NOW)
