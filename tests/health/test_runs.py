"""Runs over all customers: shared by workers, resumable, each shard done once; closed days and backfills."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Workspace
from accounts.services import read_model
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from health.models import HealthScore, HealthSnapshot, ScoringRun, ScoringShard
from health.services import runs, scoring
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)
TODAY = NOW.date()


def workspace_with(customers: int) -> Workspace:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        ids = []
        for number in range(customers):
            began = NOW - timedelta(days=200)
            customer = factories.make_customer(f"Customer {number}", created_at=began, known_at=began)
            factories.make_subscription(customer, starts_on=TODAY - timedelta(days=200), seats=5)
            factories.make_contact(customer, is_sponsor=True, known_at=began)
            ids.append(customer.pk)
        read_model.refresh_contracts(ids, day=TODAY, now=NOW)
    return workspace


def start(workspace: Workspace, kind: ScoringRun.Kind, days: list[date]) -> ScoringRun:
    with workspace_scope(workspace):
        return runs.start(kind=kind, days=days, now=datetime.now(UTC))


def test_several_workers_share_a_run_and_every_shard_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runs._SHARD_SIZE, ScoringRun.Kind.CURRENT, 3)
    workspace = workspace_with(20)
    run = start(workspace, ScoringRun.Kind.CURRENT, [TODAY])
    done: list[int] = []

    def worker() -> None:
        try:
            done.append(runs.work(workspace.pk, run.pk))
        finally:
            connection.close()

    workers = [threading.Thread(target=worker) for _ in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert sum(done) == 7
    with workspace_scope(workspace):
        assert HealthScore.objects.count() == 20
        job = Job.objects.get(pk=run.job_id)
        assert (job.state, job.done, job.total) == (JobState.DONE, 20, 20)
        assert job.result["customers"] == 20


def test_a_worker_that_dies_in_a_shard_gives_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runs._SHARD_SIZE, ScoringRun.Kind.CURRENT, 3)
    workspace = workspace_with(5)
    run = start(workspace, ScoringRun.Kind.CURRENT, [TODAY])
    real = scoring.score_present

    def die(*args: object, **kwargs: object) -> int:
        raise SystemExit

    monkeypatch.setattr(scoring, "score_present", die)
    with pytest.raises(SystemExit):
        runs.work(workspace.pk, run.pk)
    with workspace_scope(workspace):
        assert not ScoringShard.objects.filter(done_at__isnull=False).exists()
    monkeypatch.setattr(scoring, "score_present", real)
    assert runs.work(workspace.pk, run.pk) == 2


def test_a_backfill_stores_one_snapshot_a_day_and_a_repeat_stores_nothing() -> None:
    workspace = workspace_with(3)
    days = [TODAY - timedelta(days=n) for n in (21, 14, 7)]
    for _ in range(2):
        run = start(workspace, ScoringRun.Kind.BACKFILL, days)
        runs.work(workspace.pk, run.pk)
        with workspace_scope(workspace):
            assert HealthSnapshot.objects.count() == 9
            assert set(HealthSnapshot.objects.values_list("revision", flat=True)) == {0}


def test_no_snapshot_before_the_relation_began() -> None:
    workspace = workspace_with(1)
    run = start(workspace, ScoringRun.Kind.BACKFILL, [TODAY - timedelta(days=201), TODAY - timedelta(days=199)])
    runs.work(workspace.pk, run.pk)
    with workspace_scope(workspace):
        assert list(HealthSnapshot.objects.values_list("as_of", flat=True)) == [TODAY - timedelta(days=199)]


def test_the_roll_over_closes_yesterday_once_and_catches_up_after_an_outage() -> None:
    workspace = workspace_with(2)
    with workspace_scope(workspace):
        first = runs.roll_over(now=NOW)
        assert [(run.kind, run.days) for run in first] == [
            ("close_day", [TODAY - timedelta(days=1)]),
            ("current", [TODAY]),
        ]
        assert runs.roll_over(now=NOW) == []
        later = runs.roll_over(now=NOW + timedelta(days=3))
        assert later[0].days == [TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=2)]


def test_a_cancelled_run_stops_and_says_so() -> None:
    workspace = workspace_with(2)
    run = start(workspace, ScoringRun.Kind.CURRENT, [TODAY])
    with workspace_scope(workspace):
        Job.objects.filter(pk=run.job_id).update(cancel_requested=True)
    assert runs.work(workspace.pk, run.pk) == 0
    with workspace_scope(workspace):
        assert Job.objects.get(pk=run.job_id).state == JobState.CANCELLED


def test_an_empty_workspace_finishes_at_once() -> None:
    workspace = factories.make_workspace()
    run = start(workspace, ScoringRun.Kind.CURRENT, [TODAY])
    with workspace_scope(workspace):
        assert Job.objects.get(pk=run.job_id).state == JobState.DONE
