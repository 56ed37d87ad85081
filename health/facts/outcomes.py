"""Success plans as a source of measures: outcomes achieved and on track, and how far their KPIs have come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID

import numpy as np

from health.facts.sources import Asked, Reader
from health.measures import Floats, Spec, Told
from journeys.models import OutcomeKind
from journeys.plan.rules import Status
from journeys.selectors.plan import OutcomeRead, Plans

_GIVEN_UP = (Status.WAIVED, Status.DROPPED)


def load(asked: Asked) -> Reader:
    """Plans as they were known; shares are unknown without an outcome, progress without a measured KPI."""
    ids = [each if isinstance(each, UUID) else UUID(each) for each in asked.customer_ids]
    plans = Plans(ids, recorded_by=asked.recorded_by)
    place = {customer_id: index for index, customer_id in enumerate(ids)}

    def read(spec: Spec, day: date, known_by: date) -> Told:
        mine: list[list[OutcomeRead]] = [[] for _ in ids]
        last = np.full(len(ids), -1, dtype=np.int64)
        for each in plans.on(day, known_by=datetime.combine(known_by, time.max, UTC)):
            if each.outcome.kind == OutcomeKind.OUTCOME and each.standing.status not in _GIVEN_UP:
                index = place[each.outcome.customer_id]
                mine[index].append(each)
                last[index] = max(last[index], _newest(each))
        return Told(_values(spec, mine), last)

    return read


def _newest(read: OutcomeRead) -> int:
    """The day of the newest thing known of an outcome."""
    days = [read.version.effective_on]
    for kpi in read.kpis:
        days += [kpi.version.effective_on, *(reading.measured_on for reading in kpi.readings[-1:])]
    return max(days).toordinal()


def _values(spec: Spec, plans: Sequence[Sequence[OutcomeRead]]) -> Floats:
    if spec.aggregation == "kpi_progress":
        return np.array([_progress(reads) for reads in plans], dtype=np.float64)
    good = {Status.MET} if spec.aggregation == "achieved" else {Status.MET, Status.ON_TRACK}
    return np.array([_share([read.standing.status in good for read in reads]) for reads in plans], dtype=np.float64)


def _share(met: Sequence[bool]) -> float:
    return sum(met) / len(met) if met else np.nan


def _progress(reads: Sequence[OutcomeRead]) -> float:
    """The mean share of the way from baseline to target that the measured KPIs have come, each from 0 to 1."""
    told = [kpi.standing.done for read in reads for kpi in read.kpis if kpi.standing.done is not None]
    return sum(min(max(float(done), 0.0), 1.0) for done in told) / len(told) if told else np.nan
