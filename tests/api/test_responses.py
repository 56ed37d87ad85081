"""Answers over REST: given once, read, erased."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Workspace
from accounts.roles import Role
from csplatform.core import audit, idempotency
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from surveys.models import Channel, Erasure, Response, Survey
from surveys.services import answering, lifecycle
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem
from tests.factories import NOW
from tests.surveys.factories import answer, make_survey

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(workspace: Workspace) -> Survey:
    with workspace_scope(workspace):
        return make_survey(checks="off")


def send(api: Api, survey: Survey, body: Any, **headers: str) -> Any:
    return api.post(f"surveys/{survey.pk}/responses/", body, **headers)


def stored(survey: Survey) -> list[Response]:
    with workspace_scope(survey.workspace_id):
        return list(Response.objects.filter(survey_id=survey.pk).order_by("id"))


def test_an_answer_is_counted_and_comes_back_with_its_receipt(api: Api, survey: Survey) -> None:
    body = {"choices": ["adoption", "other"], "other": "Languages", "segments": {"role": "csm"}, "may_quote": True}
    answered = send(api, survey, body)
    assert answered.status_code == 201
    told = answered.json()
    assert told["choices"] == ["adoption", "other"]
    assert (told["other"], told["segments"], told["may_quote"]) == ("Languages", {"role": "csm"}, True)
    assert (told["status"], told["channel"], told["language"]) == ("counted", "api", "en")
    with workspace_scope(survey.workspace_id):
        found = answering.find(survey=survey, receipt_code=told["receipt_code"])
        assert found is not None
        assert str(found.pk) == told["id"]
        (news,) = OutboxEvent.objects.filter(name="survey.response_received")
        assert news.payload == {"survey_id": str(survey.pk), "response_id": told["id"]}


def test_the_names_of_the_form_give_the_same_ballot(api: Api, survey: Survey) -> None:
    send(api, survey, {"choices": ["adoption", "data"], "segments": {"role": "csm"}})
    send(api, survey, {"choice_1": "adoption", "choice_2": "data", "segment_role": "csm"})
    first, second = stored(survey)
    assert (first.choices, first.segments) == (second.choices, second.segments) == ([2, 3], {"role": "csm"})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "choices"),
        ({"choices": []}, "choices"),
        ({"choices": ["adoption", "adoption"]}, "choices.1"),
        ({"choices": ["adoption", "gravity"]}, "choices.1"),
        ({"choices": ["value", "adoption", "data", "handover"]}, "choices.3"),
        ({"choices": ["other"]}, "other"),
        ({"choice_1": "adoption", "choice_2": "adoption"}, "choice_2"),
        ({"choices": ["adoption"], "choice_1": "data"}, "choice_1"),
        ({"choices": ["adoption"], "segments": {"role": "king"}}, "segments.role"),
        ({"choices": ["adoption"], "segments": {"shoe": "42"}}, "segments.shoe"),
        ({"choices": ["adoption"], "segments": ["csm"]}, "segments"),
        ({"choices": ["other"], "other": "x" * 20_000}, "other"),
        ({"choices": "adoption"}, "choices"),
        ({"choices": ["adoption"], "colour": "green"}, "colour"),
        ({"choices": ["adoption"], "language": "xx"}, "language"),
        ({"choice_1": {"key": "adoption"}}, "choice_1"),
        ({"choices": ["adoption"], "segments": {"role": ["csm", 3]}}, "segments.role"),
        ({"choices": ["adoption"], "customer_external_id": "nobody"}, "customer_external_id"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(api: Api, survey: Survey, body: Any, named: str) -> None:
    assert named in fields(problem(send(api, survey, body), 400))
    assert stored(survey) == []


def test_a_retried_answer_counts_once_also_after_the_kept_one_is_forgotten(api: Api, survey: Survey) -> None:
    body = {"choices": ["adoption"]}
    first = send(api, survey, body, Idempotency_Key="a1")
    again = send(api, survey, body, Idempotency_Key="a1")
    with workspace_scope(survey.workspace_id):
        idempotency.purge(now=NOW + timedelta(days=3_000))
    late = send(api, survey, body, Idempotency_Key="a1")
    assert [first.status_code, again.status_code, late.status_code] == [201, 201, 200]
    assert first.json() == again.json() == late.json()
    assert len(stored(survey)) == 1


def test_without_a_key_each_answer_counts(api: Api, survey: Survey) -> None:
    for _number in range(2):
        assert send(api, survey, {"choices": ["adoption"]}).status_code == 201
    assert len(stored(survey)) == 2


def test_an_answer_may_say_whose_it_is(api: Api, survey: Survey) -> None:
    with workspace_scope(survey.workspace_id):
        customer = factories.make_customer(external_id="c-1")
        factories.make_contact(customer, external_id="p-1")
        factories.make_contact(factories.make_customer(external_id="c-2"), external_id="p-2")
    told = send(api, survey, {"choices": ["adoption"], "contact_external_id": "p-1"}).json()
    assert (told["customer_external_id"], told["contact_external_id"]) == ("c-1", "p-1")
    wrong = {"choices": ["adoption"], "contact_external_id": "p-2", "customer_external_id": "c-1"}
    assert fields(problem(send(api, survey, wrong), 400)) == ["contact_external_id"]
    rows = api.get("responses/?customer_external_id=c-1").json()["results"]
    assert [row["id"] for row in rows] == [told["id"]]


def test_a_survey_that_is_not_open_refuses_and_says_so(api: Api, survey: Survey) -> None:
    with workspace_scope(survey.workspace_id):
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    assert problem(send(api, survey, {"choices": ["adoption"]}), 409)["type"].endswith("survey-closed")
    assert stored(survey) == []


def test_a_test_answer_is_taken_and_marked(api: Api, survey: Survey) -> None:
    assert send(api, survey, {"choices": ["adoption"], "is_test": True}).json()["is_test"] is True
    assert api.get("responses/?is_test=false").json()["results"] == []


def test_scores_are_taken_within_their_scale(api: Api, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        nps = make_survey(slug="nps", kind="nps", checks="off")
    assert send(api, nps, {"score": 9}).json()["score"] == 9
    assert fields(problem(send(api, nps, {"score": 11}), 400)) == ["score"]
    assert fields(problem(send(api, nps, {}), 400)) == ["score"]


def test_answers_are_listed_by_survey_and_moment(api: Api, survey: Survey) -> None:
    with workspace_scope(survey.workspace_id):
        old = answer(survey, "value", now=NOW).response
        new = answer(survey, "data", now=NOW + timedelta(hours=1), channel=Channel.EMBED).response
        other = answer(make_survey(slug="second"), "value").response

    def ids(query: str) -> list[str]:
        return [row["id"] for row in api.get(f"responses/?{query}").json()["results"]]

    assert ids(f"survey={survey.pk}") == [str(old.pk), str(new.pk)]
    listed = api.get(f"surveys/{survey.pk}/responses/?channel=embed").json()["results"]
    assert [row["id"] for row in listed] == [str(new.pk)]
    assert ids("survey_slug=second") == [str(other.pk)]
    since = (NOW + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    assert ids(f"since={since}") == [str(new.pk)]
    assert ids("channel=embed") == [str(new.pk)]
    assert api.get(f"responses/{old.pk}/").json()["choices"] == ["value"]


def test_erasing_deletes_for_good_and_keeps_no_trace_of_which(api: Api, survey: Survey) -> None:
    with workspace_scope(survey.workspace_id):
        gone = answer(survey, "value").response
    assert api.delete(f"responses/{gone.pk}/").status_code == 204
    problem(api.get(f"responses/{gone.pk}/"), 404)
    problem(api.delete(f"responses/{gone.pk}/"), 404)
    with workspace_scope(survey.workspace_id):
        assert Erasure.objects.filter(survey=survey).count() == 1
        line = AuditEvent.objects.get(action="survey.answer_erased")
        assert line.object_id == str(survey.pk)
        assert str(gone.pk) not in str(line.data)


def test_scopes_and_roles(api: Api, survey: Survey, client: Any) -> None:
    workspace = survey.workspace
    with workspace_scope(workspace):
        row = answer(survey, "value").response
    reader, writer = make_api(workspace, ["read"]), make_api(workspace, ["write"])
    problem(send(reader, survey, {"choices": ["value"]}), 403)
    problem(reader.delete(f"responses/{row.pk}/"), 403)
    problem(writer.get("responses/"), 403)
    problem(writer.get(f"surveys/{survey.pk}/responses/"), 403)
    assert send(writer, survey, {"choices": ["value"]}).status_code == 201
    client.force_login(factories.make_member(workspace, Role.CSM).user)
    assert client.get("/api/v1/responses/").status_code == 403


def test_a_stranger_finds_nothing(survey: Survey) -> None:
    with workspace_scope(survey.workspace_id):
        row = answer(survey, "value").response
    stranger = make_api(factories.make_workspace("theirs"))
    problem(send(stranger, survey, {"choices": ["value"]}), 404)
    problem(stranger.get(f"surveys/{survey.pk}/responses/"), 404)
    problem(stranger.get(f"responses/{row.pk}/"), 404)
    problem(stranger.delete(f"responses/{row.pk}/"), 404)
    assert stranger.get(f"responses/?survey={survey.pk}").json()["results"] == []
    assert len(stored(survey)) == 1


def test_a_list_asks_as_often_whatever_it_holds(api: Api, survey: Survey, django_assert_max_num_queries: Any) -> None:
    with workspace_scope(survey.workspace_id):
        for _number in range(20):
            answer(survey, "value", "data")
    with django_assert_max_num_queries(14):
        assert len(api.get("responses/").json()["results"]) == 20
