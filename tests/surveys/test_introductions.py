"""Introductions: asked by mail, agreed to by a link, made once, and never without consent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Consent, Introduction, IntroductionGuest, OptIn, Suppression, Survey
from surveys.services import introductions
from tests.factories import NOW, make_workspace
from tests.surveys import hosting
from tests.surveys.hosting import wants_peers

pytestmark = pytest.mark.django_db
HOST = audit.Actor("A host")
LATER = NOW + timedelta(days=1)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def survey(workspace: Workspace) -> Survey:
    with workspace_scope(workspace):
        return hosting.starter()


def propose(survey: Survey, people: list[OptIn], note: str = "You both work with freight.") -> Introduction:
    ids = [person.pk for person in people]
    with workspace_scope(survey.workspace_id):
        return introductions.propose(survey_id=survey.pk, opt_in_ids=ids, note=note, actor=HOST, now=NOW)


def post(survey: Survey, now: datetime = NOW) -> int:
    return introductions.mail_waiting(workspace_id=survey.workspace_id, now=now)


def links() -> dict[str, str]:
    """Address → path of the link it was mailed."""
    return {
        message.to[0]: match.group(1)
        for message in mail.outbox
        if (match := re.search(r"https?://[^/]+(/s/\S+)", str(message.body)))
    }


def answer(survey: Survey, person: OptIn, says: str) -> None:
    assert Client().post(links()[person.email], {"answer": says}).status_code == 302


def test_each_guest_is_asked_once_without_seeing_the_others(survey: Survey) -> None:
    people = wants_peers(survey, "one", "two")
    propose(survey, people)
    assert (post(survey), post(survey)) == (2, 0)
    assert {message.to[0] for message in mail.outbox} == {"one@guests.example", "two@guests.example"}
    for message in mail.outbox:
        assert "You both work with freight." in str(message.body)
        assert str(message.body).count("@guests.example") == 0
    with workspace_scope(survey.workspace_id):
        assert not IntroductionGuest.objects.filter(token_hash__in=[link.split("/")[-2] for link in links().values()])


def test_two_who_agree_are_introduced_in_one_mail_and_once(survey: Survey) -> None:
    one, two = wants_peers(survey, "one", "two")
    propose(survey, [one, two])
    post(survey)
    answer(survey, one, "agree")
    assert post(survey) == 0
    answer(survey, two, "agree")
    assert (post(survey, LATER), post(survey, LATER)) == (1, 0)
    assert mail.outbox[-1].to == ["one@guests.example", "two@guests.example"]
    assert "Low product adoption" in mail.outbox[-1].subject
    with workspace_scope(survey.workspace_id):
        assert Introduction.objects.get().made_at == LATER


def test_who_declines_or_says_nothing_is_named_to_nobody(survey: Survey) -> None:
    one, two, three, four = wants_peers(survey, "one", "two", "three", "four")
    propose(survey, [one, two, three, four])
    post(survey)
    answer(survey, one, "agree")
    answer(survey, two, "agree")
    answer(survey, three, "decline")
    assert post(survey, LATER) == 0
    assert post(survey, NOW + introductions.PATIENCE) == 1
    assert mail.outbox[-1].to == ["one@guests.example", "two@guests.example"]
    assert "three@" not in str(mail.outbox[-1].body)
    assert "four@" not in str(mail.outbox[-1].body)


def test_one_alone_is_introduced_to_nobody(survey: Survey) -> None:
    one, two = wants_peers(survey, "one", "two")
    propose(survey, [one, two])
    post(survey)
    answer(survey, one, "agree")
    answer(survey, two, "decline")
    assert post(survey, NOW + 2 * introductions.PATIENCE) == 0


def test_a_visit_decides_nothing_and_a_mind_may_change_until_it_is_made(survey: Survey) -> None:
    one, two = wants_peers(survey, "one", "two")
    propose(survey, [one, two])
    post(survey)
    page = Client().get(links()[one.email])
    assert page.status_code == 200
    assert "May we introduce you?" in page.content.decode()
    with workspace_scope(survey.workspace_id):
        assert set(IntroductionGuest.objects.values_list("consent", flat=True)) == {Consent.ASKED}
    answer(survey, one, "agree")
    answer(survey, one, "decline")
    answer(survey, one, "agree")
    answer(survey, two, "agree")
    post(survey)
    answer(survey, one, "decline")
    assert "You have been introduced." in Client().get(links()[one.email]).content.decode()


def test_a_link_that_is_not_ours_is_not_found(survey: Survey, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        hosting.starter("another")
    propose(survey, wants_peers(survey, "one", "two"))
    post(survey)
    link = links()["one@guests.example"]
    for wrong in (
        link.replace("top-2026", "another"),
        "/s/top-2026/introduction/made-up/",
        "/s/nowhere/introduction/x/",
    ):
        assert Client().get(wrong).status_code == 404
        assert Client().post(wrong, {"answer": "agree"}).status_code == 404
    assert Client().put(link).status_code == 405


def test_a_mail_server_that_is_down_loses_nothing(survey: Survey, settings: LazySettings) -> None:
    propose(survey, wants_peers(survey, "one", "two"))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    assert post(survey) == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert post(survey) == 2


@pytest.mark.parametrize("note", ["", "   ", "x" * 2001, "a\0b"])
def test_a_note_says_why(survey: Survey, note: str) -> None:
    people = wants_peers(survey, "one", "two")
    with pytest.raises(ValidationError) as refused:
        propose(survey, people, note)
    assert set(refused.value.message_dict) == {"note"}


def test_who_cannot_be_asked_is_named(survey: Survey, workspace: Workspace) -> None:
    one, two, three = wants_peers(survey, "one", "two", "three")
    (other,) = wants_peers(survey, "other", challenge=5)
    with workspace_scope(workspace):
        shy = OptIn.objects.create(
            workspace=workspace, survey=survey, email="shy@guests.example", wants_next=True, given_on=NOW.date()
        )
        Suppression.objects.create(workspace=workspace, email=three.email, reason="unsubscribed", at=NOW)
    for people, problem in (
        ([one], "Choose 2 to 8"),
        ([one, shy], "Choose 2 to 8"),
        ([one, other], "same challenge"),
        ([one, three], "three@guests.example"),
    ):
        with pytest.raises(ValidationError, match=problem):
            propose(survey, people)
    propose(survey, [one, two])
    with pytest.raises(ValidationError, match="being asked already"):
        propose(survey, [one, two])
