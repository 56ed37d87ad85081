"""From draft to closed: what each step asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from csplatform.core import audit
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from surveys.models import Option, PublicSlug, Question, State, Survey
from surveys.services import building, lifecycle
from tests.factories import NOW, make_workspace

pytestmark = pytest.mark.django_db

TITLE = {"en": "Your top 3", "de": "Ihre Top 3"}
OPTIONS = [{"key": "a", "label": {"en": "A", "de": "A"}}, {"key": "b", "label": {"en": "B", "de": "B"}}]


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


def draft(**settings: Any) -> Survey:
    told = {"kind": "top3", "slug": "top", "title": TITLE, "options": OPTIONS, **settings}
    return building.create_survey(actor=audit.SYSTEM, now=NOW, **told)


def test_a_new_survey_is_a_draft_at_a_public_address_of_its_own() -> None:
    survey = draft()
    assert (survey.state, survey.languages, survey.question) == (State.DRAFT, ["en", "de"], TITLE)
    assert PublicSlug.objects.get(slug="top").survey_id == survey.pk
    assert list(survey.options.order_by("number").values_list("number", "key")) == [(1, "a"), (2, "b")]


def test_the_starter_brings_fourteen_challenges_and_four_questions_in_three_languages() -> None:
    survey = building.create_from_starter(slug="top-2026", actor=audit.SYSTEM, now=NOW)
    assert Option.objects.filter(survey=survey).count() == 14
    assert Question.objects.filter(survey=survey, is_segment=True).count() == 4
    opened = lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    assert opened.state == State.OPEN


def test_an_address_taken_in_another_workspace_is_refused_without_telling_by_whom() -> None:
    with workspace_scope(make_workspace("merlin")):
        draft()
    with pytest.raises(ValidationError) as refused:
        draft()
    assert set(refused.value.message_dict) == {"slug"}
    assert not Survey.objects.exists()


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"kind": "poll"}, "kind"),
        ({"slug": "No Blanks"}, "slug"),
        ({"slug": "index"}, "slug"),
        ({"title": {}}, "languages"),
        ({"title": {"xx": "?"}, "languages": ["xx"]}, "languages"),
        ({"options": [OPTIONS[0], OPTIONS[0]]}, "options"),
        ({"options": [{"key": "a", "label": {}}]}, "options"),
        ({"options": [{"key": "other", "label": {"en": "Other"}}]}, "options"),
        ({"options": [{"key": "a b", "label": {"en": "A"}}]}, "options"),
        ({"questions": [{"key": "role", "kind": "essay"}]}, "questions"),
        ({"opens_at": NOW, "closes_at": NOW - timedelta(days=1)}, "closes_at"),
        ({"intro": {"en": "\0"}}, "intro"),
    ],
)
def test_what_makes_no_sense_is_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        draft(**settings)
    assert field in refused.value.message_dict


def test_opening_fixes_the_counting_method_once() -> None:
    survey = draft()
    first = lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    assert first.method["headline"] == "mention_share"
    lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    again = lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW + timedelta(days=1))
    assert (again.state, again.seed, again.opened_at, again.closed_at) == (State.OPEN, first.seed, NOW, None)
    assert list(OutboxEvent.objects.order_by("id").values_list("name", flat=True)) == [
        "survey.opened",
        "survey.closed",
        "survey.opened",
    ]
    assert AuditEvent.objects.filter(action="survey.opened").count() == 2


def test_a_survey_with_a_missing_translation_does_not_open_and_says_where() -> None:
    survey = draft(options=[{"key": "a", "label": {"en": "A"}}, OPTIONS[1]])
    with pytest.raises(ValidationError) as refused:
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    assert refused.value.message_dict == {"options.a": ["Missing in: de"]}


def test_published_results_stay_results_of_a_closed_survey() -> None:
    survey = draft()
    Survey.objects.filter(pk=survey.pk).update(state=State.PUBLISHED)
    with pytest.raises(ValidationError, match="Start a new wave"):
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)


def test_a_draft_cannot_be_closed() -> None:
    survey = draft()
    with pytest.raises(ValidationError, match="not been opened"):
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
