"""Between trainings: drift is looked for weekly, models are trained anew, and only a better one takes the place."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from django.db import connection

from accounts.models import Customer, Workspace
from csplatform.core import audit, jobs
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from health.churn import drift
from health.facts.outages import lasting
from health.models import ChurnDrift, ChurnModel, ChurnProof, HealthSnapshot
from health.services import base_rate, churn, churn_history, churn_watch, outages, snapshots
from tests import factories
from tests.health.churn.test_history import (
    CUSTOMERS,
    DAYS,
    HORIZON,
    LEAVING,
    TODAY,
    Happening,
    fill,
    on,
    told_events,
    trained,
    usual_events,
)
from tests.health.churn.test_serving import learned

pytestmark = pytest.mark.django_db
STATUS = ChurnModel.Status
LEARNED = on(DAYS - HORIZON - 7)
LAST = LEARNED + timedelta(days=14)  # of the same weekday
NIGHT = datetime(LAST.year, LAST.month, LAST.day, 1, tzinfo=UTC) + timedelta(days=1)


@cache
def ignorant() -> dict[str, Any]:
    """A model of a history in which nobody took data out, so that it cannot know what that means."""
    workspace = factories.make_workspace("ignorant")
    with workspace_scope(workspace):
        fill(workspace, usual_events())
    trained(workspace)
    with workspace_scope(workspace):
        names = ("number", "verdict", "horizon_days", "recipe", "content", "backtest", "churned_customers")
        return {name: getattr(ChurnModel.objects.get(), name) for name in names}


def reigns(workspace: Workspace, row: dict[str, Any], since: datetime) -> ChurnModel:
    return ChurnModel.objects.create(
        workspace_id=workspace.pk,
        status=STATUS.CHAMPION,
        trained_at=since,
        activated_at=since,
        trained_by_label="test",
        **row,
    )


def filled(events: Iterator[Happening], slug: str = "kestrel") -> Workspace:
    workspace = factories.make_workspace(slug)
    with workspace_scope(workspace):
        fill(workspace, events)
    return workspace


@cache
def settled_in() -> dict[str, Any]:
    """The good champion, learned from when all customers were two months old: before, everybody's use only grows."""
    workspace = filled(told_events(), "settled")
    past = churn_history.gather(workspace.pk, HORIZON, TODAY, lambda done, total: None).own
    content = learned()["content"]
    rows = past.only(content["names"]).values[past.days >= on(64).toordinal()]
    return {**learned(), "content": {**content, "reference": drift.reference(rows)}, "settled_through": LEARNED}


def watched(events: Iterator[Happening]) -> ChurnDrift:
    """What the weekly look at the good champion says of customers with these events."""
    champion = settled_in()
    workspace = filled(events)
    with workspace_scope(workspace):
        reigns(workspace, champion, NIGHT - timedelta(days=2))
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
        assert churn_watch.watch(now=NIGHT) is None  # no day was closed under it yet
        snapshots.take(ids, [LAST], bases=base_rate.observe([LAST]), now=NIGHT)
        assert HealthSnapshot.objects.filter(churn_method="model").count() > 80
        found = churn_watch.watch(now=NIGHT + timedelta(days=3))
        assert found is not None
        assert churn_watch.watch(now=NIGHT + timedelta(days=9)) is None
        return found


def test_customers_who_go_on_as_ever_are_no_drift() -> None:
    found = watched(told_events())
    assert not found.is_alarm, found.shifts


def test_customers_who_work_otherwise_are_found_by_what_has_moved() -> None:
    found = watched(each for each in told_events() if each[1] < DAYS - 35 or each[1] % 14 == 0)
    assert found.is_alarm
    assert found.shifts["activity"] > 0.25 > found.shifts["seats"]


def test_a_day_of_an_outage_is_no_drift() -> None:
    champion = settled_in()
    workspace = filled(each for each in told_events() if not 117 <= each[1] < DAYS)
    with workspace_scope(workspace):
        reigns(workspace, champion, NIGHT - timedelta(days=2))
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
        snapshots.take(ids, [LAST], bases=base_rate.observe([LAST]), now=NIGHT)
        unaware = churn_watch.watch(now=NIGHT)
        assert unaware is not None
        assert unaware.is_alarm
        unaware.delete()
        assert outages.look(now=NIGHT)
        assert lasting() is not None
        assert churn_watch.watch(now=NIGHT) is None
        assert not ChurnDrift.objects.exists()


def test_the_days_after_an_outage_are_no_drift_either() -> None:
    champion = settled_in()
    workspace = filled(each for each in told_events() if not 100 <= each[1] < 113)
    with workspace_scope(workspace):
        reigns(workspace, champion, NIGHT - timedelta(days=2))
        assert outages.look(now=NIGHT)
        assert lasting() is None
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
        snapshots.take(ids, [LAST], bases=base_rate.observe([LAST]), now=NIGHT)
        found = churn_watch.watch(now=NIGHT)
        assert found is not None
        assert not found.is_alarm, found.shifts


