"""Runs: the same file twice, versions, known times, kills, cancels, and every format alike."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from django.db import DataError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.imports import engine, kinds, mapping, readers, runs
from accounts.imports.engine import Ending, counts
from accounts.imports.records import Customers
from accounts.models import (
    Contact,
    ContactVersion,
    Customer,
    ImportReject,
    ImportRun,
    Subscription,
    SubscriptionVersion,
    Workspace,
)
from accounts.services import customers
from csplatform.core import audit, jobs
from csplatform.core.models import AuditEvent, Job, JobState
from csplatform.core.tenancy import workspace_scope
from journeys.models import Move
from tests import factories
from tests.accounts.imports.conftest import ImportText
from tests.factories import NOW

pytestmark = pytest.mark.django_db

CUSTOMERS = "external_id,name,stage,parent_external_id\n" + "".join(f"c{n},Name {n},trial,c0\n" for n in range(1, 25))


def _numbers(run: ImportRun) -> dict[str, int]:
    return {word: count for word, count in counts(run).items() if count}


def _state_of_the_world() -> dict[str, list[tuple[Any, ...]]]:
    """All that an import may write, but for the imports themselves."""
    return {
        model.__name__: sorted(model._default_manager.values_list(*names), key=str)
        for model, names in {
            Customer: ("id", "external_id", "name", "version", "known_at", "stage_key", "arr_minor", "contract_state"),
            Contact: ("id", "external_id", "version", "is_sponsor", "known_at"),
            ContactVersion: ("id", "known_at", "is_sponsor"),
            Subscription: ("id", "external_id", "version", "seats", "arr_minor", "known_at"),
            SubscriptionVersion: ("id", "known_at", "seats"),
            Move: ("id", "kind"),
        }.items()
    }


def test_versions_in_a_file_are_applied_in_the_order_they_were_known(
    workspace: Workspace, import_text: ImportText
) -> None:
    text = (
        "external_id,name,stage,known_at\n"
        "a,Third,adoption,2026-03-01\na,First,trial,2026-01-01\nb,Only,trial,2026-02-01\na,Second,decision,2026-02-01\n"
    )
    import_text("customers", text)
    with workspace_scope(workspace):
        customer = Customer.objects.get(external_id="a")
        assert (customer.name, customer.stage_key, customer.stage_since) == ("Third", "adoption", date(2026, 3, 1))
        moves = Move.objects.filter(customer=customer).order_by("occurred_on").values_list("stage__key", flat=True)
        assert list(moves) == ["trial", "decision", "adoption"]
        before = _state_of_the_world()
    assert _numbers(import_text("customers", text)) == {"read": 4, "unchanged": 4}
    with workspace_scope(workspace):
        assert _state_of_the_world() == before


def test_rows_that_repeat_without_a_time_count_once_and_the_last_wins(
    workspace: Workspace, import_text: ImportText
) -> None:
    text = "external_id,name\na,Old\nb,B\na,New\n"
    run = import_text("customers", text)
    assert _numbers(run) == {"read": 3, "created": 2, "unchanged": 1}
    assert run.notes == ["1 rows: said again by a later row of the file, which counts"]
    with workspace_scope(workspace):
        assert Customer.objects.get(external_id="a").name == "New"


def test_subscription_rows_that_repeat_are_versions_known_when_they_start(
    workspace: Workspace, import_text: ImportText
) -> None:
    import_text("customers", "external_id\nc\n")
    text = (
        "external_id,customer_external_id,starts_on,arr,seats\n"
        "s,c,2026-03-01,100,20\ns,c,2026-01-01,100,10\nt,c,2026-01-01,5,1\n"
    )
    for _ in range(2):
        import_text("subscriptions", text)
        with workspace_scope(workspace):
            assert Subscription.objects.get(external_id="s").seats == 20
            rows = SubscriptionVersion.objects.filter(subscription__external_id="s").order_by("known_at")
            assert [(row.seats, row.known_at.date()) for row in rows] == [
                (10, date(2026, 1, 1)),
                (20, date(2026, 3, 1)),
            ]


def test_known_times_without_a_column(workspace: Workspace, import_text: ImportText) -> None:
    import_text("customers", "external_id,created_at\nc,2025-05-05\nd,\n")
    import_text(
        "contacts", "external_id,customer_external_id,invited_at\np,c,2026-02-03T10:00:00+02:00\nq,c,\nr,c,2027-01-01\n"
    )
    head = "external_id,customer_external_id,starts_on,arr,cancelled_on,seats\n"
    import_text("subscriptions", f"{head}s,c,2026-01-01,100,,1\n")
    with workspace_scope(workspace):
        assert dict(Customer.objects.values_list("external_id", "known_at")) == {
            "c": datetime(2025, 5, 5, tzinfo=UTC),
            "d": NOW,
        }
        assert dict(Contact.objects.values_list("external_id", "known_at")) == {
            "p": datetime(2026, 2, 3, 8, tzinfo=UTC),
            "q": NOW,
            "r": NOW,
        }
        assert Subscription.objects.get().known_at == datetime(2026, 1, 1, tzinfo=UTC)
    import_text("subscriptions", f"{head}s,c,2026-01-01,100,2026-04-04,1\n")
    with workspace_scope(workspace):
        assert Subscription.objects.get().known_at == datetime(2026, 4, 4, tzinfo=UTC)
    import_text("subscriptions", f"{head}s,c,2026-01-01,100,2026-04-04,2\n")
    with workspace_scope(workspace):
        assert Subscription.objects.get().known_at == NOW


def test_a_version_told_late_ends_where_an_earlier_row_repeated_what_was_known(
    workspace: Workspace, import_text: ImportText, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five seats in January and again in March; that it was none in February is read only with the next chunk."""
    monkeypatch.setattr(kinds.ImportKind, "chunk_rows", 3)
    import_text("customers", "external_id\nc\n")
    text = "external_id,customer_external_id,starts_on,arr,seats,known_at\n" + "".join(
        f"s,c,2026-01-01,100,{seats},{known_at}\n"
        for seats, known_at in [("5", "2026-01-01"), ("5", "2026-03-01"), ("9", "2026-06-01"), ("", "2026-02-01")]
    )
    import_text("subscriptions", text)
    with workspace_scope(workspace):
        kept = SubscriptionVersion.objects.order_by("known_at").values_list("known_at__month", "seats")
        assert list(kept) == [(1, 5), (2, None), (3, 5), (6, 9)]
    assert _numbers(import_text("subscriptions", text)) == {"read": 4, "unchanged": 4}


