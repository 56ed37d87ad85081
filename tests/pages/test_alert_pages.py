"""Alerts on pages: the list, taking in hand, muting, one's own wishes, routes and hooks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.alerts import deeds, opening, routing, words
from health.alerts.opening import Finding
from health.models import Alert, AlertKind, AlertPreference, AlertRoute, AlertState, SlackHook
from tests import factories
from tests.pages.conftest import House, signed_in

pytestmark = pytest.mark.django_db
LIST = "/health/alerts/"


def alert_at(house: House, kind: AlertKind = AlertKind.BAND_FELL, name: str = "") -> Alert:
    with workspace_scope(house.workspace):
        customer = factories.make_customer(name, contract_state="active", arr_minor=1_00) if name else house.customer
        told = {"from": "healthy", "to": "watch", "from_level": 0, "points": 6_000}
        opening.begin([Finding(customer.pk, kind, 1, told)], now=datetime.now(UTC))
        while routing.route_waiting(now=datetime.now(UTC)):
            pass
        alert: Alert = Alert.objects.get(customer=customer, kind=kind)
        return alert


def in_a_week() -> str:
    return (datetime.now(UTC).date() + timedelta(days=7)).isoformat()


def test_a_manager_sees_an_alert_with_what_is_at_stake_and_the_number_of_unread_ones(house: House) -> None:
    alert_at(house)
    page = house.client(Role.MANAGER).get(LIST).content.decode()
    assert "Fell from healthy to watch, with 60 points." in page
    assert "186,000" in page
    assert '<span class="count">1' in page
    house.client(Role.MANAGER).post(f"{LIST}read/")
    assert '<span class="count">1' not in house.client(Role.MANAGER).get(LIST).content.decode()


def test_a_csm_sees_the_own_customers_first_and_everybodys_on_request(house: House) -> None:
    alert_at(house)
    client = house.client(Role.CSM)
    assert house.customer.name not in client.get(LIST).content.decode()
    assert house.customer.name in client.get(f"{LIST}?mine=0").content.decode()


@pytest.mark.parametrize(("usual", "said"), [(1, "1 day."), (1.5, "1.5 days."), (9, "9 days.")])
def test_a_silence_is_told_beside_the_customers_own_gap(house: House, usual: float, said: str) -> None:
    told = {"quiet_days": 13, "last_event_at": "2026-06-03T08:00:00+00:00", "usual_days": usual}
    silence = Alert(kind=AlertKind.WENT_SILENT, details=told)
    assert words.what(silence) == f"No use for 13 days since 3 Jun 2026; its own longest usual gap is {said}"


def test_one_takes_it_in_hand(house: House) -> None:
    alert = alert_at(house)
    house.client(Role.CSM).post(f"{LIST}{alert.pk}/acknowledge/")
    page = house.client(Role.MANAGER).get(f"{LIST}?state=acknowledged").content.decode()
    assert str(house.members[Role.CSM].user) in page


def test_muting_without_a_reason_says_so_and_keeps_what_was_typed(house: House) -> None:
    alert = alert_at(house)
    answer = house.client(Role.CSM).post(f"{LIST}{alert.pk}/mute/", {"reason": "", "until": in_a_week()})
    assert answer.status_code == 422
    assert in_a_week() in answer.content.decode()


def test_what_is_muted_is_listed_with_its_reason_and_can_be_undone(house: House) -> None:
    alert = alert_at(house)
    client = house.client(Role.MANAGER)
    client.post(f"{LIST}{alert.pk}/mute/", {"reason": "They migrate", "until": in_a_week()})
    page = client.get(f"{LIST}?state=muted").content.decode()
    assert "They migrate" in page
    assert "1 mute in force" in page
    with workspace_scope(house.workspace):
        mute = Alert.objects.get().mute
        assert mute is not None
    client.post(f"{LIST}mutes/{mute.pk}/undo/")
    with workspace_scope(house.workspace):
        assert Alert.objects.get().state == AlertState.OPEN


def test_only_those_who_configure_mute_or_hear_again_a_kind_for_everybody(house: House) -> None:
    alert = alert_at(house)
    told = {"reason": "x", "until": in_a_week(), "everybody": "on"}
    house.client(Role.CSM).post(f"{LIST}{alert.pk}/mute/", told)
    with workspace_scope(house.workspace):
        mute = Alert.objects.get().mute
        assert mute is not None
        assert mute.customer_id == house.customer.pk
        whole = deeds.mute(
            kind=AlertKind.RISK_ROSE,
            customer_id=None,
            reason="x",
            until=datetime.now(UTC).date() + timedelta(days=2),
            actor=audit.SYSTEM,
            now=datetime.now(UTC),
        )
    assert house.client(Role.CSM).post(f"{LIST}mutes/{whole.pk}/undo/").status_code == 403
    assert house.client(Role.MANAGER).post(f"{LIST}mutes/{whole.pk}/undo/").status_code == 302


def test_a_stranger_finds_nothing(house: House) -> None:
    alert = alert_at(house)
    stranger = signed_in(house.stranger)
    assert house.customer.name not in stranger.get(LIST).content.decode()
    assert stranger.post(f"{LIST}{alert.pk}/acknowledge/").status_code == 404
    assert stranger.post(f"{LIST}{alert.pk}/mute/", {"reason": "x", "until": in_a_week()}).status_code == 404


def test_the_list_costs_the_same_queries_whatever_it_holds(house: House) -> None:
    alert_at(house)
    client = house.client(Role.MANAGER)
    client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    for number in range(12):
        alert_at(house, name=f"Customer {number}")
    with CaptureQueriesContext(connection) as many:
        page = client.get(LIST).content.decode()
    assert "Customer 11" in page
    assert len(many) == len(few)


def test_one_chooses_how_one_hears_of_alerts(house: House) -> None:
    client = house.client(Role.CSM)
    wishes = {"wants_in_app": "on", "email_pace": "", "digest_hour": "17", "time_zone": "America/New_York"}
    assert client.post("/settings/alerts/", wishes).status_code == 302
    with workspace_scope(house.workspace):
        row = AlertPreference.objects.get()
        assert (row.member, row.wants_email, row.digest_hour) == (house.members[Role.CSM], False, 17)
    assert client.post("/settings/alerts/", {**wishes, "digest_hour": "25"}).status_code == 422


def test_every_label_of_routes_and_hooks_belongs_to_one_field(house: House) -> None:
    page = house.client(Role.ADMIN).get("/settings/alerts/routes/").content.decode()
    fields = re.findall(r'<(?:input|select|textarea)[^>]*? id="([^"]+)"', page)
    assert len(fields) == len(set(fields))
    assert "hook_name" in fields


def test_an_admin_sets_routes_and_hooks_and_others_may_not(house: House) -> None:
    admin = house.client(Role.ADMIN)
    hook = {"name": "#alerts", "url": "https://hooks.slack.com/services/T1/B1/secret"}
    assert admin.post("/settings/alerts/hooks/", {**hook, "url": "https://example.com/x"}).status_code == 422
    assert admin.post("/settings/alerts/hooks/", hook).status_code == 302
    with workspace_scope(house.workspace):
        kept = SlackHook.objects.get()
    route = {
        "name": "Large ones",
        "kinds": ["went_silent"],
        "least_arr": "50000",
        "roles": ["csm"],
        "channels": ["slack", "in_app"],
        "slack": str(kept.pk),
        "pace": "at_once",
    }
    assert admin.post("/settings/alerts/routes/", {**route, "slack": ""}).status_code == 422
    assert admin.post("/settings/alerts/routes/", route).status_code == 302
    page = admin.get("/settings/alerts/routes/").content.decode()
    assert "Sudden silence" in page
    assert "50,000" in page
    assert "secret" not in page
    with workspace_scope(house.workspace):
        made = AlertRoute.objects.get()
        assert made.least_arr_minor == 50_000_00
    assert house.client(Role.CSM).get("/settings/alerts/routes/").status_code == 403
    assert admin.post(f"/settings/alerts/routes/{made.pk}/delete/").status_code == 302
    assert admin.post(f"/settings/alerts/hooks/{kept.pk}/delete/").status_code == 302
