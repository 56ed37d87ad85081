"""The first impression: who has just used the product for the first time is asked one question, and nobody else is."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Contact
from csplatform.core import audit, outbox
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from health import adoption
from journeys.models import PlaybookRun, RunState, RunStep
from journeys.services.adoption import settings
from journeys.services.playbooks import editing
from surveys import links, panels
from surveys.models import Channel, Dispatch, Suppression, Survey, SurveyInvitation
from surveys.services import answering
from tests import factories
from tests.health.uses import store_uses
from tests.journeys.playbooks.conftest import EVENT, NOW, House
from tests.surveys import invited

FIRST_USE = {"event": "contact.first_used"}


def pulse(**told: Any) -> Survey:
    return invited.score_survey("csat", "first-impression", questions=[], **told)


def asks(survey: Survey, **told: Any) -> dict[str, Any]:
    return {"trigger": FIRST_USE, "steps": [{"kind": "survey", "survey": str(survey.pk), **told}]}


def first_use(house: House, contact: Contact, **told: Any) -> None:
    """The product has told of somebody's first use, and everybody hears of it."""
    payload = {"customer_id": str(contact.customer_id), "contact_id": str(contact.pk), "pseudonym": None, **told}
    outbox.publish(workspace_id=house.workspace.pk, name="contact.first_used", payload=payload, now=NOW)
    house.deliver()
    house.run()


def states() -> dict[str, str]:
    return dict(SurveyInvitation.objects.values_list("email", "state"))


def answer(survey: Survey, score: int, email: str) -> None:
    invitation = SurveyInvitation.objects.get(survey=survey, email=email)
    answering.submit(
        survey=survey, raw={"score": score}, now=NOW, channel=Channel.MAIL, language="en", sender=None,
        submission_key=links.submission_key(invitation.pk), invitation=invitation,
    )  # fmt: skip


def notes() -> list[str]:
    return list(RunStep.objects.order_by("at", "pk").values_list("note", flat=True))


def test_the_person_who_used_it_first_is_asked_and_no_colleague(house: House) -> None:
    survey = pulse()
    (one, _two) = invited.people(house.customer, "one@loxley.example", "two@loxley.example", name="Marian Hale")
    house.playbook(**asks(survey))
    store_uses({one: [0]}, now=NOW)
    while adoption.follow_marked(now=NOW):
        pass
    house.deliver()
    house.run()
    assert states() == {"one@loxley.example": "waiting"}
    assert notes() == ["1 mail goes out."]
    told = [str(each.data) for each in AuditEvent.objects.all()]
    assert told
    assert not any("Marian" in each or "one@loxley" in each for each in [*told, *notes()])


def test_two_first_uses_of_a_person_ask_once_and_a_colleagues_is_asked_about_too(house: House) -> None:
    survey = pulse()
    one, two = invited.people(house.customer, "one@loxley.example", "two@loxley.example")
    house.playbook(**asks(survey))
    for contact in (one, one, two):
        first_use(house, contact)
    assert states() == {"one@loxley.example": "waiting", "two@loxley.example": "waiting"}
    assert [run.state for run in house.runs()] == [RunState.DONE, RunState.SKIPPED, RunState.DONE]
    assert house.runs()[1].note == "It ran for this person less than 30 days ago."
    assert Dispatch.objects.get().counts == {"mail": 2}


def test_without_days_of_rest_a_person_is_still_asked_once(house: House) -> None:
    survey = pulse()
    (one,) = invited.people(house.customer, "one@loxley.example")
    house.playbook(**asks(survey), limits={"again_after_days": 0})
    first_use(house, one)
    first_use(house, one)
    assert states() == {"one@loxley.example": "waiting"}
    assert notes() == ["1 mail goes out.", "0 mails go out; invited already: 1."]


def test_who_opted_out_is_left_alone_and_the_log_says_so_without_a_name(house: House) -> None:
    survey = pulse()
    (one,) = invited.people(house.customer, "one@loxley.example", name="Marian Hale")
    Suppression.objects.create(workspace=house.workspace, email=one.email, reason="unsubscribed", at=NOW)
    house.playbook(**asks(survey))
    first_use(house, one)
    assert states() == {"one@loxley.example": "held_back"}
    assert notes() == ["0 mails go out; no mails wanted: 1."]


