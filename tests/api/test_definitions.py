"""Measures and scorecards over REST: what is told is checked by name, and nothing published is rewritten."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from accounts.roles import MATRIX, Permission, Role
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem

pytestmark = pytest.mark.django_db

EXPORTS: dict[str, Any] = {
    "key": "exports",
    "label": {"en": "Exports", "de": "Exporte"},
    "unit": "exports",
    "definition": {"source": "events", "aggregation": "count", "events": ["report.exported"]},
}
ITEM = {"measure": "habit", "group": "relationship", "weight": 2, "curve": [[0, 0], [4, 1]]}
CARD: dict[str, Any] = {"items": [ITEM, {**ITEM, "measure": "breadth", "group": "value", "weight": 1}]}


@pytest.fixture
def versions(api: Api) -> str:
    return f"scorecards/{api.get('scorecards/').json()['results'][0]['id']}/versions/"


def test_a_measure_is_made_read_and_changed(api: Api) -> None:
    made = api.post("measures/", EXPORTS)
    assert made.status_code == 201, made.content
    body = made.json()
    assert {name: body[name] for name in EXPORTS} == EXPORTS
    assert api.get(f"jobs/{body['job_id']}/").json()["kind"] == "measure.count"
    assert api.get(made["Location"]).json() == body
    address = f"measures/{body['id']}/"
    changed = api.patch(address, {"unit": "files"}, If_Match=made["ETag"])
    assert (changed.json()["unit"], changed.json()["version"], changed.json()["label"]) == ("files", 2, body["label"])
    problem(api.patch(address, {"unit": "x"}, If_Match=made["ETag"]), 412)
    # What was read can be sent back.
    assert api.patch(address, changed.json()).json()["version"] == 2
    assert fields(problem(api.patch(address, {"key": "other"}), 400)) == ["key"]
    assert fields(problem(api.post("measures/", EXPORTS), 400)) == ["key"]


def test_a_survey_score_is_a_measure_that_needs_no_counting(api: Api, versions: str) -> None:
    nps = {
        "key": "nps",
        "label": {"en": "NPS"},
        "unit": "net promoter score",
        "definition": {"source": "surveys", "kind": "nps", "aggregation": "latest", "window_days": 180},
    }
    made = api.post("measures/", nps)
    assert made.status_code == 201, made.content
    body = made.json()
    assert ({name: body[name] for name in nps}, body["job_id"]) == (nps, None)
    item = {"measure": "nps", "group": "relationship", "weight": 1, "curve": [[-100, 0], [50, 1]]}
    published = api.post(versions, {"items": [*CARD["items"], item]})
    assert published.status_code == 201, published.content
    assert published.json()["content"]["items"][-1]["definition"] == nps["definition"]
    problem(make_api(factories.make_workspace("stranger")).get(f"measures/{body['id']}/"), 404)


def test_a_retried_creation_makes_one_measure(api: Api) -> None:
    first, again = (api.post("measures/", EXPORTS, Idempotency_Key="k-1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": "a b"}, "key"),
        ({"key": None}, "key"),
        ({"label": {"de": "Nur"}}, "label"),
        ({"label": {"en": ""}}, "label"),
        ({"label": {"en": "x", "xx": "y"}}, "label"),
        ({"label": {"en": 7}}, "label"),
        ({"label": "Exports"}, "label"),
        ({"unit": "x" * 50}, "unit"),
        ({"definition": {"source": "events"}}, "definition.aggregation"),
        ({"definition": {"source": "moon", "aggregation": "count"}}, "definition.source"),
        ({"definition": {"source": "contacts", "aggregation": "count"}}, "definition.aggregation"),
        ({"definition": {"source": "events", "aggregation": "sponsor"}}, "definition.aggregation"),
        ({"definition": {"source": "events", "aggregation": ["count"]}}, "definition.aggregation"),
        ({"definition": {"source": "events", "aggregation": "trend", "window_days": 400}}, "definition.window_days"),
        (
            {"definition": {**EXPORTS["definition"], "window_days": 10**400}},
            "definition.window_days",
        ),
        ({"definition": {"source": "events", "aggregation": "count", "scale": "share_of_seats"}}, "definition.scale"),
        ({"definition": {"source": "events", "aggregation": "count", "events": [""]}}, "definition.events.0"),
        ({"definition": {"source": "events", "aggregation": "count", "formula": "1"}}, "definition.formula"),
        ({"definition": {"source": "surveys", "aggregation": "latest"}}, "definition.kind"),
        ({"definition": {"source": "surveys", "aggregation": "latest", "kind": "joy"}}, "definition.kind"),
        ({"definition": {"source": "surveys", "aggregation": "count", "kind": "nps"}}, "definition.aggregation"),
        (
            {"definition": {"source": "events", "aggregation": "count", "window_days": 366}},
            "definition.window_days",
        ),
        ({"definition": 7}, "definition"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_measure_is_refused_by_field(api: Api, change: dict[str, Any], field: str) -> None:
    before = api.get("measures/").content
    told = {name: value for name, value in {**EXPORTS, **change}.items() if value is not None}
    assert field in fields(problem(api.post("measures/", told), 400))
    assert api.get("measures/").content == before


def test_publishing_appends_a_version_and_scores_everybody(api: Api, versions: str) -> None:
    first = api.get(f"{versions}1/")
    draft = api.post(versions, {**CARD, "draft": True})
    assert draft.status_code == 200
    assert [item["measure"] for item in draft.json()["content"]["items"]] == ["habit", "breadth"]
    assert [row["version"] for row in api.get(versions).json()["results"]] == [1]
    made = api.post(versions, CARD, If_Match=first["ETag"])
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["version"], body["content"], body["published_by"]) == (
        2,
        draft.json()["content"],
        "API key “Warehouse”",
    )
    assert api.get(f"jobs/{body['job_id']}/").json()["kind"] == "score.current"
    assert api.get(made["Location"]).json() == {**body, "job_id": None}
    assert api.get(f"{versions}1/").json() == first.json()
    problem(api.post(versions, CARD, If_Match=first["ETag"]), 412)
    assert [row["version"] for row in api.get(versions).json()["results"]] == [2, 1]


def test_a_measure_still_being_counted_cannot_be_published(api: Api, versions: str) -> None:
    api.post("measures/", EXPORTS)
    answer = api.post(versions, {"items": [{**ITEM, "measure": "exports"}]})
    assert "still being counted" in problem(answer, 503)["detail"]
    assert int(answer["Retry-After"]) > 0


def item(**change: Any) -> dict[str, Any]:
    return {"items": [{**ITEM, **change}]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        (item(weight=0), "items"),
        (item(weight=-1), "items.0.weight"),
        (item(weight=True), "items.0.weight"),
        (item(weight=10**400), "items.0.weight"),
        (item(weight=1e7), "items.0.weight"),
        (item(weight="nan"), "items.0.weight"),
        (item(measure="unheard_of"), "items.0.measure"),
        ({"items": [ITEM, ITEM]}, "items.1.measure"),
        (item(group="nowhere"), "items.0.group"),
        (item(curve=[]), "items.0.curve"),
        (item(curve=[[0, 0], [0, 1]]), "items.0.curve"),
        (item(curve=[[1, 0], [0, 1]]), "items.0.curve"),
        (item(curve=[[0, 0], [1e300, 1]]), "items.0.curve"),
        (item(curve=[[0, 0], [1, 1.5]]), "items.0.curve"),
        (item(curve=[[0, "nan"]]), "items.0.curve.0.1"),
        (item(curve=[["Infinity", 1]]), "items.0.curve.0.0"),
        (item(curve=[[0]]), "items.0.curve.0"),
        (item(curve="steep"), "items.0.curve"),
        ({**CARD, "bands": {"healthy": 40, "watch": 70}}, "bands"),
        ({**CARD, "bands": {"healthy": 70}}, "bands.watch"),
        ({**CARD, "min_coverage": 2}, "min_coverage"),
        ({**CARD, "groups": [{"key": "value", "label": {"en": "Value"}}]}, "items.0.group"),
        ({**CARD, "groups": [{"key": "value", "label": {}}]}, "groups.0.label"),
        ({**CARD, "version": 7}, "version"),
        ({"items": [{**ITEM, "measure": f"m{n}"} for n in range(501)]}, "items"),
    ],
)
@pytest.mark.parametrize("draft", [True, False])
def test_a_bad_scorecard_is_refused_by_field(
    api: Api, versions: str, body: dict[str, Any], field: str, draft: bool
) -> None:
    assert field in fields(problem(api.post(versions, {**body, "draft": draft}), 400))
    assert len(api.get(versions).json()["results"]) == 1


def test_not_a_number_is_no_json(api: Api, versions: str) -> None:
    body = b'{"items": [{"measure": "habit", "group": "value", "weight": NaN, "curve": [[0, 1]]}]}'
    problem(api.post(versions, body), 400)


@pytest.mark.parametrize("scopes", [["read", "write"], ["ingest"], ["admin"]])
def test_a_key_needs_the_admin_scope(workspace: Workspace, api: Api, versions: str, scopes: list[str]) -> None:
    caller = make_api(workspace, scopes)
    wanted = 201 if scopes == ["admin"] else 403
    measure = api.get("measures/").json()["results"][0]["id"]
    assert caller.post("measures/", EXPORTS).status_code == wanted
    assert caller.patch(f"measures/{measure}/", {}).status_code == (200 if wanted == 201 else 403)
    assert caller.post(versions, CARD).status_code == wanted


@pytest.mark.parametrize("role", list(Role))
def test_a_member_needs_the_permission(workspace: Workspace, versions: str, role: Role) -> None:
    client = Client()
    client.force_login(factories.make_member(workspace, role).user)
    wanted = 201 if Permission.CONFIGURE in MATRIX[role] else 403
    assert client.post("/api/v1/measures/", EXPORTS, content_type="application/json").status_code == wanted
    assert client.post(f"/api/v1/{versions}", CARD, content_type="application/json").status_code == wanted


def test_a_stranger_finds_neither(api: Api, versions: str) -> None:
    stranger = make_api(factories.make_workspace("stranger"))
    measure = api.get("measures/").json()["results"][0]["id"]
    problem(stranger.patch(f"measures/{measure}/", {"unit": "x"}), 404)
    problem(stranger.post(versions, CARD), 404)


def test_a_draft_is_begun_saved_published_and_gone(api: Api, versions: str) -> None:
    address = versions.replace("versions/", "draft/")
    problem(api.get(address), 404)
    begun = api.put(address, CARD, If_None_Match="*")
    assert begun.status_code == 200, begun.content
    assert (begun.json()["version"], begun.json()["based_on"], begun.json()["problems"]) == (1, 1, [])
    assert begun.json()["content"]["bands"] == {"healthy": 75, "watch": 50}
    problem(api.put(address, CARD, If_None_Match="*"), 412)
    weightless = {"items": [{**ITEM, "weight": 0}]}
    saved = api.put(address, weightless, If_Match=begun["ETag"])
    assert [each["field"] for each in saved.json()["problems"]] == ["items"]
    problem(api.put(address, CARD, If_Match=begun["ETag"]), 412)
    assert fields(problem(api.post(address + "publish/", {"why": "Weightless"}), 400)) == ["items"]
    api.put(address, CARD)
    assert fields(problem(api.post(address + "publish/", {}), 400)) == ["why"]
    published = api.post(address + "publish/", {"why": "Habit counts twice"})
    assert published.status_code == 201, published.content
    assert (published.json()["version"], published.json()["why"]) == (2, "Habit counts twice")
    assert api.get(published["Location"]).json()["why"] == "Habit counts twice"
    problem(api.get(address), 404)
    problem(api.post(address + "publish/", {"why": "Again"}), 404)


def test_a_draft_is_discarded_and_a_strangers_is_not_there(api: Api, versions: str) -> None:
    address = versions.replace("versions/", "draft/")
    saved = api.put(address, CARD)
    theirs = make_api(factories.make_workspace("stranger"))
    for response in (theirs.get(address), theirs.put(address, CARD), theirs.delete(address)):
        problem(response, 404)
    problem(theirs.post(address + "publish/", {"why": "x"}), 404)
    assert api.delete(address, If_Match=saved["ETag"]).status_code == 204
    problem(api.delete(address), 404)
