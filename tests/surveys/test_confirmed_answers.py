"""Surveys that count one answer for each confirmed address: stored at once, counted once confirmed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from surveys import tasks
from surveys.models import AnswerConfirmation, Response, Survey
from surveys.selectors import collection, counting
from surveys.services import confirming, lifecycle, moderation, publishing
from tests.factories import NOW, make_contact, make_customer, make_workspace
from tests.surveys import invited
from tests.surveys.factories import answer, make_survey
from tests.surveys.test_answer_page import send, token_of

pytestmark = pytest.mark.django_db(transaction=True)
LEAD = "lead@customer.example"


@pytest.fixture
def house() -> Workspace:
    cache.clear()
    return make_workspace()


@pytest.fixture
def survey(house: Workspace) -> Survey:
    with workspace_scope(house):
        return make_survey(confirm_by_email=True, checks="off")


def give(email: str = LEAD, **fields: Any) -> str:
    """The address of the thanks page."""
    return str(send(Client(), **{"choice_1": "data", "email": email, **fields})["Location"])


def links(house: Workspace) -> list[str]:
    """Mails what waits; the paths of all links mailed so far."""
    confirming.mail_waiting(workspace_id=house.pk)
    found = [re.search(r"https?://[^/\s]+(/s/\S+/confirm-answer/\S+)", str(message.body)) for message in mail.outbox]
    return [match[1] for match in found if match]


def press(path: str) -> str:
    return Client().post(path, follow=True).content.decode()


def statuses(house: Workspace) -> list[str]:
    with workspace_scope(house):
        return list(Response.objects.order_by("id").values_list("status", flat=True))


def counted(survey: Survey) -> int:
    with workspace_scope(survey.workspace_id):
        return int(counting.tally_of(survey, language="en")["n"])


def events(house: Workspace) -> int:
    return OutboxEvent.objects.filter(workspace_id=house.pk, name="survey.response_received").count()


def test_an_answer_is_stored_at_once_and_counts_when_the_button_is_pressed(house: Workspace, survey: Survey) -> None:
    page = Client().get(give()).content.decode()
    assert "One step left" in page
    assert (statuses(house), counted(survey), events(house)) == (["waiting"], 0, 0)
    (link,) = links(house)
    for method in (Client().get, Client().head):
        assert method(link).status_code == 200
    assert statuses(house) == ["waiting"]
    assert "Your answer counts" in press(link)
    assert (statuses(house), counted(survey), events(house)) == (["counted"], 1, 1)
    assert "Your answer counts" in press(link)
    assert events(house) == 1


def test_of_the_address_a_keyed_hash_is_kept_and_that_not_for_long(house: Workspace, survey: Survey) -> None:
    give()
    press(links(house)[0])
    with workspace_scope(house):
        row = AnswerConfirmation.objects.get()
        assert LEAD not in str(row.__dict__)
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=datetime.now(UTC))
    for days, left in ((6, 1), (8, 0)):
        with time_machine.travel(datetime.now(UTC) + timedelta(days=days), tick=False):
            tasks.forget()
        with workspace_scope(house):
            assert AnswerConfirmation.objects.count() == left
    assert statuses(house) == ["counted"]


def test_one_address_is_one_answer(house: Workspace, survey: Survey) -> None:
    give()
    give(" LEAD@customer.example ", choice_1="value")
    first, second = links(house)
    press(first)
    assert "counts already" in press(second)
    assert sorted(statuses(house)) == ["counted", "waiting"]
    assert counted(survey) == 1


def test_a_flagged_answer_is_flagged_once_confirmed(house: Workspace, survey: Survey) -> None:
    give(website="spam.example")
    press(links(house)[0])
    assert statuses(house) == ["flagged"]


@pytest.mark.parametrize("email", ["", "nobody", "a\0@b.example", f"{'a' * 300}@b.example"])
def test_without_a_whole_address_nothing_is_stored_and_all_is_kept(
    house: Workspace, survey: Survey, email: str
) -> None:
    page = send(Client(), choice_1="data", email=email)
    assert page.status_code == 422
    body = page.content.decode()
    assert "type your whole address" in body
    assert re.search(r'value="data"[^>]* selected', body)
    assert statuses(house) == []


def test_faults_of_ballot_and_address_are_told_together(house: Workspace, survey: Survey) -> None:
    body = send(Client(), choice_1="data", choice_2="data", email="nobody").content.decode()
    assert "type your whole address" in body
    assert 'value="nobody"' in body
    assert body.count('class="fault"') >= 2


def test_a_wrong_address_can_be_put_right_from_the_thanks_page(house: Workspace, survey: Survey) -> None:
    address = give("typo@customer.example")
    refused = Client().post(address, {"action": "again", "email": "typo"})
    assert refused.status_code == 422
    assert 'value="typo"' in refused.content.decode()
    sent = Client().post(address, {"action": "again", "email": LEAD}).content.decode()
    assert f"sending the link to {LEAD}" in sent
    press(links(house)[-1])
    assert statuses(house) == ["counted"]


def test_it_can_be_confirmed_after_closing_until_the_results_are_out(house: Workspace, survey: Survey) -> None:
    give("in.time@b.example")
    give("late@b.example")
    in_time, late = links(house)
    with workspace_scope(house):
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    press(in_time)
    with workspace_scope(house):
        publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    assert "results are out" in press(late)
    assert sorted(statuses(house)) == ["counted", "waiting"]


def test_after_a_week_the_link_and_the_hash_are_gone_and_the_answer_never_counts(
    house: Workspace, survey: Survey
) -> None:
    give()
    (link,) = links(house)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=8), tick=False):
        assert Client().post(link).status_code == 410
        tasks.forget()
    with workspace_scope(house):
        assert not AnswerConfirmation.objects.exists()
    assert statuses(house) == ["waiting"]


def test_a_link_of_another_survey_or_not_signed_opens_nothing(house: Workspace, survey: Survey) -> None:
    give()
    (link,) = links(house)
    token = link.split("/")[4]
    with workspace_scope(house):
        make_survey(slug="another")
    assert Client().post(f"/s/another/confirm-answer/{token}/").status_code == 410
    assert Client().post(f"/s/top/confirm-answer/{token[:-2]}xx/").status_code == 404
    assert Client().post(f"/s/top/confirm/{token}/").status_code == 404
    assert statuses(house) == ["waiting"]


def test_an_address_gets_at_most_three_mails(house: Workspace, survey: Survey) -> None:
    for _ in range(5):
        assert "One step left" in Client().get(give()).content.decode()
    assert len(links(house)) == 3


def test_a_personal_link_has_proved_its_address(house: Workspace) -> None:
    with workspace_scope(house):
        invited.people(None, LEAD)
        survey = invited.score_survey(confirm_by_email=True, audience="community", checks="off")
        dispatch = invited.send(survey)
    invited.fill_now(dispatch)
    invited.mail_now(house)
    path = invited.link_in(mail.outbox[0])
    page = Client().get(path)
    assert 'id="email"' not in page.content.decode()
    Client().post(path, {"token": token_of(page), "score": "9"})
    assert statuses(house) == ["counted"]
    send(Client(), "/s/nps/", score="1", email=LEAD)
    assert "counts already" in press(links(house)[-1])


def test_an_invited_answer_after_a_confirmed_one_with_its_address_does_not_count(house: Workspace) -> None:
    with workspace_scope(house):
        invited.people(None, LEAD)
        survey = invited.score_survey(confirm_by_email=True, audience="community", checks="off")
        dispatch = invited.send(survey)
    send(Client(), "/s/nps/", score="1", email=LEAD)
    press(links(house)[0])
    invited.fill_now(dispatch)
    invited.mail_now(house)
    path = next(invited.link_in(message) for message in mail.outbox if "?i=" in str(message.body))
    thanks = Client().post(path, {"token": token_of(Client().get(path)), "score": "9"})["Location"]
    assert "counts already" in Client().get(thanks).content.decode()
    assert statuses(house) == ["counted", "waiting"]
    with workspace_scope(house):
        assert not Response.objects.get(status="waiting").score_versions.exists()


def test_whoever_is_named_over_rest_needs_no_mail(house: Workspace, survey: Survey) -> None:
    with workspace_scope(house):
        customer = make_customer()
        contact = make_contact(customer, email=LEAD)
        answer(survey, "data", contact=contact, customer=customer, channel="api")
        answer(survey, "data", customer=customer, channel="api")
    assert statuses(house) == ["counted", "counted"]
    assert links(house) == []


def test_hosts_see_who_has_not_confirmed_and_cannot_make_it_count(house: Workspace, survey: Survey) -> None:
    give()
    with workspace_scope(house):
        (waiting,) = Response.objects.all()
        moderation.restore(response_ids=[waiting.pk], actor=audit.SYSTEM, now=NOW)
        assert moderation.remove(response_ids=[waiting.pk], reason="automated", actor=audit.SYSTEM, now=NOW) == 0
        found = collection.collection_of(survey)
    assert (found.counted, found.waiting) == (0, 1)
    assert statuses(house) == ["waiting"]


def test_test_answers_need_no_address(house: Workspace, survey: Survey) -> None:
    with workspace_scope(house):
        answer(survey, "data", is_test=True)
    assert links(house) == []


def test_the_receipt_says_that_it_does_not_count_yet(house: Workspace, survey: Survey) -> None:
    found = re.search(r"data-code[^>]*>([^<]+)<", Client().get(give()).content.decode())
    assert found
    body = Client().post("/s/top/receipt/", {"code": found[1]}).content.decode()
    assert "has not been confirmed" in body


def test_the_link_lets_a_scored_answer_of_a_customer_be_known(house: Workspace) -> None:
    with workspace_scope(house):
        survey = invited.score_survey(confirm_by_email=True)
        customer = make_customer()
        given = answer(survey, raw={"score": 9}, customer=customer, channel="api").response
        assert [version.score for version in given.score_versions.all()] == [9]
