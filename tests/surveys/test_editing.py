"""What may change of a survey before it opens, once it is open, and once somebody has answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.services.results import StaleVersionError
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from surveys.models import Option, Question, Response, Survey
from surveys.services import editing, lifecycle
from tests.factories import NOW, make_workspace
from tests.surveys import hosting

pytestmark = pytest.mark.django_db
COMMON: dict[str, Any] = {"actor": audit.SYSTEM, "now": NOW}


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


def rows(survey: Survey) -> list[dict[str, Any]]:
    found = Option.objects.filter(survey=survey).order_by("number")
    return [{"key": o.key, "label": o.label, "help": o.help, "is_retired": o.retired_at is not None} for o in found]


def keys(survey: Survey) -> list[str]:
    return list(Option.objects.filter(survey=survey).order_by("number").values_list("key", flat=True))


def test_a_draft_changes_freely_and_every_change_is_told() -> None:
    survey = hosting.starter(opened=False)
    hosting.answered(survey, is_test=True)
    told = {"wave": "2026", "closes_at": NOW + timedelta(days=30), "languages": ["en"]}
    changed = editing.update_survey(survey_id=survey.pk, told=told, expected_version=survey.version, **COMMON)
    assert (changed.wave, changed.languages, changed.version) == ("2026", ["en"], survey.version + 1)
    event = AuditEvent.objects.get(action="survey.changed")
    assert event.data == {"fields": ["closes_at", "languages", "wave"]}
    reversed_rows = rows(survey)[::-1][:5]
    editing.set_options(survey_id=survey.pk, options=reversed_rows, **COMMON)
    assert keys(survey) == [row["key"] for row in reversed_rows]
    assert not Response.objects.filter(survey=survey).exists()


def test_nothing_changed_is_no_new_version() -> None:
    survey = hosting.starter(opened=False)
    assert editing.update_survey(survey_id=survey.pk, told={"wave": survey.wave}, **COMMON).version == survey.version


def test_somebody_elses_change_is_not_overwritten() -> None:
    survey = hosting.starter(opened=False)
    editing.update_survey(survey_id=survey.pk, told={"wave": "theirs"}, expected_version=survey.version, **COMMON)
    seen: dict[str, Any] = {"survey_id": survey.pk, "expected_version": survey.version, **COMMON}
    with pytest.raises(StaleVersionError):
        editing.update_survey(told={"wave": "mine"}, **seen)
    with pytest.raises(StaleVersionError):
        editing.set_options(options=[], **seen)
    with pytest.raises(StaleVersionError):
        editing.set_questions(questions=[], **seen)
    assert Survey.objects.get(pk=survey.pk).wave == "theirs"


def test_an_open_survey_retires_options_instead_of_deleting_them() -> None:
    survey = hosting.starter()
    first, *others = rows(survey)
    new = {"key": "new", "label": {"en": "New", "fr": "Neuf", "de": "Neu"}}
    editing.set_options(survey_id=survey.pk, options=[new, *others], **COMMON)
    assert keys(survey) == [first["key"], *(row["key"] for row in others), "new"]
    assert Option.objects.get(survey=survey, key=first["key"]).retired_at == NOW


def test_from_the_first_counted_answer_on_wording_and_options_stay() -> None:
    survey = hosting.starter()
    hosting.answered(survey)
    stored = rows(survey)
    reworded = [{**stored[0], "label": {**stored[0]["label"], "en": "Another"}}, *stored[1:]]
    new = [*stored, {"key": "new", "label": {"en": "New"}}]
    for options in (reworded, new):
        with pytest.raises(ValidationError) as refused:
            editing.set_options(survey_id=survey.pk, options=options, **COMMON)
        assert set(refused.value.message_dict) == {"options"}
    with pytest.raises(ValidationError):
        editing.set_questions(survey_id=survey.pk, questions=[], **COMMON)
    assert rows(survey) == stored
    retired = [{**stored[0], "is_retired": True}, *stored[1:]]
    editing.set_options(survey_id=survey.pk, options=retired, **COMMON)
    assert rows(survey) == retired
    editing.set_options(survey_id=survey.pk, options=stored, **COMMON)
    assert rows(survey) == stored


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        ({"question": {"en": "Something else?"}}, {"question"}),
        ({"purpose": {"en": "For sale"}}, {"purpose"}),
        ({"retention_days": 900}, {"retention_days"}),
        ({"allow_other": False, "audience": "customers"}, {"allow_other", "audience"}),
        ({"languages": ["en"]}, {"languages"}),
        ({"retention_days": 30}, set()),
        ({"publish_rows": False, "thanks": {"en": "Thank you"}, "checks": "off"}, set()),
    ],
)
def test_what_was_asked_and_promised_stays(told: dict[str, Any], refused: set[str]) -> None:
    survey = hosting.starter()
    hosting.answered(survey)
    if not refused:
        changed = editing.update_survey(survey_id=survey.pk, told=told, **COMMON)
        assert {field: getattr(changed, field) for field in told} == told
        return
    with pytest.raises(ValidationError) as error:
        editing.update_survey(survey_id=survey.pk, told=told, **COMMON)
    assert set(error.value.message_dict) == refused


def test_a_test_answer_locks_nothing() -> None:
    survey = hosting.starter()
    hosting.answered(survey, is_test=True)
    changed = editing.update_survey(survey_id=survey.pk, told={"question": {"en": "Q", "fr": "Q", "de": "Q"}}, **COMMON)
    assert changed.question["en"] == "Q"


@pytest.mark.parametrize(
    "question",
    [
        {"key": "a", "kind": "scale", "scale": {"min": 5, "max": 1}},
        {"key": "a", "kind": "scale", "scale": {"min": 1, "max": 1000}},
        {"key": "a", "kind": "text", "is_segment": True},
        {"key": "a", "choices": [{"key": "x", "label": {}}, {"key": "x", "label": {}}]},
        {"key": "a", "label": {"en": "x" * 3000}},
        {"key": ""},
    ],
)
def test_a_question_that_makes_no_sense_is_named(question: dict[str, Any]) -> None:
    survey = hosting.starter(opened=False)
    with pytest.raises(ValidationError) as refused:
        editing.set_questions(survey_id=survey.pk, questions=[{"label": {"en": "A"}, **question}], **COMMON)
    assert set(refused.value.message_dict) == {"questions"}
    assert Question.objects.filter(survey=survey).count() == 4


def test_opening_asks_for_choices_and_their_words() -> None:
    survey = hosting.starter(opened=False)
    texts = {"en": "R", "fr": "R", "de": "R"}
    question = {"key": "role", "label": texts, "choices": [{"key": "a", "label": {"en": "A", "de": "A"}}]}
    editing.set_questions(survey_id=survey.pk, questions=[question], **COMMON)
    assert lifecycle.faults(Survey.objects.get(pk=survey.pk)) == {
        "questions.role": "Offer at least two choices.",
        "questions.role.a": "Missing in: fr",
    }
