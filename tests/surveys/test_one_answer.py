"""One person, one answer, without accounts: what a device remembers, what is flagged, and what is never dropped."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Channel, Checks, Status, Survey, SurveyInvitation
from surveys.public import checks, tokens
from surveys.services import lifecycle
from tests.factories import NOW, make_contact, make_customer, make_workspace
from tests.surveys.factories import make_survey
from tests.surveys.test_answer_page import send, stored, token_of

pytestmark = pytest.mark.django_db
READING = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Counts of other tests."""
    cache.clear()


@pytest.fixture
def house() -> Workspace:
    return make_workspace()


@pytest.fixture
def survey(house: Workspace) -> Survey:
    with workspace_scope(house):
        return make_survey()


def solved(client: Client, path: str = "/s/top/proof/") -> str:
    """What the page's script sends after solving the challenge."""
    challenge = client.get(path).json()
    solution = altcha.solve_challenge(altcha.Challenge.from_dict(challenge))
    assert solution is not None
    return base64.b64encode(json.dumps({"challenge": challenge, "solution": solution.to_dict()}).encode()).decode()


def after_reading(client: Client, path: str = "/s/top/", **fields: Any) -> Any:
    """Open the form, read for a while, and send it."""
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        token = token_of(client.get(path))
        clock.shift(READING)
        return client.post(path, {"token": token, "choice_1": "data", **fields})


def flags(house: Workspace) -> list[list[str]]:
    return [response.flags for response in stored(house)]


def test_an_answer_with_a_solved_proof_is_counted_without_any_flag(house: Workspace, survey: Survey) -> None:
    assert after_reading(Client(), proof=solved(Client())).status_code == 302
    (response,) = stored(house)
    assert (response.status, response.flags, response.channel) == (Status.COUNTED, [], Channel.LINK)
    assert response.sender_hash


def test_without_script_an_answer_counts_and_says_that_it_brought_no_proof(house: Workspace, survey: Survey) -> None:
    after_reading(Client())
    (response,) = stored(house)
    assert (response.status, response.flags) == (Status.FLAGGED, ["no_proof"])


def test_a_proof_counts_once_and_for_one_survey(house: Workspace, survey: Survey) -> None:
    with workspace_scope(house):
        make_survey(slug="elsewhere")
    proof = solved(Client())
    for path in ("/s/top/", "/s/top/", "/s/elsewhere/"):
        after_reading(Client(), path, proof=proof)
    for nonsense in ("x", "e30=", base64.b64encode(b'{"challenge": {}, "solution": {}}').decode(), "A" * 9_000):
        after_reading(Client(), proof=nonsense)
    assert flags(house) == [[], ["no_proof"], ["no_proof"], *[["no_proof"]] * 4]


def test_a_trap_filled_a_machine_s_speed_and_another_site_are_flagged(house: Workspace, survey: Survey) -> None:
    send(Client(), choice_1="data")
    after_reading(Client(), website="https://spam.example")
    client = Client(headers={"Sec-Fetch-Site": "cross-site"})
    after_reading(client)
    assert flags(house) == [["no_proof", "too_fast"], ["no_proof", "trap"], ["cross_site", "no_proof"]]


def test_a_clock_that_jumps_back_flags_nobody(house: Workspace, survey: Survey) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        client = Client()
        token = token_of(client.get("/s/top/"))
        clock.shift(-timedelta(hours=1))
        client.post("/s/top/", {"token": token, "choice_1": "data"})
    assert flags(house) == [["no_proof"]]


def test_a_machine_that_posts_a_thousand_times_is_flagged_then_told_to_wait(
    house: Workspace, survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "REFUSED_ABOVE", 8)
    monkeypatch.setattr(checks, "FLAGGED_ABOVE", 3)
    with time_machine.travel(datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC), tick=False):
        answers = [send(Client(), choice_1="data") for _ in range(10)]
        other = send(Client(REMOTE_ADDR="203.0.113.9"), choice_1="data")
    assert [answer.status_code for answer in answers] == [302] * 8 + [429] * 2
    assert other.status_code == 302
    assert answers[-1]["Retry-After"] == "599"
    assert "Yours is kept below" in answers[-1].content.decode()
    assert ["many_from_one" in each for each in flags(house)] == [False] * 3 + [True] * 5 + [False]


def test_checks_can_be_switched_off_but_the_trap_stays(house: Workspace) -> None:
    with workspace_scope(house):
        make_survey(checks=Checks.OFF)
    assert "data-proof" not in Client().get("/s/top/").content.decode()
    send(Client(), choice_1="data")
    send(Client(), choice_1="data", website="x")
    assert flags(house) == [[], ["trap"]]


