"""Surveys over REST: made, opened, answered, counted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

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


def test_a_draft_is_changed_field_by_field_and_list_by_list(api: Api) -> None:
    survey = make(api)
    address = f"surveys/{survey['id']}/"
    changed = api.patch(address, {"intro": {"en": "Two minutes"}, "closes_at": "2027-01-01T00:00:00Z"})
    assert changed.status_code == 200
    assert (changed.json()["intro"], changed.json()["title"]) == ({"en": "Two minutes"}, BODY["title"])
    listed = api.patch(address, {"options": BODY["options"][:2]}).json()
    assert [option["key"] for option in listed["options"]] == ["adoption", "churn"]
    role = {"key": "role", "label": {"en": "Role", "de": "Rolle"}, "kind": "single", "is_segment": True}
    choices = [{"key": "csm", "label": {"en": "CSM", "de": "CSM"}}, {"key": "x", "label": {"en": "X", "de": "X"}}]
    asked = api.patch(address, {"questions": [{**role, "choices": choices}]}).json()
    assert [question["key"] for question in asked["questions"]] == ["role"]


def test_what_was_read_can_be_sent_back_and_a_stale_version_is_refused(api: Api) -> None:
    survey = make(api)
    address = f"surveys/{survey['id']}/"
    read = api.get(address)
    assert api.patch(address, {"slug": survey["slug"], "kind": "top3", "wave": "2026"}).status_code == 200
    problem(api.patch(address, {"wave": "2027"}, If_Match=read["ETag"]), 412)
    assert fields(problem(api.patch(address, {"slug": "elsewhere"}), 400)) == ["slug"]


def test_what_people_answered_to_stays(api: Api) -> None:
    survey = make(api)
    address = f"surveys/{survey['id']}/"
    api.post(f"{address}open/", None)
    assert api.post(f"{address}responses/", {"choices": ["churn"]}).status_code == 201
    assert fields(problem(api.patch(address, {"question": {"en": "Else?", "de": "Sonst?"}}), 400)) == ["question"]
    kept = [*BODY["options"][:2], {**BODY["options"][2], "is_retired": True}]
    retired = api.patch(address, {"options": kept})
    assert retired.status_code == 200, retired.content
    assert [option["retired_at"] is None for option in retired.json()["options"]] == [True, True, False]


def answered(api: Api, *ballots: list[str]) -> str:
    """The address of an open survey with these answers."""
    address = f"surveys/{make(api)['id']}/"
    api.post(f"{address}open/", None)
    for choices in ballots:
        assert api.post(f"{address}responses/", {"choices": choices, "other": "Words"}).status_code == 201
    return address


def test_the_tally_counts_what_counts(api: Api, workspace: Workspace) -> None:
    address = answered(api, ["churn", "adoption"], ["churn"], ["adoption", "churn", "silos"], ["other", "churn"])
    api.post(f"{address}responses/", {"choices": ["silos"], "is_test": True})
    told = api.get(f"{address}tally/", Accept_Language="de").json()
    assert set(told) == {"n", "options"}
    assert told["n"] == 4
    churn, adoption, silos = told["options"]
    assert churn["interval"][0] == pytest.approx(0.5101, abs=1e-4)
    assert churn.pop("interval")[1] == pytest.approx(1.0)
    assert churn.pop("rank_set")[0] == 1
    assert churn == {
        "key": "churn", "label": "Abwanderung", "mentions": 4, "mention_share": 1.0, "first": 2, "borda": 10,
    }  # fmt: skip
    assert (adoption["key"], adoption["mentions"], adoption["first"], adoption["borda"]) == ("adoption", 2, 1, 5)
    assert (silos["key"], silos["mentions"], silos["mention_share"], silos["borda"]) == ("silos", 1, 0.25, 1)
    assert 1 <= silos["rank_set"][0] <= silos["rank_set"][1] <= 3


def test_the_tally_of_nothing_is_a_tally(api: Api) -> None:
    empty = api.get(f"surveys/{make(api)['id']}/tally/").json()
    assert (empty["n"], [option["mention_share"] for option in empty["options"]]) == (0, [0.0, 0.0, 0.0])
    nps = make(api, slug="nps", kind="nps", options=[])
    told = api.get(f"surveys/{nps['id']}/tally/").json()
    assert (told["n"], told["options"], told["score"], told["interval"]) == (0, [], None, [-100.0, 100.0])


def test_other_kinds_tell_their_score_and_the_figures_of_each_question(api: Api) -> None:
    choices = [{"key": key, "label": {"en": key, "de": key}} for key in ("a", "b")]
    why = {"key": "why", "kind": "single", "label": {"en": "Why?", "de": "Warum?"}, "choices": choices}
    nps = make(api, slug="nps", kind="nps", options=[], questions=[why])
    api.post(f"surveys/{nps['id']}/open/", None)
    for score, choice in ((10, "a"), (9, "a"), (3, "b"), (7, "a")):
        api.post(f"surveys/{nps['id']}/responses/", {"score": score, "answers": {"why": choice}})
    told = api.get(f"surveys/{nps['id']}/tally/").json()
    assert (told["n"], told["score"]) == (4, 25.0)
    assert told["interval"][0] < 25 < told["interval"][1]
    assert [(each["answer"], each["count"]) for each in told["distribution"] if each["count"]] == [
        (3, 1),
        (7, 1),
        (9, 1),
        (10, 1),
    ]
    (question,) = told["questions"]
    assert (question["key"], question["label"], question["n"]) == ("why", "Why?", 4)
    assert [(option["key"], option["count"], option["share"]) for option in question["options"]] == [
        ("a", 3, 0.75),
        ("b", 1, 0.25),
    ]


def test_publishing_closes_and_makes_the_results_public(api: Api) -> None:
    address = answered(api, *[["churn", "adoption"]] * 12)
    published = api.post(f"{address}publish/", None)
    assert (published.status_code, published.json()["state"]) == (200, "published")
    assert published.json()["closed_at"] is not None
    assert Client().get("/s/top-2026/results.json").status_code == 200
    problem(api.post(f"{address}open/", None), 409)


def test_every_kind_is_published_and_no_draft_is(api: Api) -> None:
    nps = make(api, kind="nps", slug="nps", options=[])
    problem(api.post(f"surveys/{nps['id']}/publish/", None), 409)
    api.post(f"surveys/{nps['id']}/open/", None)
    assert api.post(f"surveys/{nps['id']}/publish/", None).json()["state"] == "published"
    assert Client().get("/s/nps/results.json").json()["figures"]["n"] is None


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
    for step in ("open/", "close/", "publish/", "responses/"):
        problem(api.post(f"surveys/{survey['id']}/{step}", None), 404)
    problem(api.get(f"surveys/{survey['id']}/"), 404)
    problem(api.get(f"surveys/{survey['id']}/tally/"), 404)
    problem(api.patch(f"surveys/{survey['id']}/", {"wave": "1"}), 404)
    assert api.get("surveys/").json()["results"] == []


def test_a_list_asks_as_often_whatever_it_holds(api: Api, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        make(api, slug=f"top-{number}")
    with django_assert_max_num_queries(14):
        assert len(api.get("surveys/").json()["results"]) == 12
