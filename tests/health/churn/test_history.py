"""From a workspace's records to the proof: only what was known on a day takes part in it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.models import Customer, Subscription, Workspace
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.models import AuditEvent, Job, JobState
from csplatform.core.tenancy import workspace_scope
from health import arrivals
from health.models import ChurnModel
from health.services import churn, settings_of_churn
from tests import factories

pytestmark = pytest.mark.django_db

FIRST, DAYS = date(2026, 1, 5), 130
TODAY = date(2026, 11, 22)
HORIZON, GRACE = 14, 7
CUSTOMERS, LEAVING = 180, 90

Happening = tuple[int, int, str, int]
"""Customer's number, day, name, day on which it became known."""


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def noon(day: int) -> datetime:
    return datetime.combine(on(day), datetime.min.time(), UTC) + timedelta(hours=12)


def leaves_on(number: int) -> int | None:
    """Evenly over the history, under a contract that was to run for a year."""
    return 30 + number * 97 // LEAVING if number < LEAVING else None


def usual_events() -> Iterator[Happening]:
    """Three days a week; every other leaver falls silent three weeks before, and some stayer does for a while, too."""
    for number in range(CUSTOMERS):
        end = leaves_on(number)
        for day in range(DAYS if end is None else end):
            quiet = end is not None and number % 2 == 0 and day >= end - 21
            pause = end is None and number % 5 == 0 and 60 <= day < 75
            if (day + number) % 7 in (0, 2, 4) and not quiet and not pause:
                yield number, day, "login", day


def told_events() -> Iterator[Happening]:
    """Everybody works as ever, but leavers take their data out in the last three weeks, of which no rule knows."""
    for number in range(CUSTOMERS):
        end = leaves_on(number) or DAYS
        for day in range(end):
            if (day + number) % 7 in (0, 2, 4):
                yield number, day, "login", day
            if number < LEAVING and day >= end - 21 and (day + number) % 5 == 0:
                yield number, day, "everything_exported", day


def fill(workspace: Workspace, events: Iterable[Happening], *, notice: bool = False) -> None:
    """The customers with contracts that were rewritten when they left, and these events."""
    Workspace.objects.filter(pk=workspace.pk).update(grace_days=GRACE, data_through=on(DAYS))
    began = noon(0)
    customers = [
        Customer(
            workspace_id=workspace.pk,
            external_id=f"c-{number:03}",
            name=f"Customer {number}",
            name_sort=f"customer {number:03}",
            created_at=began,
            known_at=began,
            updated_at=began,
        )
        for number in range(CUSTOMERS)
    ]
    Customer.objects.bulk_create(customers)
    for number, customer in enumerate(customers):
        end = leaves_on(number)
        factories.make_subscription(
            customer,
            starts_on=on(0),
            ends_on=on(end) if end else None,
            cancelled_on=on(end - 10) if end and notice else None,
            billing_period_months=12,
        )
    batch = arrivals.EventBatch()
    for number, day, name, known in events:
        batch.keys.append(uuid7().hex)
        batch.customer_ids.append(str(customers[number].pk))
        batch.contact_ids.append(None)
        batch.customer_keys.append(None)
        batch.contact_keys.append(None)
        batch.names.append(name)
        batch.at.append(int(noon(day).timestamp()) * 1_000_000)
        batch.known.append(int(noon(known).timestamp()) * 1_000_000)
        batch.values.append(None)
        batch.properties.append(None)
    arrivals.store(batch, now=datetime.now(UTC))


def proved(slug: str, events: Iterable[Happening], **options: Any) -> dict[str, Any]:
    workspace = factories.make_workspace(slug)
    with workspace_scope(workspace):
        fill(workspace, events, **options)
    return churn.prove(workspace.pk, horizon=HORIZON, today=TODAY, report=lambda done, total: None)


@cache
def plain() -> dict[str, Any]:
    """The proof of the usual history: what others are compared with."""
    return proved("plain", usual_events())


def trained(workspace: Workspace) -> Job:
    with workspace_scope(workspace):
        job = churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=datetime.now(UTC))
    churn.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        return Job.objects.get(pk=job.pk)


def test_what_appears_only_after_a_churn_does_not_raise_the_proof() -> None:
    """Nor does what was entered later about the time before, nor an end that was rewritten on leaving."""
    gone = [(number, end) for number in range(LEAVING) if (end := leaves_on(number))]
    after = [(number, min(end + n, DAYS), "farewell", min(end + n, DAYS)) for number, end in gone for n in (1, 3, 6)]
    belated = [(number, end - n, "warning", DAYS + 5) for number, end in gone for n in (2, 9)]
    planted = proved("planted", [*usual_events(), *after, *belated])
    assert planted["n"] == plain()["n"]
    assert planted["churned"] == plain()["churned"] > 50
    assert plain()["model"]["roc_auc"] > 0.65
    assert planted["model"]["roc_auc"] <= plain()["model"]["roc_auc"] + 0.01
    low, high = plain()["renewal_only"]["roc_auc_ci"]
    assert low <= 0.5 <= high
    assert plain()["by_kind"]["lapsed"]["churned"] == plain()["churned"]