def test_a_row_known_in_the_future_is_refused(import_text: ImportText) -> None:
    run = import_text("customers", "external_id,known_at\na,2030-01-01\nb,2026-01-01\n")
    assert _numbers(run) == {"read": 2, "created": 1, "rejected": 1}


def test_through_bounds_what_is_inferred(workspace: Workspace, import_text: ImportText) -> None:
    import_text("customers", "external_id\nc\n")
    text = "external_id,customer_external_id,starts_on,ends_on,arr\ns,c,2024-01-01,2025-01-01,100\n"
    import_text("subscriptions", text, through=date(2024, 12, 1))
    with workspace_scope(workspace):
        assert Customer.objects.get().contract_state == "active"
    import_text("subscriptions", text, through=date(2026, 6, 1))
    with workspace_scope(workspace):
        assert (Customer.objects.get().contract_state, Customer.objects.get().stage_key) == ("churned", "")
        assert Workspace.objects.get(pk=workspace.pk).data_through == date(2026, 6, 1)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["s1", "s2", "s3"]),
        st.integers(0, 4).map(lambda seats: str(seats) if seats else ""),
        st.dates(date(2026, 1, 1), date(2026, 6, 1)),
        st.sampled_from(["", "2026-05-01"]),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, has_known_at=st.booleans(), chunk=st.integers(1, 4))
