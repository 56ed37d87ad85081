"""A long import of events pauses and goes on elsewhere without reading again what came before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from accounts.imports import engine, kinds, runs
from accounts.imports.mapping import Mapping
from accounts.models import ImportRun
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.ingest.event_import import EventsKind
from health.models import Event
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
ROWS = b"customer_id,event,timestamp\n" + b"c1,login,2026-06-01T08:00:00Z\n" * 7


def test_identical_rows_stay_apart_over_pauses_and_nothing_is_recalled(monkeypatch: pytest.MonkeyPatch) -> None:
    def recalled(*_: object) -> None:
        raise AssertionError("rows from before the pause were read again")

    monkeypatch.setattr(EventsKind, "chunk_rows", 2)
    monkeypatch.setattr(EventsKind, "recall", recalled)
    workspace = factories.make_workspace()
    kind = kinds.get("events")
    assert kind is not None
    with workspace_scope(workspace):
        factories.make_customer(external_id="c1")
        upload = factories.uploaded(ROWS, "events.csv")
        run = runs.take_in(kind=kind, upload=upload, name="events.csv", through=None, actor=audit.SYSTEM, now=NOW)
        runs.start(run=run, chosen=Mapping.from_json(run.mapping), actor=audit.SYSTEM, now=NOW)
    endings: list[engine.Ending] = []
    while not endings or endings[-1] is engine.Ending.PAUSED:
        endings.append(
            engine.carry_on(
                workspace_id=workspace.pk,
                run_id=run.pk,
                opener=runs.opener_of(run),
                clock=lambda: NOW,
                pause_at=NOW - timedelta(seconds=1),
            )
        )
    assert endings == [engine.Ending.PAUSED] * 4 + [engine.Ending.OVER]
    with workspace_scope(workspace):
        assert Event.objects.count() == 7
        assert ImportRun.objects.get().rows_created == 7
    assert not default_storage.exists(f"{run.file.name}.memory")