def test_who_has_given_notice_is_no_longer_at_risk_but_told_apart() -> None:
    told = proved("told", usual_events(), notice=True)
    assert told["left_aside"]["notice_given"] > plain()["left_aside"]["notice_given"] == 0
    assert told["churned"] < plain()["churned"]
    assert told["by_kind"]["cancelled"]["churned"] == told["churned"]


def test_a_week_without_events_from_anybody_takes_no_part_and_says_so() -> None:
    silent = [each for each in usual_events() if not 80 <= each[1] < 87]
    told = proved("silent", silent)
    assert {each["reason"] for each in told["left_out"]} == {"no_events_from_anybody"}
    out = {date.fromisoformat(each["as_of"]) for each in told["left_out"]}
    assert out
    assert all(on(80) <= day < on(94) for day in out)
    assert out.isdisjoint(date.fromisoformat(fold["as_of"]) for fold in told["folds"])


def test_labels_of_the_folds_are_closed_within_the_complete_data() -> None:
    last = date.fromisoformat(plain()["folds"][-1]["as_of"])
    assert last + timedelta(days=HORIZON + GRACE) <= on(DAYS)


def test_a_winner_becomes_the_champion_and_stays_until_another_is_ahead_on_days_since() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        fill(workspace, told_events())
    first = trained(workspace)
    assert first.state == JobState.DONE
    assert first.result["activated"]
    churn.work(workspace.pk, first.pk)
    second = trained(workspace)
    with workspace_scope(workspace):
        assert list(ChurnModel.objects.order_by("number").values_list("number", "status")) == [
            (1, ChurnModel.Status.CHAMPION),
            (2, ChurnModel.Status.CHALLENGER),  # no day has settled since the first learned
        ]
        champion = churn.champion()
        assert champion is not None
        assert champion.backtest == first.result["backtest"]
        assert second.result["backtest"]["champion"]["number"] == 1
        assert not second.result["backtest"]["champion"]["is_ahead"]
        assert champion.settled_through == on(DAYS - HORIZON - GRACE)
        assert AuditEvent.objects.filter(action="churn_model.trained").count() == 2


def test_without_history_there_is_a_verdict_and_the_rules_stay() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer()
        factories.make_subscription(customer, starts_on=on(0))
    job = trained(workspace)
    assert job.result["backtest"]["verdict"] == "not_enough_data"
    assert not job.result["activated"]
    with workspace_scope(workspace):
        assert churn.champion() is None


def test_an_empty_workspace_is_no_error() -> None:
    workspace = factories.make_workspace()
    assert trained(workspace).result["backtest"]["folds"] == []


def test_a_training_that_was_stopped_keeps_nothing() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        fill(workspace, [])
        job = churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=datetime.now(UTC))
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    churn.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED
        assert not ChurnModel.objects.exists()


def test_another_workspace_takes_no_part() -> None:
    ours = factories.make_workspace("ours")
    with workspace_scope(ours):
        fill(ours, usual_events())
    theirs = factories.make_workspace("theirs")
    told = churn.prove(theirs.pk, horizon=HORIZON, today=TODAY, report=lambda done, total: None)
    assert told["n"] == 0
    with workspace_scope(theirs):
        assert not Subscription.objects.exists()


def test_the_command_prints_the_object_of_the_contract_and_nothing_else() -> None:
    factories.make_workspace("kestrel")
    out = io.StringIO()
    call_command("backtest", workspace="kestrel", horizon=30, json=True, stdout=out, stderr=io.StringIO())
    told = json.loads(out.getvalue())
    assert told["horizon_days"] == 30
    assert told["verdict"] == "not_enough_data"
    out = io.StringIO()
    call_command("backtest", workspace="kestrel", stdout=out, stderr=io.StringIO())
    assert "not enough churns" in out.getvalue()


@pytest.mark.parametrize("name", ["backtest", "train_churn"])
def test_a_horizon_that_cannot_be_is_refused_in_one_line(name: str) -> None:
    factories.make_workspace("kestrel")
    with pytest.raises(CommandError, match="horizon: Expected 7 to 365 days, not 0"):
        call_command(name, workspace="kestrel", horizon=0, stderr=io.StringIO())
    with pytest.raises(ValidationError):
        settings_of_churn.check_horizon(366)
