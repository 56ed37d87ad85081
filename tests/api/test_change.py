"""``/api/v1/signals/``, ``/api/v1/shocks/`` and conversations taken from files."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, make_api, problem

pytestmark = pytest.mark.django_db
FRENCH = {"all": [{"field": "country", "op": "eq", "value": ["FR"]}]}
MAIL = b"""From: Ann Weaver <ann@mills.example>
To: us@kestrel.example
Date: Mon, 01 Jun 2026 10:00:00 +0000
Subject: The new depot
Message-ID: <1@mills.example>

When can we begin?
"""


@pytest.fixture
def api() -> Api:
    workspace = factories.make_workspace()
    factories.make_member(workspace, Role.CSM, "us@kestrel.example")
    with workspace_scope(workspace):
        mills = factories.make_customer("Loxley Mills", external_id="c-mills", country="FR", arr_minor=12_000_00)
        factories.make_customer("Nottingham Freight", external_id="c-freight", country="GB")
        factories.make_contact(mills, external_id="p-ann", name="Ann Weaver", email="ann@mills.example")
    return make_api(workspace)


@pytest.fixture
def stranger(db: None) -> Api:
    return make_api(factories.make_workspace("stranger"))


def signal(**more: Any) -> dict[str, Any]:
    told = {"external_id": "s-1", "customer_external_id": "c-mills", "kind": "sponsor_change"}
    return {**told, "summary": "The sponsor leaves in July", **more}


def test_a_signal_is_recorded_changed_answered_once_and_deleted(api: Api, stranger: Api) -> None:
    made = api.post("signals/", signal())
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["source"]) == ("open", "api")
    changed = api.patch("signals/ext:s-1/", {"note": "Told by mail"}, If_Match=made["ETag"])
    assert changed.json()["note"] == "Told by mail"
    problem(api.patch("signals/ext:s-1/", {"note": "x"}, If_Match=made["ETag"]), 412)
    problem(stranger.get(f"signals/{made.json()['id']}/"), 404)
    problem(stranger.post(f"signals/{made.json()['id']}/answer/", {"answer": "x"}), 404)
    answered = api.post("signals/ext:s-1/answer/", {"answer": "Met the new one"}).json()
    assert (answered["state"], answered["answer"]) == ("answered", "Met the new one")
    assert [row["external_id"] for row in api.get("signals/?state=answered").json()["results"]] == ["s-1"]
    assert api.delete("signals/ext:s-1/").status_code == 204
    problem(api.get("signals/ext:s-1/"), 404)


def test_what_is_wrong_with_a_signal_is_said_by_field(api: Api) -> None:
    for told, field in (
        (signal(customer_external_id="nobody"), "customer_external_id"),
        (signal(kind="weather"), "kind"),
        (signal(colour="red"), "colour"),
        (signal(occurred_at="soon"), "occurred_at"),
    ):
        assert field in str(problem(api.post("signals/", told), 400))


def test_a_shock_is_declared_read_with_its_customers_and_closed(api: Api, stranger: Api) -> None:
    made = api.post("shocks/", {"external_id": "k-1", "name": "Fuel", "filter": FRENCH, "struck_on": "2026-01-05"})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["customers"], body["arr"], body["state"]) == (1, "12000.00", "running")
    assert [row["external_id"] for row in api.get("shocks/ext:k-1/customers/").json()["results"]] == ["c-mills"]
    problem(stranger.get(f"shocks/{body['id']}/"), 404)
    problem(stranger.get(f"shocks/{body['id']}/customers/"), 404)
    problem(stranger.post(f"shocks/{body['id']}/close/", {"lesson": "x"}), 404)
    problem(api.post("shocks/ext:k-1/close/", {"lesson": ""}), 400)
    closed = api.post("shocks/ext:k-1/close/", {"lesson": "Call sooner"}).json()
    assert (closed["state"], closed["lesson"]) == ("closed", "Call sooner")
    assert api.post("shocks/ext:k-1/close/", {"lesson": "Again"}).status_code in (400, 409)
    assert api.get("shocks/ext:k-1/").json()["lesson"] == "Call sooner"


def test_what_is_wrong_with_a_shock_is_said_by_field(api: Api) -> None:
    wrong: list[Any] = [{}, [], {"all": [{"field": "colour", "op": "eq", "value": ["x"]}]}]
    for told in wrong:
        problem(api.post("shocks/", {"name": "Fuel", "filter": told}), 400)
    later = api.post("shocks/", {"name": "Fuel", "filter": FRENCH, "struck_on": "2999-01-01"})
    assert "struck_on" in str(problem(later, 400))
    assert api.get("shocks/").json()["results"] == []


def upload(api: Api, content: bytes, name: str = "mail.eml") -> Any:
    headers = {"Authorization": f"Bearer {api.key}"}
    return api.client.post("/api/v1/engagements/files/", {"file": SimpleUploadedFile(name, content)}, headers=headers)


def test_a_mail_becomes_a_conversation_with_whom_it_names_once(api: Api) -> None:
    first = upload(api, MAIL)
    assert first.status_code < 300, first.content
    upload(api, MAIL)
    (row,) = api.get("engagements/").json()["results"]
    assert (row["subject"], row["channel"], row["direction"]) == ("The new depot", "email", "customer_to_vendor")
    assert [each["external_id"] for each in row["customers"]] == ["c-mills"]


@pytest.mark.parametrize(
    ("name", "content"), [("mail.eml", b""), ("picture.png", b"\x89PNG\r\n"), ("a.ics", b"\0\xff")]
)
def test_a_file_that_holds_no_conversation_is_refused_with_a_reason(api: Api, name: str, content: bytes) -> None:
    answer = upload(api, content, name)
    if answer.status_code == 200:
        assert all(row["engagement"] is None and row["reason"] for row in answer.json())
    else:
        problem(answer, 400)
    assert api.get("engagements/").json()["results"] == []
