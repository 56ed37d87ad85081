"""After answering: the receipt, what one may do with it, and what one may ask for beside the answer."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.calendar import day_event
from surveys.models import Erasure, Survey
from surveys.public import checks
from surveys.services import lifecycle
from tests.factories import NOW, make_workspace
from tests.surveys.factories import make_survey
from tests.surveys.test_answer_page import send, stored, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Workspace:
    cache.clear()
    return make_workspace()


@pytest.fixture
def survey(house: Workspace) -> Survey:
    with workspace_scope(house):
        return make_survey(results_on=date(2026, 12, 14))


def answered(client: Client, **fields: Any) -> tuple[str, str]:
    """The address of the thanks page and the receipt code on it."""
    address = send(client, **{"choice_1": "data", "segment_role": "csm", **fields})["Location"]
    found = re.search(r"data-code[^>]*>([^<]+)<", client.get(address).content.decode())
    assert found
    return address, found[1]


def look(code: str, **fields: str) -> Any:
    return Client().post("/s/top/receipt/", {"code": code, **fields})


def test_the_thanks_page_gives_code_day_calendar_and_link(survey: Survey) -> None:
    address, code = answered(Client())
    text = Client().get(address).content.decode()
    assert code in text
    assert "14 December 2026" in text
    assert "http://127.0.0.1:8000/s/top/" in text
    assert "no-cache" in Client().get(address)["Cache-Control"]


def test_an_address_of_an_old_thanks_page_tells_nothing(survey: Survey) -> None:
    answered(Client())
    for ticket in ("", "forged", "a:b:c"):
        page = Client().get("/s/top/thanks/", {"t": ticket})
        assert page.status_code == 200
        assert "shown only right after answering" in page.content.decode()


def test_the_code_shows_the_answer_in_words(survey: Survey) -> None:
    _, code = answered(Client(), choice_2="other", other="Meetings <b>")
    text = look(code.lower()).content.decode()
    for words in ("Siloed data", "In your own words: Meetings &lt;b&gt;", "Your role", "CSM", "It is counted"):
        assert words in text


def test_a_mistyped_code_is_told_from_one_without_answer(survey: Survey) -> None:
    _, code = answered(Client())
    wrong = ("3" if code[0] != "3" else "4") + code[1:]
    assert "Look for a typing error" in look(wrong).content.decode()
    for odd in ("", "\0", "x" * 5_000, "<script>"):
        assert look(odd).status_code == 404
    look(code, action="erase")
    gone = look(code)
    assert gone.status_code == 404
    assert "No answer has this code" in gone.content.decode()


def test_changing_brings_the_form_with_the_answer_in_it(house: Workspace, survey: Survey) -> None:
    _, code = answered(Client())
    form = look(code, action="change")
    text = form.content.decode()
    assert re.search(r'value="data" selected', text)
    assert re.search(r'value="csm" checked', text)
    done = look(code, action="change", token=token_of(form), choice_1="value")
    assert "Your answer is changed" in done.content.decode()
    (response,) = stored(house)
    assert (response.choices, response.segments) == ([1], {})
    faulty = look(code, action="change", token=token_of(form), choice_1="value", choice_2="value")
    assert faulty.status_code == 422


def test_after_closing_an_answer_can_be_seen_and_erased_only(house: Workspace, survey: Survey) -> None:
    _, code = answered(Client())
    with workspace_scope(house):
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    assert "Change my answer" not in look(code).content.decode()
    assert "answers stay as they are" in look(code, action="change").content.decode()
    assert "stays as it was" in look(code, action="change", token="x", choice_1="value").content.decode()
    assert "is erased" in look(code, action="erase").content.decode()
    assert stored(house) == []
    with workspace_scope(house):
        assert Erasure.objects.count() == 1


def test_erasing_lets_the_device_answer_anew(house: Workspace, survey: Survey) -> None:
    client = Client()
    _, code = answered(client)
    client.post("/s/top/receipt/", {"code": code, "action": "erase"})
    assert "You have answered" not in client.get("/s/top/").content.decode()
    answered(client, choice_1="value")
    assert [response.choices for response in stored(house)] == [[1]]


def test_codes_cannot_be_tried_out_by_a_machine(survey: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LOOKS_PER_MINUTE", 2)
    statuses = [Client(REMOTE_ADDR="203.0.113.77").post("/s/top/receipt/", {"code": "x"}).status_code for _ in range(4)]
    assert statuses == [404, 404, 429, 429]


def test_the_day_of_the_results_goes_into_a_calendar(survey: Survey) -> None:
    file = Client().get("/s/top/calendar.ics?lang=de")
    assert file["Content-Type"].startswith("text/calendar")
    assert b"DTSTART;VALUE=DATE:20261214\r\nDTEND;VALUE=DATE:20261215\r\n" in file.content
    assert b"Ihre Top 3" in file.content


def test_calendar_lines_are_escaped_and_folded_without_cutting_a_letter() -> None:
    stamp = datetime(2026, 11, 22, 9, tzinfo=UTC)
    text = day_event(uid="u", day=date(2026, 12, 31), title="ä" * 80 + ";,\\\n", url="u", stamp=stamp)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "ä" * 80 + "\\;\\,\\\\\\n" in text.replace("\r\n ", "")
    assert "DTEND;VALUE=DATE:20270101" in text


def test_no_day_no_calendar_and_a_qr_code_always(house: Workspace) -> None:
    with workspace_scope(house):
        make_survey(slug="dayless")
    assert Client().get("/s/dayless/calendar.ics").status_code == 404
    drawn = Client().get("/s/dayless/qr.svg")
    assert drawn["Content-Type"] == "image/svg+xml"
    assert b"<svg" in drawn.content
