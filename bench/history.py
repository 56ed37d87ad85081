"""A workspace with two years of history: what back-filling and the night's run are measured on, loaded once per run."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from bench.machine import cpu_of
from bench.population import Imported, Population, bring_in, settle, store_events
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import Simulation, yesterday
from health.models import DirtyCustomer, LateArrival

_CUSTOMERS, _EVENTS, _MONTHS = 20_000, 2_000_000, 24


@lru_cache(maxsize=1)
def load(scale: float) -> Population:
    """20,000 customers with 2 million events in 24 months at ``scale`` 1."""
    now = datetime.now(UTC)
    simulation = Simulation(
        end=yesterday(now),
        customers=max(30, round(_CUSTOMERS * scale)),
        months=_MONTHS,
        events=max(3_000, round(_EVENTS * scale)),
        history=False,
    )
    imported = bring_in(simulation)
    store_events(imported, now)
    return at_rest(imported)


def at_rest(imported: Imported) -> Population:
    """With nothing left to do in the background for what came in, and a database at rest."""
    workspace, data = imported.workspace, imported.data
    with workspace_scope(workspace):
        DirtyCustomer.objects.filter(workspace_id=workspace.pk).delete()
        LateArrival.objects.filter(workspace_id=workspace.pk).delete()
    settle()
    spent = cpu_of(lambda: None)
    return Population(workspace, data.simulation.end, len(data.plans), len(data.events), spent, imported.events_file)
