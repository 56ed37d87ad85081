"""Two dispatchers at work at the same time: neither waits for the other in a ring, and nothing is heard out of turn."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import Error, connections

from accounts.models import Customer, Workspace
from csplatform.core import outbox
from csplatform.core.ids import uuid7
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import AdvocacyAct
from tests.factories import NOW, make_customer, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def two_dispatchers(*, limit: int) -> list[Error]:
    """Two threads, each with a connection of its own, begin to deliver at the same moment; what went wrong."""
    gate, wrong = threading.Barrier(2), []

    def deliver() -> None:
        try:
            gate.wait()
            while outbox.dispatch_waiting(now=NOW, limit=limit):
                pass
        except Error as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def answered(workspace: Workspace, customer: Customer, response: str, group: str, *, second: int) -> None:
    name = "survey.response_changed" if group != "promoter" else "survey.response_received"
    payload = {"survey_id": str(uuid7()), "response_id": response, "customer_id": str(customer.pk), "kind": "nps",
               "group": group}  # fmt: skip
    moment = NOW + timedelta(seconds=second)
    outbox.publish(workspace_id=workspace.pk, name=name, payload=payload, now=moment)


@pytest.fixture
def slow_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who hears of answers takes their time, so that two dispatchers are surely at it together."""
    known = {name: list(listeners) for name, listeners in outbox._listeners.items()}
    monkeypatch.setattr(outbox, "_listeners", known)
    for name in ("survey.response_received", "survey.response_changed"):
        outbox.listen(name, lambda event: time.sleep(0.3))


def test_news_of_the_same_customers_in_opposite_order_is_no_deadlock(workspace: Workspace, slow_listener: None) -> None:
    with workspace_scope(workspace):
        first, second = make_customer("First"), make_customer("Second")
        for number, customer in enumerate([first, second, second, first]):
            answered(workspace, customer, f"r-{number}", "promoter", second=number)
    assert two_dispatchers(limit=2) == []
    assert not OutboxEvent.objects.filter(dispatched_at__isnull=True, name__startswith="survey.").exists()
    with workspace_scope(workspace):
        assert AdvocacyAct.objects.count() == 4


def test_an_answer_and_its_change_are_heard_in_the_order_they_happened(
    workspace: Workspace, slow_listener: None
) -> None:
    with workspace_scope(workspace):
        customer = make_customer("First")
        answered(workspace, customer, "r-1", "promoter", second=1)
        answered(workspace, customer, "r-1", "detractor", second=2)
    assert two_dispatchers(limit=1) == []
    with workspace_scope(workspace):
        assert AdvocacyAct.objects.get().withdrawn_at is not None
