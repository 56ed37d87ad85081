"""The workspace that scoring is measured on: simulated customers, people, contracts and events, loaded once per run.

Customers, contacts and subscriptions come in through the real import; events through ``health.arrivals``, as every
way in does, a customer after the other in transactions of some fifty thousand.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from django.db import connection

from accounts.imports import kinds
from accounts.imports import runs as imports
from accounts.models import Contact, Customer, Workspace
from accounts.services import workspaces
from bench.machine import Cpu, as_owner, cpu_of
from csplatform.core import audit
from csplatform.core.models import JobState
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import DataSet, Simulation, yesterday
from csplatform.demo.files import Table, write_events
from health import arrivals
from health.models import DirtyCustomer, LateArrival

_CUSTOMERS, _EVENTS, _DAYS = 20_000, 10_000_000, 90
_AT_ONCE = 50_000
_KINDS = ("customers", "contacts", "subscriptions")


@dataclass(frozen=True)
class Population:
    """A loaded workspace. ``last_day``: the last day with data (UTC). ``events_file``: the same events as Parquet."""

    workspace: Workspace
    last_day: date
    customers: int
    events: int
    load: Cpu
    events_file: Path


_folder = tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("LOCAL_STATE"))


@dataclass(frozen=True)
class Imported:
    """Simulated customers, people and contracts in a workspace of their own; ids as texts, in the data set's order.

    ``events_file``: the simulated events as Parquet, in nobody's workspace yet.
    """

    workspace: Workspace
    data: DataSet
    customers: list[str]
    contacts: list[str]
    events_file: Path


@lru_cache(maxsize=1)
def load(scale: float) -> Population:
    """20,000 customers with 10 million events in 90 days at ``scale`` 1; the same one for every bench of a run."""
    now = datetime.now(UTC)
    imported = bring_in(
        Simulation(
            end=yesterday(now),
            customers=max(30, round(_CUSTOMERS * scale)),
            days=_DAYS,
            events=round(_EVENTS * scale),
            history=False,
        )
    )
    workspace, data = imported.workspace, imported.data
    cpu = cpu_of(lambda: store_events(imported, now))
    # What the load left for the background is no part of what is measured next.
    with workspace_scope(workspace):
        DirtyCustomer.objects.filter(workspace_id=workspace.pk).delete()
        LateArrival.objects.filter(workspace_id=workspace.pk).delete()
    settle()
    return Population(workspace, data.simulation.end, len(data.plans), len(data.events), cpu, imported.events_file)


def bring_in(simulation: Simulation) -> Imported:
    """Make a workspace and import the simulated customers, contacts and subscriptions into it."""
    data = simulation.run()
    folder = Path(_folder.name) / uuid4().hex
    folder.mkdir()
    tables = (data.customers_table, data.contacts_table, data.subscriptions_table)
    workspace = workspaces.create_workspace(
        slug=f"bench-{uuid4().hex[:12]}", name="Bench", now=datetime.now(UTC), actor=audit.SYSTEM
    )
    for key, table in zip(_KINDS, tables, strict=True):
        _import(workspace, key, table, folder / f"{key}.csv")
    write_events(data.events_table, folder / "events.parquet")
    with workspace_scope(workspace):
        customers = _ids(Customer, [plan.external_id for plan in data.plans])
        contacts = _ids(Contact, data.users.contact_ids)
    return Imported(workspace, data, customers, contacts, folder / "events.parquet")


def settle() -> None:
    """Fresh statistics and no dead rows, as autovacuum leaves a database at rest."""
    connection.close()
    with as_owner() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
        for (table,) in cursor.fetchall():
            cursor.execute(f'VACUUM ANALYZE "{table}"')


def _import(workspace: Workspace, key: str, table: Table, path: Path) -> None:
    table.write(path)
    kind = kinds.get(key)
    assert kind is not None
    run = imports.import_file(
        path=path,
        kind=kind,
        pairs=(),
        through=None,
        actor=audit.SYSTEM,
        workspace_id=workspace.pk,
        clock=lambda: datetime.now(UTC),
    )
    assert run.job is not None
    if run.job.state != JobState.DONE or run.rows_rejected:
        raise RuntimeError(f"The import of {key} ended as {run.job.state}, {run.rows_rejected} rows rejected.")


def _ids(model: type[Customer] | type[Contact], external_ids: list[str]) -> list[str]:
    """The ids, as texts, of ``external_ids`` in that order."""
    found: dict[str, UUID] = dict(model.objects.values_list("external_id", "id"))
    return [str(found[external_id]) for external_id in external_ids]


def store_events(imported: Imported, now: datetime) -> None:
    """Store the simulated events; raises ``RuntimeError`` unless each was new."""
    for part in _parts(imported.data.users.customer[imported.data.events.user]):
        batch = _batch(part, imported)
        with workspace_scope(imported.workspace):
            stored = arrivals.store(batch, now=now)
        if stored.stored != len(batch):
            raise RuntimeError(f"{len(batch)} new events were given, {stored.stored} were stored.")


def _parts(customer: np.ndarray) -> Iterator[np.ndarray]:
    """Places of events, by customer and time, in parts of whole customers with some ``_AT_ONCE`` events each."""
    order = np.argsort(customer, kind="stable")
    starts = np.flatnonzero(np.diff(customer[order], prepend=-1))
    first = 0
    for start in [*starts.tolist(), len(order)]:
        if start - first >= _AT_ONCE or (start == len(order) and start > first):
            yield order[first:start]
            first = start


def _batch(part: np.ndarray, imported: Imported) -> arrivals.EventBatch:
    data, events = imported.data, imported.data.events
    people, names = data.users, data.simulation.catalogue.feature_names
    users = events.user[part]
    at = (events.timestamp_ms[part] * 1000).tolist()
    fingerprint = data.simulation.fingerprint
    nothing: list[str | None] = [None] * len(part)
    return arrivals.EventBatch(
        keys=[arrivals.key_of(f"{fingerprint:08x}-{place:08x}") for place in part.tolist()],
        customer_ids=[imported.customers[i] for i in people.customer[users].tolist()],
        contact_ids=[imported.contacts[i] for i in users.tolist()],
        customer_keys=nothing,
        contact_keys=[people.contact_ids[i] for i in users.tolist()],
        names=[names[i] for i in events.feature[part].tolist()],
        at=at,
        known=at,
        values=[None if value != value else value for value in events.value[part].tolist()],
        properties=nothing,
    )
