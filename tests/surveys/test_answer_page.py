"""The public form as anybody's browser meets it: no cookie, no script, no account."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Option, Response, Survey
from surveys.services import lifecycle
from tests.factories import make_member, make_workspace
from tests.surveys.factories import make_survey

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Workspace:
    return make_workspace()


@pytest.fixture
def survey(house: Workspace) -> Survey:
    with workspace_scope(house):
        return make_survey()


def token_of(page: Any) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


def send(client: Client, path: str = "/s/top/", *, token: str | None = None, **fields: Any) -> Any:
    """Open the form and send it with ``fields``, as a browser without script does."""
    token = token if token is not None else token_of(client.get(path))
    return client.post(path, {"token": token, **fields})


def stored(house: Workspace) -> list[Response]:
    with workspace_scope(house):
        return list(Response.objects.order_by("id"))


def test_a_plain_post_is_counted_and_thanked_with_a_receipt_code(house: Workspace, survey: Survey) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = send(client, choice_1="data", choice_2="value", choice_3="", segment_role="csm")
    assert answer.status_code == 302
    thanks = client.get(answer["Location"])
    assert re.search(r"[2-9A-Y]{4}-[2-9A-Y]{4}-[2-9A-Y]{4}", thanks.content.decode())
    (response,) = stored(house)
    assert (response.choices, response.segments, response.language) == ([3, 1], {"role": "csm"}, "en")
    assert sorted(response.shown_order) == [1, 2, 3, 4, 5]


def test_each_reader_gets_an_order_of_their_own_and_it_is_the_one_stored(house: Workspace, survey: Survey) -> None:
    keys = {"value": 1, "adoption": 2, "data": 3, "handover": 4, "forecast": 5}
    orders = []
    for _ in range(8):
        page = Client().get("/s/top/")
        shown = [keys[key] for key in re.findall(r'data-key="(\w+)"', page.content.decode()) if key in keys]
        orders.append(shown)
        send(Client(), token=token_of(page), choice_1="data")
    assert [response.shown_order for response in stored(house)] == orders
    assert len({tuple(order) for order in orders}) > 1


def test_the_page_speaks_the_language_asked_for(survey: Survey) -> None:
    for code, words in (("en", "Siloed data"), ("fr", "Données cloisonnées"), ("de", "Daten in Silos")):
        page = Client().get(f"/s/top/?lang={code}")
        assert words in page.content.decode()
        assert page["Content-Language"] == code
        assert f'<html lang="{code}"' in page.content.decode()
    assert Client(headers={"Accept-Language": "de-CH,en;q=0.5"}).get("/s/top/")["Content-Language"] == "de"


def test_a_fault_is_told_beside_what_was_kept(house: Workspace, survey: Survey) -> None:
    answer = send(Client(), choice_1="data", choice_2="data", segment_role="csm", other="Too many tools")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "already your choice 1" in text
    assert re.search(r'value="data" selected', text)
    assert re.search(r'value="csm" checked', text)
    assert "Too many tools" in text
    assert stored(house) == []


def test_an_option_taken_back_meanwhile_is_named_and_the_others_stay(house: Workspace, survey: Survey) -> None:
    client = Client()
    token = token_of(client.get("/s/top/"))
    with workspace_scope(house):
        Option.objects.filter(key="data").update(retired_at=survey.created_at)
        survey.version += 1
        survey.save()
    answer = send(client, token=token, choice_1="data", choice_2="value")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“Siloed data” is no longer offered" in text
    assert 'value="value" selected' in text
    assert 'value="data"' not in text
    assert send(client, token=token_of(answer), choice_1="value").status_code == 302


def test_a_form_that_is_not_ours_is_shown_again_with_everything_in_it(house: Workspace, survey: Survey) -> None:
    for token in ("", "forged", "a.b.c.d.e:f"):
        answer = send(Client(), token=token, choice_1="value", segment_role="leader")
        assert answer.status_code == 400
        assert "Your choices are kept" in answer.content.decode()
        assert 'value="value" selected' in answer.content.decode()
    assert stored(house) == []


def test_an_answer_that_comes_a_second_too_late_is_refused_with_the_time(house: Workspace, survey: Survey) -> None:
    client = Client()
    token = token_of(client.get("/s/top/"))
    with workspace_scope(house):
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=survey.created_at)
    answer = send(client, token=token, choice_1="value")
    assert answer.status_code == 409
    assert "was not counted" in answer.content.decode()
    assert "2026 at 09:00 UTC" in answer.content.decode()
    assert stored(house) == []


def test_a_draft_says_that_it_is_not_open_yet(house: Workspace) -> None:
    with workspace_scope(house):
        make_survey(slug="soon", opened=False)
    page = Client().get("/s/soon/")
    assert page.status_code == 200
    assert "not open yet" in page.content.decode()
    assert Client().post("/s/soon/", {"choice_1": "value"}).status_code in {400, 409}


def test_an_address_nobody_has_is_not_found(db: None) -> None:
    assert Client().get("/s/nowhere/").status_code == 404
    assert Client().post("/s/nowhere/").status_code == 404
    assert Client().get("/s/nowhere/thanks/").status_code == 404


def test_a_host_of_another_workspace_who_is_signed_in_may_answer_too(house: Workspace, survey: Survey) -> None:
    client = Client()
    client.force_login(
        make_member(make_workspace("merlin"), Role.HOST).user, "allauth.account.auth_backends.AuthenticationBackend"
    )
    assert send(client, choice_1="value").status_code == 302
    assert len(stored(house)) == 1
