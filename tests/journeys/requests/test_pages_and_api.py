"""Requests on pages, over REST and from files."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.imports import kinds
from accounts.imports.kinds import Chunk, Context
from accounts.models import Customer, Membership, Workspace
from accounts.roles import Department, Role
from csplatform.core.audit import SYSTEM
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from journeys.models import Request, RequestCustomer
from journeys.services import requests
from tests import factories
from tests.api.conftest import Api, make_api, problem
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
LIST = "/journeys/requests/"


@pytest.fixture
def workspace(db: None) -> Workspace:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        factories.make_customer("Loxley Mills", external_id="c-1", arr_minor=84_000_00, contract_state="active")
    return workspace


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return signed_in(factories.make_member(workspace))


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return make_api(workspace)


def only(workspace: Workspace) -> Request:
    with workspace_scope(workspace):
        return Request.objects.get()


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_empty_list_says_what_it_is_for(client: Client) -> None:
    assert "Nobody has asked for anything yet" in text(client.get(LIST))


def test_a_pain_point_is_recorded_from_the_customer_and_shows_what_is_behind_it(
    workspace: Workspace, client: Client
) -> None:
    told = {"customer_external_id": "c-1", "title": "Invoices come late", "kind": "pain_point"}
    assert client.post(f"{LIST}new/", told).status_code == 302
    shown = text(client.get(LIST))
    assert "Invoices come late" in shown
    assert "€84k" in shown
    assert client.post(f"{LIST}new/", {**told, "title": "invoices come LATE"}).status_code == 302
    assert only(workspace).title == "Invoices come late", "one with the same title is joined"
    with workspace_scope(workspace):
        customer = Customer.objects.get()
    assert "Invoices come late" in text(client.get(f"/customers/{customer.pk}/"))


def test_an_answer_to_a_survey_is_recorded_once(workspace: Workspace, client: Client) -> None:
    told = {"customer_external_id": "c-1", "title": "Slow", "kind": "pain_point", "source_key": "survey:x:1"}
    client.post(f"{LIST}new/", told)
    again = client.post(f"{LIST}new/", {**told, "title": "Slower"}, follow=True)
    assert "recorded already" in text(again)
    assert only(workspace).title == "Slow"


def test_bad_input_comes_back_with_what_was_typed(client: Client) -> None:
    answer = client.post(f"{LIST}new/", {"title": "Slow", "kind": "wish", "customer_external_id": "nobody"})
    assert answer.status_code == 422
    assert "nobody" in text(answer)
    assert "Slow" in text(answer)


@pytest.mark.parametrize(
    ("role", "department", "status"),
    [
        (Role.VIEWER, Department.PRODUCT, 302),
        (Role.VIEWER, Department.SALES, 403),
        (Role.CSM, Department.SALES, 302),
    ],
)
def test_product_answers_and_whoever_may_change_customers(
    workspace: Workspace, role: Role, department: Department, status: int
) -> None:
    with workspace_scope(workspace):
        request = requests.create(told={"title": "Dark mode"}, actor=SYSTEM, now=factories.NOW)
    member = factories.make_member(workspace, role)
    Membership.objects.filter(pk=member.pk).update(department=department)
    member.refresh_from_db()
    told = {"status": "planned", "answer": "In spring", "version": request.version}
    assert signed_in(member).post(f"{LIST}{request.pk}/answer/", told).status_code == status
    assert (only(workspace).status == "planned") == (status == 302)


def test_an_answer_given_over_somebody_elses_is_not_lost_and_not_saved(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace):
        request = requests.create(told={"title": "Dark mode"}, actor=SYSTEM, now=factories.NOW)
        requests.update(request_id=request.pk, told={"words": "at night"}, actor=SYSTEM, now=factories.NOW)
    told = {"status": "planned", "answer": "In spring", "version": request.version}
    answer = client.post(f"{LIST}{request.pk}/answer/", told)
    assert answer.status_code == 409
    assert "In spring" in text(answer)
    assert only(workspace).status == "open"


def test_merging_and_taking_apart_on_pages(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace):
        one, two = (
            requests.create(
                told={"title": f"Dark mode {n}", "customer_external_id": "c-1"}, actor=SYSTEM, now=factories.NOW
            )
            for n in (1, 2)
        )
    assert "Dark mode 2" in text(client.get(f"{LIST}{one.pk}/"))
    client.post(f"{LIST}{one.pk}/merge/", {"into": str(two.pk)})
    assert "Merged on" in text(client.get(f"{LIST}{one.pk}/"))
    client.post(f"{LIST}{one.pk}/split/")
    assert "Merged on" not in text(client.get(f"{LIST}{one.pk}/"))


def test_queries_do_not_grow_with_requests_or_askers(workspace: Workspace, client: Client) -> None:
    def count(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    with workspace_scope(workspace):
        first = requests.create(told={"title": "W 0", "customer_external_id": "c-1"}, actor=SYSTEM, now=factories.NOW)
    paths = (LIST, f"{LIST}{first.pk}/")
    before = [count(path) for path in paths]
    with workspace_scope(workspace):
        for n in range(1, 15):
            factories.make_customer(f"C {n}", external_id=f"x-{n}")
            told = {"title": f"W {n}", "customer_external_id": "c-1"}
            requests.create(told=told, actor=SYSTEM, now=factories.NOW)
            requests.update(
                request_id=first.pk, told={"customer_external_id": f"x-{n}"}, actor=SYSTEM, now=factories.NOW
            )
    assert [count(path) for path in paths] == before


def test_over_rest_a_request_is_made_answered_merged_and_read(api: Api) -> None:
    told = {"title": "Dark mode", "customer_external_id": "c-1", "raised_at": "2026-01-05T08:00:00Z"}
    made = api.put("requests/ext:r-1/", told)
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["status"], body["customers"], body["arr"], body["customer_external_id"]) == (
        "open",
        1,
        "84000.00",
        "c-1",
    )
    answer = api.patch("requests/ext:r-1/", {"status": "shipped", "shipped_at": "2026-02-01T00:00:00Z"})
    assert (answer.json()["status"], answer.json()["shipped_at"]) == ("shipped", "2026-02-01T00:00:00Z")
    assert [row["customer_external_id"] for row in api.get("requests/ext:r-1/customers/").json()["results"]] == ["c-1"]
    assert api.post("requests/", {"external_id": "r-2", "title": "Night mode"}).status_code == 201
    assert api.post("requests/ext:r-2/merge/", {"into": "ext:r-1"}).json()["merged_into_id"] == body["id"]
    assert api.post("requests/ext:r-2/split/", {}).json()["merged_into_id"] is None
    for query, found in (
        ("status=shipped", 1),
        ("customer_external_id=c-1", 1),
        ("external_id=r-2", 1),
        ("is_merged=true", 0),
    ):
        assert len(api.get(f"requests/?{query}").json()["results"]) == found, query


def test_over_rest_bad_input_is_named(api: Api) -> None:
    assert api.get("requests/ext:none/customers/").status_code == 404
    assert api.post(f"requests/{uuid7()}/merge/", {}).status_code == 404, "whatever the body says"
    told = problem(api.put("requests/ext:r-1/", {"title": "x", "customer_external_id": "nobody"}), 400)
    assert "nobody" in str(told)


def test_a_file_of_requests_can_be_read_twice(workspace: Workspace) -> None:
    kind = kinds.get("requests")
    assert kind is not None
    columns = {
        "external_id": ["r-1", "r-1", "r-2", "r-3"],
        "customer_external_id": ["c-1", "c-2", "c-1", "nobody"],
        "title": ["Dark mode", "Dark mode", "Faster export", "x"],
        "raised_at": ["2026-01-05", "2026-01-05", "2026-02-01", ""],
        "status": ["released", "released", "", ""],
        "shipped_at": ["2026-03-01", "2026-03-01", "", ""],
    }
    with workspace_scope(workspace):
        factories.make_customer("Second", external_id="c-2")
        context = Context(uuid7(), workspace.pk, SYSTEM, factories.NOW)
        first = kind.apply(Chunk(range(2, 6), columns), context)
        again = kind.apply(Chunk(range(2, 6), columns), context)
        assert [(each.index, each.field) for each in first.refused] == [(3, "customer_external_id")]
        assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
        assert Request.objects.get(external_id="r-1").status == "shipped"
        assert RequestCustomer.objects.count() == 3
