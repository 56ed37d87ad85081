"""Surveys as hosts run them: the list, making one, its life cycle, and how the collecting goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Option, Question, State, Survey
from surveys.services import lifecycle
from tests.factories import NOW
from tests.pages.conftest import House
from tests.surveys import hosting


def body(house: House, path: str) -> str:
    response = house.client(Role.HOST).get(path, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def stored(house: House, survey: Survey) -> Survey:
    with workspace_scope(house.workspace):
        return Survey.objects.get(pk=survey.pk)


def queries(house: House, path: str) -> int:
    client = house.client(Role.HOST)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


# --- the list ----------------------------------------------------------------------------------------------


def test_an_empty_list_teaches_and_offers_the_starter(house: House) -> None:
    page = body(house, "/surveys/")
    assert "Ask your first question" in page
    assert 'href="/surveys/new/?start=starter"' in page


def test_the_list_says_state_answers_and_the_next_step(house: House) -> None:
    with workspace_scope(house.workspace):
        survey = hosting.starter()
        hosting.answered(survey, 3)
        hosting.answered(survey, 2, status="flagged", flags=["rate"])
        hosting.answered(survey, 1, status="removed", removed_at=NOW, removal_reason="bot")
        hosting.answered(survey, 4, is_test=True)
        hosting.starter("second", opened=False)
    page = " ".join(body(house, "/surveys/").split())
    assert '<td class="num s-count">5 <span class="phone-word">answers</span>' in page
    assert "2 flagged" in page
    assert "Share the link; close it when enough have answered" in page
    assert "Check it, then open it" in page


def test_the_lists_queries_do_not_grow_with_surveys_and_answers(house: House) -> None:
    with workspace_scope(house.workspace):
        hosting.answered(hosting.starter(), 1)
    few = queries(house, "/surveys/")
    with workspace_scope(house.workspace):
        for i in range(5):
            hosting.answered(hosting.starter(f"wave-{i}"), 30)
    assert queries(house, "/surveys/") == few


# --- making one --------------------------------------------------------------------------------------------


def test_the_starter_becomes_a_draft_in_one_step(house: House) -> None:
    told = {"start": "starter", "language": "en", "slug": " Top-2026 ", "wave": "2026"}
    response = house.client(Role.HOST).post("/surveys/new/", told, follow=True)
    assert "The draft is ready" in response.content.decode()
    with workspace_scope(house.workspace):
        survey = Survey.objects.get(slug="top-2026")
        assert (survey.state, survey.wave, survey.languages) == (State.DRAFT, "2026", ["en", "fr", "de"])
        assert Option.objects.filter(survey=survey).count() == 14


@pytest.mark.parametrize("kind", ["top3", "nps", "csat", "ces", "form"])
def test_every_kind_starts_empty_with_a_title(house: House, kind: str) -> None:
    told = {"start": kind, "language": "de", "title": "Wie zufrieden?", "slug": f"our-{kind}"}
    house.client(Role.HOST).post("/surveys/new/", told)
    with workspace_scope(house.workspace):
        survey = Survey.objects.get(slug=f"our-{kind}")
    assert (survey.kind, survey.languages, survey.title) == (kind, ["de"], {"de": "Wie zufrieden?"})


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"start": "nps", "slug": "n"}, "Give the survey a title."),
        ({"start": "starter", "slug": "No Blanks"}, "Enter a valid value."),
        ({"start": "starter", "slug": "taken"}, "Another survey has this address"),
        ({"start": "poll", "slug": "p"}, "Select a valid choice"),
        ({"start": "starter", "slug": ""}, "This field is required."),
        ({"start": "starter", "slug": "index"}, "taken by the product"),
    ],
)
def test_what_cannot_be_made_is_said_and_kept(house: House, told: dict[str, str], problem: str) -> None:
    with workspace_scope(house.workspace):
        hosting.starter("taken")
    response = house.client(Role.HOST).post("/surveys/new/", {"language": "en", "wave": "kept wave", **told})
    assert response.status_code == 200
    page = response.content.decode()
    assert problem in page
    assert "kept wave" in page
    with workspace_scope(house.workspace):
        assert Survey.objects.count() == 1


def test_the_next_wave_asks_the_same_without_what_was_retired(house: House) -> None:
    with workspace_scope(house.workspace):
        before = hosting.starter("top-2026", wave="2026")
        Option.objects.filter(survey=before, number=14).update(retired_at=NOW)
    address = reverse("survey_wave", args=[before.pk])
    assert 'value="top-' in body(house, address)
    house.client(Role.HOST).post(address, {"slug": "top-2027", "wave": "2027"})
    with workspace_scope(house.workspace):
        made = Survey.objects.get(slug="top-2027")
        old = Option.objects.filter(survey=before, retired_at=None).order_by("number")
        new = Option.objects.filter(survey=made).order_by("number")
        assert list(new.values_list("key", "label", "help")) == list(old.values_list("key", "label", "help"))
        assert Question.objects.filter(survey=made).count() == 4
        assert (made.state, made.series, made.opens_at) == (State.DRAFT, "top-2026", None)
    assert stored(house, before).series == "top-2026"
    again = house.client(Role.HOST).post(address, {"slug": "top-2028", "wave": "2027"})
    assert "already has a wave of this name" in again.content.decode()


# --- one survey --------------------------------------------------------------------------------------------


def test_opening_and_closing_by_hand(house: House) -> None:
    with workspace_scope(house.workspace):
        survey = hosting.starter(opened=False)
    opened = house.client(Role.HOST).post(reverse("survey_open", args=[survey.pk]), follow=True)
    assert "takes answers now" in opened.content.decode()
    assert stored(house, survey).state == State.OPEN
    closed = house.client(Role.HOST).post(reverse("survey_close", args=[survey.pk]), follow=True)
    assert "takes no more answers" in closed.content.decode()
    assert stored(house, survey).state == State.CLOSED


def test_a_survey_that_cannot_open_yet_says_what_is_missing(house: House) -> None:
    with workspace_scope(house.workspace):
        survey = hosting.starter(opened=False)
        Option.objects.filter(survey=survey, number=1).update(label={"en": "Only English"})
    page = house.client(Role.HOST).post(reverse("survey_open", args=[survey.pk]), follow=True).content.decode()
    assert "Missing in: fr, de" in page
    assert stored(house, survey).state == State.DRAFT


def test_the_survey_page_counts_by_day_language_and_channel(house: House) -> None:
    with workspace_scope(house.workspace):
        survey = hosting.starter()
        hosting.answered(survey, 4, language="fr")
        hosting.answered(survey, 3, language="de", channel="embed", at=NOW + timedelta(days=1))
        hosting.answered(survey, 2, is_test=True)
    page = " ".join(body(house, reverse("survey_detail", args=[survey.pk])).split())
    assert "<dt>Answers</dt><dd>7</dd>" in page
    assert "<dt>Test answers, never counted</dt><dd>2</dd>" in page
    assert "<dt>Français</dt><dd>4</dd>" in page
    assert "<dt>Embedded</dt><dd>3</dd>" in page
    assert "/s/top-2026/" in page


def test_the_survey_pages_queries_do_not_grow_with_answers(house: House) -> None:
    with workspace_scope(house.workspace):
        survey = hosting.starter()
        hosting.answered(survey, 1)
    address = reverse("survey_detail", args=[survey.pk])
    few = queries(house, address)
    with workspace_scope(house.workspace):
        for day in range(20):
            hosting.answered(survey, 20, at=NOW + timedelta(days=day), language=("en", "fr", "de")[day % 3])
    assert queries(house, address) == few <= 10


def test_a_draft_is_deleted_and_gives_its_address_back_but_an_opened_survey_stays(house: House) -> None:
    with workspace_scope(house.workspace):
        draft = hosting.starter(opened=False)
        hosting.answered(draft, 1, is_test=True)
        opened = hosting.starter("second")
    client = house.client(Role.HOST)
    assert (
        "The draft is deleted." in client.post(reverse("survey_delete", args=[draft.pk]), follow=True).content.decode()
    )
    stays = client.post(reverse("survey_delete", args=[opened.pk]), follow=True).content.decode()
    assert "has been opened, so it stays" in stays
    with workspace_scope(house.workspace):
        assert [survey.slug for survey in Survey.objects.all()] == ["second"]
        hosting.starter(draft.slug)


def test_other_kinds_have_no_options_and_are_published_like_others(house: House) -> None:
    client = house.client(Role.HOST)
    client.post("/surveys/new/", {"start": "nps", "language": "en", "title": "How likely?", "slug": "nps"})
    with workspace_scope(house.workspace):
        survey = Survey.objects.get(slug="nps")
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    assert "then publish" in body(house, reverse("survey_detail", args=[survey.pk]))
    assert client.get(reverse("survey_publish_preview", args=[survey.pk])).status_code == 200
    for name in ("survey_options", "survey_introductions"):
        assert client.get(reverse(name, args=[survey.pk])).status_code == 404, name
