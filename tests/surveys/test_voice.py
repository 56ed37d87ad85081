"""Latest scores as they were known, and how often what was said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Contact
from csplatform.core.tenancy import workspace_scope
from surveys.models import Response, Survey
from surveys.selectors import voice
from tests.factories import NOW, make_contact, make_customer, make_subscription, make_workspace
from tests.surveys import hosting, invited

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


def said(survey: Survey, contact: Contact, score: int, **fields: Any) -> Response:
    told = {"choices": [], "score": score, "contact": contact, "customer": contact.customer, **fields}
    return hosting.answered(survey, **told)[0]


def value(customer_id: Any, kind: str = "nps", **told: Any) -> float | None:
    found = voice.latest_scores([customer_id], **{"known_by": NOW + 400 * DAY, "fresh": 1000 * DAY, **told})
    heard = found.get(customer_id, {}).get(kind)
    return heard.score.value if heard else None


def test_each_person_speaks_by_the_latest_answer() -> None:
    first, second = invited.score_survey(slug="spring"), invited.score_survey(slug="autumn")
    one, other = invited.people(None, "a@people.example", "b@people.example")
    said(first, one, 9)
    said(second, one, 2, at=NOW + 90 * DAY)
    said(first, other, 10)
    home = one.customer_id
    assert home is not None
    heard = voice.latest_scores([home], known_by=NOW + 100 * DAY)[home]["nps"]
    assert (heard.score.n, heard.score.value, heard.last_at) == (2, 0.0, NOW + 90 * DAY)
    assert value(one.customer_id, known_by=NOW + 89 * DAY) == 100.0


def test_what_became_known_later_was_not_known_before() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    said(survey, person, 2, at=NOW, known_at=NOW + 10 * DAY)
    assert value(person.customer_id, known_by=NOW + 9 * DAY) is None
    assert value(person.customer_id, known_by=NOW + 10 * DAY) == -100.0


def test_a_changed_answer_is_known_from_its_change_on() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    said(survey, person, 9, changed_at=NOW + 5 * DAY)
    assert value(person.customer_id, known_by=NOW + 4 * DAY) is None
    assert value(person.customer_id, known_by=NOW + 5 * DAY) == 100.0


def test_a_removed_answer_counted_until_then_and_tests_never_do() -> None:
    survey = invited.score_survey()
    one, other = invited.people(None, "a@people.example", "b@people.example")
    said(survey, one, 9, status="removed", removed_at=NOW + 5 * DAY, removal_reason="trial")
    said(survey, other, 0, is_test=True)
    assert value(one.customer_id, known_by=NOW + 4 * DAY) == 100.0
    assert value(one.customer_id, known_by=NOW + 6 * DAY) is None


def test_old_answers_fall_silent_and_kinds_stay_apart() -> None:
    (person,) = invited.people(None, "a@people.example")
    said(invited.score_survey(), person, 9)
    said(invited.score_survey("csat", "csat"), person, 2)
    assert value(person.customer_id, fresh=30 * DAY, known_by=NOW + 31 * DAY) is None
    assert (value(person.customer_id), value(person.customer_id, "csat")) == (100.0, 0.0)


def test_one_query_however_many_customers() -> None:
    survey = invited.score_survey()
    homes = [make_customer(f"C{number}") for number in range(12)]
    for number, home in enumerate(homes):
        said(survey, make_contact(home), number % 11)
    ids = [home.pk for home in homes]
    with CaptureQueriesContext(connection) as captured:
        assert len(voice.latest_scores(ids, known_by=NOW + DAY)) == 12
    assert len(captured) == 1


@pytest.mark.parametrize("by", voice.GROUPINGS)
def test_the_histogram_counts_every_identified_answer_once(by: str) -> None:
    survey = invited.score_survey()
    home = make_customer(industry="Food", country="FR")
    make_subscription(home, plan="Basic")
    make_subscription(home, plan="Plus", starts_on=(NOW - 5 * DAY).date())
    bare = make_customer("Bare")
    for home_, score in ((home, 9), (home, 9), (bare, 3)):
        said(survey, make_contact(home_), score)
    hosting.answered(survey, 4, score=1, choices=[])
    cells = voice.histogram("nps", by, NOW - 40 * DAY)
    named = {"industry": "Food", "country": "FR", "csm": "", "plan": "Plus"}[by]
    assert sorted((cell.group, cell.score, cell.n) for cell in cells) == sorted([("", 3, 1), (named, 9, 2)])
    assert voice.histogram("nps", by, NOW + DAY) == []
