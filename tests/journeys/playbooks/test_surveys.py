"""A step that sends a survey: the rules on who may be asked hold, and the run's log says what became of everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from csplatform.core import audit
from journeys.models import RunState, RunStep
from journeys.services.playbooks import control, editing
from surveys.models import Dispatch, Suppression, Survey, SurveyInvitation
from surveys.services import lifecycle
from tests import factories
from tests.journeys.playbooks.conftest import EVENT, NO_PAUSE, NOW, House
from tests.surveys import invited

SYSTEM = audit.SYSTEM


def step(survey: Survey, addressees: str = "everybody") -> dict[str, Any]:
    return {"kind": "survey", "survey": str(survey.pk), "addressees": addressees}


def states() -> dict[str, str]:
    return dict(SurveyInvitation.objects.values_list("email", "state"))


def test_the_customers_people_are_invited_and_nobody_elses(house: House) -> None:
    survey = invited.score_survey()
    invited.people(house.customer, "one@loxley.example", "two@loxley.example")
    invited.people(factories.make_customer("Other"), "else@other.example")
    house.playbook(steps=[step(survey)])
    house.happens()
    house.run()
    assert states() == {"one@loxley.example": "waiting", "two@loxley.example": "waiting"}
    line = RunStep.objects.get()
    assert (line.made, line.note) == ({"survey": str(survey.pk)}, "2 mails go out.")
    assert house.runs()[0].state == RunState.DONE


def test_who_wants_no_mail_was_asked_lately_or_has_no_address_is_left_alone_and_the_log_says_so(house: House) -> None:
    survey, other = invited.score_survey(), invited.score_survey(slug="earlier")
    people = ("free@loxley.example", "never@loxley.example", "lately@loxley.example", "")
    invited.people(house.customer, *people)
    Suppression.objects.create(workspace=house.workspace, email="never@loxley.example", reason="unsubscribed", at=NOW)
    asked = invited.send(other)
    SurveyInvitation.objects.create(
        workspace=house.workspace, survey=other, dispatch=asked, email="lately@loxley.example", language="en",
        token_hash="x", state="sent", sent_at=NOW - timedelta(days=3), created_at=NOW, due_at=NOW,
    )  # fmt: skip
    house.playbook(steps=[step(survey)])
    house.happens()
    house.run()
    mine = SurveyInvitation.objects.filter(survey=survey)
    assert dict(mine.values_list("email", "state")) == {
        "free@loxley.example": "waiting",
        "never@loxley.example": "held_back",
        "lately@loxley.example": "held_back",
    }
    assert RunStep.objects.get().note == "1 mail goes out; no mails wanted: 1; asked lately: 1; no address: 1."


def test_runs_of_a_playbook_share_one_sending_and_nobody_is_asked_twice(house: House) -> None:
    survey = invited.score_survey()
    invited.people(house.customer, "one@loxley.example")
    house.playbook(steps=[step(survey)], limits=NO_PAUSE)
    house.happens()
    house.happens()
    house.run()
    assert states() == {"one@loxley.example": "waiting"}
    assert Dispatch.objects.get().counts == {"mail": 1, "invited": 1}


def test_a_survey_that_was_closed_meanwhile_stops_the_run_with_the_reason(house: House) -> None:
    survey = invited.score_survey()
    invited.people(house.customer, "one@loxley.example")
    house.playbook(steps=[step(survey)])
    lifecycle.close_survey(survey_id=survey.pk, actor=SYSTEM, now=NOW)
    house.happens()
    house.run()
    (run,) = house.runs()
    assert (run.state, states()) == (RunState.FAILED, {})
    assert "not open" in run.note


def test_a_survey_that_cannot_be_sent_is_refused_when_the_playbook_is_written(house: House) -> None:
    for wrong in ({"survey": "nothing"}, {"addressees": "strangers"}):
        told = {**step(invited.score_survey(slug=f"s-{len(wrong)}-{next(iter(wrong))}")), **wrong}
        with pytest.raises(ValidationError, match=next(iter(wrong))):
            editing.create(name="Wrong", definition={"trigger": EVENT, "steps": [told]}, actor=SYSTEM, now=NOW)
    draft = editing.create(
        name="Right", definition={"trigger": EVENT, "steps": [step(invited.score_survey())]}, actor=SYSTEM, now=NOW
    )
    assert control.activate(playbook_id=draft.pk, actor=SYSTEM, now=NOW).state == "active"
