"""Moves told by a file: written where they belong in each history, once; refused with words where they cannot."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import LazySettings

from accounts.imports import kinds, runs
from accounts.models import Customer, ImportRun, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Lap, Move
from tests.factories import NOW, make_workspace

pytestmark = pytest.mark.django_db
ImportText = Callable[[str, str], ImportRun]

HEAD = "external_id,customer_external_id,stage,occurred_on,reason,override,force,by\n"
STORY = HEAD + (
    "m1,c-1,consideration,2024-02-01,Called us,,,Will\n"
    "m2,c-1,trial,2024-03-01,Wants to see it,,,Will\n"
    "m3,c-1,decision,2024-04-01,Criteria met,,,Will\n"
    "m4,c-1,adoption,2024-06-01,Signed,yes,,Marian\n"
    "m5,c-1,performance,2024-09-01,All use it,,,Marian\n"
)
CUSTOMERS = "external_id,name,created_at\nc-1,Loxley Mills,2024-01-10\n"
SOLD = "external_id,customer_external_id,arr,starts_on,ends_on\ns-1,c-1,12000,2024-05-20,{}\n"


@pytest.fixture
def workspace(tmp_path: Path, settings: LazySettings) -> Workspace:
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_workspace()


@pytest.fixture
def bring(workspace: Workspace, tmp_path: Path) -> ImportText:
    def run(kind: str, content: str) -> ImportRun:
        path = tmp_path / f"{kind}.csv"
        path.write_text(content)
        found = kinds.get(kind)
        assert found is not None
        return runs.import_file(
            path=path,
            kind=found,
            pairs=(),
            through=None,
            actor=audit.Actor(label="File"),
            workspace_id=workspace.pk,
            clock=lambda: NOW,
        )

    return run


def history(workspace: Workspace) -> list[tuple[str, str | None, str | None, date]]:
    with workspace_scope(workspace):
        rows = Move.objects.order_by("number")
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))
        return list(rows.values_list("kind", "from_stage__key", "stage__key", "occurred_on"))


@pytest.mark.parametrize("order", [("customers", "subscriptions", "moves"), ("customers", "moves", "subscriptions")])
def test_the_story_is_the_same_whatever_file_comes_first(
    workspace: Workspace, bring: ImportText, order: tuple[str, ...]
) -> None:
    files = {"customers": CUSTOMERS, "subscriptions": SOLD.format(""), "moves": STORY}
    for kind in order:
        assert bring(kind, files[kind]).rows_rejected == 0
    assert history(workspace) == [
        ("placed", None, "awareness", date(2024, 1, 10)),
        ("forward", "awareness", "consideration", date(2024, 2, 1)),
        ("forward", "consideration", "trial", date(2024, 3, 1)),
        ("forward", "trial", "decision", date(2024, 4, 1)),
        ("forward", "decision", "adoption", date(2024, 6, 1)),
        ("forward", "adoption", "performance", date(2024, 9, 1)),
    ]
    with workspace_scope(workspace):
        customer = Customer.objects.get()
        assert (customer.stage_key, customer.stage_since) == ("performance", date(2024, 9, 1))
        signed = Move.objects.get(external_id="m4")
        assert (signed.override, signed.actor_label, signed.reason) == (True, "Marian", "Signed")
        assert signed.known_at.date() == date(2024, 6, 1)
        assert [move.lap.number for move in Move.objects.order_by("number").select_related("lap") if move.lap] == [
            1
        ] * 6
        assert Lap.objects.filter(kind="renewal").count() == 2


def test_the_same_file_again_changes_nothing(workspace: Workspace, bring: ImportText) -> None:
    bring("customers", CUSTOMERS)
    bring("moves", STORY)
    before = history(workspace)
    again = bring("moves", STORY)
    assert (again.rows_created, again.rows_unchanged, again.rows_rejected) == (0, 5, 0)
    assert history(workspace) == before


def test_rows_in_any_order_and_in_several_files_make_one_history(workspace: Workspace, bring: ImportText) -> None:
    head, *rows = STORY.splitlines()
    bring("customers", CUSTOMERS)
    bring("moves", "\n".join([head, rows[4], rows[2]]))
    bring("moves", "\n".join([head, rows[3], rows[0], rows[1]]))
    assert [each[2] for each in history(workspace)] == [
        "awareness",
        "consideration",
        "trial",
        "decision",
        "adoption",
        "performance",
    ]


def test_a_churn_stands_where_it_was_known_and_its_force_is_named(workspace: Workspace, bring: ImportText) -> None:
    bring("customers", CUSTOMERS)
    bring("subscriptions", SOLD.format("2025-01-01"))
    run = bring("moves", STORY + "m6,c-1,,2025-01-01,,,competitor,Marian\n")
    assert run.rows_rejected == 0
    kinds_told = [each[0] for each in history(workspace)]
    assert kinds_told[-1] == "churned"
    with workspace_scope(workspace):
        churn = Move.objects.get(kind="churned")
        assert (churn.force, churn.from_stage.key if churn.from_stage else None) == ("competitor", "performance")
        assert Customer.objects.get().stage_key == ""


def test_bad_rows_are_rejected_with_the_reason_and_the_good_ones_kept(workspace: Workspace, bring: ImportText) -> None:
    bring("customers", CUSTOMERS)
    run = bring(
        "moves",
        HEAD
        + "m1,c-1,consideration,2024-02-01,,,,\n"
        + "m2,c-9,trial,2024-02-02,,,,\n"
        + "m3,c-1,sold,2024-02-03,,,,\n"
        + "m4,c-1,trial,someday,,,,\n"
        + "m5,c-1,trial,2090-01-01,,,,\n"
        + "m6,c-1,consideration,2024-02-05,,,,\n"
        + "m7,c-1,,2024-02-06,,,weather,\n"
        + "m8,c-1,,,,,,\n",
    )
    assert (run.rows_created, run.rows_rejected) == (1, 7)
    with run.rejects.open("rt") as file:
        reasons = {row[2]: row[1] for row in csv.reader(file)}
    assert "no customer" in reasons["m2"]
    assert "no stage in use" in reasons["m3"]
    assert "still to come" in reasons["m5"]
    assert "already" in reasons["m6"]
    assert "none of" in reasons["m7"]


def test_a_move_once_told_is_not_told_differently(workspace: Workspace, bring: ImportText) -> None:
    bring("customers", CUSTOMERS)
    bring("moves", STORY)
    run = bring("moves", HEAD + "m1,c-1,trial,2024-02-01,,,,\n")
    assert run.rows_rejected == 1
    assert history(workspace)[1][2] == "consideration"