def test_importing_a_file_again_changes_nothing(
    workspace: Workspace,
    import_text: ImportText,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[str, str, date, str]],
    has_known_at: bool,
    chunk: int,
) -> None:
    monkeypatch.setattr(kinds.ImportKind, "chunk_rows", chunk)
    day = "known_at" if has_known_at else "renewal_on"
    text = f"external_id,customer_external_id,starts_on,arr,seats,{day},cancelled_on\n" + "".join(
        f"{key},c,2026-01-01,100,{seats},{on},{cancelled}\n" for key, seats, on, cancelled in rows
    )
    with workspace_scope(workspace):
        Subscription.objects.all().delete()
    import_text("customers", "external_id\nc\n")
    import_text("subscriptions", text)
    with workspace_scope(workspace):
        before = _state_of_the_world()
    again = import_text("subscriptions", text)
    with workspace_scope(workspace):
        assert _state_of_the_world() == before
    assert _numbers(again) == ({"read": len(rows), "unchanged": len(rows)} if rows else {})


def _take_in(workspace: Workspace, content: bytes, kind: str = "customers") -> ImportRun:
    """A run as the page makes it, started, its worker not yet awake."""
    found = kinds.get(kind)
    assert found is not None
    with workspace_scope(workspace):
        upload: Any = factories.uploaded(content)
        run = runs.take_in(kind=found, upload=upload, name="f.csv", through=None, actor=audit.SYSTEM, now=NOW)
        chosen = mapping.Mapping.from_json(run.mapping)
        runs.start(run=run, chosen=chosen, actor=audit.SYSTEM, now=NOW)
        return ImportRun.objects.get(pk=run.pk)


def _job(run: ImportRun) -> Job:
    return Job.objects.get(import_run=run)


def _carry_on(run: ImportRun, **options: Any) -> Ending:
    return engine.carry_on(
        workspace_id=run.workspace_id, run_id=run.pk, opener=runs.opener_of(run), clock=lambda: NOW, **options
    )


class _KilledError(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


def test_a_killed_run_goes_on_from_its_last_commit(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Customers, "chunk_rows", 5)
    run = _take_in(workspace, (CUSTOMERS + "bad,,nowhere,\n").encode())
    applied: list[int] = []
    original = customers.upsert

    def killed_in_the_third_chunk(**arguments: Any) -> Any:
        result = original(**arguments)
        applied.append(len(arguments["rows"]))
        if len(applied) == 3:
            raise _KilledError
        return result

    monkeypatch.setattr(customers, "upsert", killed_in_the_third_chunk)
    with pytest.raises(_KilledError):
        _carry_on(run)
    with workspace_scope(workspace):
        run.refresh_from_db()
        assert (run.resume_at, run.rows_created, Customer.objects.count()) == (10, 10, 10)
    assert _carry_on(run) is Ending.OVER
    with workspace_scope(workspace):
        run.refresh_from_db()
        assert _numbers(run) == {"read": 25, "created": 24, "rejected": 1 + 24}
        assert sum(applied) == 30
        assert _job(run).state == JobState.DONE
        assert not ImportReject.objects.exists()
        assert AuditEvent.objects.filter(action="import.finished").count() == 1
    assert _carry_on(run) is Ending.OVER


def test_a_run_pauses_between_chunks_and_leaves_the_rest_to_the_next_call(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Customers, "chunk_rows", 10)
    run = _take_in(workspace, CUSTOMERS.encode())
    assert _carry_on(run, pause_at=NOW) is Ending.PAUSED
    with workspace_scope(workspace):
        run.refresh_from_db()
        assert run.resume_at == 10
        job = _job(run)
        assert (job.done, job.total, job.state) == (10, 48, JobState.RUNNING)
        assert runs.stalled(now=NOW) == []
        assert runs.stalled(now=NOW + timedelta(minutes=2)) == [run.pk]


def test_a_cancelled_run_keeps_what_it_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Customers, "chunk_rows", 10)
    run = _take_in(workspace, CUSTOMERS.encode())
    with workspace_scope(workspace):
        jobs.start(_job(run).pk, total=0, now=NOW)
        runs.cancel(run=run, actor=audit.SYSTEM, now=NOW)
    assert _carry_on(run, progress=lambda done, total: None) is Ending.OVER
    with workspace_scope(workspace):
        job = _job(run)
        assert job.state == JobState.CANCELLED
        assert "kept" in job.message


