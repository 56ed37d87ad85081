"""The publish page: interim figures for hosts only, a preview that stores nothing, versions and their notes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Correction, Publication, State, Survey
from surveys.services import building, corrections, moderation
from tests.factories import NOW
from tests.pages.conftest import House
from tests.surveys import hosting


@pytest.fixture
def survey(house: House) -> Survey:
    with workspace_scope(house.workspace):
        survey = hosting.starter()
        hosting.answered(survey, 9, choices=[1, 2])
        hosting.answered(survey, 4, choices=[2])
        return survey


def test_hosts_see_an_interim_count_that_is_called_so(house: House, survey: Survey) -> None:
    body = " ".join(house.client(Role.HOST).get(reverse("survey_publish", args=[survey.pk])).content.decode().split())
    assert "Interim count, not published" in body
    assert '<th scope="row">Low product adoption</th><td class="num">13</td>' in body


def test_a_preview_stores_nothing(house: House, survey: Survey) -> None:
    shown = house.client(Role.HOST).get(reverse("survey_publish_preview", args=[survey.pk]))
    assert "Two challenges share first place" in shown.content.decode()
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    with workspace_scope(house.workspace):
        assert not Publication.objects.exists()
        assert Survey.objects.get().state == State.OPEN


def test_a_draft_has_no_preview_of_any_kind(house: House) -> None:
    with workspace_scope(house.workspace):
        draft = hosting.starter(opened=False)
        nps = building.create_survey(kind="nps", slug="nps", title={"en": "How likely?"}, actor=audit.SYSTEM, now=NOW)
    client = house.client(Role.HOST)
    assert client.get(reverse("survey_publish", args=[draft.pk])).status_code == 200
    assert client.get(reverse("survey_publish_preview", args=[draft.pk])).status_code == 404
    assert client.get(reverse("survey_publish", args=[nps.pk])).status_code == 200
    assert client.get(reverse("survey_publish_preview", args=[nps.pk])).status_code == 404
    assert client.get(reverse("survey_detail", args=[nps.pk])).status_code == 200


def test_publishing_closes_makes_a_version_and_says_what_changed_with_the_next(house: House, survey: Survey) -> None:
    address = reverse("survey_publish", args=[survey.pk])
    client = house.client(Role.HOST)
    first = client.post(address, {"action": "publish"}, follow=True).content.decode()
    assert "Version 1 is public. Thank you for hosting." in first
    with workspace_scope(house.workspace):
        ids = list(survey.responses.values_list("pk", flat=True)[:2])
        assert Survey.objects.get().state == State.PUBLISHED
    with workspace_scope(house.workspace):
        later = Publication.objects.get().published_at + timedelta(hours=1)
        moderation.remove(response_ids=ids, reason="automated", actor=audit.SYSTEM, now=later)
    body = " ".join(client.get(address).content.decode().split())
    assert "<dt>Answers removed</dt><dd>2</dd>" in body
    client.post(address, {"action": "publish", "text_en": "Two answers of a robot are gone.", "text_fr": " "})
    with workspace_scope(house.workspace):
        line = Correction.objects.get()
        assert (line.number, line.text) == (2, {"en": "Two answers of a robot are gone."})
        assert Publication.objects.count() == 2
    public = Client().get(f"/s/{survey.slug}/results/?lang=en").content.decode()
    assert "2 answers removed: sent by a program" in public
    assert "Two answers of a robot are gone." in public


def test_a_note_is_added_to_the_newest_version_and_an_empty_one_is_refused(house: House, survey: Survey) -> None:
    address = reverse("survey_publish", args=[survey.pk])
    client = house.client(Role.HOST)
    with workspace_scope(house.workspace), pytest.raises(ValidationError, match="no published results"):
        corrections.add_correction(survey_id=survey.pk, text={"en": "x"}, actor=audit.SYSTEM, now=NOW)
    client.post(address, {"action": "publish"})
    refused = client.post(address, {"action": "note", "text_en": "  "})
    assert refused.status_code == 422
    assert "Say in at least one language" in refused.content.decode()
    noted = client.post(address, {"action": "note", "text_de": "Ein Hinweis"}, follow=True).content.decode()
    assert "Ein Hinweis" in noted


def test_queries_do_not_grow_with_answers_and_versions(house: House, survey: Survey) -> None:
    address = reverse("survey_publish", args=[survey.pk])
    client = house.client(Role.HOST)
    client.post(address, {"action": "publish"})
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    with workspace_scope(house.workspace):
        hosting.answered(survey, 30)
    client.post(address, {"action": "publish", "text_en": "More"})
    client.get(address)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few) <= 20
