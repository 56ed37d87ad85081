"""``/api/v1/tickets/``, ``/api/v1/invoices/`` and ``/api/v1/opportunities/``"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import InvoiceVersion, Workspace
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, make_api, problem

pytestmark = pytest.mark.django_db

BODIES: dict[str, dict[str, Any]] = {
    "tickets": {"opened_at": "2026-06-01T10:00:00Z", "subject": "Labels", "priority": "high"},
    "invoices": {"issued_on": "2026-06-01", "due_on": "2026-06-30", "amount": "1250.50"},
    "opportunities": {"kind": "expansion", "opened_on": "2026-06-01", "amount": "900", "stage": "Talk"},
}
CHANGES: dict[str, dict[str, Any]] = {
    "tickets": {"solved_at": "2026-06-02T08:00:00Z", "csat": 4},
    "invoices": {"paid_on": "2026-06-12"},
    "opportunities": {"won": True, "closed_on": "2026-06-12"},
}
NAMES = sorted(BODIES)


@pytest.fixture
def api() -> Api:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        mills = factories.make_customer("Loxley Mills", external_id="mills")
        factories.make_customer("Nottingham Freight", external_id="freight")
        factories.make_contact(mills, external_id="ann", name="Ann Weaver")
    return make_api(workspace)


def body(name: str, external_id: str = "x-1", customer: str = "mills") -> dict[str, Any]:
    return {"external_id": external_id, "customer_external_id": customer, **BODIES[name]}


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_made_read_changed_and_deleted(api: Api, name: str) -> None:
    made = api.post(f"{name}/", body(name))
    assert made.status_code == 201
    assert made.json()["customer_external_id"] == "mills"
    changed = api.patch(f"{name}/ext:x-1/", CHANGES[name], If_Match=made["ETag"])
    assert changed.status_code == 200
    assert {key: changed.json()[key] for key in CHANGES[name]} == CHANGES[name]
    problem(api.patch(f"{name}/ext:x-1/", CHANGES[name], If_Match=made["ETag"]), 412)
    assert api.get(made["Location"]).json() == changed.json()
    assert api.delete(f"{name}/ext:x-1/").status_code == 204
    problem(api.get(f"{name}/ext:x-1/"), 404)


@pytest.mark.parametrize("name", NAMES)
def test_put_makes_or_changes_and_a_repeated_post_is_answered_again(api: Api, name: str) -> None:
    assert api.put(f"{name}/ext:x-1/", body(name)).status_code == 201
    assert api.put(f"{name}/ext:x-1/", body(name)).status_code == 200
    first = api.post(f"{name}/", body(name, "x-2"), Idempotency_Key="once")
    assert api.post(f"{name}/", body(name, "x-2"), Idempotency_Key="once").json() == first.json()
    problem(api.post(f"{name}/", body(name, "x-2")), 400)


@pytest.mark.parametrize("name", NAMES)
def test_lists_are_filtered_ordered_and_paged_in_a_steady_number_of_queries(api: Api, name: str) -> None:
    began = {"tickets": "opened_at", "invoices": "issued_on", "opportunities": "opened_on"}[name]
    for number in range(3):
        told = body(name, f"x-{number}", "freight" if number == 2 else "mills")
        api.post(f"{name}/", {**told, began: told[began].replace("-01", f"-0{3 - number}")})
    page = api.get(f"{name}/?ordering={began}&limit=2").json()
    assert [each["external_id"] for each in page["results"]] == ["x-2", "x-1"]
    rest = api.get(page["next"]).json()
    assert [each["external_id"] for each in rest["results"]] == ["x-0"]
    of_freight = api.get(f"{name}/?customer_external_id=freight").json()["results"]
    assert [each["external_id"] for each in of_freight] == ["x-2"]
    with CaptureQueriesContext(connection) as one:
        api.get(f"{name}/?limit=1")
    with CaptureQueriesContext(connection) as all_three:
        api.get(f"{name}/?limit=3")
    assert len(one) == len(all_three)


def test_what_is_open_is_told_apart(api: Api) -> None:
    for name in NAMES:
        api.post(f"{name}/", body(name, "open"))
        api.post(f"{name}/", {**body(name, "done"), **CHANGES[name]})
    for query in ("tickets/?is_open=true", "invoices/?is_paid=false", "opportunities/?is_open=true"):
        assert [each["external_id"] for each in api.get(query).json()["results"]] == ["open"]
    assert [each["external_id"] for each in api.get("opportunities/?won=true").json()["results"]] == ["done"]


def test_faults_are_named_by_field(api: Api) -> None:
    fault = problem(api.post("invoices/", {**body("invoices"), "due_on": "2026-01-01"}), 400)
    assert "due_on" in str(fault)
    fault = problem(api.post("tickets/", {**body("tickets", customer="nobody")}), 400)
    assert "customer_external_id" in str(fault)
    problem(api.post("opportunities/", {**body("opportunities"), "colour": "red"}), 400)


def test_live_data_is_known_when_it_is_received(api: Api) -> None:
    made = api.post("invoices/", body("invoices")).json()
    assert made["known_at"] > "2026-11"
    assert made["amount"] == "1250.50"
    assert made["currency"] == "EUR"


def test_deleting_closes_the_history(api: Api) -> None:
    api.post("invoices/", body("invoices"))
    api.delete("invoices/ext:x-1/")
    with workspace_scope(Workspace.objects.get()):
        customers = list(InvoiceVersion.objects.order_by("id").values_list("customer_id", flat=True))
        assert len(customers) == 2
        assert customers[1] is None
