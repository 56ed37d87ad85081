"""The lab's history of a workspace: the rows of the churn panel, with values as they were known then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db.models.signals import post_delete

from accounts.models import Customer, Workspace
from csplatform.core import audit
from csplatform.core.models import AuditEvent, Job, JobState
from csplatform.core.tenancy import workspace_scope
from health import lab_reads
from health.facts import panel
from health.lab.history import History
from health.models import Scorecard, ScoringRun
from health.scoring import parse_card
from health.services import drafts, lab, runs, scorecards, settings_of_churn
from health.services.compute import card_of
from journeys.models import Move, MoveKind, Stage
from tests import factories
from tests.health.churn.test_history import CUSTOMERS, HORIZON, TODAY, fill, usual_events

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def workspace() -> Workspace:
    made = factories.make_workspace("laid")
    with workspace_scope(made):
        fill(made, usual_events())
    return made


def look_ahead(days: int) -> None:
    settings_of_churn.change(horizon_days=days, capacity=None, retrains=True, actor=audit.SYSTEM, now=datetime.now(UTC))


def laid_out(workspace: Workspace) -> History:
    with workspace_scope(workspace):
        job = lab.start(actor=audit.SYSTEM, now=datetime.now(UTC), horizon=HORIZON)
    lab.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        assert Job.objects.get(pk=job.pk).state == JobState.DONE
        found = lab.history()
    assert found is not None
    return found


def cells(history: History) -> dict[tuple[int, int], tuple[float, ...]]:
    """Values by day and customer, −1 where they are missing."""
    values = np.column_stack([np.nan_to_num(column.told(), nan=-1) for column in history.columns.values()])
    keys = zip(history.days[history.day].tolist(), history.customer.tolist(), strict=True)
    return dict(zip(keys, map(tuple, values.tolist()), strict=True))


def test_history_is_laid_out_once_from_what_was_known_and_again_from_snapshots(workspace: Workspace) -> None:
    rebuilt = laid_out(workspace)
    with workspace_scope(workspace):
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
        plan = panel.plan(HORIZON, today=TODAY, customers=len(ids))
        pieces = panel.assemble(plan, [panel.load(plan, ids, first_position=0)])
    rows = dict(zip(zip(pieces.days.tolist(), pieces.customers.tolist(), strict=True), pieces.labels, strict=True))
    mine = zip(rebuilt.days[rebuilt.day].tolist(), rebuilt.customer.tolist(), strict=True)
    assert dict(zip(mine, rebuilt.churned.astype(int), strict=True)) == rows
    assert rebuilt.told["from_snapshots"] == 0
    assert rebuilt.told["rebuilt"] == len(rebuilt) * len(rebuilt.columns)

    some = list(plan.days)[::2]
    with workspace_scope(workspace):
        run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=some, now=datetime.now(UTC))
    runs.work(workspace.pk, run.pk)
    kept = laid_out(workspace)
    assert cells(kept) == cells(rebuilt)
    assert kept.told["from_snapshots"] == int(np.isin(kept.days[kept.day], [d.toordinal() for d in some]).sum()) * len(
        kept.columns
    )
    assert len(default_storage.listdir(lab.folder_of(workspace.pk))[1]) == 1

    with workspace_scope(workspace):
        look_ahead(HORIZON)
        assert lab.renew(now=datetime.now(UTC) + timedelta(days=6)) is None
        assert lab.renew(now=datetime.now(UTC) + timedelta(days=8)) is not None
        assert AuditEvent.objects.filter(action="lab.laying_out").count() == 3
    lab.forget(workspace.pk)
    with workspace_scope(workspace):
        assert lab.history() is None


def test_another_horizon_of_the_workspace_is_laid_out_in_the_night(workspace: Workspace) -> None:
    laid_out(workspace)
    with workspace_scope(workspace):
        look_ahead(HORIZON + 7)
        job = lab.renew(now=datetime.now(UTC))
    assert job is not None
    assert job.params["horizon"] == HORIZON + 7


def test_a_scorecard_is_judged_on_the_weeks_of_its_own_customers(workspace: Workspace) -> None:
    early = datetime(2020, 1, 1, tzinfo=UTC)
    with workspace_scope(workspace):
        trial = Stage.objects.filter(macro="trial").first()
        for customer in Customer.objects.order_by("id")[: CUSTOMERS // 4]:
            Move.objects.create(
                workspace=workspace, customer=customer, number=1, stage=trial, kind=MoveKind.PLACED,
                occurred_on=early.date(), known_at=early, recorded_at=early, actor_label="test",
            )  # fmt: skip
        card = scorecards.create(name="Trials", macros=["trial"], actor=audit.SYSTEM, now=datetime.now(UTC))
        default = Scorecard.objects.get(is_default=True)
    history = laid_out(workspace)
    with workspace_scope(workspace):
        mine = lab.rows_for(card, history)
        assert lab.rows_for(default, history).all()
        version = lab_reads.beside(card)
        assert version is not None
        answer = lab_reads.answer(card_of(version), card, version, history, capacity=10)
    assert mine.any()
    assert mine.tolist() == (history.customer < CUSTOMERS // 4).tolist()
    assert answer.rows == mine.sum() < len(history)
    assert answer.compared is not None
    assert answer.compared.rows + answer.compared.without_draft == mine.sum()


def test_an_answer_tells_who_moves_and_how_both_rank(workspace: Workspace) -> None:
    history = laid_out(workspace)
    now = datetime.now(UTC)
    with workspace_scope(workspace):
        card = Scorecard.objects.get(is_default=True)
        version = drafts.in_force(card.pk)
        assert version is not None
        Customer.objects.update(contract_state="active", arr_minor=1_000_00)
        run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[TODAY], now=now - timedelta(days=0))
    runs.work(workspace.pk, run.pk)
    with workspace_scope(workspace):
        same = lab_reads.answer(card_of(version), card, version, history, capacity=10)
        assert not same.moved.object_list
        assert same.compared is not None
        assert same.compared.difference == 0
        assert same.compared.churned_customers > 20
        strict = parse_card({**version.content, "bands": {"healthy": 99, "watch": 98.5}, "min_coverage": 0})
        changed = lab_reads.answer(strict, card, version, history, capacity=10)
    assert {each.after for each in changed.moved} <= {"at_risk", "watch", "healthy"}
    assert all(each.before != each.after for each in changed.moved)
    assert (
        len(changed.movement.moved)
        == changed.moved.paginator.count
        == sum(flow.customers for flow in changed.movement.flows if flow.before != flow.after)
    )
    assert changed.movement.customers + changed.unseen <= CUSTOMERS


def test_another_workspace_reads_nothing_of_it(workspace: Workspace) -> None:
    laid_out(workspace)
    with workspace_scope(factories.make_workspace("stranger")):
        assert lab.history() is None


def test_its_file_goes_with_the_workspace(django_capture_on_commit_callbacks: Any) -> None:
    workspace = factories.make_workspace("gone")
    laid_out(workspace)
    assert default_storage.listdir(lab.folder_of(workspace.pk))[1]
    with django_capture_on_commit_callbacks(execute=True):
        post_delete.send(sender=Workspace, instance=workspace)
    assert default_storage.listdir(lab.folder_of(workspace.pk))[1] == []


def test_a_workspace_without_a_past_is_laid_out_as_nothing() -> None:
    assert len(laid_out(factories.make_workspace("young"))) == 0
