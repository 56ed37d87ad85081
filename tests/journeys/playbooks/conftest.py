"""A workspace with an account team, and playbooks in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from accounts.models import Customer, Membership, Workspace
from accounts.models.customers import TeamRole
from accounts.roles import Department, Role
from accounts.services import team
from csplatform.core import audit, outbox
from csplatform.core.tenancy import workspace_scope
from journeys.models import Playbook, PlaybookRun, Task
from journeys.services.playbooks import control, editing, running
from tests import factories
from tests.journeys.relays.conftest import member_of

NOW = factories.NOW  # Tuesday 16 June 2026, 11:00 in Paris
TASK = {"kind": "task", "title": "Welcome {{ customer.name }}", "owner": "customer_success", "due_days": 2}
EVENT = {"event": "health.band_changed", "where": [{"field": "to", "op": "eq", "value": "at_risk"}]}
NO_PAUSE = {"again_after_days": 0}


class House:
    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.manager: Membership = member_of(workspace, Department.MANAGEMENT, Role.MANAGER)
        self.csm: Membership = member_of(workspace, Department.CUSTOMER_SUCCESS)
        self.customer: Customer = factories.make_customer("Loxley Mills", external_id="c-1")
        team.fill(customer_id=self.customer.pk, role=TeamRole.CSM, member=self.csm, actor=audit.SYSTEM, now=NOW)

    def playbook(self, name: str = "Risk", *, active: bool = True, **told: Any) -> Playbook:
        definition = {"trigger": EVENT, "steps": [TASK], **told}
        made = editing.create(name=name, definition=definition, owner=self.manager, actor=audit.SYSTEM, now=NOW)
        if active:
            made = control.activate(playbook_id=made.pk, actor=audit.SYSTEM, now=NOW)
        return made

    def happens(self, customer: Customer | None = None, *, now: datetime = NOW, **told: Any) -> None:
        """The band of a customer changes, and everybody hears of it."""
        payload = {"customer_id": str((customer or self.customer).pk), "from": "watch", "to": "at_risk", **told}
        outbox.publish(workspace_id=self.workspace.pk, name="health.band_changed", payload=payload, now=now)
        self.deliver(now)

    def deliver(self, now: datetime = NOW) -> None:
        while outbox.dispatch_waiting(now=now):
            pass

    def run(self, now: datetime = NOW) -> int:
        """Every step that is due; returns how many."""
        taken = 0
        while together := running.advance(now=now):
            taken += together
        return taken

    def runs(self, **which: Any) -> list[PlaybookRun]:
        return list(PlaybookRun.objects.filter(**which).order_by("started_at", "pk"))

    def tasks(self) -> list[Task]:
        return list(Task.objects.filter(source="playbook").order_by("created_at", "pk"))


@pytest.fixture
def house(db: None) -> Iterator[House]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield House(workspace)
