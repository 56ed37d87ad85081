"""Publishing: what a version holds, and when the next one counts anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from csplatform.core import audit
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from surveys.models import Coding, Option, Publication, Response, State, Survey, Theme
from surveys.results import document as documents
from surveys.services import answering, building, lifecycle, publishing
from tests.factories import NOW, make_workspace
from tests.surveys import waves

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=30)


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


def opened(slug: str = "top-2026", **settings: Any) -> Survey:
    survey = building.create_from_starter(slug=slug, actor=audit.SYSTEM, now=NOW, **settings)
    return lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)


def publish(survey: Survey) -> Publication:
    return publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=LATER)


def test_publishing_closes_counts_and_says_so() -> None:
    survey = opened()
    waves.fill(survey, 60)
    publication = publish(survey)
    survey.refresh_from_db()
    assert (survey.state, survey.published_at, publication.number) == (State.PUBLISHED, LATER, 1)
    assert OutboxEvent.objects.filter(name="survey.published").count() == 1
    assert AuditEvent.objects.filter(action="survey.published").count() == 1
    figures = json.loads(json.dumps(publication.results))["figures"]
    assert figures["n"] == 60
    assert sum(option["first"] for option in figures["options"]) == 60


def test_a_draft_has_nothing_to_publish() -> None:
    survey = building.create_from_starter(slug="top", actor=audit.SYSTEM, now=NOW)
    with pytest.raises(ValidationError):
        publish(survey)


def test_tests_and_removed_answers_do_not_count_and_flagged_ones_do() -> None:
    survey = opened()
    answers = waves.fill(survey, 30)
    Response.objects.filter(pk=answers[0].pk).update(is_test=True)
    Response.objects.filter(pk=answers[1].pk).update(status="removed", removed_at=NOW, removal_reason="automated")
    Response.objects.filter(pk=answers[2].pk).update(status="flagged", flags=["fast"])
    assert publish(survey).results["figures"]["n"] == 28


def test_own_words_merged_into_an_option_count_for_it_once() -> None:
    survey = opened()
    waves.fill(survey, 20, weights=(1.0,) * 14)
    option = Option.objects.get(survey=survey, number=1)
    before = Response.objects.filter(survey=survey, choices__contains=[1]).count()
    Response.objects.bulk_create(
        [
            waves.answer_row(survey, [0, 2], other_text="value!", other_option=option),
            waves.answer_row(survey, [1, 0], other_text="value again", other_option=option),
        ]
    )
    figures = publish(survey).results["figures"]
    assert figures["options"][0]["mentions"] == before + 2
    assert figures["own_words"] == 0


def test_fewer_than_ten_answers_say_nothing_not_even_how_many() -> None:
    survey = opened()
    waves.fill(survey, 9)
    publication = publish(survey)
    assert publication.results["figures"] == {"is_enough": False, "n": None, "groups": []}
    assert publication.rows == ""


def test_a_version_never_changes_and_its_hash_covers_all_of_it() -> None:
    survey = opened()
    waves.fill(survey, 40)
    first = publish(survey)
    second = publish(survey)
    assert (first.number, second.number) == (1, 2)
    assert first.digest != second.digest
    assert Publication.objects.get(pk=first.pk).results == first.results


def test_fewer_than_ten_changes_wait_for_the_next_version() -> None:
    survey = opened()
    answers = waves.fill(survey, 60)
    first = publish(survey)
    Response.objects.filter(pk__in=[answer.pk for answer in answers[:9]]).delete()
    second = publish(survey)
    assert second.results["figures"] == first.results["figures"]
    assert second.rows == first.rows
    assert second.results["version"]["changes_wait"]
    assert second.results["version"]["counted_version"] == 1
    Response.objects.filter(pk=answers[9].pk).delete()
    third = publish(survey)
    assert third.results["figures"]["n"] == 50
    assert not third.results["version"]["changes_wait"]


def test_a_corrected_label_reaches_the_next_version_without_a_new_count() -> None:
    survey = opened()
    waves.fill(survey, 40)
    first = publish(survey)
    Option.objects.filter(survey=survey, number=10).update(label={"en": "Slow start", "fr": "Lent", "de": "Langsam"})
    second = publish(survey)
    assert second.results["options"][9]["label"]["en"] == "Slow start"
    assert second.results["figures"] == first.results["figures"]
    assert not second.results["version"]["changes_wait"]


def test_a_correction_years_later_keeps_the_figures_of_answers_that_are_gone() -> None:
    survey = opened()
    waves.fill(survey, 40)
    first = publish(survey)
    Response.objects.filter(survey=survey).delete()
    late = LATER + timedelta(days=survey.retention_days + 1)
    second = publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=late)
    assert second.results["figures"] == first.results["figures"]
    assert second.rows == first.rows


def test_hosts_may_keep_the_rows_to_themselves() -> None:
    survey = opened(publish_rows=False)
    waves.fill(survey, 40)
    assert publish(survey).rows == ""


def coded(survey: Survey, texts: list[str], **fields: Any) -> list[Response]:
    """Answers with own words under one theme."""
    theme = Theme.objects.create(
        workspace_id=survey.workspace_id, survey=survey, label={"en": "Meetings"}, created_at=NOW
    )
    rows = Response.objects.bulk_create(
        [waves.answer_row(survey, [1, 0], other_text=text, may_quote=True, **fields) for text in texts]
    )
    Coding.objects.bulk_create([Coding(workspace_id=survey.workspace_id, response=row, theme=theme) for row in rows])
    return list(rows)


def test_quotes_need_consent_and_carry_one_group_that_is_shown() -> None:
    survey = opened()
    waves.fill(survey, 60, segments={"role": {"leader": 1}, "region": {"europe": 1}})
    coded(survey, ["Too many meetings"], segments={"role": "leader", "region": "europe"})
    told = publish(survey).results
    assert [(quote["text"], quote["group"]) for quote in told["quotes"]] == [
        ("Too many meetings", {"question": "role", "group": "leader"})
    ]
    assert told["own_words"] == {"people": 1, "themes": [{"label": {"en": "Meetings"}, "count": 1}]}


def test_a_quote_from_a_small_group_says_nothing_of_its_author() -> None:
    survey = opened()
    waves.fill(survey, 60, segments={"role": {"leader": 1, "csm": 1}})
    coded(survey, ["Too many meetings"], segments={"role": "support"})
    assert [quote["group"] for quote in publish(survey).results["quotes"]] == [None]


def test_without_consent_or_coding_there_is_no_quote() -> None:
    survey = opened()
    waves.fill(survey, 60)
    row = coded(survey, ["Do not print this"])[0]
    Response.objects.filter(pk=row.pk).update(may_quote=False)
    Response.objects.bulk_create([waves.answer_row(survey, [0], other_text="Unread", may_quote=True)])
    assert publish(survey).results["quotes"] == []


def test_an_erased_answers_quote_leaves_every_version_at_once_and_the_hash_stays() -> None:
    survey = opened()
    waves.fill(survey, 60)
    row = coded(survey, ["Too many meetings"])[0]
    first = publish(survey)
    answering.erase_known(response_id=row.pk, actor=audit.SYSTEM, now=LATER)
    kept = Publication.objects.get(pk=first.pk)
    assert "Too many meetings" not in json.dumps(kept.results)
    assert documents.digest(kept.results, kept.rows) == first.digest
    second = publish(survey)
    assert second.results["quotes"] == []
    assert second.results["own_words"] == first.results["own_words"], "numbers wait for a batch"
