"""Moving customers over REST: what each answer says, and who is told when two try."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from journeys.models import CriterionKind, Move, Side, Stage, StageCriterion
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem


@pytest.fixture
def customer(api: Api) -> dict[str, Any]:
    answer = api.put("customers/ext:c-1/", {"name": "Loxley Mills"})
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


def move(api: Api, stage: str, reason: str = "Fit is qualified", **more: Any) -> Any:
    headers = more.pop("headers", {})
    return api.post("customers/ext:c-1/move/", {"stage": stage, "reason": reason, **more}, **headers)


def test_a_move_answers_with_the_new_position(api: Api, customer: dict[str, Any]) -> None:
    answer = move(api, "consideration")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["stage"], body["macro"], body["lap"]) == ("consideration", "consideration", 1)
    assert [each["stage"] for each in body["moves"]] == ["awareness", "consideration"]
    last = body["moves"][-1]
    assert (last["kind"], last["from_stage"], last["reason"]) == ("forward", "awareness", "Fit is qualified")
    assert last["actor"] == "API key “Warehouse”"
    assert api.get("customers/ext:c-1/").json()["stage"] == "consideration"


def test_what_is_missing_is_named_and_an_override_passes_it_by_name(
    api: Api, workspace: Workspace, customer: dict[str, Any]
) -> None:
    with workspace_scope(workspace):
        stage = Stage.objects.get(key="consideration")
        StageCriterion.objects.create(workspace=workspace, stage=stage, side=Side.ENTRY, kind=CriterionKind.SPONSOR)
    body = problem(move(api, "consideration"), 409)
    assert body["missing"] == [{"criterion": "sponsor", "message": "No contact is marked as sponsor."}]
    last = move(api, "consideration", override=True).json()["moves"][-1]
    assert (last["override"], last["passed_over"]) == (True, ["sponsor"])


def test_a_step_that_takes_a_handover_answers_with_it(api: Api, customer: dict[str, Any]) -> None:
    move(api, "consideration")
    answer = move(api, "trial", "They want to see it work")
    assert answer.status_code == 202
    assert answer.json()["state"] == "offered"
    assert api.get("customers/ext:c-1/flight/").json()["stage"] == "consideration"
    again = move(api, "trial", "Once more")
    assert (again.status_code, again.json()["id"]) == (202, answer.json()["id"])


def test_a_key_moves_for_a_member_who_then_gives_the_handover(
    api: Api, workspace: Workspace, customer: dict[str, Any]
) -> None:
    seller = factories.make_member(workspace)
    last = move(api, "consideration", by=seller.user.email).json()["moves"][-1]
    assert last["actor"] == f"API key “Warehouse” for {seller.user.email}"
    assert move(api, "trial", by=str(seller.pk)).json()["giver"] == str(seller.pk)
    stranger = factories.make_member(factories.make_workspace("falcon"))
    assert fields(problem(move(api, "awareness", by=stranger.user.email), 400)) == ["by"]
    problem(move(make_api(workspace, ["read", "write"]), "awareness", by=seller.user.email), 403)


def test_the_flight_reads_oldest_first_with_what_each_lap_brought(api: Api, customer: dict[str, Any]) -> None:
    sold = {"customer_external_id": "c-1", "arr": "36500", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
    assert api.put("subscriptions/ext:s-1/", sold).status_code == 201
    body = api.get("customers/ext:c-1/flight/").json()
    assert body["stage"] is None
    assert body["moves"][-1]["kind"] == "churned"
    (lap,) = body["laps"]
    assert (lap["kind"], lap["ended_on"], lap["gained_arr"]) == ("first_sale", "2026-02-01", "36500.00")
    assert (lap["earned"], body["lifetime"], body["currency"]) == ("3100.00", "3100.00", "EUR")


def test_naming_the_force_of_a_churn(api: Api, customer: dict[str, Any]) -> None:
    body = problem(api.post("customers/ext:c-1/ground/", {"force": "vendor"}), 400)
    assert fields(body) == ["force"]
    sold = {"customer_external_id": "c-1", "arr": "36500", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
    api.put("subscriptions/ext:s-1/", sold)
    answer = api.post("customers/ext:c-1/ground/", {"force": "vendor", "note": "The outage in January"})
    assert (answer.status_code, answer.json()["moves"][-1]["force"]) == (200, "vendor")
    assert fields(problem(api.post("customers/ext:c-1/ground/", {"force": "weather"}), 400)) == ["force"]


def test_a_move_from_an_older_view_is_refused_and_says_who_moved_it(api: Api, customer: dict[str, Any]) -> None:
    tag = api.get("customers/ext:c-1/flight/")["ETag"]
    assert move(api, "consideration", headers={"If_Match": tag}).status_code == 200
    problem(move(api, "awareness", headers={"If_Match": tag}), 412)
    body = problem(move(api, "consideration"), 409)
    assert body["missing"][0]["criterion"] == "position"
    assert "Warehouse" in body["detail"]


def test_a_flight_unchanged_is_not_sent_again(api: Api, customer: dict[str, Any]) -> None:
    tag = api.get("customers/ext:c-1/flight/")["ETag"]
    assert api.get("customers/ext:c-1/flight/", If_None_Match=tag).status_code == 304


def test_the_same_request_twice_moves_once(api: Api, workspace: Workspace, customer: dict[str, Any]) -> None:
    first = move(api, "consideration", headers={"Idempotency_Key": "k1"})
    again = move(api, "consideration", headers={"Idempotency_Key": "k1"})
    assert (again.status_code, again.content) == (200, first.content)
    with workspace_scope(workspace):
        assert Move.objects.count() == 2


def test_an_external_id_names_one_move(api: Api, workspace: Workspace, customer: dict[str, Any]) -> None:
    assert move(api, "consideration", external_id="m-1").status_code == 200
    assert move(api, "consideration", external_id="m-1").status_code == 200
    assert fields(problem(move(api, "awareness", external_id="m-1"), 400)) == ["external_id"]
    with workspace_scope(workspace):
        assert Move.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["stage", "reason"]),
        ({"stage": "consideration", "reason": "  "}, ["reason"]),
        ({"stage": "sold", "reason": "x"}, ["stage"]),
        ({"stage": "consideration", "reason": "x", "occurred_on": "2020-01-01"}, ["occurred_on"]),
        ({"stage": "consideration", "reason": "x", "occurred_on": "2090-01-01"}, ["occurred_on"]),
        ({"stage": "consideration", "reason": "x", "overide": True}, ["overide"]),
        ({"stage": "consideration", "reason": "x" * 501}, ["reason"]),
    ],
)
def test_a_move_that_cannot_be_names_what_is_wrong(
    api: Api, customer: dict[str, Any], body: dict[str, Any], named: list[str]
) -> None:
    assert fields(problem(api.post("customers/ext:c-1/move/", body), 400)) == named


def test_keys_that_only_read_move_nobody_and_strangers_see_nothing(
    api: Api, workspace: Workspace, customer: dict[str, Any]
) -> None:
    problem(move(make_api(workspace, ["read"]), "consideration"), 403)
    stranger = make_api(factories.make_workspace("falcon"))
    for path in ("flight/", "move/", "ground/"):
        address = f"customers/{customer['id']}/{path}"
        problem(stranger.get(address) if path == "flight/" else stranger.post(address, {}), 404)


def test_laps_are_listed_by_customer(api: Api, customer: dict[str, Any]) -> None:
    sold = {"customer_external_id": "c-1", "arr": "12000", "starts_on": "2024-01-01"}
    api.put("subscriptions/ext:s-1/", sold)
    results = api.get("laps/?customer_external_id=c-1&ordering=began_on").json()["results"]
    assert [row["kind"] for row in results][:2] == ["first_sale", "renewal"]
    assert results[0]["subscription_external_id"] == "s-1"
    assert [row["number"] for row in api.get("laps/?is_open=true").json()["results"]] == [len(results)]
    assert api.get(f"laps/{results[0]['id']}/").json()["gained_arr"] == "12000.00"
