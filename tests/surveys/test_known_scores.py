"""NPS, CSAT and CES of customers as they were known on a day, whatever happened to the answers since."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from accounts.models import Contact
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Response, ScoreVersion, Survey
from surveys.selectors.known_scores import Figures, KnownScores
from surveys.services import answering, keeping, moderation
from surveys.stats import scores
from tests.factories import NOW, make_contact, make_customer, make_workspace
from tests.surveys import hosting, invited
from tests.surveys.factories import answer

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


def said(survey: Survey, contact: Contact, score: int, **fields: Any) -> Response:
    told = {"choices": [], "score": score, "contact": contact, "customer": contact.customer, **fields}
    return hosting.answered(survey, **told)[0]


def figures(ids: list[UUID | None], at: datetime, kind: str = "nps", **told: Any) -> Figures:
    known = KnownScores([pk for pk in ids if pk], ["nps", "csat", "ces"])
    return known.figures(kind, at.date(), **{"days": 365, **told})


def value(person: Contact, at: datetime = NOW, kind: str = "nps", **told: Any) -> float | None:
    (found,) = figures([person.customer_id], at, kind, **told).values.tolist()
    return None if math.isnan(found) else found


def test_each_person_speaks_by_the_latest_answer_or_every_answer_counts() -> None:
    first, second = invited.score_survey(slug="spring"), invited.score_survey(slug="autumn")
    one, other = invited.people(None, "a@people.example", "b@people.example")
    said(first, one, 9)
    said(second, one, 2, at=NOW + 90 * DAY)
    said(first, other, 10)
    later = NOW + 100 * DAY
    found = figures([one.customer_id], later)
    assert (found.values.tolist(), found.answers.tolist()) == ([0.0], [2])
    assert found.last_day.tolist() == [(NOW + 90 * DAY).toordinal()]
    assert value(one, NOW + 89 * DAY) == 100.0
    assert value(one, later, one_each=False) == pytest.approx(100 / 3)


def test_what_became_known_later_was_not_known_before() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    said(survey, person, 2, at=NOW, known_at=NOW + 10 * DAY)
    assert value(person, NOW + 9 * DAY) is None
    assert value(person, NOW + 10 * DAY) == -100.0


def test_what_was_said_before_a_change_counts_until_then() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    given = answer(survey, raw={"score": 9}, contact=person, customer=person.customer)
    for days, score in ((5, 3), (8, 7)):
        at = NOW + days * DAY
        answering.change(survey=survey, receipt_code=given.receipt_code, raw={"score": score}, now=at)
    assert [value(person, NOW + n * DAY) for n in (-1, 0, 4, 5, 7, 8)] == [None, 100.0, 100.0, -100.0, -100.0, 0.0]


def test_a_removed_answer_counted_until_then_and_again_once_it_is_restored() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    given = answer(survey, raw={"score": 9}, contact=person, customer=person.customer).response
    moderation.remove(response_ids=[given.pk], reason="trial", actor=audit.SYSTEM, now=NOW + 3 * DAY)
    moderation.restore(response_ids=[given.pk], actor=audit.SYSTEM, now=NOW + 6 * DAY)
    moderation.remove(response_ids=[given.pk], reason="trial", actor=audit.SYSTEM, now=NOW + 9 * DAY)
    assert [value(person, NOW + n * DAY) for n in (2, 3, 5, 6, 8, 9)] == [100.0, None, None, 100.0, 100.0, None]


def test_an_answer_changed_while_it_is_removed_says_the_new_once_it_is_restored() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    given = answer(survey, raw={"score": 9}, contact=person, customer=person.customer)
    moderation.remove(response_ids=[given.response.pk], reason="trial", actor=audit.SYSTEM, now=NOW + DAY)
    answering.change(survey=survey, receipt_code=given.receipt_code, raw={"score": 1}, now=NOW + 2 * DAY)
    assert value(person, NOW + 2 * DAY) is None
    moderation.restore(response_ids=[given.response.pk], actor=audit.SYSTEM, now=NOW + 3 * DAY)
    assert [value(person, NOW + n * DAY) for n in (0, 3)] == [100.0, -100.0]


def test_an_erased_answer_leaves_no_version_behind() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    given = answer(survey, raw={"score": 9}, contact=person, customer=person.customer)
    answering.change(survey=survey, receipt_code=given.receipt_code, raw={"score": 3}, now=NOW + DAY)
    answering.erase(survey=survey, receipt_code=given.receipt_code, now=NOW + 2 * DAY)
    assert not ScoreVersion.objects.exists()
    assert value(person, NOW + DAY) is None


def test_versions_go_when_the_answers_retention_is_over_and_with_the_customer() -> None:
    survey = invited.score_survey(retention_days=30)
    (person,), (stays,) = invited.people(None, "a@people.example"), invited.people(None, "b@people.example")
    said(survey, person, 9)
    said(survey, stays, 9, at=NOW + 40 * DAY)
    keeping.forget_expired(now=NOW + 50 * DAY)
    (left,) = ScoreVersion.objects.all()
    assert left.customer_id == stays.customer_id
    assert stays.customer is not None
    stays.customer.delete()
    assert not ScoreVersion.objects.exists()
    assert Response.objects.get().customer_id is None


def test_test_answers_and_those_of_nobody_known_are_no_scores() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    said(survey, person, 0, is_test=True)
    hosting.answered(survey, score=4, choices=[])
    assert not ScoreVersion.objects.exists()


def test_a_person_stays_one_when_the_contact_is_gone() -> None:
    (person,) = invited.people(None, "a@people.example")
    home = person.customer
    assert home is not None
    said(invited.score_survey(slug="spring"), person, 9)
    given = said(invited.score_survey(slug="autumn"), person, 2, at=NOW + DAY)
    person.delete()
    moderation.remove(response_ids=[given.pk], reason="trial", actor=audit.SYSTEM, now=NOW + 2 * DAY)
    moderation.restore(response_ids=[given.pk], actor=audit.SYSTEM, now=NOW + 3 * DAY)
    found = figures([home.pk], NOW + 4 * DAY)
    assert (found.values.tolist(), found.answers.tolist()) == ([-100.0], [1])


def test_an_answer_falls_silent_with_the_day_on_which_it_leaves_the_window_and_kinds_stay_apart() -> None:
    (person,) = invited.people(None, "a@people.example")
    said(invited.score_survey(), person, 9)
    said(invited.score_survey("csat", "csat"), person, 2)
    assert value(person, NOW + 29 * DAY, days=30) == 100.0
    assert value(person, NOW + 30 * DAY, days=30) is None
    assert figures([person.customer_id], NOW + 30 * DAY, days=30).last_day.tolist() == [NOW.toordinal()]
    assert value(person, kind="csat") == 0.0
    assert value(person, kind="ces") is None


def test_what_was_stored_later_takes_no_part_whatever_it_claims() -> None:
    survey = invited.score_survey()
    (person,) = invited.people(None, "a@people.example")
    said(survey, person, 9)
    (stored,) = ScoreVersion.objects.all()
    ids = [stored.customer_id]
    before = KnownScores(ids, ["nps"], recorded_by=stored.recorded_at - timedelta(seconds=1))
    assert np.isnan(before.figures("nps", NOW.date(), days=30).values).all()
    after = KnownScores(ids, ["nps"], recorded_by=stored.recorded_at)
    assert after.figures("nps", NOW.date(), days=30).values.tolist() == [100.0]


def test_strangers_are_not_heard() -> None:
    with workspace_scope(make_workspace("elsewhere")):
        (stranger,) = invited.people(None, "a@people.example")
        said(invited.score_survey(), stranger, 9)
    assert value(stranger) is None


def test_many_customers_and_days_in_one_load_equal_each_alone() -> None:
    survey = invited.score_survey()
    homes = [make_customer(f"C{number}") for number in range(6)]
    for number, home in enumerate(homes):
        said(survey, make_contact(home), number + 5, at=NOW + number * DAY)
    together = KnownScores([home.pk for home in homes], ["nps"])
    for n in range(10):
        day = (NOW + n * DAY).date()
        alone = [figures([home.pk], NOW + n * DAY, days=4).values[0] for home in homes]
        np.testing.assert_array_equal(together.figures("nps", day, days=4).values, alone)


@pytest.mark.parametrize(
    ("kind", "answers"), [("nps", [0, 6, 7, 9, 10]), ("csat", [1, 3, 4, 5, 5]), ("ces", [1, 4, 7])]
)
def test_the_mean_of_the_parts_is_the_figure(kind: str, answers: list[int]) -> None:
    figure = {"nps": scores.nps, "csat": scores.csat, "ces": scores.ces}[kind](answers).value
    assert scores.parts(kind, np.array(answers)).mean() == pytest.approx(figure)


@pytest.mark.parametrize(
    ("kind", "groups"),
    [
        ("nps", {0: "detractor", 6: "detractor", 7: "passive", 8: "passive", 9: "promoter", 10: "promoter"}),
        ("csat", {1: "dissatisfied", 2: "dissatisfied", 3: "neutral", 4: "satisfied", 5: "satisfied"}),
        ("ces", {1: "hard", 3: "hard", 4: "neutral", 5: "easy", 7: "easy"}),
    ],
)
def test_every_answer_belongs_to_a_group(kind: str, groups: dict[int, str]) -> None:
    assert {answer: scores.group_of(kind, answer) for answer in groups} == groups
