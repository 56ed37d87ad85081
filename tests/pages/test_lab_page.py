"""What-if: trying changes nothing, saving keeps a draft, and what cannot be tried says why and keeps what was typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from csplatform.core.models import Job
from csplatform.core.tenancy import workspace_scope
from health.models import Scorecard, ScorecardDraft, ScorecardVersion
from health.services import lab
from tests import factories
from tests.pages.conftest import House, signed_in


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def url_of(house: House) -> str:
    with workspace_scope(house.workspace):
        return reverse("scorecard_lab", args=[Scorecard.objects.get(is_default=True).pk])


def drafts_of(house: House) -> list[ScorecardDraft]:
    with workspace_scope(house.workspace):
        return list(ScorecardDraft.objects.all())


def test_everybody_who_sees_customers_reads_and_who_may_configure_tries(house: House) -> None:
    manager = house.client(Role.ADMIN).get(url_of(house)).content.decode()
    viewer = house.client(Role.VIEWER).get(url_of(house)).content.decode()
    assert "What-if" in manager
    assert "Save as draft" in manager
    assert "Save as draft" not in viewer
    assert house.client(Role.VIEWER).post(url_of(house), {"action": "save"}).status_code == 403


def test_trying_changes_nothing_and_answers_the_fragment_alone(house: House) -> None:
    told = {"weight.recency": "30", "curve.recency": "0 = 100; 9 = 0"}
    answer = house.client(Role.ADMIN).post(url_of(house), told, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert b"<html" not in answer.content
    assert b"Who would change band" in answer.content
    assert drafts_of(house) == []


def test_saving_keeps_a_draft_and_no_version(house: House) -> None:
    told = {"action": "save", "draft_version": "0", "weight.recency": "30,5", "curve.recency": "0 = 100; 9 = 0"}
    assert house.client(Role.ADMIN).post(url_of(house), {**told, "healthy": "80"}).status_code == 302
    (draft,) = drafts_of(house)
    item = next(item for item in draft.content["items"] if item["measure"] == "recency")
    assert (item["weight"], item["curve"]) == (30.5, [[0, 1], [9, 0]])
    assert draft.content["bands"]["healthy"] == 80
    with workspace_scope(house.workspace):
        assert ScorecardVersion.objects.count() == 1
    again = house.client(Role.ADMIN).post(url_of(house), {**told, "weight.recency": "5"})
    assert again.status_code == 422
    assert b"Somebody else has saved" in again.content


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"weight.recency": "much"}, "“much” is no number"),
        ({"curve.recency": "0 = 1; 5"}, "“5” is no point of a curve"),
        ({"curve.recency": "5 = 0; 0 = 100"}, "values must rise"),
        ({"weight.recency": "-1"}, "recency"),
        ({"healthy": "10"}, "watch"),
        ({"capacity": "0"}, "whole number"),
        ({"capacity": "1e400"}, "whole number"),
    ],
)
def test_what_cannot_be_tried_says_why_and_is_kept(house: House, told: dict[str, str], said: str) -> None:
    answer = house.client(Role.ADMIN).post(url_of(house), told)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    name, text = next(iter(told.items()))
    assert name == "capacity" or f'value="{text}"' in page
    assert drafts_of(house) == []


def test_the_history_is_laid_out_by_a_job(house: House) -> None:
    assert house.client(Role.ADMIN).post(url_of(house), {"action": "lay_out"}).status_code == 302
    with workspace_scope(house.workspace):
        assert Job.objects.filter(kind=lab.JOB_KIND).count() == 1
    assert "Being laid out" in house.client(Role.ADMIN).get(url_of(house)).content.decode()


def test_the_settings_lead_to_the_default_scorecards(house: House) -> None:
    client = house.client(Role.ADMIN)
    assert reverse("what_if") in client.get(reverse("settings"), follow=True).content.decode()
    answer = client.get(reverse("what_if"))
    assert (answer.status_code, answer["Location"]) == (302, url_of(house))


def test_a_stranger_and_an_unknown_card_get_404(house: House) -> None:
    assert signed_in(house.stranger).get(url_of(house)).status_code == 404
    assert house.client().get(reverse("scorecard_lab", args=[house.customer.pk])).status_code == 404


def test_queries_do_not_grow_with_customers(house: House) -> None:
    url, client = url_of(house), house.client(Role.ADMIN)
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(url)
    with workspace_scope(house.workspace):
        for number in range(5):
            factories.make_customer(f"Another {number}", contract_state="active", arr_minor=5_000_00)
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(few)
