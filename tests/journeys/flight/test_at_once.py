"""Several at once: one wins, the others are told, and no move is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections

from accounts.models import Customer, Workspace
from accounts.services import customers
from accounts.services.writing import Facts
from csplatform.core.audit import SYSTEM, Actor
from csplatform.core.tenancy import workspace_scope
from journeys.models import Move, Stage
from journeys.selectors import journey
from journeys.services import moving, stages
from journeys.services.moving import ConflictError, MissingError
from tests.factories import NOW, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(days=1)


def at_once(workspace: Workspace, deeds: list[Callable[[], object]]) -> list[object]:
    """Run each deed in a thread and a transaction of its own, all from the same moment; what came of each."""
    gate = threading.Barrier(len(deeds))
    results: list[object] = [None] * len(deeds)

    def run(place: int, deed: Callable[[], object]) -> None:
        try:
            gate.wait()
            with workspace_scope(workspace):
                results[place] = deed()
        except (ConflictError, MissingError, ValidationError) as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, deed)) for place, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def house() -> tuple[Workspace, Customer]:
    workspace = make_workspace()
    with workspace_scope(workspace):
        return workspace, customers.create(external_id="c-1", told={}, actor=SYSTEM, now=NOW)


def mover(customer: Customer, name: str, stage: str, **more: Any) -> Callable[[], object]:
    def deed() -> object:
        told: dict[str, Any] = {
            "reason": f"{name} says so",
            "actor": Actor(name),
            "now": LATER,
            "override": True,
            **more,
        }
        return moving.move(customer_id=customer.pk, stage_key=stage, **told)

    return deed


def test_of_many_who_move_from_the_same_view_one_wins_and_the_others_hear_who(
    house: tuple[Workspace, Customer],
) -> None:
    workspace, customer = house
    with workspace_scope(workspace):
        seen = journey.last_move_id(customer.pk)
    targets = ["consideration", "trial", "decision", "adoption", "performance"]
    results = at_once(
        workspace, [mover(customer, f"Member {n}", stage, expected_move=seen) for n, stage in enumerate(targets)]
    )
    won = [result for result in results if isinstance(result, moving.Moved)]
    told = [str(result) for result in results if isinstance(result, ConflictError)]
    assert (len(won), len(told)) == (1, 4)
    assert all(won[0].move.actor_label in text for text in told)
    with workspace_scope(workspace):
        customer.refresh_from_db()
        assert won[0].move.stage is not None
        assert customer.stage_key == won[0].move.stage.key
        assert list(Move.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_nobody_arrives_at_a_stage_that_is_being_retired(house: tuple[Workspace, Customer]) -> None:
    workspace, first = house
    with workspace_scope(workspace):
        names = [f"c-{number}" for number in range(2, 7)]
        others = [customers.create(external_id=name, told={}, actor=SYSTEM, now=NOW) for name in names]
        trial = Stage.objects.get(key="trial")

    def retire() -> object:
        return stages.retire(stage_id=trial.pk, target_key="decision", actor=SYSTEM, now=LATER)

    deeds = [mover(customer, "Much", "trial") for customer in (first, *others)]
    results = at_once(workspace, [*deeds[:3], retire, *deeds[3:]])
    assert all(isinstance(result, (moving.Moved, int, ValidationError)) for result in results)
    with workspace_scope(workspace):
        assert not Customer.objects.filter(stage_key="trial").exists()
        for customer in Customer.objects.all():
            last = journey.last_move(customer.pk)
            assert last is not None
            assert last.stage is not None
            assert last.stage.key == customer.stage_key
        moved = sum(isinstance(result, moving.Moved) for result in results)
        assert Move.objects.filter(stage=trial).count() == moved
        assert Move.objects.filter(kind="regrouped").count() == moved


def test_two_who_change_the_set_of_stages_do_so_one_after_the_other(house: tuple[Workspace, Customer]) -> None:
    workspace, _customer = house

    def adder(name: str) -> Callable[[], object]:
        return lambda: stages.create(name=name, macro="trial", actor=SYSTEM, now=LATER)

    results = at_once(workspace, [adder(f"Pilot {number}") for number in range(4)])
    assert all(isinstance(result, Stage) for result in results)
    with workspace_scope(workspace):
        assert [stage.order for stage in journey.stages()] == list(range(12))


def test_a_stage_is_retired_while_a_large_file_places_customers_and_both_go_through(
    house: tuple[Workspace, Customer],
) -> None:
    """The file has placed some already and goes on to a customer of the stage; retiring waits for it, nobody dies."""
    workspace, _customer = house
    with workspace_scope(workspace):
        customers.create(external_id="c-2", told={"stage": "trial"}, actor=SYSTEM, now=NOW)
        trial = Stage.objects.get(key="trial")
    placed = threading.Event()

    def bring() -> object:
        customers.upsert(rows=[Facts("c-3", {"stage": "decision"})], actor=SYSTEM, now=LATER).raise_refusals()
        placed.set()
        wait_for_a_waiting_lock()
        result = customers.upsert(rows=[Facts("c-2", {"name": "Two"})], actor=SYSTEM, now=LATER)
        result.raise_refusals()
        return result

    def retire() -> object:
        assert placed.wait(60)
        return stages.retire(stage_id=trial.pk, target_key="decision", actor=SYSTEM, now=LATER)

    brought, retired = at_once(workspace, [bring, retire])
    assert (brought is not None, retired) == (True, 1)
    with workspace_scope(workspace):
        assert dict(Customer.objects.values_list("external_id", "stage_key")) == {
            "c-1": "awareness",
            "c-2": "decision",
            "c-3": "decision",
        }


def wait_for_a_waiting_lock() -> None:
    """Until somebody waits for a lock in this database."""
    for _attempt in range(600):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
                "WHERE NOT granted AND datname = current_database())"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.1)
    raise AssertionError("nobody came to wait")
