"""Who may do what: scopes of keys, roles of members, and never anything of another workspace."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Customer, Workspace
from accounts.roles import Role
from accounts.services import keys
from csplatform.core import audit, jobs
from csplatform.core.rest import limits
from csplatform.core.tenancy import workspace_scope
from health.models import Measure, Scorecard
from journeys.models import Stage
from tests import factories
from tests.api.conftest import Api, make_api, problem

pytestmark = pytest.mark.django_db

BODY = {"external_id": "c-1", "name": "Nottingham Freight"}


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [
        (["read"], 200, 403),
        (["write"], 403, 201),
        (["read", "write"], 200, 201),
        (["admin"], 200, 201),
        (["ingest"], 403, 403),
    ],
)
def test_a_key_may_do_what_its_scopes_say(workspace: Workspace, scopes: list[str], read: int, write: int) -> None:
    api = make_api(workspace, scopes)
    assert api.get("customers/").status_code == read
    assert api.post("customers/", BODY).status_code == write


def test_a_revoked_key_opens_nothing(workspace: Workspace) -> None:
    key, plaintext = keys.create_key(
        workspace=workspace, name="Old", scopes=["read"], actor=audit.SYSTEM, now=factories.NOW
    )
    assert Api(plaintext).get("customers/").status_code == 200
    keys.revoke_key(key=key, actor=audit.SYSTEM, now=factories.NOW)
    problem(Api(plaintext).get("customers/"), 401)


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [
        (Role.OWNER, 200, 201),
        (Role.ADMIN, 200, 201),
        (Role.MANAGER, 200, 201),
        (Role.CSM, 200, 201),
        (Role.CONTRIBUTOR, 200, 201),
        (Role.VIEWER, 200, 403),
        (Role.HOST, 403, 403),
    ],
)
def test_a_member_may_do_what_the_role_says(workspace: Workspace, role: Role, read: int, write: int) -> None:
    client = Client()
    client.force_login(factories.make_member(workspace, role).user)
    assert client.get("/api/v1/customers/").status_code == read
    assert client.post("/api/v1/customers/", BODY, content_type="application/json").status_code == write


def test_a_change_by_session_needs_the_csrf_token(workspace: Workspace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.make_member(workspace, Role.OWNER).user)
    assert client.get("/api/v1/customers/").status_code == 200
    problem(client.post("/api/v1/customers/", BODY, content_type="application/json"), 403)


def test_somebody_without_a_workspace_sees_none(workspace: Workspace) -> None:
    client = Client()
    membership = factories.make_member(workspace)
    membership.left_at = factories.NOW
    membership.save()
    client.force_login(membership.user)
    problem(client.get("/api/v1/customers/"), 403)


def _one_of_each(workspace: Workspace) -> dict[str, Any]:
    with workspace_scope(workspace):
        customer = factories.make_customer(external_id="theirs")
        return {
            "customers": customer.pk,
            "contacts": factories.make_contact(customer, external_id="theirs").pk,
            "subscriptions": factories.make_subscription(customer, external_id="theirs").pk,
            "jobs": jobs.create(kind="score", now=factories.NOW).pk,
            "stages": Stage.objects.order_by("order")[0].pk,
            "measures": Measure.objects.order_by("key")[0].pk,
            "scorecards": Scorecard.objects.order_by("id")[0].pk,
            "members": factories.make_member(workspace).pk,
        }


def test_a_stranger_finds_nothing_anywhere(api: Api) -> None:
    for name, row_id in _one_of_each(factories.make_workspace("theirs")).items():
        problem(api.get(f"{name}/{row_id}/"), 404)
        listed = [row["id"] for row in api.get(f"{name}/?limit=500").json()["results"]]
        assert str(row_id) not in listed
    for name in ("customers", "contacts", "subscriptions"):
        problem(api.get(f"{name}/ext:theirs/"), 404)
        problem(api.patch(f"{name}/ext:theirs/", {}), 404)
        assert api.get(f"{name}/?external_id=theirs").json()["results"] == []


def test_our_own_are_found_by_the_same_addresses(api: Api, workspace: Workspace) -> None:
    for name, row_id in _one_of_each(workspace).items():
        assert api.get(f"{name}/{row_id}/").json()["id"] == str(row_id)


def test_the_same_external_id_lives_in_two_workspaces(api: Api) -> None:
    other = make_api(factories.make_workspace("theirs"))
    first, second = (each.put("customers/ext:c-1/", BODY) for each in (api, other))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_a_key_beats_the_session_it_comes_with(workspace: Workspace) -> None:
    other = factories.make_workspace("theirs")
    with workspace_scope(other):
        factories.make_customer(external_id="theirs")
    client = Client()
    client.force_login(factories.make_member(workspace, Role.OWNER).user)
    answer = Api(make_api(other).key, client).get("customers/").json()
    assert [row["external_id"] for row in answer["results"]] == ["theirs"]


def test_a_fault_leaves_nothing_behind(workspace: Workspace) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(factories.make_member(workspace, Role.OWNER).user)
    with mock.patch("accounts.api.customers.CustomerViewSet.shown", side_effect=ZeroDivisionError):
        problem(client.post("/api/v1/customers/", BODY, content_type="application/json"), 500)
    with workspace_scope(workspace):
        assert not Customer.objects.exists()


class TestRate:
    def test_each_answer_says_what_is_left(self, api: Api) -> None:
        assert api.get("nothing-here-/").status_code == 404
        first, later = api.get("customers/"), api.get("customers/nobody/")
        if int(later["RateLimit-Reset"]) > int(first["RateLimit-Reset"]):  # the minute turned over between the two
            first, later = api.get("customers/"), api.get("customers/nobody/")
        assert first["RateLimit-Limit"] == str(settings.API_RATE_PER_MINUTE)
        assert 1 <= int(first["RateLimit-Reset"]) <= 60
        assert int(later["RateLimit-Remaining"]) < int(first["RateLimit-Remaining"])

    def test_beyond_the_limit_the_key_waits_and_another_does_not(self, workspace: Workspace, settings: Any) -> None:
        settings.API_RATE_PER_MINUTE = 3
        busy, calm = make_api(workspace), make_api(workspace)
        codes = [busy.get("customers/").status_code for _number in range(3)]
        refused = busy.get("customers/")
        assert codes[0] == 200
        if refused.status_code == 200:  # the minute turned over between two of the four
            codes = [busy.get("customers/").status_code for _number in range(3)]
            refused = busy.get("customers/")
        problem(refused, 429)
        assert 1 <= int(refused["Retry-After"]) <= 60
        assert refused["RateLimit-Remaining"] == "0"
        assert calm.get("customers/").status_code == 200

    def test_without_valkey_nobody_is_refused(self, api: Api, settings: Any) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        settings.API_RATE_PER_MINUTE = 1
        with mock.patch.object(limits, "_breaker", limits._Breaker()):
            assert [api.get("customers/").status_code for _number in range(3)] == [200] * 3
