"""Tasks through their pages and REST: the queue, and what becomes of a task."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer, Membership, Workspace
from accounts.roles import Department, Role
from csplatform.core import audit
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Task, TaskState
from journeys.services import task_deeds, tasks
from journeys.services.tasks import NewTask
from tests import factories
from tests.api.conftest import make_api, problem
from tests.journeys.relays.conftest import actor, member_of
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
NOW = factories.NOW  # a Tuesday
TODAY = NOW.date()
QUEUE = "/journeys/tasks/"


class House:
    def __init__(self) -> None:
        self.workspace: Workspace = factories.make_workspace()
        with workspace_scope(self.workspace):
            self.customer: Customer = factories.make_customer()
            self.me: Membership = member_of(self.workspace, Department.CUSTOMER_SUCCESS)
            self.colleague: Membership = member_of(self.workspace, Department.CUSTOMER_SUCCESS)
            self.viewer: Membership = member_of(self.workspace, Department.SALES, Role.VIEWER)

    def add(self, title: str = "Call the sponsor", **told: Any) -> Task:
        told = {"by": self.me, "customer_id": self.customer.pk, **told}
        with workspace_scope(self.workspace):
            return task_deeds.add(title=title, actor=actor(self.me), now=NOW, **told)

    def fresh(self, task: Task) -> Task:
        with workspace_scope(self.workspace):
            return Task.objects.select_related("owner").get(pk=task.pk)


@pytest.fixture(autouse=True)
def _tuesday(time_machine: Any) -> None:
    time_machine.move_to(NOW)


@pytest.fixture
def house(db: None) -> House:
    return House()


@pytest.fixture
def me(house: House) -> Client:
    return signed_in(house.me)


def titles(client: Client, address: str) -> list[str]:
    return [each["line"].task.title for each in client.get(address).context["lines"]]


def test_a_queue_holds_what_is_open_by_due_date_and_what_has_none_last(house: House, me: Client) -> None:
    house.add("no date")
    house.add("later", due_on=TODAY + timedelta(days=9))
    house.add("late", due_on=TODAY - timedelta(days=1))
    assert titles(me, QUEUE) == ["late", "later", "no date"]
    assert titles(me, f"{QUEUE}?box=overdue") == ["late"]


def test_mine_my_departments_and_everybodys(house: House, me: Client) -> None:
    house.add("mine")
    house.add("free", owner=None, department="customer_success")
    house.add("theirs", owner=house.colleague)
    house.add("sales", department="sales")
    assert titles(me, QUEUE) == ["mine"]
    assert set(titles(me, f"{QUEUE}?whose=department")) == {"mine", "free", "theirs"}
    assert set(titles(me, f"{QUEUE}?whose=all")) == {"mine", "free", "theirs", "sales"}


def test_done_says_what_came_of_it_and_who_and_tells_others(house: House, me: Client) -> None:
    task = house.add()
    assert me.post(f"{QUEUE}{task.pk}/finish/", {"result": ""}).status_code == 422
    me.post(f"{QUEUE}{task.pk}/finish/", {"result": "They will renew"})
    task = house.fresh(task)
    assert (task.state, task.result, task.finished_by_label) == (TaskState.DONE, "They will renew", str(house.me.user))
    assert "They will renew" in me.get(f"{QUEUE}?box=done").content.decode()
    with workspace_scope(house.workspace):
        assert AuditEvent.objects.filter(action="task.finished", object_id=str(task.pk)).exists()
    told = OutboxEvent.objects.get(name="task.finished").payload
    assert told == {"task_id": str(task.pk), "customer_id": str(house.customer.pk), "source": "manual"}


def test_put_off_is_hidden_until_its_day_with_the_reason(house: House, me: Client, time_machine: Any) -> None:
    task = house.add()
    until = TODAY + timedelta(days=2)
    late = me.post(f"{QUEUE}{task.pk}/snooze/", {"until": TODAY.isoformat(), "reason": "Away"})
    assert (late.status_code, "after today" in late.content.decode()) == (422, True)
    me.post(f"{QUEUE}{task.pk}/snooze/", {"until": until.isoformat(), "reason": "They are away"})
    assert titles(me, QUEUE) == []
    assert "They are away" in me.get(f"{QUEUE}?box=snoozed").content.decode()
    time_machine.move_to(NOW + timedelta(days=2))
    assert titles(me, QUEUE) == ["Call the sponsor"]


def test_the_first_to_close_a_task_wins_and_the_other_is_told(house: House, me: Client) -> None:
    task = house.add()
    me.post(f"{QUEUE}{task.pk}/finish/", {"result": "Done"})
    answer = me.post(f"{QUEUE}{task.pk}/cancel/", {"reason": "Not needed"}, follow=True)
    assert f"{house.me.user} finished it" in answer.content.decode()
    assert house.fresh(task).result == "Done"
    me.post(f"{QUEUE}{task.pk}/reopen/")
    assert house.fresh(task).state == TaskState.OPEN


def test_taking_what_a_colleague_has_must_be_meant(house: House, me: Client) -> None:
    task = house.add(owner=house.colleague)
    me.post(f"{QUEUE}{task.pk}/take/")
    assert house.fresh(task).owner == house.colleague
    me.post(f"{QUEUE}{task.pk}/take/", {"over": "1"})
    assert house.fresh(task).owner == house.me


def test_what_somebody_who_left_had_is_free(house: House, me: Client) -> None:
    task = house.add(owner=house.colleague)
    Membership.objects.filter(pk=house.colleague.pk).update(left_at=NOW)
    assert "who has left" in me.get(f"{QUEUE}{task.pk}/").content.decode()
    me.post(f"{QUEUE}{task.pk}/take/")
    assert house.fresh(task).owner == house.me


def test_many_at_once_do_what_can_be_done_and_tell_of_the_rest(house: House, me: Client) -> None:
    first, second, closed = (house.add(title) for title in ("one", "two", "three"))
    me.post(f"{QUEUE}{closed.pk}/finish/", {"result": "Before"})
    ids = [str(task.pk) for task in (first, second, closed)]
    answer = me.post(f"{QUEUE}bulk/", {"task": ids, "deed": "finish", "result": "All called"}, follow=True)
    shown = answer.content.decode()
    assert "2 tasks changed" in shown
    assert "finished it on" in shown
    assert [house.fresh(task).result for task in (first, second, closed)] == ["All called", "All called", "Before"]


def test_a_task_needs_words_and_somebody_to_do_it(house: House, me: Client) -> None:
    answer = me.post(f"{QUEUE}new/", {"title": " "})
    assert answer.status_code == 422
    with workspace_scope(house.workspace), pytest.raises(ValidationError) as refused:
        task_deeds.add(title="x", actor=audit.SYSTEM, now=NOW)
    assert "department" in refused.value.error_dict
    me.post(f"{QUEUE}new/?customer={house.customer.pk}", {"title": "Send the offer", "owner": house.me.pk})
    assert titles(me, QUEUE) == ["Send the offer"]


def test_viewers_look_and_do_nothing(house: House) -> None:
    task, viewer = house.add(), signed_in(house.viewer)
    assert "Done" not in viewer.get(f"{QUEUE}{task.pk}/").context["query"]
    assert viewer.post(f"{QUEUE}{task.pk}/finish/", {"result": "x"}).status_code == 403


def test_a_customers_page_and_today_show_what_is_open(house: House, me: Client) -> None:
    house.add("Prepare the review", due_on=TODAY)
    assert "Prepare the review" in me.get(f"/customers/{house.customer.pk}/").content.decode()
    assert "Prepare the review" in me.get("/").content.decode()


def test_a_draft_opens_in_the_readers_own_mail_program(house: House, me: Client) -> None:
    with workspace_scope(house.workspace):
        contact = factories.make_contact(house.customer, name="A. Dale", email="dale@loxley.example")
        new = NewTask(
            title="Write to A. Dale", owner_id=house.me.pk, draft_subject="Well met",
            draft_body="Dear Dale,\nhow is it?",
            contact_id=contact.pk,
        )  # fmt: skip
        tasks.create(tasks=[new], actor=audit.SYSTEM, now=NOW)
    shown = me.get(QUEUE).content.decode()
    assert "mailto:dale%40loxley.example?subject=Well%20met&amp;body=Dear%20Dale%2C%0Ahow%20is%20it%3F" in shown


def test_the_number_of_queries_does_not_grow_with_the_queue(house: House, me: Client) -> None:
    house.add()
    me.get(QUEUE)
    with CaptureQueriesContext(connection) as few:
        me.get(QUEUE)
    for number in range(12):
        house.add(f"task {number}", due_on=TODAY + timedelta(days=number))
    with CaptureQueriesContext(connection) as many:
        me.get(QUEUE)
    assert len(many) == len(few)


def test_rest_adds_changes_and_closes(house: House) -> None:
    api = make_api(house.workspace)
    made = api.post(
        "tasks/", {"title": "Check the invoice", "department": "finance", "customer_id": house.customer.pk.hex}
    )
    assert made.status_code == 201
    task, path = made.json(), f"tasks/{made.json()['id']}/"
    assert (task["state"], task["department"], task["customer_external_id"]) == (
        "open", "finance", house.customer.external_id,
    )  # fmt: skip
    assert api.patch(path, {"due_on": "2026-06-20"}, If_Match='"99"').status_code == 412
    changed = api.patch(path, {"due_on": "2026-06-20", "owner_id": str(house.me.pk)}).json()
    assert (changed["due_on"], changed["owner_id"]) == ("2026-06-20", str(house.me.pk))
    assert api.get("tasks/?state=open&due_before=2026-06-21").json()["results"][0]["id"] == task["id"]
    assert (
        api.post(path + "snooze/", {"until": "2026-06-17", "reason": "Later"}).json()["snoozed_until"] == "2026-06-17"
    )
    assert api.post(path + "done/", {"result": "Paid"}).json()["state"] == "done"
    problem(api.post(path + "cancel/", {"reason": "Twice"}), 409)
    problem(api.post("tasks/", {"title": "x"}), 400)
    problem(api.post("tasks/", {"title": "x", "owner_id": str(house.customer.pk)}), 400)
    assert api.post(path + "reopen/", {}).json()["state"] == "open"
