"""Who has how much on their hands, those who left included."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.models.customers import TeamRole
from accounts.roles import Department
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Task
from journeys.selectors import workload
from journeys.selectors.workload import Load, Unclaimed
from journeys.services import engagements, tasks
from tests.api.conftest import make_api
from tests.journeys.relays.conftest import member_of
from tests.journeys.team.conftest import NOW, Firm
from tests.journeys.team.test_tempo import offer
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/journeys/team/workload/"


@pytest.fixture(autouse=True)
def _tuesday(time_machine: Any) -> None:
    time_machine.move_to(NOW)


def load_of(firm: Firm, member: Membership, **wanted: str) -> Load:
    return next(
        each for each in workload.loads(workspace=firm.workspace, now=NOW, **wanted) if each.member.pk == member.pk
    )


def do(title: str, **more: Any) -> None:
    tasks.create(tasks=[tasks.NewTask(title=title, **more)], actor=audit.SYSTEM, now=NOW)


def busy(firm: Firm) -> None:
    """Two customers of success and one covered, three tasks, a handover and a conversation."""
    mine = firm.customer("Mine", csm=firm.success, arr_minor=100_00, external_id="mine")
    firm.place(mine, firm.success, TeamRole.EXECUTIVE)
    firm.customer("Mine too", csm=firm.success, arr_minor=50_00)
    firm.customer("Gone", csm=firm.success, arr_minor=7_00, contract_state="churned", churned_on=NOW.date())
    theirs = firm.customer("Theirs", arr_minor=900_00)
    firm.place(theirs, firm.success, TeamRole.CSM, covers_for=firm.seller)
    today = NOW.date()
    do("late", owner_id=firm.success.pk, due_on=today - timedelta(days=1))
    do("today", owner_id=firm.success.pk, due_on=today)
    do("put off", owner_id=firm.success.pk, due_on=today - timedelta(days=3))
    Task.objects.filter(title="put off").update(snoozed_until=today + timedelta(days=1))
    do("anybody's", department="sales")
    offer(mine, NOW, None, "offered", taker=firm.success, taker_department="customer_success")
    for number, days in enumerate((0, 27, 28)):
        told = {
            "customer_external_id": ["mine"], "direction": "vendor_to_customer", "channel": "call",
            "occurred_at": NOW - timedelta(days=days), "by_email": firm.success.user.email,
        }  # fmt: skip
        engagements.create(external_id=f"e{number}", told=told, actor=audit.SYSTEM, now=NOW)


def test_everything_somebody_has_is_counted_once(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        busy(firm)
        load = load_of(firm, firm.success)
        assert load == Load(
            load.member, customers=2, arr_minor=150_00, covering=1, tasks=3, overdue=1, handovers=1, conversations=2
        )
        assert load_of(firm, firm.seller) == Load(firm.seller)
        assert workload.unclaimed() == [Unclaimed("sales", 1, 0)]


def test_who_left_comes_first_with_what_they_still_hold_and_else_is_left_out(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        busy(firm)
        Membership.objects.filter(pk__in=[firm.success.pk, firm.seller.pk]).update(left_at=NOW)
        found = workload.loads(workspace=firm.workspace, now=NOW, sort="customers")
        assert found[0].member.pk == firm.success.pk
        assert (found[0].has_left, found[0].customers) == (True, 2)
        assert firm.seller.pk not in {each.member.pk for each in found}
        assert workload.unclaimed()[1] == Unclaimed("customer_success", 0, 1), "their handover is anybody's now"
    text = signed_in(firm.manager).get(PAGE).content.decode()
    assert "left on" in text


def test_a_department_is_shown_alone_and_the_most_first(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        busy(firm)
        other = member_of(firm.workspace, Department.CUSTOMER_SUCCESS)
        firm.customer("Big", csm=other, arr_minor=10_000_00)
        for sort, first in (("arr_minor", other), ("tasks", firm.success)):
            found = workload.loads(workspace=firm.workspace, now=NOW, department="customer_success", sort=sort)
            assert (found[0].member.pk, len(found)) == (first.pk, 2), sort
    client = signed_in(firm.manager)
    shown = client.get(PAGE, {"department": "customer_success", "sort": "arr_minor"}).content.decode()
    assert str(other.user) in shown
    assert str(firm.seller.user) not in shown.split("<main")[1]
    for wrong in ({"sort": "age"}, {"department": "kitchen"}, {"page": "9"}):
        assert client.get(PAGE, wrong).status_code == 404, wrong


def test_a_department_without_people_says_so(firm: Firm) -> None:
    assert b"Nobody in this department" in signed_in(firm.manager).get(PAGE, {"department": "finance"}).content


def test_many_people_come_by_pages_in_the_same_number_of_queries(firm: Firm) -> None:
    client = signed_in(firm.manager)
    counts = []
    for batch in (4, 56):
        with workspace_scope(firm.workspace):
            for _each in range(batch):
                member = member_of(firm.workspace, Department.SUPPORT)
                firm.customer("C", csm=member)
                do("x", owner_id=member.pk)
        client.get(PAGE)
        with CaptureQueriesContext(connection) as captured:
            first = client.get(PAGE)
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert len(first.context["loads"]) == workload.PAGE
    assert len(client.get(PAGE, {"page": "2"}).context["loads"]) == 14


def test_rest_reads_the_workload(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        busy(firm)
    api = make_api(firm.workspace, ["read"])
    told = api.get("team/workload/?department=customer_success&sort=tasks").json()
    assert told["unclaimed"] == []
    (row,) = told["results"]
    assert (row["email"], row["arr"], row["customers"], row["overdue"]) == (firm.success.user.email, "150.00", 2, 1)
    assert api.get("team/workload/").json()["unclaimed"] == [{"department": "sales", "tasks": 1, "handovers": 0}]
    for wrong in ("sort=age", "department=kitchen", "page=2"):
        assert api.get(f"team/workload/?{wrong}").status_code == 400, wrong