def test_a_strangers_contact_is_never_asked(house: House) -> None:
    survey = pulse()
    with workspace_scope(factories.make_workspace("stranger")):
        (stranger,) = invited.people(None, "stranger@elsewhere.example")
    (elsewhere,) = invited.people(factories.make_customer("Other"), "else@other.example")
    (mine,) = invited.people(house.customer, "one@loxley.example")
    house.playbook(**asks(survey), limits={"again_after_days": 0})
    for contact_id in (stranger.pk, elsewhere.pk, uuid4()):
        first_use(house, mine, contact_id=str(contact_id))
    assert states() == {}
    assert set(notes()) == {"The person is not at this customer any more, so nobody was asked."}
    assert not Dispatch.objects.exists()
    with workspace_scope(stranger.workspace_id):
        assert states() == {}


@pytest.mark.parametrize("shown", ["pseudonym", "aggregate"])
def test_where_people_are_not_shown_by_name_nobody_is_asked(house: House, shown: str) -> None:
    survey = pulse()
    (one,) = invited.people(house.customer, "one@loxley.example")
    house.playbook(**asks(survey))
    settings.show_people(people=shown, actor=audit.SYSTEM, now=NOW)
    first_use(house, one)  # heard of before the names were hidden
    assert states() == {}
    assert notes() == ["Nobody was asked: the event names no person, or people are not shown by name here."]


def test_an_event_that_names_nobody_asks_nobody(house: House) -> None:
    survey = pulse()
    (one,) = invited.people(house.customer, "one@loxley.example")
    house.playbook(**asks(survey))
    first_use(house, one, contact_id=None, pseudonym="3F7KQ2")
    assert states() == {}
    assert PlaybookRun.objects.get().state == RunState.DONE


def test_a_step_asks_the_person_unless_it_says_otherwise_and_only_where_there_is_one(house: House) -> None:
    survey = pulse()
    made = house.playbook("Person", **asks(survey), active=False)
    assert made.says.definition["steps"][0]["addressees"] == "person"
    everybody = house.playbook("All", **asks(survey, addressees="everybody"))
    assert everybody.says.definition["steps"][0]["addressees"] == "everybody"
    usual = house.playbook("Usual", **{**asks(survey), "trigger": EVENT}, active=False)
    assert usual.says.definition["steps"][0]["addressees"] == "everybody"
    wrong = {**asks(survey, addressees="person"), "trigger": EVENT}
    with pytest.raises(ValidationError, match=r"steps.0.addressees.*everybody, sponsors"):
        editing.create(name="Wrong", definition=wrong, actor=audit.SYSTEM, now=NOW)
    one, _two = invited.people(house.customer, "one@loxley.example", "two@loxley.example")
    first_use(house, one)
    assert set(states()) == {"one@loxley.example", "two@loxley.example"}


def test_the_impression_is_the_mean_of_those_asked_for_it_and_in_aggregate_of_ten_at_least(house: House) -> None:
    survey = pulse()
    contacts = invited.people(house.customer, *(f"p{n}@loxley.example" for n in range(10)))
    house.playbook(**asks(survey))
    assert panels.first_impression(house.customer, is_aggregate=False) == ""
    for contact in contacts[:9]:
        first_use(house, contact)
    for n in range(9):
        answer(survey, 4 if n else 5, f"p{n}@loxley.example")
    said = "First impression: 4.1 of 5 from 9 people"
    assert panels.first_impression(house.customer, is_aggregate=False) == said
    assert panels.first_impression(house.customer, is_aggregate=True) == ""
    first_use(house, contacts[9])
    answer(survey, 4, "p9@loxley.example")
    assert panels.first_impression(house.customer, is_aggregate=True) == "First impression: 4.1 of 5 from 10 people"
    (figure,) = panels.panel(house.customer)["figures"]
    assert (figure.kind, figure.n) == ("csat", 10)


def test_answers_to_other_sendings_are_no_first_impression(house: House) -> None:
    survey = pulse()
    one, _two = invited.people(house.customer, "one@loxley.example", "two@loxley.example")
    house.playbook(**asks(survey))
    first_use(house, one)
    house.playbook("All", steps=[{"kind": "survey", "survey": str(survey.pk), "addressees": "everybody"}])
    house.happens()
    house.run()
    answer(survey, 2, "one@loxley.example")
    answer(survey, 5, "two@loxley.example")
    assert panels.first_impression(house.customer, is_aggregate=False) == "First impression: 2.0 of 5 from 1 person"
    with workspace_scope(factories.make_workspace("stranger")):
        assert panels.first_impression(house.customer, is_aggregate=False) == ""
