"""Coding own words: what a merge does to the places, what the ledger keeps, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Coding, CodingStep, Option, Response, Survey
from surveys.selectors import coding as reads
from surveys.selectors.places import mentions_of, places_of
from surveys.services import coding
from tests.factories import NOW, make_workspace
from tests.surveys import hosting

pytestmark = pytest.mark.django_db
COMMON: dict[str, Any] = {"actor": audit.Actor("A host"), "now": NOW}


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


@pytest.fixture
def survey() -> Survey:
    """Option 1 is named three times, option 2 twice, and two people wrote own words."""
    survey = hosting.starter()
    hosting.answered(survey, 2, choices=[1, 2])
    hosting.answered(survey, 1, choices=[1])
    return survey


def words(survey: Survey, n: int = 2, text: str = "Nobody uses it", **fields: Any) -> list[Any]:
    return [row.pk for row in hosting.answered(survey, n, **{"choices": [0], "other_text": text, **fields})]


def key(survey: Survey, number: int) -> str:
    return Option.objects.get(survey=survey, number=number).key


def test_mentions_count_merged_words_and_nobody_twice(survey: Survey) -> None:
    ids = words(survey, choices=[0, 2])
    removed: dict[str, Any] = {"status": "removed", "removed_at": NOW, "removal_reason": "trial"}
    hosting.answered(survey, 1, choices=[3], **removed)
    hosting.answered(survey, 1, choices=[3], is_test=True)
    assert [mentions_of(survey)[n] for n in (1, 2, 3)] == [3, 4, 0]
    coding.merge_into_option(survey_id=survey.pk, response_ids=ids, option_key=key(survey, 2), **COMMON)
    assert [mentions_of(survey)[n] for n in (1, 2, 3)] == [3, 4, 0]
    assert places_of({1: 3, 2: 4, 3: 3}) == {2: 1, 1: 2, 3: 2}


def test_a_merge_moves_places_and_the_ledger_says_which(survey: Survey) -> None:
    ids = words(survey)
    step = coding.merge_into_option(survey_id=survey.pk, response_ids=ids, option_key=key(survey, 2), **COMMON)
    assert step.effect == [
        {"option": key(survey, 2), "from": 2, "to": 1},
        {"option": key(survey, 1), "from": 1, "to": 2},
    ]
    assert (step.count, step.by_label) == (2, "A host")
    assert mentions_of(survey)[2] == 4
    coding.undo(survey_id=survey.pk, step_id=step.pk, **COMMON)
    assert mentions_of(survey)[2] == 2
    assert CodingStep.objects.get().undone_at == NOW


def test_merging_again_elsewhere_must_be_undone_first(survey: Survey) -> None:
    ids = words(survey)
    first = coding.merge_into_option(survey_id=survey.pk, response_ids=ids, option_key=key(survey, 2), **COMMON)
    second = coding.merge_into_option(survey_id=survey.pk, response_ids=ids[:1], option_key=key(survey, 3), **COMMON)
    with pytest.raises(ValidationError, match="later step"):
        coding.undo(survey_id=survey.pk, step_id=first.pk, **COMMON)
    coding.undo(survey_id=survey.pk, step_id=second.pk, **COMMON)
    assert Response.objects.get(pk=ids[0]).other_option_id == first.option_id
    coding.undo(survey_id=survey.pk, step_id=first.pk, **COMMON)
    coding.undo(survey_id=survey.pk, step_id=first.pk, **COMMON)
    assert not Response.objects.filter(other_option__isnull=False).exists()


def test_an_answer_changed_since_is_left_as_its_author_has_it(survey: Survey) -> None:
    (one, two) = words(survey)
    step = coding.merge_into_option(survey_id=survey.pk, response_ids=[one, two], option_key=key(survey, 2), **COMMON)
    Response.objects.filter(pk=one).update(other_option=None, other_text="Something else")
    Response.objects.filter(pk=two).delete()
    coding.undo(survey_id=survey.pk, step_id=step.pk, **COMMON)
    assert Response.objects.get(pk=one).other_text == "Something else"


def test_a_theme_gathers_texts_and_moves_no_place(survey: Survey) -> None:
    ids = words(survey, text="GDPR paperwork")
    step = coding.gather(survey_id=survey.pk, response_ids=ids, label={"en": "Regulation"}, **COMMON)
    assert step.theme is not None
    assert (step.effect, step.theme.label) == ([], {"en": "Regulation"})
    again = coding.gather(survey_id=survey.pk, response_ids=[*ids, *words(survey, 1)], theme_id=step.theme.pk, **COMMON)
    assert again.count == 1
    (theme,) = reads.themes_of(survey)
    assert theme.texts == 3  # type: ignore[attr-defined]  # wider in the types than it can be here
    coding.undo(survey_id=survey.pk, step_id=again.pk, **COMMON)
    assert Coding.objects.count() == 2


def test_the_workbench_holds_what_is_not_coded_yet(survey: Survey) -> None:
    ids = words(survey, 3, text="Hiring") + words(survey, 1, text="hiring!")
    other = words(survey, 1, text="Pricing")
    words(survey, 1, is_test=True)
    bench = reads.workbench(survey)
    assert [(label, len(rows)) for label, rows in bench.groups] == [("Hiring", 4), ("Pricing", 1)]
    coding.gather(survey_id=survey.pk, response_ids=ids, label={"en": "People"}, **COMMON)
    bench = reads.workbench(survey)
    assert (len(bench.groups), bench.waiting, bench.coded) == (1, 1, 4)
    coding.merge_into_option(survey_id=survey.pk, response_ids=other, option_key=key(survey, 1), **COMMON)
    assert reads.workbench(survey).groups == []
    assert reads.coded(survey).count() == 5


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"option_key": "nowhere"}, "target"),
        ({"label": {}}, "label"),
        ({"label": {"en": " "}}, "label"),
        ({"label": {"xx": "Not a language"}}, "label"),
        ({"option_key": "low-adoption", "response_ids": []}, "answer"),
    ],
)
def test_what_cannot_be_coded_is_named(survey: Survey, told: dict[str, Any], field: str) -> None:
    arguments = {"survey_id": survey.pk, "response_ids": words(survey), **told, **COMMON}
    service: Any = coding.merge_into_option if "option_key" in told else coding.gather
    with pytest.raises(ValidationError) as refused:
        service(**arguments)
    assert set(refused.value.message_dict) == {field}
    assert not CodingStep.objects.exists()


def test_texts_of_another_survey_are_out_of_reach(survey: Survey) -> None:
    theirs = words(hosting.starter("other-one"))
    with pytest.raises(ValidationError):
        coding.merge_into_option(survey_id=survey.pk, response_ids=theirs, option_key=key(survey, 1), **COMMON)
    with pytest.raises(ValidationError):
        coding.gather(survey_id=survey.pk, response_ids=theirs, label={"en": "Theirs"}, **COMMON)
