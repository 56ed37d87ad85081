"""Months of events: made in time, closed to strangers, and gone with their keys after the retention."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from health import arrivals, partitions
from health.ingest import retention
from health.ingest.moments import micros
from health.models import Event, MessageKey
from tests import factories

NOW = datetime(2026, 6, 16, 9, tzinfo=UTC)


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return factories.make_workspace()


def _store(workspace: Workspace, name: str, at: datetime) -> UUID:
    batch = arrivals.EventBatch()
    row: tuple[Any, ...] = (arrivals.key_of(name), None, None, None, "u", name, micros(at), micros(at), None, None)
    for column, value in zip(batch.columns(), row, strict=True):
        column.append(value)
    with workspace_scope(workspace):
        assert arrivals.store(batch, now=NOW).stored == 1
    return UUID(batch.keys[0])


def _table_of(workspace: Workspace, key: UUID) -> str:
    with workspace_scope(workspace), connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM health_event WHERE message_key = %s", [key])
        return str(cursor.fetchone()[0])


def test_events_land_in_the_partition_of_their_month_under_the_row_policy(workspace: Workspace) -> None:
    last = _store(workspace, "last", datetime(2019, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    first = _store(workspace, "first", datetime(2019, 4, 1, tzinfo=UTC))
    assert _table_of(workspace, last) == "health_event_2019_03"
    assert _table_of(workspace, first) == "health_event_2019_04"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM health_event_2019_03")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'health_event_2019_03'"
        )
        assert cursor.fetchone() == (True, True)


def test_a_month_that_cannot_be_made_falls_into_the_net(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace_scope(workspace):
        Event.objects.all().exists()
        # A reader that does not end: the partition would need the table for itself.
        assert partitions.name_of(date(2014, 2, 1)) not in partitions.existing()
        key = _store(workspace, "blocked", datetime(2014, 2, 3, tzinfo=UTC))
    assert _table_of(workspace, key) == "health_event_default"


def test_what_is_older_than_the_retention_goes_with_its_keys(workspace: Workspace) -> None:
    old = _store(workspace, "old", datetime(2017, 5, 2, tzinfo=UTC))
    new = _store(workspace, "new", NOW)
    dropped = retention.forget(today=NOW.date(), days=365 * 8)
    assert "health_event_2017_05" in dropped
    with workspace_scope(workspace):
        assert set(Event.objects.values_list("message_key", flat=True)) == {new}
        assert set(MessageKey.objects.values_list("message_key", flat=True)) == {new}
    assert old != new


def test_months_ahead_are_this_one_and_the_next_two() -> None:
    assert partitions.ahead(date(2026, 11, 30)) == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]


@pytest.fixture(autouse=True)
def _without_old_months() -> Any:
    yield
    partitions._known.clear()
    partitions._refused.clear()
