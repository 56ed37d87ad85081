"""The coding workbench as a page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from surveys.models import CodingStep, Survey
from tests.pages.conftest import House, signed_in
from tests.surveys import hosting


@pytest.fixture
def survey(house: House) -> Survey:
    with workspace_scope(house.workspace):
        survey = hosting.starter()
        # Twelve options lead together, the first is named once, the second never.
        hosting.answered(survey, 1, choices=[1])
        for number in range(3, 15):
            hosting.answered(survey, 5, choices=[number])
        return survey


def texts(house: House, survey: Survey, *said: str) -> list[str]:
    with workspace_scope(house.workspace):
        return [str(hosting.answered(survey, choices=[0], other_text=text)[0].pk) for text in said]


def test_similar_words_are_coded_together_and_taken_back(house: House, survey: Survey) -> None:
    ids = texts(house, survey, "Hiring", "hiring!", "<script>alert(1)</script>")
    address = reverse("survey_words", args=[survey.pk])
    client = house.client(Role.HOST)
    body = client.get(address).content.decode()
    assert "Waiting (3)" in body
    assert "<script>alert" not in body
    done = client.post(address, {"answer": ids[:2], "target": "option:low-adoption"}, follow=True).content.decode()
    assert "2 texts merged. 2 options changed their place." in done
    assert "Low product adoption: place 14 → 13" in done
    with workspace_scope(house.workspace):
        step = CodingStep.objects.get()
    back = client.post(reverse("survey_words_undo", args=[survey.pk, step.pk]), follow=True).content.decode()
    assert "The step was undone." in back
    assert "Waiting (3)" in back


def test_a_new_theme_is_named_by_language_and_listed(house: House, survey: Survey) -> None:
    ids = texts(house, survey, "Hiring")
    address = reverse("survey_words", args=[survey.pk])
    told = {"answer": ids, "target": "new", "label_en": "Finding people", "label_de": "Leute finden"}
    house.client(Role.HOST).post(address, told)
    body = house.client(Role.HOST).get(f"{address}?show=coded").content.decode()
    assert body.count("Finding people") >= 3


def test_a_refused_step_keeps_the_ticks(house: House, survey: Survey) -> None:
    ids = texts(house, survey, "Hiring")
    address = reverse("survey_words", args=[survey.pk])
    for told in ({"answer": ids}, {"answer": ids, "target": "new"}, {"answer": ids, "target": "theme:x"}):
        refused = house.client(Role.HOST).post(address, told)
        assert refused.status_code == 422
        assert f'value="{ids[0]}" checked' in refused.content.decode()


def test_a_step_of_nowhere_or_of_a_stranger_is_not_found(house: House, survey: Survey) -> None:
    ids = texts(house, survey, "Hiring")
    house.client(Role.HOST).post(
        reverse("survey_words", args=[survey.pk]), {"answer": ids, "target": "option:low-adoption"}
    )
    with workspace_scope(house.workspace):
        step = CodingStep.objects.get()
    assert house.client(Role.HOST).post(reverse("survey_words_undo", args=[survey.pk, uuid7()])).status_code == 404
    assert signed_in(house.stranger).post(reverse("survey_words_undo", args=[survey.pk, step.pk])).status_code == 404
    assert house.client(Role.CSM).post(reverse("survey_words_undo", args=[survey.pk, step.pk])).status_code == 403


@pytest.mark.parametrize("show", ["", "?show=coded"])
def test_queries_do_not_grow_with_texts(house: House, survey: Survey, show: str) -> None:
    address = reverse("survey_words", args=[survey.pk])
    client = house.client(Role.HOST)

    def code_and_count(*said: str) -> int:
        for target in ("option:low-adoption", "new"):
            told = {"answer": texts(house, survey, *said), "target": target, "label_en": f"{said[0]} {target}"}
            client.post(address, told)
        texts(house, survey, *said)
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address + show).status_code == 200
        return len(captured)

    few = code_and_count("Hiring")
    assert code_and_count(*(f"word{n} of many" for n in range(12))) == few <= 20
