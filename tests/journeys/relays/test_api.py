"""Handovers over REST: the same rules, answered as problems."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Relay, RelayItem
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem
from tests.journeys.relays.conftest import House, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> House:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        return make_house(workspace)


@pytest.fixture
def api(house: House) -> Api:
    return make_api(house.workspace)


@pytest.fixture
def relay(house: House) -> Relay:
    with workspace_scope(house.workspace):
        return house.offer()


def test_a_handover_reads_as_it_stands(api: Api, relay: Relay) -> None:
    told = api.get(f"relays/{relay.pk}/")
    assert told.status_code == 200
    body = told.json()
    assert (body["state"], body["from_stage"], body["to_stage"]) == ("offered", "consideration", "trial")
    assert (body["giver_department"], body["taker_department"], body["taker"]) == ("marketing", "sales", None)
    assert body["due_at"] == "2026-06-19T15:00:00Z"
    assert [item["is_required"] for item in body["items"]] == [False, False, False]
    assert told["ETag"].startswith('"1-')


def test_a_move_that_takes_a_handover_answers_with_it(api: Api, house: House) -> None:
    answer = api.post("customers/ext:c-1/move/", {"stage": "trial", "reason": "Asked for a demo"})
    assert answer.status_code == 202, answer.content
    assert answer.json() == api.get(f"relays/{answer.json()['id']}/").json()
    assert (answer.json()["reason"], answer.json()["state"]) == ("Asked for a demo", "offered")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=offered", 1),
        ("state=accepted", 0),
        ("customer_external_id=c-1", 1),
        ("taker_department=sales&giver_department=marketing", 1),
        ("to_stage=adoption", 0),
        ("is_overdue=true", 1),
        ("is_overdue=false", 0),
        ("ordering=-due_at", 1),
    ],
)
def test_lists_are_filtered(api: Api, relay: Relay, query: str, found: int) -> None:
    assert len(api.get(f"relays/?{query}").json()["results"]) == found


def test_an_admin_key_accepts_for_the_department_and_is_audited_as_the_key(
    api: Api, relay: Relay, house: House
) -> None:
    answer = api.post(f"relays/{relay.pk}/accept/", {"note": "By the CRM"})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["state"], answer.json()["note"]) == ("accepted", "By the CRM")
    assert api.get("customers/ext:c-1/").json()["stage"] == "trial"
    with workspace_scope(house.workspace):
        assert AuditEvent.objects.get(action="relay.accepted").actor_label == "API key “Warehouse”"


def test_by_names_the_member_who_took_it_and_their_department_counts(api: Api, relay: Relay, house: House) -> None:
    refused = api.post(f"relays/{relay.pk}/accept/", {"by": house.success.user.email})
    assert "Sales" in problem(refused, 403)["detail"]
    answer = api.post(f"relays/{relay.pk}/accept/", {"by": str(house.seller.pk)})
    assert answer.json()["taker"] == str(house.seller.pk)
    assert answer.json()["decided_by"] == f"API key “Warehouse” for {house.seller.user}"


def test_a_key_without_admin_may_not_act(house: House, relay: Relay) -> None:
    writing = make_api(house.workspace, ["read", "write"])
    assert "admin" in problem(writing.post(f"relays/{relay.pk}/accept/", {}), 403)["detail"]


@pytest.mark.parametrize(
    ("deed", "body", "field"),
    [
        ("accept", {"by": "nobody@nowhere.example"}, "by"),
        ("accept", {"mood": "good"}, "mood"),
        ("decline", {}, "reason"),
        ("decline", {"reason": "  "}, "reason"),
        ("decline", {"reason": "No", "cause": "mood"}, "cause"),
        ("tick", {"item": "first"}, "item"),
        ("tick", {"item": "01890000-0000-7000-8000-000000000000"}, "item"),
    ],
)
def test_what_cannot_be_is_refused_by_field(api: Api, relay: Relay, deed: str, body: Any, field: str) -> None:
    assert fields(problem(api.post(f"relays/{relay.pk}/{deed}/", body), 400)) == [field]


def test_what_is_missing_is_named(api: Api, relay: Relay, house: House) -> None:
    with workspace_scope(house.workspace):
        RelayItem.objects.filter(relay=relay, position=0).update(required=True)
        item = relay.items.all()[0]
    refused = problem(api.post(f"relays/{relay.pk}/accept/", {}), 409)
    assert refused["missing"] == [{"criterion": "checklist", "message": item.text}]
    ticked = api.post(f"relays/{relay.pk}/tick/", {"item": str(item.pk)})
    assert ticked.json()["items"][0]["done_by"] == "API key “Warehouse”"
    assert api.post(f"relays/{relay.pk}/accept/", {}).status_code == 200


def test_who_comes_second_gets_409_with_who_was_quicker(api: Api, relay: Relay) -> None:
    api.post(f"relays/{relay.pk}/decline/", {"reason": "Too early"})
    assert "Warehouse" in problem(api.post(f"relays/{relay.pk}/accept/", {}), 409)["detail"]


def test_declined_and_offered_again_and_withdrawn(api: Api, relay: Relay, house: House) -> None:
    declined = api.post(f"relays/{relay.pk}/decline/", {"reason": "Too early", "cause": "too_early"}).json()
    assert (declined["state"], declined["decline_cause"], declined["decline_reason"]) == (
        "declined",
        "too_early",
        "Too early",
    )
    told = {"reason": "Budget moved up", "taker": house.seller.user.email}
    again = api.post(f"relays/{relay.pk}/reoffer/", told)
    assert again.status_code == 201
    assert (again.json()["reoffers"], again.json()["taker"]) == (str(relay.pk), str(house.seller.pk))
    withdrawn = api.post(f"relays/{again.json()['id']}/withdraw/", {})
    assert withdrawn.json()["state"] == "withdrawn"


def test_somebody_who_left_is_said_to_have_left(api: Api, relay: Relay, house: House) -> None:
    with workspace_scope(house.workspace):
        Relay.objects.filter(pk=relay.pk).update(taker=house.seller)
    Membership.objects.filter(pk=house.seller.pk).update(left_at=factories.NOW)
    assert api.get(f"relays/{relay.pk}/").json()["taker_has_left"] is True


def test_an_older_version_is_refused(api: Api, relay: Relay) -> None:
    problem(api.post(f"relays/{relay.pk}/accept/", {}, If_Match='"7-0000000000000000"'), 412)


def test_a_stranger_finds_no_handover(relay: Relay) -> None:
    stranger = make_api(factories.make_workspace("stranger"))
    for deed in ("accept", "decline", "withdraw", "reoffer", "tick"):
        problem(stranger.post(f"relays/{relay.pk}/{deed}/", {"reason": "x"} if deed != "tick" else {}), 404)
