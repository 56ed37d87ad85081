"""What-if: trying changes nothing, saving keeps a draft, and what cannot be tried says why and keeps what was typed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Customer
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.models import AuditEvent, Job
from csplatform.core.tenancy import workspace_scope
from health import lab_reads
from health.models import ChurnSetting, Scorecard, ScorecardDraft, ScorecardVersion
from health.risk import HORIZON_DAYS
from health.services import lab, scorecards, scoring
from tests import factories
from tests.health.test_present_scores import customer_in_use
from tests.pages.conftest import House, signed_in


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def url_of(house: House) -> str:
    with workspace_scope(house.workspace):
        return reverse("scorecard_lab", args=[Scorecard.objects.get(is_default=True).pk])


def weight_of(house: House, measure: str = "recency") -> float:
    (draft,) = drafts_of(house)
    return float(next(item["weight"] for item in draft.content["items"] if item["measure"] == measure))


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


def test_two_who_edit_one_draft_see_what_differs_before_either_is_lost(house: House) -> None:
    told = {"action": "save", "draft_version": "0", "weight.recency": "30"}
    client, url = house.client(Role.ADMIN), url_of(house)
    client.post(url, told)
    tried = client.post(url, {"draft_version": "0", "weight.recency": "5"}).content.decode()
    assert 'name="draft_version" value="0"' in tried
    late = client.post(url, {**told, "weight.recency": "5"})
    page = late.content.decode()
    assert late.status_code == 409
    assert "weighs 5 instead of 30" in page
    assert 'name="weight.recency" value="5"' in page
    assert weight_of(house) == 30
    assert 'name="draft_version" value="1"' in page
    assert client.post(url, {**told, "draft_version": "1", "weight.recency": "5"}).status_code == 302
    assert weight_of(house) == 5


def test_how_many_customers_the_team_can_look_after_is_reckoned_until_it_is_remembered(house: House) -> None:
    client, url = house.client(Role.ADMIN), url_of(house)
    with workspace_scope(house.workspace):
        csms = Customer.objects.filter(csm__isnull=False).values("csm").distinct().count()
    assert f'name="capacity" value="{5 * max(1, csms)}"' in client.get(url).content.decode()
    client.post(url, {"capacity": "17"})
    with workspace_scope(house.workspace):
        assert not ChurnSetting.objects.exists()
    client.post(url, {"action": "remember", "capacity": "17"})
    with workspace_scope(house.workspace):
        setting = ChurnSetting.objects.get()
        assert (setting.capacity, setting.horizon_days, setting.retrains) == (17, HORIZON_DAYS, True)
        assert AuditEvent.objects.filter(action="churn_setting.changed").count() == 1
    assert 'name="capacity" value="17"' in client.get(url).content.decode()


def in_use(house: House, count: int) -> None:
    """So many customers whose people work every day, scored."""
    with workspace_scope(house.workspace):
        for number in range(count):
            customer_in_use(house.workspace, name=f"Mover {number:03}")
        while scoring.refresh_dirty():
            pass


def test_those_who_would_change_band_are_named_with_their_arr_in_pages(house: House) -> None:
    in_use(house, lab_reads.PAGE + 10)
    client, url = house.client(Role.ADMIN), url_of(house)
    told = {"healthy": "100", "watch": "1", "curve.recency": "0 = 50"}
    first = client.post(url, told, headers={"HX-Request": "true"}).content.decode()
    second = client.post(url, {**told, "page": "2"}, headers={"HX-Request": "true"}).content.decode()
    assert (first.count(">Mover "), second.count(">Mover ")) == (lab_reads.PAGE, 10)
    assert f"{lab_reads.PAGE + 1} to {lab_reads.PAGE + 10} of {lab_reads.PAGE + 10}" in second
    assert f"to a worse band, {lab_reads.PAGE + 10} customers" in first
    nowhere = client.post(url, {**told, "page": "no number"}, headers={"HX-Request": "true"})
    assert nowhere.status_code == 200


def test_a_scorecard_that_is_not_published_yet_is_tried_on_those_it_would_be_for(house: House) -> None:
    in_use(house, 3)
    with workspace_scope(house.workspace):
        Customer.objects.filter(name="Mover 001").update(stage_macro="performance")
        card = scorecards.create(name="Performance", macros=["performance"], actor=audit.SYSTEM, now=datetime.now(UTC))
    url = reverse("scorecard_lab", args=[card.pk])
    page = (
        house.client(Role.ADMIN).post(url, {"healthy": "100", "watch": "1", "curve.recency": "0 = 50"}).content.decode()
    )
    assert (page.count(">Mover 001<"), page.count(">Mover 000<")) == (1, 0)
    assert "1 of 1 customers" in page


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"weight.recency": "much"}, "“much” is no number"),
        ({"curve.recency": "0 = 1; 5"}, "“5” is no point of a curve"),
        ({"curve.recency": "5 = 0; 0 = 100"}, "values must rise"),
        ({"weight.recency": "-1"}, "recency"),
        ({"healthy": "10"}, "watch"),
        ({"capacity": "0"}, "whole number"),
        ({"capacity": "2.5"}, "whole number"),
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


def test_the_pages_of_health_lead_to_the_default_scorecards(house: House) -> None:
    client = house.client(Role.ADMIN)
    assert reverse("what_if") in client.get(reverse("health_overview")).content.decode()
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
