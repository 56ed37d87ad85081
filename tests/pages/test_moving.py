"""Moving a customer in the browser, its journey tab, and the settings of stages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer
from accounts.roles import Role
from accounts.services import customers
from accounts.services import subscriptions as subs
from csplatform.core.audit import SYSTEM
from csplatform.core.tenancy import workspace_scope
from journeys.models import CriterionKind, Move, Relay, Side, Stage, StageCriterion
from journeys.services.moving import move
from tests.pages.conftest import House


@pytest.fixture
def prospect(house: House) -> Customer:
    with workspace_scope(house.workspace):
        made: Customer = customers.create(
            external_id="c-9", told={"name": "Loxley Mills"}, actor=SYSTEM, now=timezone.now()
        )
        return made


def address(customer: Customer) -> str:
    return reverse("customer_move", args=[customer.pk])


def seen(house: House, customer: Customer) -> str:
    with workspace_scope(house.workspace):
        return str(Move.objects.filter(customer=customer).latest("number").pk)


def told(house: House, customer: Customer, stage: str, **more: str) -> dict[str, str]:
    return {"stage": stage, "reason": "Fit is qualified", "seen": seen(house, customer), **more}


def test_the_page_says_of_every_stage_what_it_would_take(house: House, prospect: Customer) -> None:
    page = house.client().get(address(prospect) + "?stage=trial").content.decode()
    assert "At “Awareness” since" in page
    assert "Takes a handover from Marketing to Sales." in page
    assert "No contract is in force" in page
    assert 'value="trial" checked' in page
    assert 'value="awareness"' not in page


def test_a_move_leads_to_the_journey_which_tells_it(house: House, prospect: Customer) -> None:
    answer = house.client().post(address(prospect), told(house, prospect, "consideration"), follow=True)
    page = answer.content.decode()
    assert "Loxley Mills is at “Consideration” now." in page
    assert "Fit is qualified" in page
    assert "First sale" in page


def test_a_step_with_a_handover_leads_to_it(house: House, prospect: Customer) -> None:
    house.client().post(address(prospect), told(house, prospect, "consideration"))
    answer = house.client().post(address(prospect), told(house, prospect, "trial"))
    with workspace_scope(house.workspace):
        relay = Relay.objects.get()
    assert answer["Location"] == reverse("relay_detail", args=[relay.pk])
    assert relay.giver == house.members[Role.MANAGER]


def test_what_is_missing_is_said_and_nothing_typed_is_lost_and_an_override_goes_past(
    house: House, prospect: Customer
) -> None:
    with workspace_scope(house.workspace):
        stage = Stage.objects.get(key="consideration")
        StageCriterion.objects.create(
            workspace=house.workspace, stage=stage, side=Side.ENTRY, kind=CriterionKind.SPONSOR
        )
    answer = house.client().post(address(prospect), told(house, prospect, "consideration"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "No contact is marked as sponsor." in page
    assert "Fit is qualified" in page
    answer = house.client().post(address(prospect), told(house, prospect, "consideration", override="on"), follow=True)
    assert "by override" in answer.content.decode()
    assert "Passed over: A sponsor is named" in answer.content.decode()


def test_who_comes_second_is_told_who_was_first(house: House, prospect: Customer) -> None:
    body = told(house, prospect, "consideration")
    assert house.client().post(address(prospect), body).status_code == 302
    answer = house.client(Role.CSM).post(address(prospect), {**body, "stage": "trial"})
    assert answer.status_code == 409
    assert "manager@kestrel.example" in answer.content.decode()


@pytest.mark.parametrize(
    "more", [{"reason": " "}, {"stage": ""}, {"stage": "sold"}, {"occurred_on": "2090-01-01"}, {"occurred_on": "soon"}]
)
def test_a_bad_move_is_refused_with_the_page(house: House, prospect: Customer, more: dict[str, str]) -> None:
    answer = house.client().post(address(prospect), {**told(house, prospect, "consideration"), **more})
    assert answer.status_code == 422
    with workspace_scope(house.workspace):
        assert Move.objects.filter(customer=prospect).count() == 1


def test_viewers_see_the_journey_and_move_nobody(house: House, prospect: Customer) -> None:
    client = house.client(Role.VIEWER)
    page = client.get(reverse("customer_detail", args=[prospect.pk]) + "?tab=journey").content.decode()
    assert "Awareness" in page
    assert address(prospect) not in page
    assert client.get(address(prospect)).status_code == 403
    assert client.post(address(prospect), told(house, prospect, "consideration")).status_code == 403


def test_a_churn_asks_why_and_keeps_the_answer(house: House, prospect: Customer) -> None:
    today = timezone.now().date()
    with workspace_scope(house.workspace):
        sold = {
            "customer_external_id": "c-9",
            "arr": "1000",
            "starts_on": (today - timedelta(days=300)).isoformat(),
            "ends_on": (today - timedelta(days=60)).isoformat(),
        }
        subs.create(external_id="s-9", told=sold, actor=SYSTEM, now=timezone.now())
    journey = reverse("customer_detail", args=[prospect.pk]) + "?tab=journey"
    assert "Nobody has said why yet." in house.client().get(journey).content.decode()
    ground = reverse("customer_ground", args=[prospect.pk])
    assert "Choose why it churned." in house.client().post(ground, {}, follow=True).content.decode()
    page = house.client().post(ground, {"force": "vendor", "note": "The outage"}, follow=True).content.decode()
    assert "Made by us" in page
    assert "The outage" in page


def test_the_journey_asks_the_database_no_more_the_longer_it_is(house: House, prospect: Customer) -> None:
    url = reverse("customer_detail", args=[prospect.pk]) + "?tab=journey"
    house.client().get(url)
    with CaptureQueriesContext(connection) as short:
        house.client().get(url)
    with workspace_scope(house.workspace):
        for number in range(12):
            key = ("consideration", "awareness")[number % 2]
            move(customer_id=prospect.pk, stage_key=key, reason="To and fro", actor=SYSTEM, now=timezone.now())
    with CaptureQueriesContext(connection) as long:
        page = house.client().get(url).content.decode()
    assert page.count("To and fro") == 12
    assert len(long) == len(short)


def test_stages_are_added_changed_split_reordered_and_retired_in_the_settings(house: House, prospect: Customer) -> None:
    client = house.client()
    new = {
        "name": "Pilot",
        "macro": "trial",
        "department": "sales",
        "expected_days": "21",
        "description": "",
        "exit-0": "sponsor",
        "exit-1": "adoption",
        "exit-1-number": "40",
        "entry-0": "field:industry",
    }
    page = client.post(reverse("stage_new"), new, follow=True).content.decode()
    assert "Pilot" in page
    assert "40 % of the invited people are active" in page
    with workspace_scope(house.workspace):
        pilot = Stage.objects.get(key="pilot")
    edit = reverse("stage_edit", args=[pilot.pk])
    page = client.get(edit).content.decode()
    assert 'value="field:industry" selected' in page
    answer = client.post(edit, {**new, "name": "Proof", "exit-1-number": "many"})
    assert answer.status_code == 422
    assert "“many” is no number." in answer.content.decode()
    assert client.post(edit, {**new, "name": "Proof"}).status_code == 302
    client.post(reverse("stage_order"), {"up": "pilot"})
    with workspace_scope(house.workspace):
        assert list(Stage.objects.order_by("order").values_list("key", flat=True)[2:4]) == ["pilot", "trial"]
    client.post(reverse("stage_split", args=[pilot.pk]), {"name": "Proof, part two"})
    retire = reverse("stage_retire", args=[pilot.pk])
    assert "0 customers stand there." in client.get(retire).content.decode()
    assert client.post(retire).status_code == 302
    with workspace_scope(house.workspace):
        awareness = Stage.objects.get(key="awareness")
    retire = reverse("stage_retire", args=[awareness.pk])
    assert "1 customer stands there." in client.get(retire).content.decode()
    page = client.post(retire, {}, follow=True).content.decode()
    assert "name the stage to move it to" in page
    page = client.post(retire, {"target": "consideration"}, follow=True).content.decode()
    assert "Retired; 1 customer was moved." in page
    assert "No longer in use" in page


def test_of_two_who_change_a_stage_at_once_the_second_is_told_and_keeps_what_was_typed(house: House) -> None:
    client = house.client()
    with workspace_scope(house.workspace):
        stage = Stage.objects.get(key="trial")
    edit = reverse("stage_edit", args=[stage.pk])
    form = {"name": "Pilot", "macro": "trial", "exit-0": "sponsor", "version": str(stage.version)}
    assert f'name="version" value="{stage.version}"' in client.get(edit).content.decode()
    assert client.post(edit, form).status_code == 302
    answer = client.post(edit, {**form, "name": "Proof", "exit-0": "win"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody changed this stage while you were typing" in page
    assert 'value="Proof"' in page
    assert 'value="win" selected' in page
    with workspace_scope(house.workspace):
        stage.refresh_from_db()
        assert (stage.name, [each.kind for each in stage.criteria.all()]) == ("Pilot", ["sponsor"])
    assert client.post(edit, {**form, "name": "Proof", "version": str(stage.version)}).status_code == 302


def test_the_list_of_stages_asks_the_database_no_more_for_more_stages(house: House) -> None:
    client, url = house.client(), reverse("stage_list")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for number in range(5):
        client.post(reverse("stage_new"), {"name": f"Pilot {number}", "macro": "trial", "exit-0": "sponsor"})
    with CaptureQueriesContext(connection) as many:
        assert client.get(url).status_code == 200
    assert len(few) == len(many)
