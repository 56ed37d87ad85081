"""Publishing NPS, CSAT, CES and questionnaires: what a version holds, hides, and takes over."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Publication, Response, Survey
from surveys.public import results
from surveys.services import publishing
from tests.factories import NOW, make_workspace
from tests.surveys.kinds import opened, said

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=30)


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    results.forget()
    with workspace_scope(make_workspace()):
        yield
    results.forget()


def publish(survey: Survey) -> Publication:
    made = publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=LATER)
    results.forget()
    return made


def measure(publication: Publication, key: str = "score") -> dict[str, Any]:
    return next(each for each in publication.results["figures"]["measures"] if each["key"] == key)


def test_nps_is_published_with_its_interval_spread_and_groups() -> None:
    survey = opened("nps")
    said(survey, 30, score=10, role="leader")
    said(survey, 20, score=3, role="csm")
    found = measure(publish(survey))
    assert (found["n"], found["value"]) == (50, 20.0)
    assert found["interval"][0] < 20 < found["interval"][1]
    assert {each["answer"]: each["count"] for each in found["distribution"] if each["count"]} == {3: 20, 10: 30}
    rows = found["groups"][0]["groups"]
    assert [(row["group"], row["value"], row["clear"]) for row in rows] == [
        ("leader", 100.0, True),
        ("csm", -100.0, True),
    ]


def test_csat_is_a_share_and_ces_a_mean() -> None:
    for kind, score, value in (("csat", 4, 1.0), ("ces", 6, 6.0)):
        survey = opened(kind)
        said(survey, 12, score=score)
        assert measure(publish(survey))["value"] == value


def test_a_questionnaire_is_published_question_by_question() -> None:
    survey = opened("form")
    said(survey, 40, answers={"one": "apple", "some": ["apple", "pear"], "how": 4, "order": ["plum", "apple"]})
    said(survey, 10, answers={"one": "pear", "some": ["pear"], "how": 2, "order": ["pear"], "why": "Because."})
    publication = publish(survey)
    one, some = measure(publication, "one"), measure(publication, "some")
    assert one["leaders"] == ["apple"]
    assert [option["share"] for option in some["options"]] == [0.8, 1.0, 0.0]
    assert measure(publication, "how")["value"] == 3.6
    order = {option["key"]: option for option in measure(publication, "order")["options"]}
    assert (order["plum"]["count"], order["pear"]["count"]) == (40, 10)
    assert order["apple"]["mean_place"] == pytest.approx((40 * 2 + 10 * 2.5) / 50)


def test_words_are_published_nowhere_only_how_many_wrote() -> None:
    survey = opened("form")
    said(survey, 20, answers={"one": "apple", "why": "My secret is Zanzibar"})
    publication = publish(survey)
    assert measure(publication, "why")["n"] == 20
    assert "Zanzibar" not in json.dumps(publication.results) + publication.rows
    page = Client().get("/s/form/results/").content.decode()
    assert "20 people wrote something" in page
    assert "Zanzibar" not in page


def test_under_ten_answers_nothing_is_shown_not_even_how_many() -> None:
    survey = opened("nps")
    said(survey, 9, score=10)
    publication = publish(survey)
    assert publication.results["figures"]["n"] is None
    assert [each["n"] for each in publication.results["figures"]["measures"]] == [None, None]
    assert publication.rows == ""
    page = Client().get("/s/nps/results/?lang=en").content.decode()
    assert "Fewer than 10 answers" in page


def test_a_question_that_nine_answered_is_hidden_beside_others_that_are_shown() -> None:
    survey = opened("form")
    said(survey, 30, answers={"one": "apple"})
    said(survey, 9, answers={"one": "pear", "how": 5})
    publication = publish(survey)
    assert measure(publication, "one")["n"] == 39
    assert measure(publication, "how") == {"key": "how", "kind": "scale", "is_enough": False, "n": None, "groups": []}
    assert "how" not in {line["question"] for line in csv.DictReader(io.StringIO(publication.rows))}


def test_a_group_under_ten_is_hidden_with_another_so_that_subtracting_tells_nothing() -> None:
    survey = opened("nps")
    said(survey, 30, score=10, role="leader")
    said(survey, 20, score=8, role="csm")
    said(survey, 4, score=0, role="")
    table = measure(publish(survey))["groups"][0]
    assert [row["group"] for row in table["groups"]] == ["leader"]
    assert table["together"] == 24


def test_a_questions_groups_are_hidden_whole_where_they_would_differ_from_everybodys() -> None:
    survey = opened("form")
    said(survey, 30, role="leader", answers={"one": "apple"})
    said(survey, 5, role="csm", answers={"one": "pear"})
    said(survey, 15, role="csm")
    publication = publish(survey)
    assert [row["n"] for row in publication.results["figures"]["groups"][0]["groups"]] == [30, 20]
    assert measure(publication, "one")["groups"][0]["is_whole"]


def test_fewer_than_ten_changes_wait_and_ten_are_counted() -> None:
    survey = opened("nps")
    promoters = said(survey, 40, score=10)
    said(survey, 20, score=2)
    first = publish(survey)
    Response.objects.filter(pk__in=[each.pk for each in promoters[:9]]).delete()
    second = publish(survey)
    assert second.results["version"]["changes_wait"]
    assert measure(second) == {**measure(first), "counted_version": 1}
    assert second.rows == first.rows
    Response.objects.filter(pk=promoters[9].pk).delete()
    third = publish(survey)
    assert measure(third)["n"] == 50
    assert third.results["figures"]["n"] == 50


def test_a_question_waits_for_ten_changes_among_those_who_answered_it() -> None:
    """Ten gone, one of whom answered: the difference of two versions would be that one's answer."""
    survey = opened("form")
    answered = said(survey, 30, answers={"one": "apple", "how": 1})
    others = said(survey, 30, answers={"one": "pear"})
    first = publish(survey)
    Response.objects.filter(pk__in=[answered[0].pk, *(each.pk for each in others[:9])]).delete()
    second = publish(survey)
    assert measure(second, "one")["n"] == 50
    assert measure(second, "how") == {**measure(first, "how"), "counted_version": 1}
    rows = list(csv.DictReader(io.StringIO(second.rows)))
    assert sum(row["question"] == "how" for row in rows) == 30
    assert sum(row["question"] == "one" for row in rows) == 50


