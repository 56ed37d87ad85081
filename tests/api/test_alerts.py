"""``/api/v1/alerts/``: read, taken in hand, muted with a reason; of another workspace nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from csplatform.core.tenancy import workspace_scope
from health.alerts import opening
from health.alerts.opening import Finding
from health.models import Alert, AlertKind
from tests import factories
from tests.api.conftest import Api, make_api, problem

pytestmark = pytest.mark.django_db


@dataclass
class Case:
    api: Api
    writer: Api
    stranger: Api
    alert: Alert

    @property
    def path(self) -> str:
        return f"alerts/{self.alert.pk}/"


@pytest.fixture
def case(db: None) -> Case:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer("Loxley Mills", external_id="c-mills", arr_minor=12_000_00)
        told = {"from": "healthy", "to": "at_risk", "from_level": 0, "points": 3_900}
        opening.begin([Finding(customer.pk, AlertKind.BAND_FELL, 2, told)], now=factories.NOW)
        alert = Alert.objects.get()
    stranger = make_api(factories.make_workspace("stranger"))
    return Case(make_api(workspace), make_api(workspace, ("read", "write")), stranger, alert)


def in_a_week() -> str:
    return (datetime.now(UTC).date() + timedelta(days=7)).isoformat()


def test_an_alert_says_what_happened_with_its_figures(case: Case) -> None:
    (row,) = case.api.get("alerts/?kind=band_fell&state=open&customer_external_id=c-mills").json()["results"]
    assert row["summary"] == "Fell from healthy to at risk, with 39 points."
    assert (row["arr"], row["currency"], row["state"]) == ("12000.00", "EUR", "open")
    assert row["details"]["to"] == "at_risk"
    assert case.api.get("alerts/?state=resolved").json()["results"] == []
    problem(case.api.get("alerts/?kind=nonsense"), 400)


def test_it_is_taken_in_hand_once(case: Case) -> None:
    tag = case.api.get(case.path)["ETag"]
    taken = case.writer.post(f"{case.path}acknowledge/", {}, If_Match=tag).json()
    assert taken["state"] == "acknowledged"
    assert "API key" in taken["acknowledged_by"]
    problem(case.writer.post(f"{case.path}acknowledge/", {}, If_Match=tag), 412)


def test_it_is_muted_with_a_reason_and_an_end_and_that_is_undone(case: Case) -> None:
    problem(case.writer.post(f"{case.path}mute/", {"reason": " ", "until": in_a_week()}), 400)
    problem(case.writer.post(f"{case.path}mute/", {"reason": "x", "until": "2020-01-01"}), 400)
    muted = case.writer.post(f"{case.path}mute/", {"reason": "They migrate", "until": in_a_week()}).json()
    assert (muted["state"], muted["mute"]["reason"]) == ("muted", "They migrate")
    assert case.writer.post(f"{case.path}unmute/", {}).json()["state"] == "open"


def test_muting_a_kind_for_everybody_asks_for_more(case: Case) -> None:
    asked = {"reason": "New scorecard", "until": in_a_week(), "every_customer": True}
    problem(case.writer.post(f"{case.path}mute/", asked), 403)
    assert make_api(case.alert.workspace, ("admin",)).post(f"{case.path}mute/", asked).json()["mute"]["every_customer"]


def test_a_stranger_finds_nothing(case: Case) -> None:
    assert case.stranger.get("alerts/").json()["results"] == []
    problem(case.stranger.get(case.path), 404)
    for deed in ("acknowledge", "mute", "unmute"):
        problem(case.stranger.post(f"{case.path}{deed}/", {"reason": "x", "until": in_a_week()}), 404)
