"""Churn: it grounds by itself, asks once why, and the way back is a new lap."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Customer, Subscription, Workspace
from accounts.roles import Role
from accounts.services import customers, read_model, subscriptions
from accounts.services.writing import Facts
from csplatform.core.audit import SYSTEM, Actor
from csplatform.core.models import AuditEvent, OutboxEvent
from journeys.models import Lap, Move, Task, TaskState
from journeys.services.grounding import ground
from journeys.services.moving import MissingError, Moved, move
from tests.factories import NOW, make_member

MUCH = Actor("Much")


def sell(customer: Customer, **told: object) -> Subscription:
    values = {"customer_external_id": customer.external_id, "arr": "12000", "starts_on": "2025-03-01", **told}
    return subscriptions.create(external_id="s-1", told=values, actor=SYSTEM, now=NOW)


def tomorrow(days: int = 1) -> None:
    read_model.refresh_contracts(None, day=NOW.date() + timedelta(days=days), now=NOW + timedelta(days=days))


def churned(customer: Customer) -> Customer:
    """Its only subscription ran until 1 May 2026; the grace period was over on 1 June."""
    sell(customer, starts_on="2025-06-01", ends_on="2026-05-01")
    customer.refresh_from_db()
    return customer


def test_the_end_of_the_last_subscription_grounds_by_itself_and_asks_the_csm_once(
    workspace: Workspace, customer: Customer
) -> None:
    csm = make_member(workspace, Role.CSM, "little.john@kestrel.example")
    told = {"owner_email": "little.john@kestrel.example"}
    customers.update(customer_id=customer.pk, told=told, actor=SYSTEM, now=NOW)
    customer = churned(customer)
    last = Move.objects.get(customer=customer, kind="churned")
    assert (customer.stage_key, last.stage, last.occurred_on) == ("", None, date(2026, 5, 1))
    tomorrow()
    tomorrow(2)
    task = Task.objects.get(source="churn")
    assert (task.owner, task.customer, task.state) == (csm, customer, TaskState.OPEN)
    assert OutboxEvent.objects.filter(name="customer.churned").count() == 1


def test_naming_the_force_is_kept_on_the_churn_and_answers_the_question(customer: Customer) -> None:
    churned(customer)
    made = ground(customer_id=customer.pk, force="competitor", note="Went to a cheaper one", actor=MUCH, now=NOW)
    assert (made.force, made.force_note, made.force_at) == ("competitor", "Went to a cheaper one", NOW)
    task = Task.objects.get(source="churn")
    assert (task.state, task.finished_by_label) == (TaskState.DONE, "Much")
    ground(customer_id=customer.pk, force="vendor", note="The outage", actor=MUCH, now=NOW)
    first, second = AuditEvent.objects.filter(action="churn.explained").order_by("at", "pk")
    assert second.data["before"]["force"] == first.data["force"] == "competitor"


@pytest.mark.parametrize(("force", "note", "field"), [("weather", "", "force"), ("vendor", "x" * 501, "note")])
def test_a_force_that_is_none_is_refused(customer: Customer, force: str, note: str, field: str) -> None:
    churned(customer)
    with pytest.raises(ValidationError) as refused:
        ground(customer_id=customer.pk, force=force, note=note, actor=MUCH, now=NOW)
    assert set(refused.value.message_dict) == {field}


def test_a_churn_cannot_be_said_of_a_customer_whose_subscription_runs(customer: Customer) -> None:
    sell(customer)
    with pytest.raises(ValidationError, match="follows from its subscriptions"):
        ground(customer_id=customer.pk, force="vendor", actor=MUCH, now=NOW)


def test_a_churned_customer_comes_back_on_a_lap_of_its_own(customer: Customer) -> None:
    customer = churned(customer)
    answer = move(customer_id=customer.pk, stage_key="awareness", reason="New sponsor called", actor=MUCH, now=NOW)
    assert isinstance(answer, Moved)
    assert (answer.move.kind, answer.move.begins_lap) == ("thrown", "return")
    assert list(Lap.objects.filter(customer=customer).order_by("number").values_list("kind", "ended_on")) == [
        ("first_sale", date(2026, 5, 1)),
        ("return", None),
    ]
    tomorrow()
    customer.refresh_from_db()
    assert customer.stage_key == "awareness", "the old churn does not ground the new throw"


def test_coming_back_under_contract_needs_what_the_way_there_needs(customer: Customer) -> None:
    customer = churned(customer)
    with pytest.raises(MissingError) as refused:
        move(customer_id=customer.pk, stage_key="adoption", reason="They are back", actor=MUCH, now=NOW)
    assert [each.criterion for each in refused.value.missing] == ["contract", "outcome_defined"]


def test_a_new_subscription_ends_the_win_back_where_it_stands_and_a_later_churn_grounds_again(
    customer: Customer,
) -> None:
    customer = churned(customer)
    move(customer_id=customer.pk, stage_key="awareness", reason="New sponsor called", actor=MUCH, now=NOW)
    told = {
        "customer_external_id": "c-1",
        "arr": "5000",
        "starts_on": "2026-06-16",
        "ends_on": "2026-06-20",
    }
    subscriptions.create(external_id="s-2", told=told, actor=SYSTEM, now=NOW)
    customer.refresh_from_db()
    assert (customer.stage_key, customer.contract_state) == ("awareness", "active")
    lap = Lap.objects.get(customer=customer, number=2)
    assert (lap.kind, lap.gained_arr_minor, lap.sold_on) == ("return", 5_000_00, date(2026, 6, 16))
    tomorrow(40)
    customer.refresh_from_db()
    assert (customer.stage_key, customer.contract_state) == ("", "churned")
    assert Task.objects.filter(source="churn").count() == 2


def test_history_told_late_asks_nobody(workspace: Workspace) -> None:
    names = [f"c-{number}" for number in range(3)]
    facts = [Facts(name, {"name": name, "created_at": "2023-01-01"}) for name in names]
    customers.upsert(rows=facts, actor=SYSTEM, now=NOW)
    sold = [
        Facts(f"s-{name}", {"customer_external_id": name, "arr": 1, "starts_on": "2023-01-01", "ends_on": "2024-01-01"})
        for name in names
    ]
    subscriptions.upsert(rows=sold, actor=SYSTEM, now=NOW)
    assert Move.objects.filter(kind="churned").count() == 3
    assert not Task.objects.exists()
    assert not OutboxEvent.objects.filter(name="customer.churned").exists()


def test_a_renewal_begins_a_lap_with_its_day_and_news(customer: Customer) -> None:
    sell(customer, starts_on="2025-06-17")
    assert Lap.objects.count() == 1
    tomorrow()
    lap = Lap.objects.get(number=2)
    assert (lap.kind, lap.began_on) == ("renewal", date(2026, 6, 17))
    assert OutboxEvent.objects.get(name="lap.began").payload["kind"] == "renewal"


def test_every_move_belongs_to_the_lap_of_its_day(customer: Customer) -> None:
    sell(customer, starts_on="2025-06-17")
    tomorrow()
    later = NOW + timedelta(days=5)
    answer = move(customer_id=customer.pk, stage_key="awareness", reason="Sold to anew", actor=MUCH, now=later)
    assert isinstance(answer, Moved)
    assert answer.move.lap == Lap.objects.get(number=2)
