"""Answers in the services: counted once, changed until closing, erased at any time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from csplatform.core import audit
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from surveys import receipts
from surveys.models import Erasure, Option, Response, Status
from surveys.services import answering, lifecycle
from tests.factories import NOW, make_workspace
from tests.surveys.factories import answer, make_survey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


def test_an_answer_is_stored_with_the_order_its_author_saw_and_told_by_ids_only() -> None:
    survey = make_survey()
    given = answer(survey, "data", "value", raw={"segment_role": "csm"}, shown_order=[3, 1, 2, 5, 4])
    stored = Response.objects.get()
    assert (stored.choices, stored.shown_order, stored.segments) == ([3, 1], [3, 1, 2, 5, 4], {"role": "csm"})
    assert (stored.status, stored.occurred_at, stored.known_at) == (Status.COUNTED, NOW, NOW)
    assert given.created
    told = OutboxEvent.objects.get(name="survey.response_received")
    assert told.payload == {"survey_id": str(survey.pk), "response_id": str(stored.pk)}


def test_the_same_submission_counts_once_and_gets_its_receipt_again() -> None:
    survey = make_survey()
    first = answer(survey, "data", submission_key="once")
    again = answer(survey, "data", submission_key="once")
    assert (again.created, again.receipt_code, again.response.pk) == (False, first.receipt_code, first.response.pk)
    assert Response.objects.count() == 1
    assert OutboxEvent.objects.filter(name="survey.response_received").count() == 1


def test_a_retry_that_arrives_after_closing_still_gets_its_receipt() -> None:
    survey = make_survey()
    first = answer(survey, "data", submission_key="once")
    closed = lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW + timedelta(seconds=1))
    assert answer(closed, "data", submission_key="once").receipt_code == first.receipt_code
    with pytest.raises(answering.SurveyClosedError):
        answer(closed, "data")


def test_a_closing_time_that_has_passed_closes_before_anybody_says_so() -> None:
    survey = make_survey(closes_at=NOW + timedelta(hours=1))
    answer(survey, "data", now=NOW + timedelta(minutes=59, seconds=59))
    with pytest.raises(answering.SurveyClosedError):
        answer(survey, "data", now=NOW + timedelta(hours=1))


def test_faults_are_told_by_field_in_words_with_what_is_kept() -> None:
    survey = make_survey()
    with pytest.raises(ValidationError) as refused:
        answer(survey, "data", "data", raw={"segment_role": "pirate"})
    told = refused.value.message_dict
    assert told["choice_2"] == [
        "“Siloed data” is already your choice 1. It is kept there; choose another here, or leave it empty."
    ]
    assert "“pirate” is not a choice" in told["segment_role"][0]
    assert isinstance(refused.value, answering.BallotRefusedError)
    assert refused.value.kept == {"choice_1": "data"}
    assert not Response.objects.exists()


def test_a_flagged_answer_counts_and_a_test_answer_never() -> None:
    survey = make_survey()
    flagged = answer(survey, "data", flags=["no_proof", "too_fast", "no_proof"]).response
    assert (flagged.status, flagged.flags) == (Status.FLAGGED, ["no_proof", "too_fast"])
    tried = answer(make_survey(slug="draft", opened=False), "data", is_test=True).response
    assert tried.is_test
    assert OutboxEvent.objects.filter(name="survey.response_received").count() == 1


def test_an_address_is_kept_as_a_keyed_hash_that_differs_between_surveys() -> None:
    one = answer(make_survey(), "data", sender="203.0.113.7").response
    other = answer(make_survey(slug="other-survey"), "data", sender="203.0.113.7").response
    assert len(one.sender_hash) == 64
    assert one.sender_hash != other.sender_hash
    assert "203.0.113.7" not in one.sender_hash


def test_the_receipt_code_finds_the_answer_however_it_is_typed() -> None:
    survey = make_survey()
    given = answer(survey, "data")
    typed = f"  {given.receipt_code.lower().replace('-', ' ')} "
    found = answering.find(survey=survey, receipt_code=typed)
    assert found == given.response
    assert given.receipt_code.replace("-", "") not in str(vars(found))
    assert answering.find(survey=make_survey(slug="other-survey"), receipt_code=given.receipt_code) is None
    for nonsense in ("", "AAAA-BBBB-CCCC", "\0", "9" * 5_000):
        assert answering.find(survey=survey, receipt_code=nonsense) is None


def test_an_answer_can_be_changed_until_closing() -> None:
    survey = make_survey()
    given = answer(survey, "data", "value", raw={"segment_role": "csm"})
    later = NOW + timedelta(hours=1)
    changed = answering.change(survey=survey, receipt_code=given.receipt_code, raw={"choice_1": "value"}, now=later)
    assert (changed.choices, changed.segments, changed.changed_at, changed.occurred_at) == ([1], {}, later, NOW)
    closed = lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=later)
    with pytest.raises(answering.SurveyClosedError):
        answering.change(survey=closed, receipt_code=given.receipt_code, raw={"choice_1": "data"}, now=later)


def test_changing_keeps_an_option_taken_back_since_but_nobody_chooses_it_anew() -> None:
    survey = make_survey()
    given = answer(survey, "data", "value")
    Option.objects.filter(survey=survey, key="data").update(retired_at=NOW)
    survey.version += 1
    survey.save()
    raw = {"choice_1": "value", "choice_2": "data"}
    changed = answering.change(survey=survey, receipt_code=given.receipt_code, raw=raw, now=NOW)
    assert changed.choices == [1, 3]
    with pytest.raises(ValidationError, match="took it off the list"):
        answer(survey, "data")


def test_erasing_leaves_nothing_but_the_day() -> None:
    survey = make_survey()
    given = answer(survey, "data")
    closed = lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    answering.erase(survey=closed, receipt_code=given.receipt_code, now=NOW)
    assert not Response.objects.exists()
    assert list(Erasure.objects.values_list("survey", "on")) == [(survey.pk, NOW.date())]
    with pytest.raises(Response.DoesNotExist):
        answering.erase(survey=closed, receipt_code=given.receipt_code, now=NOW)


def test_every_single_typing_error_in_a_code_is_noticed() -> None:
    code = receipts.make("secret", "survey", "key")
    signs = code.replace("-", "")
    for place, sign in enumerate(signs):
        for wrong in receipts.ALPHABET:
            if wrong != sign:
                assert receipts.normal(signs[:place] + wrong + signs[place + 1 :]) is None
    for place in range(len(signs) - 1):
        swapped = signs[:place] + signs[place + 1] + signs[place] + signs[place + 2 :]
        assert swapped == signs or receipts.normal(swapped) is None
    assert receipts.normal(signs.lower()) == code
