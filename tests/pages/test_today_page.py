"""Today: whose customers, why, and what acting does to the list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer, CustomerHealth
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from health.models import TodayDismissal
from tests import factories, volume
from tests.pages.conftest import House, signed_in


@pytest.fixture
def troubled(house: House) -> House:
    with workspace_scope(house.workspace):
        CustomerHealth.objects.filter(customer=house.customer).update(
            band="at_risk", points=3900, change=-900, coverage=100, churn_risk=2200
        )
        Customer.objects.filter(pk=house.customer.pk).update(
            csm=house.members[Role.CSM], notice_deadline=timezone.now().date() + timedelta(days=14),
        )  # fmt: skip
        factories.make_customer("Not mine", contract_state="active", health={"band": "at_risk"}, arr_minor=900_000_00)
    return house


def page(house: House, role: Role = Role.MANAGER, query: str = "") -> str:
    return house.client(role).get("/" + query).content.decode()


def test_a_csm_sees_the_own_portfolio_and_a_manager_everybody(troubled: House) -> None:
    assert "Nottingham Freight" in page(troubled, Role.CSM)
    assert "Not mine" not in page(troubled, Role.CSM)
    assert "Not mine" in page(troubled, Role.MANAGER)
    assert "My portfolio" in page(troubled, Role.CSM)
    assert "All customers" in page(troubled, Role.MANAGER)


def test_a_contract_under_notice_ends_and_is_never_said_to_renew(troubled: House) -> None:
    with workspace_scope(troubled.workspace):
        ends_on = timezone.now().date() + timedelta(days=4)
        Customer.objects.filter(pk=troubled.customer.pk).update(
            contract_state="notice_given", notice_deadline=None, renewal_on=ends_on
        )
    shown = page(troubled)
    assert "ends on" in shown
    assert "renewal on" not in shown


def test_a_viewer_reads_but_is_offered_no_action(troubled: House) -> None:
    assert "Snooze" in page(troubled, Role.MANAGER)
    assert "Snooze" not in page(troubled, Role.VIEWER)


def test_snoozing_needs_a_reason_and_takes_the_customer_off_my_list_only(troubled: House) -> None:
    address = reverse("today_put_aside", args=[troubled.customer.pk])
    until = (timezone.now() + timedelta(days=7)).date().isoformat()
    client = troubled.client(Role.MANAGER)
    refused = client.post(address, {"kind": "snoozed", "until": until, "reason": ""})
    assert refused.status_code == 200
    assert f'value="{until}"' in refused.content.decode()
    client.post(address, {"kind": "snoozed", "until": until, "reason": "They asked for a week"})
    lists = page(troubled, Role.MANAGER)
    assert f'{reverse("today_put_aside", args=[troubled.customer.pk])}"' not in lists
    assert "They asked for a week" in lists
    assert address in page(troubled, Role.CSM)


def test_what_was_put_aside_is_brought_back(troubled: House) -> None:
    client = troubled.client(Role.CSM)
    address = reverse("today_put_aside", args=[troubled.customer.pk])
    client.post(address, {"kind": "done", "reason": "Called them"})
    assert address not in page(troubled, Role.CSM)
    with workspace_scope(troubled.workspace):
        dismissal = TodayDismissal.objects.get()
    assert dismissal.until == timezone.now().date() + timedelta(days=14)
    client.post(reverse("today_bring_back", args=[dismissal.pk]))
    assert address in page(troubled, Role.CSM)


@pytest.mark.parametrize("days", [0, -3, 400])
def test_a_day_in_the_past_or_far_away_is_refused(troubled: House, days: int) -> None:
    until = (timezone.now() + timedelta(days=days)).date().isoformat()
    troubled.client().post(
        reverse("today_put_aside", args=[troubled.customer.pk]), {"kind": "snoozed", "until": until, "reason": "x"}
    )
    with workspace_scope(troubled.workspace):
        assert not TodayDismissal.objects.exists()


def test_an_empty_workspace_is_told_how_to_begin(house: House) -> None:
    text = signed_in(house.stranger).get("/").content.decode()
    assert "Bring in your customers" in text
    assert reverse("customer_new") in text


def test_queries_do_not_grow_with_customers(house: House) -> None:
    counts = []
    for count in (30, 400):
        with workspace_scope(house.workspace):
            Customer.objects.exclude(pk=house.customer.pk).delete()
            volume.fill_customers(count)
        page(house)
        with CaptureQueriesContext(connection) as captured:
            page(house)
        counts.append(len(captured))
    assert counts[0] == counts[1], counts


def test_the_boomerang_counts_everybody_and_lists_a_stage(house: House) -> None:
    with workspace_scope(house.workspace):
        factories.make_customer("Trial & Error", stage_key="trial", stage_macro="trial", expected_arr_minor=5_000_00)
    client = house.client()
    whole = client.get(reverse("boomerang")).content.decode()
    assert "2 customers on" in whole
    chosen = client.get(reverse("boomerang") + "?stage=trial").content.decode()
    assert "Trial &amp; Error" in chosen
    assert "Nottingham Freight" not in chosen
    assert client.get(reverse("boomerang") + "?stage=nowhere").status_code == 404
    mine = client.get(reverse("boomerang") + "?scope=mine").content.decode()
    assert "0 customers on" in mine
