"""Playbooks at work: started once per trigger, run step by step, stopped by hand or by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Q

from accounts.models import Membership, WebhookDelivery
from accounts.services import deletion
from accounts.webhooks import endpoints
from csplatform.core import audit
from csplatform.core.models import OutboxEvent
from journeys.models import PausedBecause, Playbook, PlaybookState, PlaybookVersion, Relay, RunState, RunStep, Task
from journeys.playbooks.definition import read
from journeys.selectors.playbook_dry_run import dry_run
from journeys.services import moving
from journeys.services.playbooks import control, editing, starting
from tests import factories
from tests.journeys.playbooks.conftest import EVENT, NO_PAUSE, NOW, TASK, House

SYSTEM = audit.SYSTEM


def test_an_event_starts_a_run_and_its_task_goes_to_the_account_team(house: House) -> None:
    house.playbook()
    house.happens()
    assert house.run() == 1
    (task,) = house.tasks()
    assert (task.title, task.owner, task.due_on) == ("Welcome Loxley Mills", house.csm, date(2026, 6, 18))
    (run,) = house.runs()
    assert (run.state, run.steps.get().made) == (RunState.DONE, {"task": str(task.pk)})


def test_what_its_conditions_leave_out_starts_nothing(house: House) -> None:
    house.playbook(filter={"all": [{"field": "country", "op": "eq", "value": ["FR"]}]})
    house.happens(to="watch")
    house.happens()
    assert house.runs() == []
    house.customer.country = "FR"
    house.customer.save()
    house.happens()
    assert len(house.runs()) == 1


def test_an_event_delivered_twice_starts_one_run(house: House) -> None:
    house.playbook(limits=NO_PAUSE)
    house.happens()
    OutboxEvent.objects.update(dispatched_at=None)
    house.deliver()
    assert len(house.runs()) == 1


def test_the_same_customer_is_left_alone_for_the_days_told_and_the_log_says_so(house: House) -> None:
    house.playbook(limits={"again_after_days": 10})
    house.happens()
    house.happens(now=NOW + timedelta(days=3))
    assert [run.state for run in house.runs()] == [RunState.RUNNING, RunState.SKIPPED]
    assert "10 days" in house.runs()[1].note
    house.happens(now=NOW + timedelta(days=11))
    assert house.runs()[-1].state == RunState.RUNNING


def test_a_wait_is_a_due_date_in_working_days(house: House) -> None:
    house.playbook(steps=[{"kind": "wait", "days": 4}, TASK])
    house.happens()
    house.run()
    (run,) = house.runs()
    assert run.due_at == datetime(2026, 6, 22, 7, 0, tzinfo=UTC)  # Tuesday and four working days: Monday, nine in Paris
    assert house.run(NOW + timedelta(days=5)) == 0
    assert house.run(NOW + timedelta(days=6)) == 1
    assert len(house.tasks()) == 1


def test_a_step_is_left_out_where_its_filter_no_longer_holds(house: House) -> None:
    only_if = {"all": [{"field": "country", "op": "eq", "value": ["FR"]}]}
    house.playbook(steps=[{**TASK, "only_if": only_if}, {**TASK, "title": "Always"}])
    house.happens()
    house.run()
    assert [task.title for task in house.tasks()] == ["Always"]
    assert [step.state for step in RunStep.objects.order_by("number")] == ["passed", "done"]


def test_a_draft_is_kept_for_a_person_to_send_and_names_the_sponsor(house: House) -> None:
    sponsor = factories.make_contact(house.customer, name="A. Dale", email="dale@loxley.example", is_sponsor=True)
    mail = {"kind": "email", "subject": "For {{ customer.name }}", "body": "Dear {{ sponsor.name }} {{ event.to }}",
            "owner": "customer_success"}  # fmt: skip
    house.playbook(steps=[mail])
    house.happens()
    house.run()
    (task,) = house.tasks()
    assert (task.draft_subject, task.draft_body, task.contact) == ("For Loxley Mills", "Dear A. Dale at_risk", sponsor)


def test_a_draft_forgets_whom_it_was_for_when_they_are_deleted(house: House) -> None:
    sponsor = factories.make_contact(house.customer, name="Alan Dale", email="dale@loxley.example", is_sponsor=True)
    mail = {"kind": "email", "subject": "To {{ sponsor.name }}", "body": "Dear {{ sponsor.name }}", "owner": "sales"}
    house.playbook(steps=[mail])
    house.happens()
    house.run()
    deletion.delete_contact(contact_id=sponsor.pk, actor=SYSTEM, now=NOW)
    (task,) = house.tasks()
    assert "Alan" not in task.draft_subject + task.draft_body
    assert task.contact is None


def test_nobody_at_the_place_means_the_department_and_an_empty_department_the_owner(house: House) -> None:
    Membership.objects.filter(pk=house.csm.pk).update(left_at=NOW)
    house.playbook(steps=[TASK, {**TASK, "owner": "management"}])
    house.happens()
    house.run()
    first, second = house.tasks()
    assert (first.owner, first.department) == (house.manager, "customer_success")
    assert (second.owner, second.department) == (None, "management")


def test_a_move_goes_through_the_rules_and_opens_the_handover_it_takes(house: House) -> None:
    told: dict[str, Any] = {"reason": "x", "actor": SYSTEM, "now": NOW}
    moving.move(customer_id=house.customer.pk, stage_key="awareness", **told)
    moving.move(customer_id=house.customer.pk, stage_key="consideration", **told)
    house.playbook(steps=[{"kind": "move", "stage": "trial", "reason": "They asked"}])
    house.happens()
    house.run()
    relay = Relay.objects.get()
    assert (relay.to_stage.key, relay.reason) == ("trial", "They asked")
    assert RunStep.objects.get().made == {"relay": str(relay.pk)}


def test_a_step_that_cannot_be_done_stops_the_run_with_the_reason_and_can_be_tried_again(house: House) -> None:
    house.playbook(steps=[TASK, {"kind": "move", "stage": "adoption", "reason": "x"}, {**TASK, "title": "After"}])
    house.happens()
    house.run()
    (run,) = house.runs()
    assert run.state == RunState.FAILED
    assert run.note
    assert len(house.tasks()) == 1
    moving.move(
        customer_id=house.customer.pk, stage_key="adoption", reason="Signed", override=True, actor=SYSTEM, now=NOW
    )
    control.retry_run(run_id=run.pk, actor=SYSTEM, now=NOW)
    house.run()
    assert [task.title for task in house.tasks()] == ["Welcome Loxley Mills", "After"]


def test_a_webhook_step_sends_once(house: House) -> None:
    endpoint, _secret = endpoints.create(url="https://example.com/x", events=["win.*"], actor=SYSTEM, now=NOW)
    house.playbook(steps=[{"kind": "webhook", "webhook": str(endpoint.pk), "event": "customer.flagged"}])
    house.happens()
    house.run()
    delivery = WebhookDelivery.objects.get(event="customer.flagged")
    assert delivery.data["customer_id"] == str(house.customer.pk)


def test_a_run_keeps_the_version_it_began_with(house: House) -> None:
    playbook = house.playbook(limits=NO_PAUSE)
    house.happens()
    changed = {"trigger": EVENT, "steps": [{**TASK, "title": "New words"}], "limits": NO_PAUSE}
    editing.change(playbook_id=playbook.pk, told={"definition": changed}, actor=SYSTEM, now=NOW)
    house.happens()
    house.run()
    assert sorted(task.title for task in house.tasks()) == ["New words", "Welcome Loxley Mills"]
    assert list(PlaybookVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_its_own_doing_does_not_start_it_again(house: House) -> None:
    trigger = {"event": "task.created", "where": [{"field": "source", "op": "ne", "value": "none"}]}
    first = house.playbook("First", steps=[TASK], limits=NO_PAUSE)
    second = house.playbook("Second", active=False, trigger=trigger, limits=NO_PAUSE)
    Playbook.objects.filter(pk=second.pk).update(state=PlaybookState.ACTIVE)  # past the check for cycles
    house.happens()
    for _round in range(4):
        house.run()
        house.deliver()
    assert [run.state for run in house.runs(playbook=first)] == [RunState.DONE]
    assert [run.state for run in house.runs(playbook=second)] == [RunState.DONE, RunState.SKIPPED]
    assert "Its own run" in house.runs(playbook=second)[1].note


def test_playbooks_that_would_start_one_another_for_ever_are_refused_by_name(house: House) -> None:
    with pytest.raises(ValidationError) as refused:
        house.playbook("Endless", trigger={"event": "task.created"})
    assert "Endless → Endless" in str(refused.value)
    assert Playbook.objects.get().state == PlaybookState.DRAFT


def test_over_its_hourly_limit_it_pauses_itself_tells_its_owner_and_loses_nothing(house: House) -> None:
    soon = NOW + timedelta(minutes=1)
    playbook = house.playbook(limits={"runs_an_hour": 5, "again_after_days": 0})
    for number in range(8):
        house.happens(factories.make_customer(f"Customer {number}"), now=soon)
    playbook.refresh_from_db()
    assert (playbook.state, playbook.paused_because) == (PlaybookState.PAUSED, PausedBecause.TOO_MANY_RUNS)
    told = Task.objects.get(source="playbook_pause")
    assert told.owner == house.manager
    assert "6 runs began" in told.body
    assert house.run(soon) == 0
    assert len(house.runs(state=RunState.RUNNING)) == 8
    control.activate(playbook_id=playbook.pk, actor=SYSTEM, now=soon)
    house.run(soon)
    assert len(house.tasks()) == 8


def test_a_schedule_runs_once_per_day_and_customer_and_makes_up_for_missed_days_once(house: House) -> None:
    house.playbook(trigger={"schedule": {"every": "day", "at": "09:00"}}, limits=NO_PAUSE)
    assert starting.come_round(now=NOW) == 0  # activated after today's slot
    monday = datetime(2026, 6, 22, 7, 30, tzinfo=UTC)
    assert starting.come_round(now=monday) == 1
    assert starting.come_round(now=monday) == 0
    assert [run.trigger_key for run in house.runs()] == [f"day:2026-06-22:{house.customer.pk}"]


def test_too_many_tasks_at_once_are_refused_with_the_number_before_anything_starts(house: House) -> None:
    for number in range(5):
        factories.make_customer(f"Customer {number}")
    limits = {"tasks_at_once": 5}
    with pytest.raises(ValidationError) as refused:
        house.playbook("Daily", trigger={"schedule": {"every": "day", "at": "09:00"}}, limits=limits)
    assert "6 tasks for 6 customers" in str(refused.value)
    playbook = house.playbook(limits=limits)
    with pytest.raises(ValidationError):
        starting.start_for(playbook_id=playbook.pk, customers=Q(), key="shock", actor=SYSTEM, now=NOW)
    assert house.runs() == []


def test_a_schedule_whose_customers_have_become_too_many_pauses_itself(house: House) -> None:
    trigger = {"schedule": {"every": "day", "at": "09:00"}}
    playbook = house.playbook(trigger=trigger, limits={"tasks_at_once": 3, "again_after_days": 0})
    for number in range(5):
        factories.make_customer(f"Customer {number}")
    starting.come_round(now=NOW + timedelta(days=1))
    playbook.refresh_from_db()
    assert playbook.paused_because == PausedBecause.TOO_MANY_TASKS
    assert house.runs() == []


def test_starting_it_for_chosen_customers_happens_once_per_key(house: House) -> None:
    playbook = house.playbook(limits=NO_PAUSE)
    told: dict[str, Any] = {"playbook_id": playbook.pk, "customers": Q(), "actor": SYSTEM, "now": NOW}
    assert starting.start_for(key="shock-1", **told) == 1
    assert starting.start_for(key="shock-1", **told) == 0
    assert starting.start_for(key="shock-2", **told) == 1


def test_paused_by_hand_nothing_starts_and_what_runs_waits(house: House) -> None:
    playbook = house.playbook(limits=NO_PAUSE)
    house.happens()
    control.pause(playbook_id=playbook.pk, actor=SYSTEM, now=NOW)
    house.happens()
    assert house.run() == 0
    assert len(house.runs()) == 1
    control.activate(playbook_id=playbook.pk, actor=SYSTEM, now=NOW)
    assert house.run() == 1


def test_a_cancelled_run_does_no_more(house: House) -> None:
    house.playbook()
    house.happens()
    (run,) = house.runs()
    control.cancel_run(run_id=run.pk, actor=SYSTEM, now=NOW)
    assert house.run() == 0
    with pytest.raises(control.RunEndedError):
        control.cancel_run(run_id=run.pk, actor=SYSTEM, now=NOW)


def test_retiring_ends_what_waits(house: House) -> None:
    playbook = house.playbook()
    house.happens()
    control.retire(playbook_id=playbook.pk, actor=SYSTEM, now=NOW)
    assert [run.state for run in house.runs()] == [RunState.CANCELLED]


def test_a_fault_of_the_product_is_tried_again_and_then_told(house: House) -> None:
    playbook = house.playbook()
    house.happens()
    # A definition nothing here would have kept: what an older version may have left behind.
    PlaybookVersion.objects.filter(playbook=playbook).update(
        definition={"trigger": EVENT, "steps": [{"kind": "dance"}]}
    )
    for minutes in (0, 5, 10):
        house.run(NOW + timedelta(minutes=minutes))
    (run,) = house.runs()
    assert (run.state, run.attempts) == (RunState.FAILED, 3)


def test_the_dry_run_says_whom_it_would_reach_and_what_cannot_be_known(house: House) -> None:
    playbook = house.playbook(limits={"again_after_days": 30})
    house.happens(now=NOW - timedelta(days=3))
    house.happens(now=NOW)
    before = len(house.runs())
    found = dry_run(read(playbook.says.definition), now=NOW)
    assert found.past is not None
    assert (found.today.events, found.past.events, found.past.runs, found.past.customers) == (1, 2, 1, 1)
    assert found.known_from == date(2026, 5, 17)
    assert any("30 days" in note for note in found.notes)
    assert len(house.runs()) == before
    scheduled = read({"trigger": {"schedule": {"every": "day", "at": "09:00"}}, "steps": [TASK]})
    daily = dry_run(scheduled, now=NOW)
    assert (daily.today.customers, daily.past) == (1, None)


def test_the_dry_run_of_a_stage_reads_the_whole_history_of_moves(house: House) -> None:
    then = NOW - timedelta(days=70)
    moving.move(customer_id=house.customer.pk, stage_key="awareness", reason="x", actor=SYSTEM, now=then)
    trigger = {"event": "stage.entered", "where": [{"field": "stage", "op": "eq", "value": "awareness"}]}
    found = dry_run(read({"trigger": trigger, "steps": [TASK]}), now=NOW)
    assert found.past is not None
    assert (found.today.runs, found.past.runs) == (0, 1)
