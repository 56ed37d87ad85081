"""Several people at one handover at the same moment: one wins, everybody else is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from accounts.models import Membership
from accounts.roles import Department
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Move, Relay
from journeys.services import moving, relaying
from tests import factories
from tests.journeys.relays.conftest import LATER, NOW, House, actor, make_house, member_of

pytestmark = pytest.mark.django_db(transaction=True)


def together(acts: list[Callable[[], Any]], house: House) -> list[str]:
    """What became of acts that start at the same moment, each on a database connection of its own."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        try:
            gate.wait(timeout=30)
            with workspace_scope(house.workspace):
                act()
            return "done"
        except (moving.ConflictError, moving.MissingError) as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def house() -> House:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        return make_house(workspace)


def test_of_many_who_accept_at_once_one_wins_and_the_customer_moves_once(house: House) -> None:
    with workspace_scope(house.workspace):
        relay = house.offer()
        sellers = [member_of(house.workspace, Department.SALES) for _each in range(6)]

    def taken_by(seller: Membership) -> Callable[[], Relay]:
        return lambda: relaying.accept(relay_id=relay.pk, by=seller, actor=actor(seller), now=LATER)

    told = together([taken_by(seller) for seller in sellers], house)
    assert Counter(told) == {"done": 1, "ConflictError": 5}
    with workspace_scope(house.workspace):
        assert Move.objects.filter(stage__key="trial").count() == 1
        assert OutboxEvent.objects.filter(name="relay.accepted").count() == 1
        assert Relay.objects.get().state == "accepted"


def test_accepting_declining_withdrawing_and_moving_at_once_end_in_one_decision(house: House) -> None:
    with workspace_scope(house.workspace):
        relay = house.offer()
    by: dict[str, Any] = {"now": LATER}
    told = together(
        [
            lambda: relaying.accept(relay_id=relay.pk, by=house.seller, actor=actor(house.seller), **by),
            lambda: relaying.decline(relay_id=relay.pk, reason="No", by=house.seller, actor=actor(house.seller), **by),
            lambda: relaying.withdraw(relay_id=relay.pk, by=house.marketer, actor=actor(house.marketer), **by),
            lambda: moving.move(
                customer_id=house.customer.pk, stage_key="awareness", reason="Back", actor=actor(house.manager), **by
            ),
        ],
        house,
    )
    with workspace_scope(house.workspace):
        relay.refresh_from_db()
        house.customer.refresh_from_db()
        decisions = OutboxEvent.objects.filter(name__in=("relay.accepted", "relay.declined", "relay.withdrawn"))
        assert decisions.count() == 1
        assert relay.state != "offered"
        last = Move.objects.order_by("-number").select_related("stage").first()
        assert last is not None
        assert last.stage is not None
        assert house.customer.stage_key == last.stage.key
        assert (relay.move_id is not None) == (relay.state == "accepted")
    assert "done" in told


def test_offers_made_at_once_leave_one_that_waits(house: House) -> None:
    together([house.offer for _each in range(5)], house)
    with workspace_scope(house.workspace):
        assert Relay.objects.filter(state="offered").count() == 1


def test_sweeps_at_once_escalate_once(house: House) -> None:
    with workspace_scope(house.workspace):
        relay = house.offer()
    late = relay.due_at + timedelta(days=1)
    assert late > NOW
    together([lambda: relaying.escalate(now=late) for _each in range(4)], house)
    with workspace_scope(house.workspace):
        assert OutboxEvent.objects.filter(name="relay.escalated").count() == 1
