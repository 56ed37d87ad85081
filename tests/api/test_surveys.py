"""Surveys over REST: made, opened, answered, counted."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Workspace
from accounts.roles import Role
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem

pytestmark = pytest.mark.django_db

BODY: dict[str, Any] = {
    "kind": "top3",
    "slug": "top-2026",
    "title": {"en": "Your top 3", "de": "Ihre Top 3"},
    "options": [
        {"key": "adoption", "label": {"en": "Adoption", "de": "Nutzung"}},
        {"key": "churn", "label": {"en": "Churn", "de": "Abwanderung"}},
        {"key": "silos", "label": {"en": "Silos", "de": "Silos"}},
    ],
    "checks": "off",
}


def make(api: Api, **told: Any) -> dict[str, Any]:
    answer = api.post("surveys/", {**BODY, **told})
    assert answer.status_code == 201, answer.content
    survey: dict[str, Any] = answer.json()
    return survey


def test_a_survey_is_made_as_a_draft_and_found_again(api: Api) -> None:
    answer = api.post("surveys/", BODY)
    assert answer.status_code == 201
    survey = answer.json()
    assert (survey["state"], survey["checks"], survey["languages"]) == ("draft", "off", ["en", "de"])
    assert [option["key"] for option in survey["options"]] == ["adoption", "churn", "silos"]
    assert answer["Location"].endswith(f"/api/v1/surveys/{survey['id']}/")
    assert api.get(f"surveys/{survey['id']}/").json() == survey
    assert [row["id"] for row in api.get("surveys/?slug=top-2026").json()["results"]] == [survey["id"]]
    assert api.get("surveys/?state=open").json()["results"] == []


def test_questions_languages_and_the_schedule_come_with_it(api: Api) -> None:
    role = {"key": "role", "label": {"en": "Role"}, "choices": [{"key": "csm", "label": {"en": "CSM"}}]}
    survey = make(
        api,
        languages=["en"],
        questions=[{**role, "is_segment": True}],
        opens_at="2027-01-04T08:00:00Z",
        results_on="2027-02-01",
    )
    assert survey["questions"][0]["choices"] == role["choices"]
    assert (survey["opens_at"], survey["results_on"]) == ("2027-01-04T08:00:00Z", "2027-02-01")


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"kind": "poll"}, "kind"),
        ({"slug": "Not Good"}, "slug"),
        ({"title": ["Top 3"]}, "title"),
        ({"title": {"xx": "Top 3"}}, "languages"),
        ({"options": [BODY["options"][0]] * 2}, "options"),
        ({"options": [{"label": {"en": "No key"}}]}, "options.0.key"),
        ({"questions": [{"key": "q", "scale": 3}]}, "questions"),
        ({"colour": "green"}, "colour"),
        ({"closes_at": "soon"}, "closes_at"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(api: Api, told: dict[str, Any], field: str) -> None:
    assert field in fields(problem(api.post("surveys/", {**BODY, **told}), 400))
    assert api.get("surveys/").json()["results"] == []


def test_what_is_missing_is_named(api: Api) -> None:
    assert fields(problem(api.post("surveys/", {}), 400)) == ["kind", "slug", "title"]


def test_a_slug_taken_anywhere_is_refused(api: Api) -> None:
    make(make_api(factories.make_workspace("theirs")))
    assert fields(problem(api.post("surveys/", BODY), 400)) == ["slug"]


def test_it_opens_and_closes_and_says_by_whom(api: Api, workspace: Workspace) -> None:
    survey = make(api)
    opened = api.post(f"surveys/{survey['id']}/open/", None)
    assert (opened.status_code, opened.json()["state"]) == (200, "open")
    assert opened.json()["method"]["headline"] == "mention_share"
    again = api.post(f"surveys/{survey['id']}/open/", None)
    assert again.json()["opened_at"] == opened.json()["opened_at"]
    assert api.post(f"surveys/{survey['id']}/close/", None).json()["state"] == "closed"
    with workspace_scope(workspace):
        lines = AuditEvent.objects.filter(action__startswith="survey.").order_by("id")
        told = list(lines.values_list("action", "actor_label"))
    label = "API key “Warehouse”"
    assert told == [("survey.created", label), ("survey.opened", label), ("survey.closed", label)]


def test_a_step_its_state_does_not_allow_is_a_conflict(api: Api) -> None:
    survey = make(api)
    assert problem(api.post(f"surveys/{survey['id']}/close/", None), 409)["type"].endswith("survey-state")


def test_an_incomplete_survey_does_not_open_and_says_where(api: Api) -> None:
    survey = make(api, options=[{"key": "a", "label": {"en": "A"}}, {"key": "b", "label": {"en": "B"}}])
    told = fields(problem(api.post(f"surveys/{survey['id']}/open/", None), 400))
    assert told == ["options.a", "options.b"]


def test_reading_and_writing_need_their_scopes(api: Api, workspace: Workspace) -> None:
    survey = make(api)
    reader, writer = make_api(workspace, ["read"]), make_api(workspace, ["write"])
    assert reader.get("surveys/").status_code == 200
    problem(reader.post("surveys/", BODY), 403)
    problem(reader.post(f"surveys/{survey['id']}/open/", None), 403)
    problem(writer.get("surveys/"), 403)
    assert writer.post(f"surveys/{survey['id']}/open/", None).status_code == 200


@pytest.mark.parametrize(("role", "status"), [(Role.HOST, 200), (Role.OWNER, 200), (Role.CSM, 403), (Role.VIEWER, 403)])
def test_members_need_the_permission_to_run_surveys(workspace: Workspace, client: Any, role: Role, status: int) -> None:
    client.force_login(factories.make_member(workspace, role).user)
    assert client.get("/api/v1/surveys/").status_code == status


def test_a_stranger_finds_nothing(api: Api) -> None:
    survey = make(make_api(factories.make_workspace("theirs")))
    for step in ("open/", "close/"):
        problem(api.post(f"surveys/{survey['id']}/{step}", None), 404)
    problem(api.get(f"surveys/{survey['id']}/"), 404)
    assert api.get("surveys/").json()["results"] == []


def test_a_list_asks_as_often_whatever_it_holds(api: Api, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        make(api, slug=f"top-{number}")
    with django_assert_max_num_queries(14):
        assert len(api.get("surveys/").json()["results"]) == 12