def test_cancelling_what_nobody_began_needs_no_worker(workspace: Workspace) -> None:
    run = _take_in(workspace, CUSTOMERS.encode())
    with workspace_scope(workspace):
        runs.cancel(run=run, actor=audit.SYSTEM, now=NOW)
        assert _job(run).state == JobState.CANCELLED
    assert _carry_on(run) is Ending.OVER
    with workspace_scope(workspace):
        assert not Customer.objects.exists()


def test_a_row_the_database_refuses_is_set_aside_alone(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    original = customers.upsert

    def refuses_c7(**arguments: Any) -> Any:
        if any(facts.external_id == "c7" for facts in arguments["rows"]):
            raise DataError("value out of range")
        return original(**arguments)

    monkeypatch.setattr(customers, "upsert", refuses_c7)
    run = _take_in(workspace, b"external_id\n" + b"".join(b"c%d\n" % n for n in range(20)))
    _carry_on(run)
    with workspace_scope(workspace):
        run.refresh_from_db()
        assert _numbers(run) == {"read": 20, "created": 19, "rejected": 1}


def test_files_go_after_their_retention_and_results_stay(workspace: Workspace) -> None:
    run = _take_in(workspace, b"external_id,stage\na,nowhere\nb,\n")
    _carry_on(run)
    with workspace_scope(workspace):
        run.refresh_from_db()
        stored = [Path(run.file.path), Path(run.rejects.path)]
        assert runs.forget_files(now=NOW + timedelta(days=29)) == 0
        assert runs.forget_files(now=NOW + timedelta(days=31)) == 1
        run.refresh_from_db()
        assert (run.file.name, run.rejects.name, run.rows_read) == ("", "", 2)
    assert not any(path.exists() for path in stored)


def _csv_gz(text: str) -> bytes:
    return gzip.compress(text.encode())


def _ndjson(text: str) -> bytes:
    head, *rows = [line.split(",") for line in text.splitlines()]
    return "\n".join(json.dumps(dict(zip(head, row, strict=True))) for row in rows).encode()


def _parquet(text: str) -> bytes:
    table = pa.csv.read_csv(io.BytesIO(text.encode()))
    names = table.column_names
    table = table.set_column(1, names[1], table.column(1).dictionary_encode())
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=7)
    return out.getvalue()


@pytest.mark.parametrize("pack", [str.encode, _csv_gz, _ndjson, _parquet])
def test_every_format_says_the_same(workspace: Workspace, pack: Callable[[str], bytes]) -> None:
    run = _take_in(workspace, pack(CUSTOMERS.replace(",c0\n", ",c1\n").replace("Name 3,", ",")))
    _carry_on(run)
    with workspace_scope(workspace):
        run.refresh_from_db()
        names = dict(Customer.objects.values_list("external_id", "name"))
        assert names == {f"c{n}": "c3" if n == 3 else f"Name {n}" for n in range(1, 25)}
        assert Customer.objects.filter(parent__external_id="c1", stage_key="trial").count() == 23
        assert run.rows_rejected == 1


@pytest.mark.parametrize("pack", [str.encode, _csv_gz, _ndjson, _parquet])
@pytest.mark.parametrize("size", [1, 5, 24, 100])
def test_reading_on_from_anywhere_gives_the_rest(pack: Callable[[str], bytes], size: int) -> None:
    content = pack(CUSTOMERS)
    source = readers.open_source(lambda: io.BytesIO(content))

    def ids(batches: Any) -> list[tuple[int, str]]:
        return [pair for batch in batches for pair in zip(batch.numbers, batch.columns["external_id"], strict=True)]

    whole: Sequence[tuple[int, str]] = ids(source.batches(size))
    for start in (0, 1, 7, 23, 24, 30):
        assert ids(source.batches(size, start=start)) == whole[start:]
