"""The moderation page: flags in words, ticks that act, and nothing of another survey within reach."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from surveys.models import Removal, Response, Survey
from tests.pages.conftest import House
from tests.surveys import hosting


@pytest.fixture
def survey(house: House) -> Survey:
    with workspace_scope(house.workspace):
        return hosting.starter()


def test_flagged_answers_are_shown_with_why_and_removed_with_a_reason(house: House, survey: Survey) -> None:
    with workspace_scope(house.workspace):
        (bot,) = hosting.answered(
            survey, 1, status="flagged", flags=["too_fast", "trap"], choices=[1, 0], other_text="=1+1"
        )
        hosting.answered(survey, 1)
    address = reverse("survey_answers", args=[survey.pk])
    client = house.client(Role.HOST)
    body = client.get(address).content.decode()
    assert "faster than anybody reads" in body
    assert "Proving value to executives" in body
    assert body.count('name="answer"') == 1
    done = client.post(address, {"answer": str(bot.pk), "reason": "automated", "action": "remove"}, follow=True)
    assert "1 answer was removed; the public log says so." in done.content.decode()
    removed = client.get(f"{address}?show=removed").content.decode()
    assert "sent by a program" in removed
    back = client.post(address, {"answer": str(bot.pk), "action": "restore"}, follow=True).content.decode()
    assert "1 answer put back: sent by a program" in back


def test_without_a_reason_or_a_tick_nothing_happens_and_the_page_says_so(house: House, survey: Survey) -> None:
    with workspace_scope(house.workspace):
        (row,) = hosting.answered(survey, 1, status="flagged", flags=["trap"])
    address = reverse("survey_answers", args=[survey.pk])
    client = house.client(Role.HOST)
    no_reason = client.post(address, {"answer": str(row.pk), "reason": "", "action": "remove"}, follow=True)
    assert "Choose one of the reasons." in no_reason.content.decode()
    no_tick = client.post(address, {"answer": "not-an-id", "reason": "trial", "action": "remove"}, follow=True)
    assert "Nothing was ticked" in no_tick.content.decode()
    with workspace_scope(house.workspace):
        assert not Removal.objects.exists()


def test_answers_of_another_survey_are_out_of_reach(house: House, survey: Survey) -> None:
    with workspace_scope(house.workspace):
        (other,) = hosting.answered(hosting.starter("other-one"), 1)
    told = {"answer": str(other.pk), "reason": "trial", "action": "remove"}
    house.client(Role.HOST).post(reverse("survey_answers", args=[survey.pk]), told)
    with workspace_scope(house.workspace):
        assert Response.objects.get(pk=other.pk).status == "counted"


def test_queries_do_not_grow_with_answers_and_senders(house: House, survey: Survey) -> None:
    address = reverse("survey_answers", args=[survey.pk]) + "?show=counted"
    client = house.client(Role.HOST)
    with workspace_scope(house.workspace):
        hosting.answered(survey, 3, sender_hash="a")
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    with workspace_scope(house.workspace):
        for sender in "bcdefghij":
            hosting.answered(survey, 8, sender_hash=sender)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few) <= 15
