"""Asking by mail over REST: whom, what came back, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Workspace
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from surveys.models import Dispatch, Suppression, SurveyInvitation
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem
from tests.api.test_surveys import make

pytestmark = pytest.mark.django_db


def opened(api: Api, **told: Any) -> str:
    identity = str(make(api, **told)["id"])
    assert api.post(f"surveys/{identity}/open/", None).status_code == 200
    return identity


def test_addresses_are_invited_once_and_counted(api: Api, workspace: Workspace) -> None:
    identity = opened(api)
    told = {"emails": ["a@people.example", "A@people.example", "b@people.example"], "remind_after_days": 7}
    answer = api.post(f"surveys/{identity}/send/", told)
    assert answer.status_code == 202
    assert answer.json()["counts"] == {"mail": 2}
    again = api.post(f"surveys/{identity}/send/", {"emails": ["a@people.example"]})
    assert again.json()["counts"] == {"invited": 1}
    with workspace_scope(workspace):
        assert SurveyInvitation.objects.count() == 2


def test_customers_are_named_by_external_id_or_by_what_they_are(api: Api, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        home = factories.make_customer(external_id="c-1", contract_state="active")
        factories.make_contact(home, email="a@people.example")
    identity = opened(api)
    for told in ({"customer_external_ids": ["c-1"]}, {"contract_states": ["active"], "addressees": "sponsors"}):
        answer = api.post(f"surveys/{identity}/send/", told)
        assert answer.status_code == 202
        assert answer.json()["job_id"]
    with workspace_scope(workspace):
        assert Dispatch.objects.count() == 2


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"emails": ["nobody"]}, "emails"),
        ({"customer_external_ids": ["c-none"]}, "customer_external_ids"),
        ({"addressees": "dogs"}, "addressees"),
        ({"rest_days": 9999}, "rest_days"),
        ({"emails": ["a@people.example"], "bands": ["healthy"]}, "bands"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_what_cannot_be_sent_is_named(api: Api, told: dict[str, Any], name: str) -> None:
    answer = api.post(f"surveys/{opened(api)}/send/", told)
    assert name in fields(problem(answer, 400))


def test_hosts_who_see_no_customers_ask_addresses_only(api: Api, workspace: Workspace) -> None:
    identity = opened(api)
    host = Api(None)
    host.client.force_login(factories.make_member(workspace, Role.HOST).user)
    problem(host.post(f"surveys/{identity}/send/", {"contract_states": ["active"]}), 403)
    assert host.post(f"surveys/{identity}/send/", {"emails": ["a@people.example"]}).status_code == 202


def test_a_hard_bounce_stops_further_mail_and_a_soft_one_does_not(api: Api, workspace: Workspace) -> None:
    identity = opened(api)
    api.post(f"surveys/{identity}/send/", {"emails": ["a@people.example", "b@people.example"]})
    with workspace_scope(workspace):
        SurveyInvitation.objects.update(state="sent")
    for address, kind in (("a@people.example", "hard"), ("B@people.example", "soft")):
        answer = api.post("surveys/bounces/", {"email": address, "kind": kind, "detail": "550 no such mailbox"})
        assert (answer.status_code, answer.json()) == (200, {"invitations": 1})
    with workspace_scope(workspace):
        assert list(Suppression.objects.values_list("email", "reason")) == [("a@people.example", "bounced")]
        assert set(SurveyInvitation.objects.values_list("state", flat=True)) == {"bounced"}
    assert api.post("surveys/bounces/", {"email": "a@people.example", "kind": "x"}).status_code == 400
    assert api.post("surveys/bounces/", {"email": "nobody", "kind": "hard"}).status_code == 400


def test_addresses_are_stopped_listed_and_allowed_again(api: Api, workspace: Workspace) -> None:
    stopped = api.post("surveys/suppressions/", {"email": "A@people.example"})
    assert (stopped.status_code, stopped.json()["email"], stopped.json()["reason"]) == (
        201,
        "a@people.example",
        "do_not_contact",
    )
    identity = opened(api)
    answer = api.post(f"surveys/{identity}/send/", {"emails": ["a@people.example"]})
    assert answer.json()["counts"] == {"suppressed": 1}
    listed = api.get("surveys/suppressions/?email=a@people.example").json()["results"]
    assert [row["id"] for row in listed] == [stopped.json()["id"]]
    assert api.delete(f"surveys/suppressions/{listed[0]['id']}/").status_code == 204
    assert api.get("surveys/suppressions/").json()["results"] == []
    assert api.post(f"surveys/{identity}/send/", {"emails": ["a@people.example"]}).json()["counts"] == {"mail": 1}
    assert fields(problem(api.post("surveys/suppressions/", {"email": "nobody"}), 400)) == ["email"]


def test_a_stranger_finds_no_address_of_ours(api: Api) -> None:
    identity = api.post("surveys/suppressions/", {"email": "a@people.example"}).json()["id"]
    stranger = make_api(factories.make_workspace("stranger"))
    assert stranger.get("surveys/suppressions/").json()["results"] == []
    assert stranger.delete(f"surveys/suppressions/{identity}/").status_code == 404
    assert stranger.post(f"surveys/{opened(api)}/send/", {"emails": ["a@people.example"]}).status_code == 404
