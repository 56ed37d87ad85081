"""Requests and pain points: who is behind them, what product answers, and who hears that it shipped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AccountTeamMember, Customer, Membership, Workspace
from accounts.models.customers import TeamRole
from accounts.services.results import Outcome, Result
from accounts.services.writing import Facts
from csplatform.core.audit import SYSTEM
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Request, RequestAnswer, RequestCustomer, Task
from journeys.selectors import requests as selectors
from journeys.services import request_merging, requests
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.NOW


@pytest.fixture
def workspace(db: None) -> Iterator[Workspace]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield workspace


def customer(external_id: str, **fields: Any) -> Customer:
    return factories.make_customer(f"Customer {external_id}", external_id=external_id, **fields)


def wish(title: str = "Dark mode", **told: Any) -> Request:
    return requests.create(told={"title": title, **told}, actor=SYSTEM, now=NOW)


def record(*rows: tuple[str, dict[str, object]], **more: Any) -> Result:
    return requests.record(rows=[Facts(key, told, **more) for key, told in rows], actor=SYSTEM, now=NOW)


def behind(request: Request) -> tuple[int, int, int]:
    found = selectors.find(request.pk)
    assert found is not None
    return found.customers, found.arr_minor, found.expected_arr_minor


def csm_of(customer: Customer, workspace: Workspace) -> Membership:
    member = factories.make_member(workspace)
    AccountTeamMember.objects.create(
        workspace=workspace, customer=customer, member=member, role=TeamRole.CSM, since=NOW.date()
    )
    return member


def test_the_customers_and_their_arr_stand_behind_a_request(workspace: Workspace) -> None:
    customer("a", arr_minor=100_00, contract_state="active")
    customer("b", arr_minor=50_00, contract_state="active")
    customer("p", expected_arr_minor=30_00)
    request = wish(customer_external_id="a|b|p")
    assert behind(request) == (3, 150_00, 30_00)
    requests.update(request_id=request.pk, told={"customer_external_id": "a"}, actor=SYSTEM, now=NOW)
    assert behind(request) == (3, 150_00, 30_00), "asking twice counts once"


def test_a_request_without_a_title_or_of_somebody_unknown_is_refused_by_field(workspace: Workspace) -> None:
    for told, field in (
        ({"title": " "}, "title"),
        ({"title": "x", "customer_external_id": "nobody"}, "customer_external_id"),
        ({"title": "x", "contact_external_id": "nobody"}, "contact_external_id"),
        ({"title": "x", "kind": "idea"}, "kind"),
        ({"title": "x", "status": "perhaps"}, "status"),
        ({"title": "x", "raised_at": NOW + timedelta(days=1)}, "raised_at"),
        ({"title": "x", "status": "shipped", "shipped_at": NOW + timedelta(days=1)}, "shipped_at"),
        ({"title": "x", "raised_at": NOW, "shipped_at": NOW - timedelta(days=1)}, "shipped_at"),
        ({"title": "x", "status": "planned", "shipped_at": NOW}, "shipped_at"),
        ({"title": "x", "status": "declined", "answer": ""}, "answer"),
        ({"title": "x" * 301}, "title"),
    ):
        with pytest.raises(ValidationError) as refused:
            requests.create(told=told, actor=SYSTEM, now=NOW)
        assert list(refused.value.message_dict) == [field], told
    assert not Request.objects.exists()


def test_a_refused_row_leaves_nothing_behind_and_the_good_ones_are_kept(workspace: Workspace) -> None:
    customer("a")
    record(("r1", {"title": "Export", "customer_external_id": "a"}))
    result = record(
        ("r1", {"customer_external_id": "a", "status": "planned", "shipped_at": NOW}),
        ("r2", {"title": "Import", "customer_external_id": "a"}),
    )
    assert result.outcomes == [Outcome.REFUSED, Outcome.CREATED]
    assert Request.objects.get(external_id="r1").status == "open"


def test_every_answer_stays_with_who_gave_it_and_when_it_was_known(workspace: Workspace) -> None:
    request = wish(raised_at=NOW - timedelta(days=90))
    for days, told in ((60, {"status": "planned", "answer": "In spring"}), (5, {"status": "shipped"})):
        requests.update(request_id=request.pk, told=told, actor=SYSTEM, now=NOW - timedelta(days=days))
    history = RequestAnswer.objects.order_by("known_at")
    assert [(each.status, each.answer) for each in history] == [("planned", "In spring"), ("shipped", "In spring")]
    request.refresh_from_db()
    assert request.shipped_at == NOW - timedelta(days=5)


def test_a_row_known_earlier_changes_nothing_but_may_add_who_asked(workspace: Workspace) -> None:
    customer("a")
    record(("r", {"title": "New words"}))
    result = record(("r", {"title": "Old words", "customer_external_id": "a"}), known_at=NOW - timedelta(days=3))
    assert result.outcomes == [Outcome.UPDATED]
    request = Request.objects.get()
    assert (request.title, behind(request)[0]) == ("New words", 1)


def test_it_was_raised_when_the_first_asked_in_whatever_order_that_is_told(workspace: Workspace) -> None:
    days = {"a": NOW - timedelta(days=5), "b": NOW - timedelta(days=9)}
    for name in days:
        customer(name)
    rows = [("r", {"title": "T", "customer_external_id": name, "raised_at": day}) for name, day in days.items()]
    record(*rows)
    assert record(*rows).outcomes == [Outcome.UNCHANGED, Outcome.UNCHANGED]
    assert Request.objects.get().raised_at == days["b"]
    assert set(RequestCustomer.objects.values_list("raised_at", flat=True)) == set(days.values())


def test_shipping_has_everybody_who_asked_told_once(workspace: Workspace) -> None:
    a, b = customer("a"), customer("b")
    csm = csm_of(a, workspace)
    request = wish(customer_external_id="a|b", raised_at=NOW - timedelta(days=9))
    for told in ({"status": "shipped", "answer": "It is there"}, {"status": "open"}, {"status": "shipped"}):
        requests.update(request_id=request.pk, told=told, actor=SYSTEM, now=NOW)
    found = {task.customer_id: task for task in Task.objects.filter(source="request")}
    assert found.keys() == {a.pk, b.pk}
    assert found[a.pk].owner_id == csm.pk
    assert (found[b.pk].owner_id, found[b.pk].department) == (None, "customer_success")
    assert "Dark mode" in found[a.pk].title
    assert found[a.pk].body == "It is there"
    events = OutboxEvent.objects.filter(name="request.shipped")
    assert {event.payload["customer_id"] for event in events} == {str(a.pk), str(b.pk)}


def test_what_shipped_long_ago_and_is_only_told_now_asks_nobody_to_pass_it_on(workspace: Workspace) -> None:
    customer("a")
    long_ago = NOW - timedelta(days=400)
    row = {"title": "Old", "customer_external_id": "a", "raised_at": long_ago, "status": "shipped",
           "shipped_at": long_ago + timedelta(days=60)}  # fmt: skip
    record(("r", row))
    assert not Task.objects.exists()
    assert not OutboxEvent.objects.filter(name__startswith="request.").exists()


def test_merged_requests_count_together_each_customer_once_and_can_be_taken_apart(workspace: Workspace) -> None:
    customer("a", arr_minor=10_00, contract_state="active")
    customer("b", arr_minor=20_00, contract_state="active")
    one, two, three = (wish(f"Wish {n}", customer_external_id=ids) for n, ids in enumerate(("a", "a|b", "b")))
    request_merging.merge(request_id=one.pk, into_id=two.pk, actor=SYSTEM, now=NOW)
    request_merging.merge(request_id=two.pk, into_id=three.pk, actor=SYSTEM, now=NOW)
    assert behind(three) == (2, 30_00, 0)
    assert [row.pk for row in selectors.listed().rows] == [three.pk]
    requests.update(request_id=one.pk, told={"customer_external_id": "b"}, actor=SYSTEM, now=NOW)
    assert behind(three) == (2, 30_00, 0)
    request_merging.split(request_id=two.pk, actor=SYSTEM, now=NOW)
    assert (behind(three)[0], behind(two)[0], behind(one)[0]) == (1, 2, 0)
    request_merging.split(request_id=one.pk, actor=SYSTEM, now=NOW)
    assert (behind(two)[0], behind(one)[0]) == (2, 2)
    assert AuditEvent.objects.filter(action="request.split").count() == 2


def test_a_request_is_never_merged_in_a_circle(workspace: Workspace) -> None:
    one, two = wish("One"), wish("Two")
    request_merging.merge(request_id=one.pk, into_id=two.pk, actor=SYSTEM, now=NOW)
    for pair in ((two.pk, one.pk), (two.pk, two.pk), (one.pk, two.pk)):
        with pytest.raises(ValidationError):
            request_merging.merge(request_id=pair[0], into_id=pair[1], actor=SYSTEM, now=NOW)


def test_merging_into_what_has_just_shipped_has_the_new_ones_told(workspace: Workspace) -> None:
    customer("a")
    shipped = wish("There", status="shipped")
    late = wish("Wanted", customer_external_id="a")
    request_merging.merge(request_id=late.pk, into_id=shipped.pk, actor=SYSTEM, now=NOW)
    assert Task.objects.get(source="request").customer_id == Customer.objects.get(external_id="a").pk


def test_deleting_one_that_others_were_merged_into_sets_them_free(workspace: Workspace) -> None:
    customer("a")
    one, two = wish("One", customer_external_id="a"), wish("Two")
    request_merging.merge(request_id=one.pk, into_id=two.pk, actor=SYSTEM, now=NOW)
    requests.delete(request_id=two.pk, actor=SYSTEM, now=NOW)
    assert behind(one)[0] == 1
    assert RequestCustomer.objects.count() == 1
