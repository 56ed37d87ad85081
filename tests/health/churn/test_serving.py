"""A champion tells the present risk, everywhere, until another takes its place; what it told stays explainable."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from accounts.models import Customer, Workspace
from accounts.services import read_model
from csplatform.core import audit
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from health import selectors, windows
from health.models import ChurnModel, HealthScore, HealthSnapshot, ScoringRun
from health.services import base_rate, churn, runs, scoring, settings_of_churn, snapshots
from health.streams import active_streams
from tests import factories
from tests.health.churn.test_history import DAYS, HORIZON, fill, on, told_events, trained

pytestmark = pytest.mark.django_db

TODAY = on(DAYS)


def night_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(1), UTC)


@cache
def learned() -> dict[str, Any]:
    """The row of a champion that the product itself trained on the history of leavers who take their data out."""
    workspace = factories.make_workspace("teacher")
    with workspace_scope(workspace):
        fill(workspace, told_events())
    assert trained(workspace).result["activated"]
    with workspace_scope(workspace):
        names = ("number", "verdict", "horizon_days", "recipe", "content", "backtest", "churned_customers")
        return {name: getattr(ChurnModel.objects.get(), name) for name in names}


@pytest.fixture
def workspace() -> Workspace:
    """The same history again, scored as of its last day by that champion, in force since the day before."""
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        fill(workspace, told_events())
        ChurnModel.objects.create(
            workspace_id=workspace.pk,
            status=ChurnModel.Status.CHAMPION,
            trained_at=night_after(TODAY - timedelta(days=2)),
            activated_at=night_after(TODAY - timedelta(days=2)),
            trained_by_label="test",
            **learned(),
        )
        ids = everybody()
        windows.rebuild(ids, streams=active_streams())
        read_model.refresh_contracts(None, day=TODAY, now=night_after(TODAY))
        score(ids)
    return workspace


def everybody() -> list[UUID]:
    return list(Customer.objects.order_by("id").values_list("id", flat=True))


def score(ids: list[UUID]) -> None:
    scoring.score_present(ids, day=TODAY, computed_at=night_after(TODAY), base=base_rate.present(TODAY))


def stayer() -> Customer:
    customer: Customer = Customer.objects.get(external_id="c-179")
    return customer


def test_a_champion_tells_the_present_risk_of_everybody_under_contract(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        model = ChurnModel.objects.get()
        told_by_it = HealthScore.objects.filter(churn_method="model")
        assert told_by_it.count() > 80
        assert set(told_by_it.values_list("churn_model_id", "churn_horizon")) == {(model.pk, HORIZON)}
        for stored in told_by_it.select_related("customer")[:5]:
            told = selectors.health_of(stored.customer, now=night_after(TODAY) - timedelta(hours=2))["churn"]
            assert (told["method"], told["horizon_days"], told["is_rough"]) == ("model", HORIZON, False)
            assert round(10_000 * told["probability"]) == stored.churn_risk == stored.customer.health.churn_risk
            low, high = told["interval"]
            assert low <= told["probability"] <= high
            log_odds = sum(driver["log_odds"] for driver in told["drivers"])
            assert 1 / (1 + math.exp(-log_odds)) == pytest.approx(told["probability"], abs=2e-4)
            assert "“everything_exported” in 28 days" in {driver["label"] for driver in told["drivers"]}


def test_the_running_state_says_of_today_what_the_events_say_once_it_is_closed(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        live = dict(HealthScore.objects.values_list("customer_id", "churn_risk"))
        snapshots.take(everybody(), [TODAY], bases={TODAY: base_rate.present(TODAY)}, now=night_after(TODAY))
        kept = HealthSnapshot.objects.filter(as_of=TODAY)
        assert {row.customer_id: row.churn_risk for row in kept} == live
        assert {row.churn_method for row in kept} == {"model", "rules", "none"}


def test_past_days_keep_what_was_in_force_then(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        now = night_after(TODAY + timedelta(days=3))
        before, after = (
            selectors.health_of(stayer(), now=now, as_of=day)["churn"] for day in (TODAY - timedelta(days=2), TODAY)
        )
        assert (before["method"], after["method"]) == ("rules", "model")
        # A model that was replaced still speaks for its own days.
        ChurnModel.objects.update(status=ChurnModel.Status.RETIRED, retired_at=now)
        assert selectors.health_of(stayer(), now=now, as_of=TODAY)["churn"] == after


def test_a_new_champion_makes_no_revision_of_days_before_it(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        days = [TODAY - timedelta(days=2), TODAY]
        assert snapshots.take(everybody(), days, bases=base_rate.observe(days), now=night_after(TODAY)) > 0
        ChurnModel.objects.update(status=ChurnModel.Status.RETIRED, retired_at=night_after(TODAY + timedelta(days=4)))
        again = snapshots.take(everybody(), days, bases=base_rate.observe(days), now=night_after(TODAY))
        assert again == 0


def test_who_has_given_notice_is_told_of_by_the_rules(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = stayer()
        before = HealthScore.objects.get(customer=customer).churn_risk
        subscription = customer.subscriptions.get()
        subscription.delete()
        factories.make_subscription(customer, starts_on=on(0), cancelled_on=TODAY, billing_period_months=12)
        read_model.refresh_contracts([customer.pk], day=TODAY, now=night_after(TODAY))
        score([customer.pk])
        after = HealthScore.objects.get(customer=customer)
        assert after.churn_method == "rules"
        assert after.churn_horizon == HORIZON
        assert (after.churn_risk or 0) > 10 * (before or 0)


def test_a_training_that_was_killed_while_counting_goes_on_where_it_stopped(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        job = churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=datetime.now(UTC))
        ChurnModel.objects.update(status=ChurnModel.Status.ELECTED, activated_at=None, job=job)
    run = churn.work(workspace.pk, job.pk)
    assert run is not None
    with workspace_scope(workspace):
        assert ChurnModel.objects.get().status == ChurnModel.Status.CHAMPION
        assert Job.objects.get(pk=job.pk).state == JobState.DONE
        assert run.kind == ScoringRun.Kind.CURRENT


def test_a_training_that_is_stopped_while_counting_leaves_the_champion(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        job = churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=datetime.now(UTC))
        ChurnModel.objects.update(status=ChurnModel.Status.ELECTED, activated_at=None, job=job)
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    assert churn.work(workspace.pk, job.pk) is None
    with workspace_scope(workspace):
        assert ChurnModel.objects.get().status == ChurnModel.Status.CHALLENGER
        assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED


def test_the_horizon_is_the_workspaces_and_rules_follow_it() -> None:
    workspace = factories.make_workspace()
    now = datetime.now(UTC)
    with workspace_scope(workspace):
        customer = factories.make_customer()
        factories.make_subscription(customer, starts_on=date(2026, 1, 1))
        before = selectors.health_of(customer, now=now)["churn"]
        settings_of_churn.change(horizon_days=28, capacity=None, retrains=True, actor=audit.SYSTEM, now=now)
        run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[now.date()], now=now)
    runs.work(workspace.pk, run.pk)
    with workspace_scope(workspace):
        after = selectors.health_of(Customer.objects.get(pk=customer.pk), now=now)["churn"]
        assert (before["horizon_days"], after["horizon_days"]) == (90, 28)
        assert after["is_rough"]
        assert after["level"] == "low"
