"""How far ahead risk looks is the workspace's own, everywhere; a change of it is no news of any customer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, Workspace
from accounts.roles import Role
from accounts.services import read_model
from csplatform.core import audit
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from health import windows
from health.alerts import catching_up
from health.models import (
    Alert,
    AlertKind,
    ChurnModel,
    ChurnSetting,
    HealthScore,
    HealthSnapshot,
    ScorecardVersion,
    ScoringRun,
)
from health.services import champion, churn, churn_watch, lab, scoring, settings_of_churn
from health.services.base_rate import present
from health.streams import active_streams
from tests import factories
from tests.api.conftest import fields, make_api, problem

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


def looks(days: int, **more: Any) -> ChurnSetting:
    told = {"capacity": None, "retrains": True, "actor": audit.SYSTEM, "now": NOW, **more}
    return settings_of_churn.change(horizon_days=days, **told)


def a_model(workspace: Workspace, horizon: int, *, number: int = 1, status: str = "champion") -> ChurnModel:
    return ChurnModel.objects.create(
        workspace_id=workspace.pk,
        number=number,
        status=status,
        verdict="model" if status == "champion" else "rules",
        horizon_days=horizon,
        recipe="logistic",
        backtest={},
        churned_customers=30,
        trained_at=NOW,
        activated_at=NOW if status == "champion" else None,
        trained_by_label="test",
    )


def page(workspace: Workspace) -> str:
    client = Client()
    client.force_login(factories.make_member(workspace, Role.MANAGER).user)
    return client.get(reverse("proof")).content.decode()


def test_it_is_read_and_changed_in_parts_over_rest(workspace: Workspace) -> None:
    api = make_api(workspace)
    as_it_comes = api.get("churn-settings/").json()
    assert as_it_comes == {
        "horizon_days": 90,
        "capacity": None,
        "retrains": True,
        "set_at": None,
        "set_by": "",
        "in_force": {"method": "rules", "model": None, "horizon_days": 90},
    }
    changed = api.patch("churn-settings/", {"horizon_days": 28}).json()
    assert (changed["horizon_days"], changed["in_force"]["horizon_days"]) == (28, 28)
    kept = api.patch("churn-settings/", {"capacity": 12, "retrains": False}).json()
    assert (kept["horizon_days"], kept["capacity"], kept["retrains"]) == (28, 12, False)
    assert kept["set_at"] is not None
    with workspace_scope(workspace):
        assert churn.wanted_horizon(None) == 28
        assert AuditEvent.objects.filter(action="churn_setting.changed").count() == 2


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"horizon_days": 6}, ["horizon_days"]),
        ({"horizon_days": 366}, ["horizon_days"]),
        ({"horizon_days": "soon"}, ["horizon_days"]),
        ({"horizon_days": None}, ["horizon_days"]),
        ({"capacity": 0}, ["capacity"]),
        ({"in_the_future": 3}, ["in_the_future"]),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_kept(
    workspace: Workspace, told: dict[str, Any], named: list[str]
) -> None:
    assert fields(problem(make_api(workspace).patch("churn-settings/", told), 400)) == named
    with workspace_scope(workspace):
        assert not ChurnSetting.objects.exists()


def test_only_who_configures_changes_it_and_another_workspace_keeps_its_own(workspace: Workspace) -> None:
    writer, stranger = make_api(workspace, ["read", "write"]), make_api(factories.make_workspace("stranger"))
    assert writer.get("churn-settings/").status_code == 200
    assert writer.patch("churn-settings/", {"horizon_days": 28}).status_code == 403
    assert stranger.patch("churn-settings/", {"horizon_days": 28}).status_code == 200
    assert writer.get("churn-settings/").json()["horizon_days"] == 90


def test_a_model_in_force_keeps_its_horizon_and_rest_and_page_say_so(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        looks(28)
        a_model(workspace, 28)
        assert "beaten the rules" not in page(workspace)
        looks(90, now=NOW + timedelta(days=1))
    told = make_api(workspace).get("churn-settings/").json()
    assert told["horizon_days"] == 90
    assert told["in_force"] == {"method": "model", "model": 1, "horizon_days": 28}
    text = page(workspace)
    assert "90 days ahead are wanted; model 1 was trained for 28." in text
    assert "One is trained tonight" in text
    with workspace_scope(workspace):
        due = churn_watch.train_if_due(now=NOW + timedelta(days=1, hours=2))
        assert due is not None
        assert due.params["horizon"] == 90
        a_model(workspace, 90, number=2, status="challenger")
    assert "Model 2, trained for it, has not." in page(workspace)


def test_a_model_that_stands_in_the_way_is_taken_out_of_force_over_rest(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        a_model(workspace, 28)
        looks(90, now=NOW + timedelta(days=1))
    api, writer = make_api(workspace), make_api(workspace, ["read", "write"])
    stranger = make_api(factories.make_workspace("stranger"))
    assert writer.post("churn-settings/retire/", {"model": 1}).status_code == 403
    for client, number in ((stranger, 1), (api, 2)):
        assert fields(problem(client.post("churn-settings/retire/", {"model": number}), 400)) == ["model"]
    assert fields(problem(api.post("churn-settings/retire/", {}), 400)) == ["model"]
    told = api.post("churn-settings/retire/", {"model": 1}).json()
    assert told["in_force"] == {"method": "rules", "model": None, "horizon_days": 90}
    assert fields(problem(api.post("churn-settings/retire/", {"model": 1}), 400)) == ["model"]
    with workspace_scope(workspace):
        model = ChurnModel.objects.get()
        assert (model.status, model.retired_at is not None) == ("retired", True)
        assert AuditEvent.objects.get(action="churn_model.retired").data["number"] == 1
        assert champion.on(NOW.date() + timedelta(days=1)) is None
        assert ScoringRun.objects.filter(kind=ScoringRun.Kind.CURRENT).count() == 1


def test_the_page_offers_it_to_who_configures_and_says_what_became_of_the_model(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        a_model(workspace, 28)
    admin, stranger, viewer = Client(), Client(), Client()
    viewer.force_login(factories.make_member(workspace, Role.CSM).user)
    assert "Take model 1 out of force" not in viewer.get(reverse("proof")).content.decode()
    assert viewer.post(reverse("proof_retire"), {"model": "1"}).status_code == 403
    admin.force_login(factories.make_member(workspace, Role.ADMIN).user)
    stranger.force_login(factories.make_member(factories.make_workspace("stranger"), Role.ADMIN).user)
    assert "Take model 1 out of force" in admin.get(reverse("proof")).content.decode()
    stranger.post(reverse("proof_retire"), {"model": "1"})
    assert admin.post(reverse("proof_retire"), {"model": "one"}).status_code == 404
    with workspace_scope(workspace):
        assert ChurnModel.objects.get().status == "champion"
    done = admin.post(reverse("proof_retire"), {"model": "1"}, follow=True).content.decode()
    assert "Model 1 is no longer in force; risk is told by rules." in done
    assert "Taken out of force" in done
    again = admin.post(reverse("proof_retire"), {"model": "1"}, follow=True).content.decode()
    assert "Model 1 is not in force; nothing was changed." in again


def test_a_horizon_given_to_a_training_by_hand_is_nobodys_wish_for_another(workspace: Workspace) -> None:
    """Nobody has set anything: the model for 28 days is not one that stands in the way of 90."""
    with workspace_scope(workspace):
        a_model(workspace, 28)
    assert "days ahead are wanted" not in page(workspace)
    with workspace_scope(workspace):
        looks(90, now=NOW - timedelta(days=1))
    assert "One is trained four weeks after the last" in page(workspace)


def test_where_models_are_not_trained_by_themselves_the_page_says_what_to_do(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        a_model(workspace, 28)
        looks(60, retrains=False, now=NOW + timedelta(days=1))
        assert churn_watch.train_if_due(now=NOW + timedelta(days=60)) is None
    assert "Train one by the button above" in page(workspace)


def test_the_lab_counts_churns_within_the_workspaces_horizon(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        looks(45)
        assert lab.start(actor=audit.SYSTEM, now=NOW + timedelta(days=1)).params["horizon"] == 45


def rated(risk: int) -> Customer:
    """Under contract, known for a day, and the read model says ``risk``."""
    customer = factories.make_customer(
        "Nottingham Freight",
        known_at=NOW - timedelta(days=1),
        health={"band": "healthy", "churn_risk": risk},
    )
    factories.make_subscription(customer, starts_on=date(2026, 1, 1), cancelled_on=date(2026, 6, 1))
    windows.rebuild([customer.pk], streams=active_streams())
    read_model.refresh_contracts([customer.pk], day=NOW.date(), now=NOW)
    return customer


@pytest.mark.parametrize(
    ("told_for", "by_a_model", "is_news"), [(90, False, True), (28, False, False), (90, True, False)]
)
def test_a_risk_over_more_days_or_told_by_another_is_no_risk_that_rose(
    workspace: Workspace, told_for: int, by_a_model: bool, is_news: bool
) -> None:
    with workspace_scope(workspace):
        former = a_model(workspace, 90, status="retired") if by_a_model else None
        customer = rated(200)
        HealthScore.objects.create(
            workspace_id=workspace.pk,
            customer=customer,
            scorecard_version=ScorecardVersion.objects.get(),
            as_of=NOW.date(),
            computed_at=NOW,
            band="healthy",
            coverage=100,
            values=[],
            risk_inputs=[],
            churn_risk=200,
            churn_horizon=told_for,
            churn_model=former,
        )
        scoring.score_present([customer.pk], day=NOW.date(), computed_at=NOW, base=present(NOW.date()))
        assert (HealthScore.objects.get().churn_risk or 0) > 1_000
        assert OutboxEvent.objects.filter(name="churn_risk.rose").exists() == is_news


@pytest.mark.parametrize(("told_for", "is_news"), [(28, True), (90, False)])
def test_the_first_alerts_compare_risks_of_one_horizon_and_name_it(
    workspace: Workspace, told_for: int, is_news: bool
) -> None:
    with workspace_scope(workspace):
        looks(28)
        customer = rated(3_000)
        Customer.objects.update(contract_state="active")
        end = datetime(2026, 6, 9, tzinfo=UTC)
        HealthSnapshot.objects.create(
            workspace_id=workspace.pk,
            customer=customer,
            as_of=date(2026, 6, 8),
            scorecard_version=ScorecardVersion.objects.get(),
            computed_at=end,
            known_through=end,
            recorded_through=end,
            band="healthy",
            coverage=100,
            values=[],
            risk_inputs=[],
            churn_risk=300,
            churn_horizon=told_for,
        )
        catching_up.catch_up(now=NOW)
        found = list(Alert.objects.filter(kind=AlertKind.RISK_ROSE))
        assert [alert.details["horizon_days"] for alert in found] == ([28] if is_news else [])
