"""The customers' voice: the page of trends, the customer's own page, and the Send page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import SavedSegment
from accounts.roles import Permission, Role, allows
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys import tasks
from surveys.models import Dispatch, Survey, SurveyInvitation
from surveys.services import publishing
from tests.factories import NOW, make_contact, make_customer
from tests.pages.conftest import House, signed_in
from tests.surveys import hosting, invited
from tests.surveys.factories import answer, make_survey

VOICE = "/surveys/voice/"


@pytest.fixture
def survey(house: House) -> Survey:
    with workspace_scope(house.workspace):
        return invited.score_survey(now=timezone.now())


def said(house: House, survey: Survey, score: int, **fields: Any) -> None:
    with workspace_scope(house.workspace):
        told = {"contact": house.contact, "customer": house.customer, "at": timezone.now(), **fields}
        hosting.answered(survey, choices=[], score=score, **told)


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        page(client, path)
    return len(captured)


# --- trends ------------------------------------------------------------------------------------------------


def test_everybody_who_sees_customers_reads_the_trends_and_hosts_alone_do_not(house: House) -> None:
    for role in Role:
        allowed = allows(role, Permission.VIEW_CUSTOMERS)
        assert house.client(role).get(VOICE).status_code == (200 if allowed else 403), role
        assert (f'href="{VOICE}"' in house.client(role).get("/settings/profile/").content.decode()) == allowed
    assert Client().get(VOICE).status_code == 302


def test_the_empty_page_teaches(house: House) -> None:
    assert "Nobody has been asked yet" in page(house.client(), VOICE)


def test_trends_tell_figure_interval_answers_and_words(house: House, survey: Survey) -> None:
    said(house, survey, 9, answers={"why": "The drivers <b>like</b> it"})
    said(house, survey, 3, contact=None)
    shown = page(house.client(), VOICE)
    assert "NPS 0 in" in shown
    assert "2 answers; 95% interval" in shown
    assert "The drivers &lt;b&gt;like&lt;/b&gt; it" in shown
    assert "Nottingham Freight" in shown


def test_a_language_with_decimal_commas_gets_its_quotation_marks_and_drawings_a_browser_reads(
    house: House, survey: Survey
) -> None:
    said(house, survey, 9, answers={"why": "Die Fahrer mögen es"})
    client = house.client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
    shown = page(client, VOICE)
    assert "„Die Fahrer mögen es“" in shown
    assert "<svg" in shown
    assert re.findall(r'[xyr12]="-?\d+,\d+', shown) == []


@pytest.mark.parametrize("query", ["", "?by=country", "?by=csm", "?by=plan", "?kind=ces", "?kind=x&by=y", "?by=%00"])
def test_every_grouping_shows_and_nonsense_falls_back(house: House, survey: Survey, query: str) -> None:
    said(house, survey, 9)
    assert "By group" in page(house.client(), VOICE + query)


def test_a_strangers_answers_do_not_show(house: House, survey: Survey) -> None:
    said(house, survey, 9, answers={"why": "Only for us"})
    assert "Nobody has been asked yet" in page(signed_in(house.stranger), VOICE)


def test_queries_of_the_trends_do_not_grow_with_answers(house: House, survey: Survey) -> None:
    said(house, survey, 9, answers={"why": "So"})
    few = queries(house.client(), VOICE)
    for number in range(20):
        with workspace_scope(house.workspace):
            other = make_customer(f"C{number}", industry=f"I{number}")
        said(house, survey, number % 11, customer=other, contact=None, answers={"why": "So"})
    assert queries(house.client(), VOICE) == few


# --- the customer's page -----------------------------------------------------------------------------------


def test_the_customers_page_shows_who_said_what(house: House, survey: Survey) -> None:
    address = reverse("customer_detail", args=[house.customer.pk])
    assert "What they say" not in page(house.client(), address)
    said(house, survey, 9, at=timezone.now() - timedelta(days=90))
    said(house, survey, 3, answers={"why": "It is slow"})
    with workspace_scope(house.workspace):
        top3 = hosting.starter(audience="customers")
        hosting.answered(top3, customer=house.customer, contact=house.contact, at=timezone.now())
    shown = page(house.client(), address)
    assert "−100" in shown
    assert "before +100" in shown
    assert "Detractor" in shown
    assert "It is slow" in shown
    assert '<ol class="voice-choices"><li>' in shown


def test_queries_of_the_customers_page_do_not_grow_with_answers(house: House, survey: Survey) -> None:
    address = reverse("customer_detail", args=[house.customer.pk])
    said(house, survey, 9)
    page(house.client(), address)
    few = queries(house.client(), address)
    for number in range(30):
        said(house, survey, number % 11)
    assert queries(house.client(), address) == few


# --- sending -----------------------------------------------------------------------------------------------


def told(**fields: Any) -> dict[str, Any]:
    usual = {"to": "people", "whom": "all", "addressees": "everybody", "rest_days": "30", "remind_after_days": "7"}
    return {**usual, **fields}


def test_the_page_says_who_would_be_reached_before_anything_is_sent(house: House, survey: Survey) -> None:
    with workspace_scope(house.workspace):
        make_contact(house.customer, email="a@people.example")
        make_contact(make_customer("Prospect"), email="b@people.example")
    address = reverse("survey_send", args=[survey.pk])
    assert "1 person would get a mail, at 1 customer." in page(house.client(), address)
    response = house.client().post(address, told(preview="1"))
    assert "2 people would get a mail, at 2 customers." in response.content.decode()
    with workspace_scope(house.workspace):
        assert not SurveyInvitation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sending_to_a_segment_mails_its_people(house: House, survey: Survey) -> None:
    with workspace_scope(house.workspace):
        make_contact(house.customer, email="a@people.example")
        make_contact(make_customer("Prospect"), email="b@people.example")
        segment = SavedSegment.objects.create(
            workspace_id=house.workspace.pk,
            name="Ours",
            definition={"all": [{"field": "contract_state", "op": "in", "value": ["active"]}]},
            owner=house.members[Role.MANAGER],
            created_at=timezone.now(),
        )
    address = reverse("survey_send", args=[survey.pk])
    response = house.client().post(address, told(whom=str(segment.pk)), follow=True)
    assert "Segment: Ours" in response.content.decode()
    with workspace_scope(house.workspace):
        (dispatch,) = Dispatch.objects.all()
    progress = reverse("survey_send_progress", args=[dispatch.pk])
    assert f'hx-get="{progress}"' in page(house.client(), address)
    assert signed_in(house.stranger).get(progress).status_code == 404
    tasks.fill_dispatch(str(house.workspace.pk), str(dispatch.pk))
    assert "hx-get" not in page(house.client(), progress)
    tasks.mail_invitations()
    assert invited.addresses_mailed() == ["a@people.example"]
    shown = page(house.client(), reverse("survey_invitations", args=[survey.pk]) + "?state=sent")
    assert "a@people.example" in shown
    assert "Nottingham Freight" in shown


def test_hosts_who_may_not_see_customers_send_to_addresses_only(house: House, survey: Survey) -> None:
    address = reverse("survey_send", args=[survey.pk])
    host = house.client(Role.HOST)
    assert "To people at our customers" not in page(host, address)
    assert host.post(address, told()).status_code == 403
    sent = host.post(address, {"to": "list", "emails": "a@people.example, b@people.example", "rest_days": "30"})
    assert sent.status_code == 302
    with workspace_scope(house.workspace):
        assert SurveyInvitation.objects.count() == 2
        SurveyInvitation.objects.update(contact=house.contact, customer=house.customer)
    shown = page(host, reverse("survey_invitations", args=[survey.pk]))
    assert "a@people.example" not in shown
    assert "Nottingham Freight" not in shown


def test_what_cannot_be_sent_is_said_and_kept(house: House, survey: Survey) -> None:
    address = reverse("survey_send", args=[survey.pk])
    wrong = house.client().post(address, {"to": "list", "emails": "a@people.example\nnobody", "rest_days": "30"})
    assert "nobody was invited: nobody" in wrong.content.decode()
    assert "a@people.example" in wrong.content.decode()
    for fields in ({"whom": "x"}, {"rest_days": "9999"}, {"remind_after_days": "0"}, {"addressees": "dogs"}):
        assert house.client().post(address, told(**fields)).status_code == 200
    with workspace_scope(house.workspace):
        assert not Dispatch.objects.exists()
    assert mail.outbox == []


def test_a_draft_is_not_sent(house: House) -> None:
    with workspace_scope(house.workspace):
        draft = invited.score_survey(opened=False)
    address = reverse("survey_send", args=[draft.pk])
    assert "Only an open survey can be sent" in page(house.client(), address)
    assert "Only an open survey can be sent" in house.client().post(address, told()).content.decode()


# --- beside a published edition ----------------------------------------------------------------------------


def test_own_customers_stand_beside_a_published_edition_of_another_workspace(house: House) -> None:
    theirs = house.stranger.workspace
    with workspace_scope(theirs):
        edition = make_survey(slug="community-2026")
        for _each in range(40):
            answer(edition, "data", "value")
        publishing.publish(survey_id=edition.pk, actor=audit.SYSTEM, now=NOW)
    with workspace_scope(house.workspace):
        own = make_survey(slug="own", audience="customers")
        address = reverse("survey_beside", args=[own.pk])
    assert "Nobody has answered yet" in page(house.client(), address)
    with workspace_scope(house.workspace):
        for _each in range(30):
            answer(own, "adoption", "value", contact=house.contact, customer=house.customer)
    shown = page(house.client(), address)
    assert "2 challenges are named clearly more or less often" in shown
    assert "+100 points, clearly different" in shown
    assert "0 points, no clear difference" in shown


def test_an_edition_that_is_not_published_or_invented_is_not_shown(house: House) -> None:
    with workspace_scope(house.stranger.workspace):
        make_survey(slug="still-open")
    with workspace_scope(house.workspace):
        own = make_survey(slug="own", audience="customers")
    for edition in ("still-open", "nowhere", "%00", "own"):
        shown = page(house.client(), reverse("survey_beside", args=[own.pk]) + f"?edition={edition}")
        assert "No published edition" in shown