def test_double_click_and_reload_count_once(house: Workspace, survey: Survey) -> None:
    client = Client()
    token = token_of(client.get("/s/top/"))
    first, second = (Client().post("/s/top/", {"token": token, "choice_1": "data"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert "changed" not in second["Location"]
    assert len(stored(house)) == 1


def test_the_back_button_and_another_choice_change_the_answer(house: Workspace, survey: Survey) -> None:
    client = Client()
    token = token_of(client.get("/s/top/"))
    client.post("/s/top/", {"token": token, "choice_1": "data"})
    again = client.post("/s/top/", {"token": token, "choice_1": "value", "choice_2": "data"})
    assert "changed=1" in again["Location"]
    assert "Your answer is changed" in client.get(again["Location"]).content.decode()
    (response,) = stored(house)
    assert response.choices == [1, 3]


def test_two_tabs_make_one_answer(house: Workspace, survey: Survey) -> None:
    client = Client()
    tabs = [token_of(client.get("/s/top/")) for _ in range(2)]
    for token, choice in zip(tabs, ("data", "value"), strict=True):
        client.post("/s/top/", {"token": token, "choice_1": choice})
    (response,) = stored(house)
    assert response.choices == [1]


def test_a_second_visit_says_so_and_somebody_else_at_the_device_may_answer(house: Workspace, survey: Survey) -> None:
    client = Client()
    after_reading(client)
    assert "You have answered" in client.get("/s/top/").content.decode()
    after_reading(client, "/s/top/?again=1", choice_1="value")
    assert [response.choices for response in stored(house)] == [[3], [1]]
    assert flags(house)[1] == ["no_proof", "same_device"]


def test_with_cookies_off_everything_works(house: Workspace, survey: Survey) -> None:
    answer = send(Client(), choice_1="data")
    assert Client().get(answer["Location"]).status_code == 200
    assert len(stored(house)) == 1


def test_a_cookie_nobody_signed_is_no_cookie(survey: Survey) -> None:
    client = Client()
    client.cookies["answered"] = f"{survey.pk.hex}.key:forged"
    assert "You have answered" not in client.get("/s/top/").content.decode()


def test_a_personal_link_answers_once_as_that_person(house: Workspace, survey: Survey) -> None:
    with workspace_scope(house):
        customer = make_customer()
        contact = make_contact(customer)
        SurveyInvitation.objects.create(
            workspace_id=house.pk, survey=survey, contact=contact, customer=customer, email="lead@customer.example",
            token_hash=hashlib.sha256(b"personal").hexdigest(), created_at=NOW, due_at=NOW,
        )  # fmt: skip
    for choice in ("data", "value"):
        send(Client(), "/s/top/?i=personal", choice_1=choice)
    (response,) = stored(house)
    assert (response.contact_id, response.customer_id, response.channel) == (contact.pk, customer.pk, Channel.MAIL)
    assert (response.choices, response.flags, response.sender_hash) == ([1], [], "")
    with workspace_scope(house):
        assert SurveyInvitation.objects.get().state == "answered"


def test_a_test_link_opens_drafts_and_its_answers_never_count(house: Workspace) -> None:
    with workspace_scope(house):
        draft = make_survey(slug="soon", opened=False)
    path = f"/s/soon/?test={tokens.test_token(draft.pk)}"
    assert "This is a test" in Client().get(path).content.decode()
    assert send(Client(), path, choice_1="data").status_code == 302
    assert [response.is_test for response in stored(house)] == [True]
    assert send(Client(), "/s/soon/?test=forged", token="x", choice_1="data").status_code == 400


def test_inside_a_page_of_another_site_the_form_works_and_says_where(house: Workspace, survey: Survey) -> None:
    page = Client().get("/s/top/embed/")
    assert "X-Frame-Options" not in page
    assert "frame-ancestors *" in page["Content-Security-Policy"]
    answer = send(Client(), "/s/top/embed/", choice_1="data")
    thanks = Client().get(answer["Location"])
    assert "X-Frame-Options" not in thanks
    assert stored(house)[0].channel == Channel.EMBED
    alone = Client().get("/s/top/")
    assert alone["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in alone["Content-Security-Policy"]


def reads_and_writes(captured: CaptureQueriesContext) -> int:
    """Statements that touch rows: neither the borders of transactions nor the setting the row policies read."""
    control = ("SAVEPOINT", "RELEASE", "SELECT set_config")
    return sum(not query["sql"].startswith(control) for query in captured.captured_queries)


def test_the_page_asks_for_few_rows_and_no_session(house: Workspace, survey: Survey) -> None:
    client = Client()
    client.get("/s/top/")
    with CaptureQueriesContext(connection) as shown:
        page = client.get("/s/top/")
    with CaptureQueriesContext(connection) as sent:
        client.post("/s/top/", {"token": token_of(page), "choice_1": "data"})
    assert reads_and_writes(shown) == 0
    assert reads_and_writes(sent) == 3
    assert "sessionid" not in page.cookies


def test_a_late_answer_of_a_closed_survey_is_not_stored_by_any_way(house: Workspace, survey: Survey) -> None:
    client = Client()
    token = token_of(client.get("/s/top/"))
    client.post("/s/top/", {"token": token, "choice_1": "data"})
    with workspace_scope(house):
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    late = client.post("/s/top/", {"token": token, "choice_1": "value"})
    assert late.status_code == 409
    assert [response.choices for response in stored(house)] == [[3]]