def test_a_challenger_that_is_ahead_on_days_since_takes_the_place_of_the_champion() -> None:
    workspace = filled(told_events())
    with workspace_scope(workspace):
        reigns(workspace, ignorant(), datetime(2026, 2, 1, tzinfo=UTC))
    against = trained(workspace).result["backtest"]["champion"]
    assert against["is_ahead"]
    assert against["log_loss_less_ci"][1] < 0 < against["churned_customers"]
    with workspace_scope(workspace):
        assert dict(ChurnModel.objects.values_list("number", "status")) == {1: STATUS.RETIRED, 2: STATUS.CHAMPION}
        old, new = ChurnModel.objects.order_by("number")
        assert old.retired_at == new.activated_at


def test_a_challenger_that_is_not_ahead_is_kept_beside_the_champion() -> None:
    """Of two on the same rows: the champion has seen even the days that the challenger is tested on."""
    workspace = filled(told_events())
    with workspace_scope(workspace):
        reigns(workspace, learned(), datetime(2026, 2, 1, tzinfo=UTC))
    against = trained(workspace).result["backtest"]["champion"]
    assert against["churned_customers"] >= 10
    assert not against["is_ahead"]
    with workspace_scope(workspace):
        assert dict(ChurnModel.objects.values_list("number", "status")) == {1: STATUS.CHAMPION, 2: STATUS.CHALLENGER}


def test_the_next_training_is_due_after_four_weeks_unless_one_is_going_on() -> None:
    workspace = factories.make_workspace()
    now = datetime(2026, 6, 1, tzinfo=UTC)
    with workspace_scope(workspace):
        assert churn_watch.train_if_due(now=now) is None  # nobody has asked for a model yet
        reigns(workspace, {**ignorant(), "number": 1}, now)
        assert churn_watch.train_if_due(now=now + timedelta(days=27)) is None
        first = churn_watch.train_if_due(now=now + timedelta(days=28))
        assert first is not None
        assert first.params["horizon"] == HORIZON
        assert churn_watch.train_if_due(now=now + timedelta(days=29)) is None


def test_the_same_work_asked_for_twice_is_done_once() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        now = datetime.now(UTC)
        first = churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=now)
        assert churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=now) == first
        assert churn.start(horizon=HORIZON + 7, actor=audit.SYSTEM, now=now) != first
        assert churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=now, kind=churn.PROOF_KIND) != first


def test_progress_only_grows_and_ends_at_the_whole() -> None:
    workspace = filled(usual_events())
    said: list[tuple[int, int]] = []
    churn.prove(workspace.pk, horizon=HORIZON, today=TODAY, report=lambda done, total: said.append((done, total)))
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    assert {total for _, total in said} == {2 * CUSTOMERS}
    job = trained(workspace)
    assert (job.state, job.done, job.total) == (JobState.DONE, 2 * CUSTOMERS, 2 * CUSTOMERS)


def test_a_training_whose_worker_was_killed_is_taken_up_and_done_once() -> None:
    workspace = filled(told_events())
    with workspace_scope(workspace):
        long_ago = datetime.now(UTC) - timedelta(minutes=5)
        job = churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=long_ago)
        jobs.progress(job.pk, done=LEAVING, now=long_ago)  # where the worker was when it died
        assert jobs.quiet(kind=churn.JOB_KIND, now=datetime.now(UTC)) == [job.pk]
    for _ in range(2):
        churn.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        assert Job.objects.get(pk=job.pk).state == JobState.DONE
        assert ChurnModel.objects.get().status == STATUS.CHAMPION
        assert ChurnProof.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_training_keep_one_model_and_two_trainings_leave_one_champion() -> None:
    workspace = filled(told_events())
    with workspace_scope(workspace):
        asked = [churn.start(horizon=days, actor=audit.SYSTEM, now=datetime.now(UTC)).pk for days in (HORIZON, 21)]
    failed: list[BaseException] = []

    def work(job_id: Any) -> None:
        try:
            churn.work(workspace.pk, job_id)
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[job_id]) for job_id in (asked[0], asked[0], asked[1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with workspace_scope(workspace):
        assert set(Job.objects.filter(pk__in=asked).values_list("state", flat=True)) == {JobState.DONE}
        assert sorted(ChurnModel.objects.values_list("number", flat=True)) == [1, 2]
        assert ChurnModel.objects.filter(status=STATUS.CHAMPION).count() == 1
        assert not ChurnModel.objects.filter(status=STATUS.ELECTED).exists()
