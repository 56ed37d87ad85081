"""Importing events: each row once, however often the file comes, and the same state as if they had come live."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.imports import engine, kinds, mapping, runs
from accounts.models import Contact, ImportRun, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import windows
from health.ingest.drain import drain
from health.models import Event, UsageWindow
from health.streams import EVERYTHING
from tests import factories
from tests.health.ingest.test_drain import message, receive, state

NOW = datetime(2026, 6, 16, 9, tzinfo=UTC)
HEADER = "customer_external_id,contact_external_id,event,timestamp,value,plan"


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        factories.make_customer(external_id="c-1")
    return workspace


def load(
    workspace: Workspace, tmp_path: Path, *lines: str, name: str = "events.csv", header: str = HEADER
) -> ImportRun:
    path = tmp_path / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    kind = kinds.get("events")
    assert kind is not None
    return runs.import_file(
        path=path,
        kind=kind,
        pairs=[],
        through=None,
        actor=audit.SYSTEM,
        workspace_id=workspace.pk,
        clock=lambda: NOW,
    )


def _counts(run: ImportRun) -> tuple[int, int, int]:
    return run.rows_created, run.rows_unchanged, run.rows_rejected


ROWS = [
    "c-1,u-1,report.opened,2026-06-01T09:00:00Z,2.5,pro",
    "c-1,u-1,report.opened,2026-06-01T09:00:00Z,2.5,pro",
    "c-1,u-2,route.planned,2026-06-02 10:00:00,,",
    "c-1,,route.planned,2026-06-03,,",
]


def test_rows_are_stored_once_and_identical_rows_are_told_apart(workspace: Workspace, tmp_path: Path) -> None:
    assert _counts(load(workspace, tmp_path, *ROWS)) == (4, 0, 0)
    before = state(workspace)
    assert _counts(load(workspace, tmp_path, *ROWS)) == (0, 4, 0)
    assert _counts(load(workspace, tmp_path, *reversed(ROWS), name="again.csv")) == (0, 4, 0)
    assert state(workspace) == before
    with workspace_scope(workspace):
        event = Event.objects.filter(value=2.5).first()
        assert event is not None
        assert event.properties == {"plan": "pro"}
        assert event.known_at == event.occurred_at == datetime(2026, 6, 1, 9, tzinfo=UTC)
        assert set(Contact.objects.values_list("external_id", "customer__external_id")) == {
            ("u-1", "c-1"),
            ("u-2", "c-1"),
        }
        windows.rebuild(UsageWindow.objects.values_list("customer_id", flat=True), streams=[EVERYTHING])
    assert state(workspace) == before


def test_identical_rows_are_told_apart_across_chunks_and_attempts(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind: Any = kinds.get("events")
    monkeypatch.setattr(type(kind), "chunk_rows", 2)
    rows = [ROWS[0]] * 7
    assert _counts(load(workspace, tmp_path, *rows)) == (7, 0, 0)
    assert _counts(load(workspace, tmp_path, *rows)) == (0, 7, 0)


@pytest.mark.parametrize("cut", [1, 2, 5])
@pytest.mark.parametrize("ending", ["killed", "paused"])
def test_identical_rows_on_both_sides_of_an_interruption_all_count(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, cut: int, ending: str
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    kind: Any = kinds.get("events")
    monkeypatch.setattr(type(kind), "chunk_rows", 2)
    rows = [ROWS[0]] * 9 + [ROWS[2]] + [ROWS[0]] * 5
    content = "\n".join([HEADER, *rows, ""]).encode()
    with workspace_scope(workspace):
        run = runs.take_in(
            kind=kind, upload=factories.uploaded(content), name="e.csv", through=None, actor=audit.SYSTEM, now=NOW
        )
        chosen = mapping.build(kind, HEADER.split(","), [])
        runs.start(run=run, chosen=chosen, actor=audit.SYSTEM, now=NOW)
    committed = iter(range(1, 100))

    def interrupted(done: int, total: int) -> None:
        if ending == "killed" and next(committed) == cut:
            raise KeyboardInterrupt

    def carry_on(progress: Any, pause_at: datetime | None = None) -> engine.Ending:
        return engine.carry_on(
            workspace_id=workspace.pk,
            run_id=run.pk,
            opener=runs.opener_of(run),
            clock=lambda: NOW,
            pause_at=pause_at,
            progress=progress,
        )

    if ending == "killed":
        with pytest.raises(KeyboardInterrupt):
            carry_on(interrupted)
    else:
        for _ in range(cut):
            assert carry_on(interrupted, pause_at=NOW) is engine.Ending.PAUSED
    with workspace_scope(workspace):
        assert Event.objects.count() == 2 * cut
    assert carry_on(lambda done, total: None) is engine.Ending.OVER
    with workspace_scope(workspace):
        run.refresh_from_db()
        assert Event.objects.count() == len(rows)
    assert _counts(run) == (15, 0, 0)
    assert _counts(load(workspace, tmp_path, *rows)) == (0, 15, 0)


def test_a_message_id_counts_once_whether_imported_or_live(workspace: Workspace, tmp_path: Path) -> None:
    receive(workspace, message(1, context={"groupId": "c-1"}))
    drain(workspace.pk, now=NOW)
    header = "customer_external_id,event,timestamp,message_id"
    run = load(workspace, tmp_path, "c-1,x,2026-06-01,m-1", "c-1,x,2026-06-01,m-2", header=header)
    assert _counts(run) == (1, 1, 0)


def test_bad_rows_are_refused_with_their_reason_and_good_ones_kept(workspace: Workspace, tmp_path: Path) -> None:
    bad = [
        ",u-1,x,2026-06-01,,",
        "c-1,u-1,,2026-06-01,,",
        "c-1,u-1,x,,,",
        "c-1,u-1,x,soon,,",
        "c-1,u-1,x,1970-01-01,,",
        "c-1,u-1,x,2099-01-01,,",
        "c-1,u-1,x,2026-06-01,much,",
        "c-1,u-1,x,2026-06-01,inf,",
        f"c-1,u-1,{'x' * 300},2026-06-01,,",
    ]
    run = load(workspace, tmp_path, ROWS[0], *bad, ROWS[2])
    assert _counts(run) == (2, 0, len(bad))
    with run.rejects.open("rb") as rejects:
        text = rejects.read().decode()
    for reason in ("is empty", "is no date or time", "older than", "lies in the future", "is no number", "longer than"):
        assert reason in text


def test_events_of_unknown_customers_wait(workspace: Workspace, tmp_path: Path) -> None:
    run = load(workspace, tmp_path, "c-9,u-9,x,2026-06-01,,")
    assert _counts(run) == (1, 0, 0)
    assert "unknown" in json.dumps(run.notes)
    later = NOW + timedelta(days=1)
    receive(workspace, message("g", "group", userId="other", groupId="c-9"), now=later)
    drain(workspace.pk, now=later)
    with workspace_scope(workspace):
        event = Event.objects.get()
        assert event.customer_id is not None
        assert event.contact_id is not None
        assert event.known_at == later


def test_known_at_is_kept_where_given(workspace: Workspace, tmp_path: Path) -> None:
    header = "customer_external_id,event,timestamp,known_at"
    load(workspace, tmp_path, "c-1,x,2026-06-01T00:00:00Z,2026-06-05T00:00:00Z", header=header)
    with workspace_scope(workspace):
        assert Event.objects.get().known_at == datetime(2026, 6, 5, tzinfo=UTC)
