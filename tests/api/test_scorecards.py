"""Scorecards over REST: made, ordered, given to stages and segments, retired; nothing that is in use goes."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Workspace
from csplatform.core.ids import uuid7
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from health.models import ScoringRun
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem

pytestmark = pytest.mark.django_db

ITEM = {"measure": "habit", "group": "relationship", "weight": 2, "curve": [[0, 0], [4, 1]]}
PAYING = {"name": "Paying", "filter": {"all": [{"field": "arr", "op": "gte", "value": 1}]}, "is_shared": True}


def made(api: Api, **told: Any) -> dict[str, Any]:
    answer = api.post("scorecards/", told)
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def published(api: Api, **told: Any) -> dict[str, Any]:
    card = made(api, **told)
    answer = api.post(f"scorecards/{card['id']}/draft/publish/", {"why": "It begins"})
    assert answer.status_code == 201, answer.content
    return card


def names(api: Api) -> list[str]:
    """Those with a place, in their order."""
    rows = [each for each in api.get("scorecards/").json()["results"] if each["position"]]
    return [each["name"] for each in sorted(rows, key=lambda each: each["position"])]


def test_a_scorecard_is_made_for_stages_and_a_segment_and_scores_nobody_until_it_is_published(api: Api) -> None:
    segment = api.post("segments/", PAYING).json()["id"]
    answer = api.post("scorecards/", {"name": "Trials", "macros": ["trial"], "segment_id": segment})
    assert answer.status_code == 201, answer.content
    card = answer.json()
    assert {name: card[name] for name in card if name not in ("id", "created_at")} == {
        "name": "Trials",
        "is_default": False,
        "position": 1,
        "macros": ["trial"],
        "segment_id": segment,
        "is_retired": False,
        "latest_version": None,
        "has_draft": True,
        "version": 1,
    }
    assert api.get(answer["Location"]).json() == card
    address = f"scorecards/{card['id']}/draft/"
    assert api.put(address, {"items": [ITEM]}, If_Match=api.get(address)["ETag"]).status_code == 200
    published = api.post(address + "publish/", {"why": "Trials need no sponsor"}, If_Match=api.get(address)["ETag"])
    assert (published.status_code, published.json()["version"]) == (201, 1)
    now = api.get(answer["Location"]).json()
    assert (now["latest_version"], now["has_draft"]) == (1, False)


def test_what_was_published_is_told_to_webhooks(api: Api, workspace: Workspace) -> None:
    card = published(api, name="Trials", macros=["trial"])
    with workspace_scope(workspace):
        event = OutboxEvent.objects.get(name="scorecard.published")
    version = api.get(f"scorecards/{card['id']}/versions/1/").json()
    assert (event.payload["scorecard_id"], event.payload["version"]) == (card["id"], 1)
    assert event.payload["published_at"][:19] == version["published_at"][:19]


def test_a_rule_changes_at_once_and_scores_anew(api: Api, workspace: Workspace) -> None:
    address = f"scorecards/{published(api, name='Trials', macros=['trial'])['id']}/"
    read = api.get(address)
    with workspace_scope(workspace):
        before = ScoringRun.objects.count()
    changed = api.patch(address, {"macros": ["trial", "decision"]}, If_Match=read["ETag"])
    assert (changed.status_code, changed.json()["macros"]) == (200, ["trial", "decision"])
    with workspace_scope(workspace):
        assert ScoringRun.objects.count() == before + 1
        [line] = AuditEvent.objects.filter(action="scorecard.changed")
    assert line.data["macros"] == {"from": ["trial"], "to": ["trial", "decision"]}
    # What was read can be sent back.
    assert api.patch(address, changed.json()).json()["version"] == changed.json()["version"]


def test_two_who_change_one_scorecard_or_draft_do_not_overwrite_each_other(api: Api) -> None:
    card = made(api, name="Trials")
    address = f"scorecards/{card['id']}/"
    read = api.get(address)["ETag"]
    assert api.patch(address, {"name": "Trial customers"}, If_Match=read).status_code == 200
    problem(api.patch(address, {"name": "Tryouts"}, If_Match=read), 412)
    problem(api.delete(address, If_Match=read), 412)
    assert api.get(address).json()["name"] == "Trial customers"
    draft = api.get(f"{address}draft/")["ETag"]
    assert api.put(f"{address}draft/", {"items": [ITEM]}, If_Match=draft).status_code == 200
    problem(api.put(f"{address}draft/", {"items": [{**ITEM, "weight": 9}]}, If_Match=draft), 412)
    problem(api.delete(f"{address}draft/", If_Match=draft), 412)
    problem(api.post(f"{address}draft/publish/", {"why": "Mine"}, If_Match=draft), 412)
    assert api.get(f"{address}draft/").json()["content"]["items"][0]["weight"] == 2


def test_scorecards_are_put_in_order_and_the_others_make_room(api: Api) -> None:
    cards = {name: made(api, name=name)["id"] for name in ("A", "B", "C")}
    assert names(api) == ["A", "B", "C"]
    assert api.patch(f"scorecards/{cards['C']}/", {"position": 1}).json()["position"] == 1
    assert names(api) == ["C", "A", "B"]
    assert api.patch(f"scorecards/{cards['C']}/", {"position": 99}).json()["position"] == 3
    assert names(api) == ["A", "B", "C"]
    assert fields(problem(api.patch(f"scorecards/{cards['C']}/", {"position": 0}), 400)) == ["position"]


def test_one_that_scored_is_retired_and_one_that_never_did_is_deleted(api: Api) -> None:
    address = f"scorecards/{published(api, name='Trials')['id']}/"
    assert "Retire it instead" in str(problem(api.delete(address), 400))
    retired = api.patch(address, {"is_retired": True}).json()
    assert retired["is_retired"]
    assert api.patch(address, {"is_retired": True}).json()["version"] == retired["version"]
    assert not api.patch(address, {"is_retired": False}).json()["is_retired"]
    never = f"scorecards/{made(api, name='A thought')['id']}/"
    assert api.delete(never).status_code == 204
    problem(api.get(never), 404)
    problem(api.get(f"{never}draft/"), 404)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "default scorecard"}, "name"),
        ({"name": "T", "macros": ["orbit"]}, "macros.0"),
        ({"name": "T", "segment_id": str(uuid7())}, "segment_id"),
        ({"name": "T", "segment_id": "everybody"}, "segment_id"),
        ({"name": "T", "weight": 3}, "weight"),
    ],
)
def test_what_cannot_be_is_refused_by_field(api: Api, told: dict[str, Any], field: str) -> None:
    default = api.get("scorecards/?is_default=true").json()["results"][0]
    if told.get("name") == "default scorecard":
        told = {"name": default["name"].upper()}
    assert field in fields(problem(api.post("scorecards/", told), 400))
    assert len(api.get("scorecards/").json()["results"]) == 1


def test_a_segment_that_a_scorecard_is_for_is_not_removed_under_it(api: Api) -> None:
    segment = api.post("segments/", PAYING).json()["id"]
    card = made(api, name="Payers", segment_id=segment)
    refused = str(problem(api.delete(f"segments/{segment}/"), 400))
    assert "The scorecard “Payers” is for customers in this segment" in refused
    assert api.get(f"segments/{segment}/").status_code == 200
    assert api.patch(f"scorecards/{card['id']}/", {"segment_id": None}).status_code == 200
    assert api.delete(f"segments/{segment}/").status_code == 204


@pytest.mark.parametrize("told", [{"macros": ["trial"]}, {"is_retired": True}, {"position": 1}])
def test_the_default_one_is_for_everybody_else(api: Api, told: dict[str, Any]) -> None:
    default = api.get("scorecards/?is_default=true").json()["results"][0]
    problem(api.patch(f"scorecards/{default['id']}/", told), 400)
    problem(api.delete(f"scorecards/{default['id']}/"), 400)
    assert api.get(f"scorecards/{default['id']}/").json() == default


def test_a_stranger_finds_none_and_a_key_needs_the_admin_scope(api: Api, workspace: Workspace) -> None:
    address = f"scorecards/{made(api, name='Trials')['id']}/"
    stranger = make_api(factories.make_workspace("stranger"))
    for answer in (stranger.get(address), stranger.patch(address, {"name": "Mine"}), stranger.delete(address)):
        problem(answer, 404)
    writer = make_api(workspace, ["read", "write"])
    assert writer.get(address).status_code == 200
    for answer in (writer.post("scorecards/", {"name": "T"}), writer.patch(address, {}), writer.delete(address)):
        problem(answer, 403)
    assert api.get(address).json()["name"] == "Trials"


def test_a_measure_that_is_deleted_while_a_draft_holds_it_is_named_there(api: Api) -> None:
    nps = {
        "key": "nps",
        "label": {"en": "NPS"},
        "definition": {"source": "surveys", "kind": "nps", "aggregation": "latest"},
    }
    assert api.post("measures/", nps).status_code == 201
    address = f"scorecards/{made(api, name='Voice')['id']}/draft/"
    item = {**ITEM, "measure": "nps", "curve": [[-100, 0], [50, 1]]}
    assert api.put(address, {"items": [ITEM, item]}).json()["problems"] == []
    [measure] = api.get("measures/?key=nps").json()["results"]
    assert api.delete(f"measures/{measure['id']}/").status_code == 204
    [found] = api.get(address).json()["problems"]
    assert (found["field"], "nps" in found["message"]) == ("items.1.measure", True)
    assert fields(problem(api.post(address + "publish/", {"why": "All the same"}), 400)) == ["items.1.measure"]
    habit = api.get("measures/?key=habit").json()["results"][0]["id"]
    assert "uses it" in str(problem(api.delete(f"measures/{habit}/"), 400))
