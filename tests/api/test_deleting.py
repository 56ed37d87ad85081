"""Deleting records: gone at once, guarded by versions, and only for whom it is allowed."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.test import Client

from accounts.models import Contact, Customer, Subscription, Workspace
from accounts.roles import MATRIX, Permission, Role
from accounts.services.results import BusyError
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, make_api, problem

pytestmark = pytest.mark.django_db

RECORDS = ["customers", "contacts", "subscriptions"]


@pytest.fixture
def rows(workspace: Workspace) -> dict[str, Any]:
    with workspace_scope(workspace):
        customer = factories.make_customer(external_id="a/1")
        return {
            "customers": customer,
            "contacts": factories.make_contact(customer, external_id="a/1"),
            "subscriptions": factories.make_subscription(customer, external_id="a/1"),
        }


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("by", ["id", "ext"])
def test_a_record_is_deleted_once(api: Api, rows: dict[str, Any], name: str, by: str) -> None:
    address = f"{name}/{rows[name].pk}/" if by == "id" else f"{name}/ext:a/1/"
    answer = api.delete(address)
    assert (answer.status_code, answer.content) == (204, b"")
    problem(api.get(address), 404)
    problem(api.delete(address), 404)
    anew = {
        "customers": {"name": "Again"},
        "contacts": {"name": "Again", "customer_external_id": "a/1"},
        "subscriptions": {"customer_external_id": "a/1", "starts_on": "2026-01-01", "arr": "1"},
    }[name]
    made = api.put(f"{name}/ext:a/1/", anew)
    assert made.status_code == 201
    assert made.json()["id"] != str(rows[name].pk)


def test_a_customer_goes_with_its_people_and_contracts(api: Api, rows: dict[str, Any], workspace: Workspace) -> None:
    assert api.delete("customers/ext:a/1/").status_code == 204
    with workspace_scope(workspace):
        for model in (Customer, Contact, Subscription):
            assert not model.objects.exists()
        assert AuditEvent.objects.get(action="customer.deleted").actor_label == "API key “Warehouse”"


@pytest.mark.parametrize("name", RECORDS)
def test_an_older_version_is_not_deleted(api: Api, rows: dict[str, Any], name: str) -> None:
    address = f"{name}/{rows[name].pk}/"
    seen = api.get(address)["ETag"]
    with mock.patch("django.utils.timezone.now", return_value=factories.NOW):
        change = {"customers": {"name": "Other"}, "contacts": {"name": "Other"}, "subscriptions": {"seats": 7}}[name]
        fresh = api.patch(address, change)["ETag"]
    problem(api.delete(address, If_Match=seen), 412)
    problem(api.delete(address, If_Match="nonsense"), 412)
    assert api.get(address).status_code == 200
    assert api.delete(address, If_Match=fresh).status_code == 204


@pytest.mark.parametrize(("scopes", "status"), [(["read"], 403), (["ingest"], 403), (["write"], 204), (["admin"], 204)])
@pytest.mark.parametrize("name", RECORDS)
def test_a_key_needs_the_scope_to_write(
    workspace: Workspace, rows: dict[str, Any], name: str, scopes: list[str], status: int
) -> None:
    assert make_api(workspace, scopes).delete(f"{name}/{rows[name].pk}/").status_code == status


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", RECORDS)
def test_a_member_needs_the_permission(workspace: Workspace, rows: dict[str, Any], name: str, role: Role) -> None:
    wanted = Permission.DELETE_CUSTOMERS if name == "customers" else Permission.EDIT_CUSTOMERS
    client = Client()
    client.force_login(factories.make_member(workspace, role).user)
    answer = client.delete(f"/api/v1/{name}/{rows[name].pk}/")
    assert answer.status_code == (204 if wanted in MATRIX[role] else 403)


@pytest.mark.parametrize("name", RECORDS)
def test_a_stranger_finds_nothing_to_delete(rows: dict[str, Any], workspace: Workspace, name: str) -> None:
    stranger = make_api(factories.make_workspace("stranger"))
    for reference in (rows[name].pk, "ext:a/1", "nobody", "ext:"):
        problem(stranger.delete(f"{name}/{reference}/"), 404)
    with workspace_scope(workspace):
        assert type(rows[name]).objects.filter(pk=rows[name].pk).exists()


def test_while_events_are_being_stored_the_caller_is_asked_to_come_back(api: Api, rows: dict[str, Any]) -> None:
    with mock.patch("accounts.extensions.prepare_deletion", side_effect=BusyError("Still storing events.")):
        answer = api.delete("customers/ext:a/1/")
    assert problem(answer, 503)["detail"] == "Still storing events."
    assert int(answer["Retry-After"]) > 0
    assert api.get("customers/ext:a/1/").status_code == 200
