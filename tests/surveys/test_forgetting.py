"""What goes of survey answers with a customer or a contact: every word; and what stays: figures without a name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Contact, Customer, Workspace
from accounts.selectors.customer_page import goes_with
from accounts.services import deletion
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Publication, Response, Survey
from surveys.selectors import counting
from surveys.services import coding, publishing
from tests.factories import NOW, make_contact, make_customer, make_workspace
from tests.surveys.factories import ROLE, answer, make_survey

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)
WHY = {"key": "why", "kind": "text", "label": {"en": "Why?", "fr": "Pourquoi ?", "de": "Warum?"}}
SECRET = "Our dispatcher Ms Penrose left"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    house = make_workspace()
    with workspace_scope(house):
        yield house


@pytest.fixture
def customer(workspace: Workspace) -> Customer:
    return make_customer("Trent Freight")


@pytest.fixture
def contact(customer: Customer) -> Contact:
    return make_contact(customer, email="lead@trent.example")


@pytest.fixture
def survey(workspace: Workspace) -> Survey:
    return make_survey(questions=[ROLE, WHY])


def say(survey: Survey, customer: Customer, contact: Contact | None = None) -> Response:
    raw = {"other": SECRET, "may_quote": "1", "answer_why": SECRET, "segment_role": "csm"}
    return answer(survey, "value", "other", raw=raw, customer=customer, contact=contact).response


def delete(customer: Customer) -> None:
    deletion.delete_customer(customer_id=customer.pk, actor=audit.SYSTEM, now=LATER)


def test_the_words_of_a_deleted_customer_go_and_its_figures_stay(survey: Survey, customer: Customer) -> None:
    given = say(survey, customer)
    before = counting.tally_of(survey, language="en")
    delete(customer)
    kept = Response.objects.get(pk=given.pk)
    assert (kept.other_text, kept.answers, kept.may_quote) == ("", {}, False)
    assert (kept.customer_id, kept.contact_id) == (None, None)
    assert (kept.choices, kept.segments) == ([1, 0], {"role": "csm"})
    assert counting.tally_of(survey, language="en") == before


def test_words_gathered_under_a_theme_go_too_and_the_theme_keeps_its_count(survey: Survey, customer: Customer) -> None:
    given = say(survey, customer)
    coding.gather(survey_id=survey.pk, response_ids=[given.pk], label={"en": "People"}, actor=audit.SYSTEM, now=NOW)
    delete(customer)
    assert given.codings.count() == 1
    assert not Response.objects.filter(other_text__contains="Penrose").exists()


def test_quotes_leave_every_published_version(survey: Survey, customer: Customer) -> None:
    for n in range(12):
        answer(survey, "value", "data", raw={"segment_role": "csm" if n % 2 else "leader"})
    given = say(survey, customer)
    coding.gather(survey_id=survey.pk, response_ids=[given.pk], label={"en": "People"}, actor=audit.SYSTEM, now=NOW)
    publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    published = Publication.objects.get()
    assert SECRET in str(published.results["quotes"])
    delete(customer)
    version = Publication.objects.get()
    assert SECRET not in str(version.results) + version.rows
    assert version.digest == published.digest


def test_a_deleted_contact_takes_its_words_and_leaves_those_of_others(
    survey: Survey, customer: Customer, contact: Contact
) -> None:
    mine, anothers = say(survey, customer, contact), say(survey, customer)
    deletion.delete_contact(contact_id=contact.pk, actor=audit.SYSTEM, now=LATER)
    mine.refresh_from_db()
    anothers.refresh_from_db()
    assert (mine.other_text, mine.answers, mine.contact_id) == ("", {}, None)
    assert (anothers.other_text, anothers.answers) == (SECRET, {"why": SECRET})


def test_the_page_before_deleting_says_how_many_answers(survey: Survey, customer: Customer) -> None:
    assert "Survey answers" not in str(goes_with(customer))
    say(survey, customer)
    assert ("Survey answers: the words go, the figures stay without a name", 1) in goes_with(customer)


def test_another_customers_words_stay(survey: Survey, customer: Customer) -> None:
    other = say(survey, make_customer("Selby Rail"))
    delete(customer)
    assert Response.objects.get(pk=other.pk).other_text == SECRET


def test_asking_takes_no_more_queries_for_more_answers(survey: Survey, workspace: Workspace) -> None:
    def measured(n: int) -> int:
        customer = make_customer(f"Customer {n}")
        for _ in range(n):
            answer(survey, "value", "other", raw={"other": SECRET, "answer_why": SECRET}, customer=customer)
        with CaptureQueriesContext(connection) as captured:
            delete(customer)
        return len(captured)

    assert measured(2) == measured(20)