def test_rows_never_join_what_one_person_said() -> None:
    survey = opened("nps")
    said(survey, 30, score=10, role="leader")
    said(survey, 30, score=2, role="csm")
    rows = list(csv.DictReader(io.StringIO(publish(survey).rows)))
    assert set(rows[0]) == {"question", "answer", "group"}
    assert len(rows) == 60


@pytest.mark.parametrize("kind", ["nps", "csat", "ces", "form"])
def test_every_public_address_serves_the_version(kind: str) -> None:
    survey = opened(kind)
    score = None if kind == "form" else 4
    said(
        survey, 15, score=score, role="leader", answers={"one": "apple", "how": 4, "order": ["plum"], "some": ["plum"]}
    )
    said(survey, 15, score=score, role="csm", answers={"one": "pear", "how": 5, "order": ["pear"], "some": ["pear"]})
    publish(survey)
    for name in ("results/", "results/embed/"):
        for language in ("en", "fr", "de"):
            shown = Client().get(f"/s/{kind}/{name}?lang={language}")
            assert (shown.status_code, shown.headers["Content-Language"]) == (200, language)
    assert Client().get(f"/s/{kind}/og.png").content.startswith(b"\x89PNG")
    assert json.loads(Client().get(f"/s/{kind}/results.json").content)["survey"]["kind"] == kind
    for name in ("results.csv", "data.csv", "codebook.csv"):
        lines = list(csv.reader(io.StringIO(Client().get(f"/s/{kind}/{name}").content.decode())))
        assert len(lines) > 1
        assert {len(line) for line in lines} == {len(lines[0])}


def test_the_title_tells_the_finding_with_its_uncertainty() -> None:
    survey = opened("nps")
    said(survey, 40, score=10)
    said(survey, 20, score=2)
    publish(survey)
    page = Client().get("/s/nps/results/?lang=en").content.decode()
    assert "<h1>NPS +33, somewhere between +" in page
    assert "resampling interval among similar volunteers" in page
    assert "margin of error" not in page


def test_a_title_says_that_choices_share_first_place() -> None:
    survey = opened("form")
    said(survey, 20, answers={"one": "apple"})
    said(survey, 18, answers={"one": "pear"})
    publish(survey)
    assert "<h1>Apple and Pear share first place" in Client().get("/s/form/results/?lang=en").content.decode()


def test_an_older_version_says_so_and_leads_to_the_newest() -> None:
    survey = opened("nps")
    said(survey, 12, score=9)
    publish(survey)
    assert "newer one" not in Client().get("/s/nps/results/?version=1&lang=en").content.decode()
    publish(survey)
    older = Client().get("/s/nps/results/?version=1&lang=en").content.decode()
    assert "This is version 1. There is a newer one, version 2." in older
    assert 'href="/s/nps/results/?lang=en">Read the newest version' in older
    for newest in ("?lang=en", "?version=2&lang=en"):
        assert "newer one" not in Client().get(f"/s/nps/results/{newest}").content.decode()
