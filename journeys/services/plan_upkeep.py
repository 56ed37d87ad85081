"""What the plan does by itself: read KPIs from measures of use, and tell when one begins to stand differently."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import Customer
from accounts.models.customers import ContractState
from accounts.services.results import Outcome as Became
from accounts.services.writing import Facts
from csplatform.core import audit, outbox
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import current_workspace_id
from journeys import extensions
from journeys.models import Kpi, KpiVersion, Outcome
from journeys.plan import rules
from journeys.selectors import plan
from journeys.services.planning import measuring

_AT_ONCE = 500
CHANGED = "kpi.status_changed"
_LATER = "later value of the day"


def measure_use(*, now: datetime) -> int:
    """Record today's value of every KPI that is read from a measure of use; returns how many were new or different.

    Run again the same day, it corrects what has changed since and leaves the rest.
    """
    named = KpiVersion.objects.exclude(measure_key="").values_list("kpi_id", flat=True).distinct()
    kpis = list(Kpi.objects.filter(pk__in=named, retired_at__isnull=True).select_related("outcome").order_by("pk"))
    recorded = 0
    for start in range(0, len(kpis), _AT_ONCE):
        recorded += _measure(kpis[start : start + _AT_ONCE], now)
    return recorded


def tell_changes(*, now: datetime) -> int:
    """Publish each KPI that stands otherwise than at the end of the day before; returns how many.

    Once a day and KPI: what has been told stands in the outbox for longer than a day.
    """
    today = now.date()
    told = set(
        OutboxEvent.objects.filter(
            workspace_id=current_workspace_id(), name=CHANGED, payload__day=today.isoformat()
        ).values_list("payload__kpi_id", flat=True)
    )
    events = []
    for outcome_ids in _open_outcomes():
        before = _statuses(plan.plans_of_outcomes(outcome_ids, day=today - timedelta(days=1)))
        present = plan.plans_of_outcomes(outcome_ids, day=today, known_by=now)
        for read in present:
            for kpi in read.kpis:
                earlier, status = before.get(kpi.kpi_id), kpi.standing.status
                if earlier is None or earlier is status or str(kpi.kpi_id) in told:
                    continue
                events.append(
                    (
                        CHANGED,
                        {
                            "kpi_id": str(kpi.kpi_id),
                            "outcome_id": str(read.outcome.pk),
                            "customer_id": str(read.outcome.customer_id),
                            "status": status.value,
                            "before": earlier.value,
                            "day": today.isoformat(),
                        },
                    )
                )
    outbox.publish_many(workspace_id=current_workspace_id(), events=events, now=now)
    return len(events)


def _measure(kpis: list[Kpi], now: datetime) -> int:
    keys: dict[UUID, str] = {}
    histories: dict[UUID, list[KpiVersion]] = {}
    for version in KpiVersion.objects.filter(kpi__in=kpis):
        histories.setdefault(version.kpi_id, []).append(version)
    for kpi_id, history in histories.items():
        present = rules.in_force(history, day=now.date(), known_by=now)
        if present is not None and present.measure_key:
            keys[kpi_id] = present.measure_key
    customers = sorted({kpi.outcome.customer_id for kpi in kpis if kpi.pk in keys})
    values = extensions.measure_values(customers, sorted(set(keys.values())))
    rows = [
        Facts(
            f"usage:{kpi.pk}:{now.date()}",
            {
                "kpi_external_id": kpi.external_id,
                "value": round(values[kpi.outcome.customer_id][keys[kpi.pk]], 4),
                "measured_on": now.date(),
            },
        )
        for kpi in kpis
        if kpi.pk in keys and keys[kpi.pk] in values[kpi.outcome.customer_id]
    ]
    result = measuring.upsert(rows=rows, source="usage", actor=audit.SYSTEM, now=now, usual_reason=_LATER)
    return result.count(Became.CREATED) + result.count(Became.UPDATED)


def _open_outcomes() -> Iterable[list[UUID]]:
    """Ids of outcomes nobody has settled, of customers that have not left, some hundred at a time."""
    rows = Outcome.objects.filter(settlement="").exclude(
        customer__in=Customer.objects.filter(contract_state=ContractState.CHURNED)
    )
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def _statuses(reads: Iterable[plan.OutcomeRead]) -> dict[UUID, rules.Status]:
    return {kpi.kpi_id: kpi.standing.status for read in reads for kpi in read.kpis}
