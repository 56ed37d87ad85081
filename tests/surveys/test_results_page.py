"""What strangers see of published results, through the web server's own way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Correction, Publication, Response, Survey
from surveys.public import results
from surveys.services import building, lifecycle, publishing
from tests.factories import NOW, make_workspace
from tests.surveys import waves

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=30)
ADDRESS = "/s/top-2026/results/"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    results.forget()
    yield
    results.forget()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def published(workspace: Workspace, n: int = 80, slug: str = "top-2026", **settings: Any) -> Survey:
    with workspace_scope(workspace):
        survey = building.create_from_starter(slug=slug, actor=audit.SYSTEM, now=NOW, **settings)
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
        waves.fill(survey, n)
        publish(survey)
    return survey


def publish(survey: Survey) -> Publication:
    return publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=LATER)


def test_a_stranger_reads_the_results_without_cookie_or_script(workspace: Workspace) -> None:
    published(workspace)
    answer = Client().get(ADDRESS)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not answer.cookies
    assert "<strong>80 answers</strong>" in page
    assert "Self-selected, not representative" in page
    assert page.count('class="rank-row') == 14
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1)', page)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=", page)


@pytest.mark.parametrize(
    ("query", "heading"),
    [("method=first", "first choice"), ("method=borda", "points per answer"), ("method=plackett_luce", "strength")],
)
def test_each_method_has_its_own_figures_order_and_ranges(workspace: Workspace, query: str, heading: str) -> None:
    survey = published(workspace, 300)
    page = Client().get(f"{ADDRESS}?{query}").content.decode()
    assert heading in page
    with workspace_scope(workspace):
        figures = Publication.objects.get(survey=survey).results["figures"]
    method = query.removeprefix("method=")
    order = re.findall(r'<li class="rank-row[^"]*" id="([^"]+)"', page)
    assert order == figures["rankings"][method]["order"]


def test_an_unknown_method_or_language_shows_the_headline_in_the_first_language(workspace: Workspace) -> None:
    published(workspace)
    plain = Client().get(ADDRESS).content
    assert Client().get(f"{ADDRESS}?method=vibes&lang=xx").content == plain


@pytest.mark.parametrize(
    ("language", "share"), [("en", r">\d+%<"), ("fr", ">\\d+\N{NO-BREAK SPACE}%<"), ("de", ">\\d+\N{NO-BREAK SPACE}%<")]
)
def test_the_page_speaks_the_readers_language(workspace: Workspace, language: str, share: str) -> None:
    published(workspace)
    asked = Client().get(f"{ADDRESS}?lang={language}")
    browser = Client(headers={"Accept-Language": f"{language}-CH,{language};q=0.9"}).get(ADDRESS)
    assert asked["Content-Language"] == browser["Content-Language"] == language
    assert f'<html lang="{language}">' in asked.content.decode()
    assert re.search(share, asked.content.decode())


def test_a_browser_that_has_the_page_is_told_so_and_others_get_it_compressed(workspace: Workspace) -> None:
    published(workspace)
    first = Client(headers={"Accept-Encoding": "gzip, br"}).get(ADDRESS)
    assert first["Content-Encoding"] == "br"
    assert len(first.content) < 30_000
    again = Client(headers={"Accept-Encoding": "gzip, br", "If-None-Match": first["ETag"]}).get(ADDRESS)
    assert (again.status_code, again.content) == (304, b"")


def test_a_new_version_and_a_correction_show_within_a_second(workspace: Workspace) -> None:
    survey = published(workspace, 60)
    clients = Client()
    assert b"60 answers" in clients.get(ADDRESS).content
    with workspace_scope(workspace):
        doomed = Response.objects.filter(survey=survey).order_by("id").values_list("pk", flat=True)[:10]
        Response.objects.filter(pk__in=list(doomed)).delete()
        Correction.objects.create(
            workspace=workspace, survey=survey, at=LATER, number=2, text={"en": "Wrong label"}, by_label="x"
        )
        publish(survey)
    results._places["top-2026"].checked -= 1
    page = clients.get(ADDRESS).content.decode()
    assert "50 answers" in page
    assert "Wrong label" in page
    assert b"60 answers" in clients.get(f"{ADDRESS}?version=1").content


def test_before_publication_the_page_says_so_and_files_are_missing(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        survey = building.create_from_starter(slug="top-2026", actor=audit.SYSTEM, now=NOW)
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    waiting = Client().get(ADDRESS)
    assert waiting.status_code == 404
    assert b"not published yet" in waiting.content
    for name in ("results.json", "results.csv", "data.csv", "codebook.csv", "og.png"):
        assert Client().get(f"/s/top-2026/{name}").status_code == 404
    assert Client().get("/s/nothing/results/").status_code == 404
    assert Client().post(ADDRESS).status_code == 405


def test_the_downloads_hold_what_the_page_shows(workspace: Workspace) -> None:
    survey = published(workspace, 120)
    document = json.loads(Client().get("/s/top-2026/results.json").content)
    assert document["figures"]["n"] == 120
    rows = Client().get("/s/top-2026/data.csv").content.decode().splitlines()
    assert len(rows) == 121
    assert rows[0].startswith("choice_1,choice_2,choice_3")
    table = Client().get("/s/top-2026/results.csv").content.decode()
    option = document["figures"]["options"][0]
    assert f"mention_share,,,{option['key']},{option['mention_share']}" in table
    codebook = Client().get("/s/top-2026/codebook.csv").content.decode()
    assert "option,proving-value,,Proving value to executives,Prouver la valeur aux dirigeants" in codebook
    picture = Client().get("/s/top-2026/og.png")
    assert picture["Content-Type"] == "image/png"
    assert picture.content == Client().get("/s/top-2026/og.png?lang=en").content
    with workspace_scope(workspace):
        assert Publication.objects.get(survey=survey).digest == document["digest"]


def test_spreadsheets_run_nothing_of_what_hosts_wrote(workspace: Workspace) -> None:
    options = [{"key": "a", "label": {"en": '=HYPERLINK("x")'}}, {"key": "b", "label": {"en": "+1"}}]
    with workspace_scope(workspace):
        survey = building.create_survey(
            kind="top3", slug="sum", title={"en": "@SUM"}, options=options, actor=audit.SYSTEM, now=NOW
        )
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
        Response.objects.bulk_create([waves.answer_row(survey, [1, 2]) for _ in range(12)])
        publish(survey)
    codebook = Client().get("/s/sum/codebook.csv").content.decode()
    assert "'=HYPERLINK" in codebook
    assert "'+1" in codebook
    page = Client().get("/s/sum/results/").content.decode()
    assert "=HYPERLINK(&quot;x&quot;)" in page


@pytest.mark.parametrize("n", [0, 1, 9])
def test_with_fewer_than_ten_answers_the_page_names_no_figure(workspace: Workspace, n: int) -> None:
    published(workspace, n)
    page = Client().get(ADDRESS).content.decode()
    assert "Fewer than 10 answers: no ranking is shown" in page
    assert "rank-row" not in page
    assert Client().get("/s/top-2026/data.csv").status_code == 404
    assert Client().get("/s/top-2026/og.png").status_code == 200


def test_answers_all_alike_are_told_as_what_they_are(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        survey = building.create_from_starter(slug="top-2026", actor=audit.SYSTEM, now=NOW)
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
        Response.objects.bulk_create([waves.answer_row(survey, [1]) for _ in range(40)])
        publish(survey)
    page = Client().get(ADDRESS).content.decode()
    assert "Proving value to executives is the challenge named most often" in page


def test_the_embedded_chart_may_stand_in_any_page(workspace: Workspace) -> None:
    published(workspace)
    answer = Client().get("/s/top-2026/results/embed/")
    assert "frame-ancestors *" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert answer.content.decode().count('class="rank-row') == 14


def test_a_later_wave_is_compared_where_the_words_are_the_same(workspace: Workspace) -> None:
    published(workspace, 200, slug="top-2025", series="top", wave="2025")
    with workspace_scope(workspace):
        survey = building.create_from_starter(slug="top-2026", actor=audit.SYSTEM, now=NOW, series="top", wave="2026")
        survey.options.filter(key="slow-onboarding").update(label={"en": "Onboarding", "fr": "x", "de": "y"})
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW + timedelta(days=365))
        waves.fill(survey, 200, seed=2, weights=(10, 48, 60, *waves.WEIGHTS[3:]))
        publish(survey)
    page = Client().get(ADDRESS).content.decode()
    assert "Change since 2025" in page
    assert page.count("new wording") >= 1
    assert "change-row is-clear" in page


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_drawings_are_the_same_in_every_language(workspace: Workspace, language: str) -> None:
    published(workspace, 200)
    page = Client().get(f"{ADDRESS}?lang={language}").content.decode()
    places = re.findall(r'\s(?:x|x1|x2|cx|width)="([^"]*)"', page)
    assert len(places) > 500
    assert all(re.fullmatch(r"\d+(?:\.\d+)?%?", place) for place in places if not place.startswith("-")), places


def test_search_engines_may_read_the_public_pages_and_nothing_else() -> None:
    rules = Client().get("/robots.txt").content.decode().splitlines()
    assert "Allow: /s/" in rules
    assert rules[-1] == "Disallow: /"
