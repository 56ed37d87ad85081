"""The builder's pages: what is typed is stored, what is missing is shown, and nothing typed is ever lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from surveys.models import Option, Question, Survey
from tests.pages.conftest import House
from tests.surveys import hosting


@pytest.fixture
def draft(house: House) -> Survey:
    with workspace_scope(house.workspace):
        return hosting.starter(opened=False)


def fresh(house: House, survey: Survey) -> Survey:
    with workspace_scope(house.workspace):
        return Survey.objects.get(pk=survey.pk)


def page(house: House, name: str, survey: Survey) -> str:
    response = house.client(Role.HOST).get(reverse(name, args=[survey.pk]))
    assert response.status_code == 200
    return response.content.decode()


def sheet(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Rows as the page sends them."""
    names = ["label_en", "label_fr", "label_de", "help_en", "help_fr", "help_de"]
    sent: dict[str, list[str]] = {name: [] for name in ("key", "is_retired", *names)}
    for row in rows:
        sent["key"].append(row["key"])
        sent["is_retired"].append("1" if row.get("is_retired") else "")
        for name in names:
            field, _, code = name.partition("_")
            sent[name].append(row.get(field, {}).get(code, ""))
    return sent


def texts(survey: Survey, **typed: Any) -> dict[str, Any]:
    sent: dict[str, Any] = {"version": survey.version, "languages": survey.languages}
    for field in ("title", "question", "intro", "thanks", "purpose"):
        for code in survey.languages:
            sent[f"{field}_{code}"] = getattr(survey, field).get(code, "")
    return {**sent, **typed}


def test_texts_stand_side_by_side_and_missing_ones_are_marked(house: House, draft: Survey) -> None:
    with workspace_scope(house.workspace):
        Survey.objects.filter(pk=draft.pk).update(
            intro={"en": "Only English"}, thanks={"en": "T", "fr": "M", "de": "D"}
        )
    body = page(house, "survey_texts", draft)
    assert body.count("missing</span>") == 2
    assert 'name="title_de"' in body
    house.client(Role.HOST).post(
        reverse("survey_texts", args=[draft.pk]),
        texts(fresh(house, draft), intro_de="Nur Deutsch", title_fr="Vos défis"),
    )
    stored = fresh(house, draft)
    assert stored.intro == {"en": "Only English", "de": "Nur Deutsch"}
    assert stored.title["fr"] == "Vos défis"


def test_a_stale_page_shows_both_and_saves_on_the_second_try(house: House, draft: Survey) -> None:
    address = reverse("survey_texts", args=[draft.pk])
    stale = texts(draft, title_en="Mine", intro_en="My introduction")
    house.client(Role.HOST).post(address, texts(draft, title_en="Theirs"))
    refused = house.client(Role.HOST).post(address, stale)
    assert refused.status_code == 409
    body = refused.content.decode()
    assert "Somebody changed this survey" in body
    assert "en: Theirs" in body
    assert "My introduction" in body
    (version,) = re.findall(r'name="version" value="(\d+)"', body)
    house.client(Role.HOST).post(address, {**stale, "version": version})
    assert fresh(house, draft).title["en"] == "Mine"


def test_options_are_added_moved_and_removed(house: House, draft: Survey) -> None:
    address = reverse("survey_options", args=[draft.pk])
    three = [
        {"key": "low-adoption", "label": {"en": "Low", "fr": "Bas", "de": "Gering"}},
        {"key": "advocates", "label": {"en": "Adv", "fr": "Adv", "de": "Adv"}, "help": {"en": "Happy"}},
        {"key": "", "label": {"en": "Brand new"}},
    ]
    house.client(Role.HOST).post(address, {**sheet(three), "version": draft.version, "action": "up:1"})
    with workspace_scope(house.workspace):
        stored = list(Option.objects.filter(survey=draft).order_by("number").values_list("number", "key"))
    assert stored == [(1, "advocates"), (2, "low-adoption"), (3, "brand-new")]
    body = page(house, "survey_options", draft)
    assert body.count("missing</span>") == 2
    overview = page(house, "survey_detail", draft)
    assert "Before it can open" in overview
    assert "Missing in: fr, de" in overview


