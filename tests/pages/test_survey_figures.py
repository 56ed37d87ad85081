"""The figures of NPS, CSAT, CES and questionnaires, as their hosts see them and take them away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from surveys.models import Survey, SurveyInvitation
from tests.factories import NOW, make_customer
from tests.pages.conftest import House
from tests.surveys import hosting
from tests.surveys.kinds import opened, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def nps(house: House) -> Iterator[Survey]:
    with workspace_scope(house.workspace):
        yield opened("nps")


def body(house: House, survey: Survey, name: str = "survey_figures") -> str:
    shown = house.client(Role.HOST).get(reverse(name, args=[survey.pk]))
    assert shown.status_code == 200
    return shown.content.decode()


def test_a_score_is_shown_with_interval_spread_and_groups_of_ten(house: House, nps: Survey) -> None:
    said(nps, 20, score=10, role="leader")
    said(nps, 12, score=2, role="csm")
    page = body(house, nps)
    assert "+25" in page
    assert "95% interval" in page
    assert "n = 20" in page
    assert "Clearly different" in page


def test_a_group_of_nine_without_names_is_not_shown(house: House, nps: Survey) -> None:
    said(nps, 20, score=10, role="leader")
    said(nps, 9, score=2, role="csm")
    page = body(house, nps)
    assert "n = 9" not in page
    assert "n = 20" not in page, "everybody less the one shown is the other"


def test_own_customers_are_shown_by_name_in_groups_of_any_size(house: House) -> None:
    with workspace_scope(house.workspace):
        survey = opened("nps", audience="customers")
        customer = make_customer("Otter & Sons", industry="Freight")
        said(survey, 3, score=10, role="csm", customer=customer, answers={"why": "Quick help"})
    page = body(house, survey)
    assert "Otter &amp; Sons" in page
    assert "“Quick help”" in page
    assert "Freight" in page
    assert "n = 3" in page


def test_the_response_rate_counts_mails_that_arrived(house: House, nps: Survey) -> None:
    told: dict[str, Any] = {"workspace_id": nps.workspace_id, "survey": nps, "created_at": NOW, "due_at": NOW}
    for n, state in enumerate(("answered", "sent", "sent", "sent", "bounced")):
        answered = NOW if state == "answered" else None
        SurveyInvitation.objects.create(
            email=f"p{n}@p.example", token_hash=str(n), state=state, sent_at=NOW, answered_at=answered, **told
        )
    said(nps, 1, score=10)
    page = body(house, nps)
    assert "1 of 4 people whom a mail reached have answered." in page
    assert "1 mail came back or failed." in page


def test_weeks_under_ten_answers_are_left_out_where_answers_have_no_names(house: House, nps: Survey) -> None:
    for week, n in enumerate((20, 15, 14, 3)):
        said(nps, n, score=9, at=NOW + timedelta(weeks=week))
    page = body(house, nps)
    assert "Periods with fewer than 10 answers are left out" in page
    assert page.count('<circle class="dot"') >= 3


def test_without_an_answer_and_for_a_questionnaire_the_page_stands(house: House, nps: Survey) -> None:
    assert "No answer yet" in body(house, nps)
    with workspace_scope(house.workspace):
        form = opened("form")
        said(form, 3, answers={"one": "apple", "some": ["pear", "plum"], "how": 3, "order": ["plum"], "why": "So."})
    page = body(house, form)
    assert "mean place" in page
    assert "“So.”" in page


def test_files_hold_no_formula_and_without_names_no_group(house: House, nps: Survey) -> None:
    said(nps, 1, score=1, answers={"why": "=HYPERLINK(1)"})
    lines = list(csv.DictReader(io.StringIO(body(house, nps, "survey_answers_csv"))))
    assert lines == [{"score": "1", "answer_why": "'=HYPERLINK(1)"}]
    figures = list(csv.DictReader(io.StringIO(body(house, nps, "survey_figures_csv"))))
    assert {"nps": "-100.0"}.items() <= {line["measure"]: line["value"] for line in figures}.items()


def test_top_3_surveys_have_their_own_page_and_viewers_none(house: House, nps: Survey) -> None:
    with workspace_scope(house.workspace):
        top = hosting.starter()
    for name in ("survey_figures", "survey_figures_csv", "survey_answers_csv"):
        shown = house.client(Role.HOST).get(reverse(name, args=[top.pk]))
        assert shown["Location"] == reverse("survey_publish", args=[top.pk])
        assert house.client(Role.VIEWER).get(reverse(name, args=[nps.pk])).status_code in (403, 404)


def test_the_number_of_queries_does_not_grow_with_answers(
    house: House, nps: Survey, django_assert_max_num_queries: Any
) -> None:
    said(nps, 300, score=8, answers={"why": "Because"})
    client = house.client(Role.HOST)
    with django_assert_max_num_queries(40):
        client.get(reverse("survey_figures", args=[nps.pk]))


def test_one_answer_without_a_name_hides_small_groups_of_own_customers_too(house: House) -> None:
    with workspace_scope(house.workspace):
        survey = opened("nps", audience="customers")
        said(survey, 20, score=10, role="leader", customer=make_customer("Otter & Sons"))
        said(survey, 3, score=1, role="csm")
    page = body(house, survey)
    assert "n = 3" not in page
    assert ">CSM <" not in page
