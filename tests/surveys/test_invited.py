"""What a personal link does: one click answers, looking records nothing, clicking again changes the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Contact, Workspace
from csplatform.core import audit
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from surveys.models import Response, Suppression, Survey, SurveyInvitation
from surveys.public import tokens
from surveys.services import answering, lifecycle
from tests.factories import NOW, make_workspace
from tests.surveys import invited
from tests.surveys.factories import answer
from tests.surveys.test_answer_page import token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> Workspace:
    return make_workspace()


@pytest.fixture
def person(house: Workspace) -> Contact:
    """Somebody who has been mailed."""
    with workspace_scope(house):
        (contact,) = invited.people(None, "a@people.example")
        dispatch = invited.send(invited.score_survey(checks="off"), remind_after_days=7)
    invited.fill_now(dispatch)
    invited.mail_now(house)
    return contact


def link(score: int | None = None) -> str:
    return invited.link_in(mail.outbox[0]) + (f"&score={score}" if score is not None else "")


def send(path: str, client: Client | None = None, **fields: Any) -> Any:
    client = client or Client()
    return client.post(path, {"token": token_of(client.get(path)), **fields})


def for_everybody(house: Workspace) -> None:
    """Let the public address take answers, too."""
    with workspace_scope(house):
        Survey.objects.update(audience="community", version=2)


def stored(house: Workspace) -> list[Response]:
    with workspace_scope(house):
        return list(Response.objects.order_by("id"))


def invitation(house: Workspace) -> SurveyInvitation:
    with workspace_scope(house):
        return SurveyInvitation.objects.get()


def test_programs_that_follow_every_link_of_a_mail_record_nothing(house: Workspace, person: Contact) -> None:
    for score in range(11):
        for ask in (Client().get, Client().head):
            assert ask(link(score)).status_code == 200
    assert stored(house) == []
    assert invitation(house).state == "sent"


def test_the_clicked_score_stands_in_the_form_and_one_press_sends_it(house: Workspace, person: Contact) -> None:
    page = Client().get(link(9)).content.decode()
    assert 'value="9" checked' in page
    assert "data-one-click" in page
    assert send(link(9), score="9").status_code == 302
    (answer,) = stored(house)
    assert (answer.score, answer.contact_id, answer.customer_id) == (9, person.pk, person.customer_id)
    assert (answer.channel, answer.flags, answer.sender_hash) == ("mail", [], "")
    assert invitation(house).state == "answered"


def test_a_second_click_changes_the_answer_and_never_doubles_it(house: Workspace, person: Contact) -> None:
    send(link(9), score="9")
    send(link(9), score="9", answer_why="The drivers like it")
    assert send(link(2), score="2", answer_why="It stopped working").status_code == 302
    (answer,) = stored(house)
    assert (answer.score, answer.answers) == (2, {"why": "It stopped working"})
    assert answer.changed_at is not None


def test_coming_back_shows_what_was_answered_on_any_device(house: Workspace, person: Contact) -> None:
    send(link(9), score="9", answer_why="The drivers like it")
    page = Client().get(link()).content.decode()
    assert 'value="9" checked' in page
    assert "The drivers like it" in page


def test_a_public_answer_on_the_same_device_is_not_overwritten_by_the_invited_one(
    house: Workspace, person: Contact
) -> None:
    for_everybody(house)
    client = Client()
    send("/s/nps/", client, score="3")
    send(link(9), client, score="9")
    assert sorted((answer.score, answer.contact_id is None) for answer in stored(house)) == [(3, True), (9, False)]


def test_a_score_that_is_none_or_of_no_survey_is_left_out(house: Workspace, person: Contact) -> None:
    for score in (11, -1):
        page = Client().get(link(score))
        assert page.status_code == 200
        assert "data-one-click" not in page.content.decode()
    assert "data-one-click" not in Client().get(link() + "&score=%00").content.decode()


def test_who_is_known_by_name_is_told_so_and_nobody_else(house: Workspace, person: Contact) -> None:
    words = "see your answer with your name"
    assert words in Client().get(link()).content.decode()
    assert words not in Client().get("/s/nps/").content.decode()
    thanks = Client().get(send(link(9), score="9")["Location"]).content.decode()
    assert "Pass the survey on" not in thanks
    assert "Stay in touch" not in thanks


def test_a_made_up_token_is_an_ordinary_visit(house: Workspace, person: Contact) -> None:
    for_everybody(house)
    send("/s/nps/?i=made-up&score=9", score="9")
    (answer,) = stored(house)
    assert answer.contact_id is None
    assert invitation(house).state == "sent"


class TestASurveyForOwnCustomers:
    def test_its_public_address_turns_strangers_away_and_says_why(self, house: Workspace, person: Contact) -> None:
        for path in ("/s/nps/", "/s/nps/embed/", "/s/nps/?i=made-up", "/s/nps/?again=1"):
            page = Client().get(path)
            assert page.status_code == 403
            assert "by a personal link" in page.content.decode()

    def test_an_answer_without_a_personal_link_is_not_stored_and_told_so(
        self, house: Workspace, person: Contact
    ) -> None:
        token = token_of(Client().get(link()))
        refused = Client().post("/s/nps/", {"token": token, "score": "1"})
        assert refused.status_code == 403
        assert "was not stored" in refused.content.decode()
        assert stored(house) == []

    def test_hosts_can_still_try_it(self, house: Workspace, person: Contact) -> None:
        with workspace_scope(house):
            tried = f"/s/nps/?test={tokens.test_token(Survey.objects.get().pk)}"
        assert send(tried, score="4").status_code == 302
        assert [answer.is_test for answer in stored(house)] == [True]

    def test_whoever_was_invited_is_led_to_the_answer_on_the_same_device(
        self, house: Workspace, person: Contact
    ) -> None:
        client = Client()
        send(link(9), client, score="9")
        assert "You have answered" in client.get("/s/nps/").content.decode()

    def test_a_key_may_answer_for_nobody_named(self, house: Workspace, person: Contact) -> None:
        with workspace_scope(house):
            answer(Survey.objects.get(), raw={"score": 9}, channel="api")
            with pytest.raises(answering.NotInvitedError):
                answer(Survey.objects.get(), raw={"score": 9})
        assert len(stored(house)) == 1


def test_the_answer_does_not_name_the_invitation_it_came_by(house: Workspace, person: Contact) -> None:
    send(link(9), score="9")
    assert invitation(house).pk.hex not in stored(house)[0].submission_key


def test_a_click_after_closing_is_told_so_and_stores_nothing(house: Workspace, person: Contact) -> None:
    with workspace_scope(house):
        survey = invitation(house).survey
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    assert "closed on" in Client().get(link(9)).content.decode()
    assert stored(house) == []


def test_the_news_carries_the_score_and_ids_and_no_word(house: Workspace, person: Contact) -> None:
    send(link(2), score="2", answer_why="Secret words")
    (event,) = OutboxEvent.objects.filter(name="survey.response_received")
    (answer,) = stored(house)
    assert event.payload == {
        "survey_id": str(answer.survey_id),
        "response_id": str(answer.pk),
        "customer_id": str(person.customer_id),
        "contact_id": str(person.pk),
        "kind": "nps",
        "score": 2,
        "group": "detractor",
    }


def test_a_second_thought_is_news_of_its_own(house: Workspace, person: Contact) -> None:
    send(link(2), score="2")
    send(link(9), score="9")
    (event,) = OutboxEvent.objects.filter(name="survey.response_changed")
    assert (event.payload["score"], event.payload["group"]) == (9, "promoter")
    assert event.payload["customer_id"] == str(person.customer_id)
    assert OutboxEvent.objects.filter(name="survey.response_received").count() == 1


class TestUnsubscribing:
    def path(self) -> str:
        return invited.link_in(mail.outbox[0], "unsubscribe")

    def suppressed(self, house: Workspace) -> list[tuple[str, str]]:
        with workspace_scope(house):
            return list(Suppression.objects.values_list("email", "reason"))

    def test_looking_stops_nothing_and_one_press_does(self, house: Workspace, person: Contact) -> None:
        assert "Stop survey mail" in Client().get(self.path()).content.decode()
        assert self.suppressed(house) == []
        done = Client(enforce_csrf_checks=True).post(self.path())
        assert "You get no more survey mail" in done.content.decode()
        assert self.suppressed(house) == [("a@people.example", "unsubscribed")]
        assert Client().post(self.path()).status_code == 200
        assert invited.mail_now(house, NOW + timedelta(days=8)) == 0

    def test_mail_programs_do_it_with_one_request(self, house: Workspace, person: Contact) -> None:
        address = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>")
        told = {"List-Unsubscribe": "One-Click"}
        assert Client().post("/s/" + address.split("/s/", 1)[1], told).status_code == 200
        assert len(self.suppressed(house)) == 1

    def test_a_link_that_is_not_whole_or_of_another_survey_is_not_found(
        self, house: Workspace, person: Contact
    ) -> None:
        with workspace_scope(make_workspace("stranger")):
            invited.score_survey(slug="theirs")
        whole = self.path()
        for path in (whole.replace("/?", "x/?"), whole.replace("/s/nps/", "/s/theirs/"), "/s/nps/unsubscribe/x:y/"):
            assert Client().post(path).status_code == 404
        assert self.suppressed(house) == []
