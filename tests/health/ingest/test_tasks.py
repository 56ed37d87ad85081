"""From an acknowledged event to a refreshed score, and what happens when a wake-up is lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from accounts.models import Customer
from csplatform.core.tenancy import workspace_scope
from health.ingest import tasks, wake
from health.models import DirtyCustomer, Event, HealthScore
from tests.health.ingest.conftest import Sender


def _use(sender: Sender) -> None:
    group = {"type": "group", "userId": "u-1", "groupId": "c-1"}
    assert sender.batch(group, {"type": "track", "userId": "u-1", "event": "e"}).status_code == 200


def test_a_drain_stores_the_events_and_scores_whom_they_concern(sender: Sender) -> None:
    _use(sender)
    tasks.drain_inbox(str(sender.workspace.pk))
    with workspace_scope(sender.workspace):
        assert Event.objects.count() == 1
        score, customer = HealthScore.objects.get(), Customer.objects.get()
        assert score.customer_id == customer.pk
        assert not DirtyCustomer.objects.filter(workspace_id=sender.workspace.pk).exists()


def test_the_sweep_finds_inboxes_whose_wake_up_was_lost(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tasks.drain_inbox, "delay", asked.append)
    tasks.sweep_inboxes()
    assert asked == []
    _use(sender)
    tasks.sweep_inboxes()
    assert asked == [str(sender.workspace.pk)]


def test_one_waiting_drain_a_workspace_is_enough(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("health.ingest.wake.current_app.send_task", lambda *what, **more: sent.append((what, more)))
    client, workspace_id = wake.valkey(), sender.workspace.pk
    wake.unmark(workspace_id, client=client)
    assert [wake.send(workspace_id, client=client) for _ in range(3)] == [True, False, False]
    wake.unmark(workspace_id, client=client)  # as a drain does before it looks
    assert wake.send(workspace_id, client=client)
    assert len(sent) == 2
    wake.unmark(workspace_id, client=client)


def test_a_workspace_that_is_gone_is_passed_over(sender: Sender) -> None:
    nobody = UUID(int=1)
    tasks.drain_inbox(str(nobody))
    tasks.attach_waiting(str(nobody))