def test_a_stale_sheet_keeps_what_was_typed(house: House, draft: Survey) -> None:
    address = reverse("survey_options", args=[draft.pk])
    told = [{"key": "low-adoption", "label": {"en": "Typed by me"}}, {"key": "advocates", "label": {"en": "A"}}]
    refused = house.client(Role.HOST).post(address, {**sheet(told), "version": 0, "action": "save"})
    assert refused.status_code == 409
    body = refused.content.decode()
    assert "en: Typed by me" in body
    assert ">Typed by me</textarea>" in body
    with workspace_scope(house.workspace):
        assert Option.objects.filter(survey=draft).count() == 14


def test_a_refused_sheet_says_why_and_keeps_what_was_typed(house: House, draft: Survey) -> None:
    address = reverse("survey_options", args=[draft.pk])
    told = [{"key": "a b", "label": {"en": "Typed by me"}}]
    refused = house.client(Role.HOST).post(address, {**sheet(told), "version": draft.version})
    assert refused.status_code == 422
    assert "Nothing was saved" in refused.content.decode()
    assert ">Typed by me</textarea>" in refused.content.decode()


def test_questions_are_written_with_choices_line_by_line(house: House, draft: Survey) -> None:
    sent = {
        "version": draft.version,
        "key": ["role", ""],
        "kind": ["single", "scale"],
        "is_segment": ["1", ""],
        "is_required": ["", "1"],
        "label_en": ["Your role", "How sure are you?"],
        "choices_en": ["CSM\nCustomer-success leader\nSomebody new", ""],
        "choices_de": ["CSM", ""],
        "scale_min": ["", "0"],
        "scale_max": ["", "10"],
        "max_label_en": ["", "Very"],
    }
    house.client(Role.HOST).post(reverse("survey_questions", args=[draft.pk]), sent)
    with workspace_scope(house.workspace):
        role, sure = Question.objects.filter(survey=draft).order_by("position")
    assert [choice["key"] for choice in role.choices] == ["csm", "leader", "somebody-new"]
    assert (sure.key, sure.kind, sure.is_required) == ("how-sure-are-you", "scale", True)
    assert sure.scale == {"min": 0, "max": 10, "min_label": {}, "max_label": {"en": "Very"}}


def test_times_are_typed_and_shown_in_the_workspaces_zone(house: House, draft: Survey) -> None:
    address = reverse("survey_settings", args=[draft.pk])
    told = {
        "version": draft.version,
        "opens_at": "2026-07-01T09:00",
        "closes_at": "2026-07-20T18:30",
        "hosts": "Host team, Kestrel",
        "audience": "community",
        "checks": "standard",
        "licence": "CC BY 4.0",
        "retention_days": "365",
        "is_listed": "on",
    }
    house.client(Role.HOST).post(address, told)
    stored = fresh(house, draft)
    assert stored.opens_at is not None
    assert stored.opens_at.isoformat() == "2026-07-01T07:00:00+00:00"
    assert stored.hosts == [{"name": "Host team", "company": "Kestrel"}]
    assert (stored.retention_days, stored.publish_rows) == (365, False)
    assert 'value="2026-07-01T09:00"' in page(house, "survey_settings", draft)
    late = house.client(Role.HOST).post(address, {**told, "version": stored.version, "closes_at": "2026-06-01T09:00"})
    assert "must follow one another" in late.content.decode()


def test_the_preview_is_the_form_itself_in_test_mode(house: House, draft: Survey) -> None:
    body = page(house, "survey_texts", draft)
    (address,) = re.findall(r'<iframe src="([^"]+)"', body)
    shown = house.client(Role.HOST).get(address.replace("&amp;", "&"))
    assert shown.status_code == 200
    assert "never counts" in shown.content.decode()
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in shown["Content-Security-Policy"]


def test_after_the_first_answer_the_pages_say_what_stays(house: House) -> None:
    with workspace_scope(house.workspace):
        survey = hosting.starter()
        hosting.answered(survey)
    assert "wording of the options and the counting method stay" in page(house, "survey_options", survey)
    assert "questions stay as they are" in page(house, "survey_questions", survey)
    refused = house.client(Role.HOST).post(
        reverse("survey_texts", args=[survey.pk]), texts(survey, question_en="Something else?")
    )
    assert "Start a new wave" in refused.content.decode()
    assert "Something else?" in refused.content.decode()


def test_the_builders_queries_do_not_grow_with_rows(house: House, draft: Survey) -> None:
    client = house.client(Role.HOST)
    for name in ("survey_options", "survey_questions", "survey_texts", "survey_settings"):
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(name, args=[draft.pk]))
        assert len(captured) <= 10, name
