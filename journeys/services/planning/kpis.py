"""KPIs: how an outcome is told, one figure with a unit; every change a version with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import extensions, values
from accounts.services import writing
from accounts.services.results import Result
from accounts.services.writing import Facts, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Kpi, KpiDirection, KpiVersion, Outcome
from journeys.services.planning import versions, wins
from journeys.services.planning.versions import Change, Subject

LIMIT = Decimal(10) ** 15
_UP = {"up", "higher", "increase", "higher_is_better", "rise"}
_DOWN = {"down", "lower", "decrease", "lower_is_better", "fall"}


def amount(told: object) -> Decimal | None:
    """A figure with at most four decimals, rounded half to even; less than 10^15 either way."""
    parsed = values.number(told)
    if parsed is None:
        return None
    if abs(parsed) >= LIMIT:
        raise ValueError("is more than can be kept: the limit is 10^15")
    return parsed.quantize(Decimal("0.0001"))


def _direction(told: object) -> str:
    written = values.text(told, limit=40).lower().replace(" ", "_")
    if written in _UP:
        return KpiDirection.UP
    if written in _DOWN:
        return KpiDirection.DOWN
    if written:
        raise ValueError(f"“{written}” is neither up (higher is better) nor down (lower is better)")
    return ""


CLEANERS: dict[str, writing.Cleaner] = {
    "outcome_external_id": partial(values.text, limit=200),
    "name": partial(values.text, limit=200),
    "unit": partial(values.text, limit=40),
    "direction": _direction,
    "baseline": amount,
    "target": amount,
    "due_on": values.day,
    "measured_by": partial(values.text, limit=200),
    "measure_key": partial(values.text, limit=60),
    "effective_on": values.day,
    "reason": versions.REASON,
}


def _check(wanted: dict[str, Any], began_on: date) -> None:
    if not wanted.get("name"):
        raise FieldError("name", "is empty: say what is measured")
    for field in ("baseline", "target"):
        if wanted.get(field) is None:
            raise FieldError(field, "is empty: a KPI goes from a baseline to a target")
    baseline, target = wanted["baseline"], wanted["target"]
    if baseline == target:
        raise FieldError(
            "target", f"is the baseline, {baseline.normalize():f}: there would be no way to go and nothing to measure"
        )
    implied = KpiDirection.UP if target > baseline else KpiDirection.DOWN
    if wanted.get("direction") and wanted["direction"] != implied:
        better = "higher" if wanted["direction"] == KpiDirection.UP else "lower"
        raise FieldError(
            "direction",
            f"says that {better} is better, and the target {target.normalize():f} lies on the other side of the "
            f"baseline {baseline.normalize():f}: turn one of them round",
        )
    wanted["direction"] = implied
    due_on = wanted.get("due_on")
    if due_on is not None and due_on <= began_on:
        raise FieldError("due_on", f"{due_on} is not after {began_on}, the day the KPI was agreed")


SUBJECT = Subject(
    name="kpi",
    record=Kpi,
    version=KpiVersion,
    owner="kpi_id",
    columns=("name", "unit", "direction", "baseline", "target", "due_on", "measured_by", "measure_key"),
    cleaners=CLEANERS,
    check=_check,
)


@transaction.atomic
def upsert(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime, usual_reason: str = "") -> Result:
    """Make or change KPIs by external id, as ``outcomes.upsert`` does outcomes.

    The direction follows from baseline and target; one that is told and says otherwise is refused. Told a new baseline
    and target without a direction, the direction follows.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    wanted = {row.told["outcome_external_id"] for row in usable if row.told.get("outcome_external_id")}
    outcomes = dict(Outcome.objects.filter(external_id__in=wanted).values_list("external_id", "id"))
    for row in usable:
        if external_id := row.told.get("outcome_external_id"):
            row.told["outcome_id"] = outcomes.get(external_id)
        if not row.told.get("direction") and ("target" in row.told or "baseline" in row.told):
            row.told["direction"] = ""
    changes: list[Change] = []
    for group in writing.rounds(usable, now):
        make = partial(_new, outcomes=outcomes)
        changes += versions.write(SUBJECT, group, make, result, actor, now, usual_reason)
    writing.audit_result(result=result, subject="kpi", model=Kpi, actor=actor, now=now)
    customers = _customers(change.record for change in changes)
    versions.news(
        changes,
        lambda change: "kpi.added" if change.before is None else "kpi.revised",
        lambda change: payload(change.record, customers),
        now,
    )
    wins.follow(kpi_ids={change.record.pk for change in changes if change.before is not None}, now=now)
    if customers:
        extensions.notify_changed(sorted(set(customers.values())), now)
    return result


@transaction.atomic
def add_kpi(
    *,
    outcome_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    external_id: str = "",
    known_at: datetime | None = None,
) -> Kpi:
    """A new KPI of the outcome. Raises ``Outcome.DoesNotExist`` or ``ValidationError`` by field."""
    outcome = Outcome.objects.get(pk=outcome_id)
    told = {**told, "outcome_external_id": outcome.external_id}
    return create(external_id=external_id or f"kpi-{uuid7()}", told=told, actor=actor, now=now, known_at=known_at)


@transaction.atomic
def create(
    *, external_id: str, told: Mapping[str, object], actor: audit.Actor, now: datetime, known_at: datetime | None = None
) -> Kpi:
    """As ``add_kpi``, the outcome named by its external id; refused when the external id is taken."""
    if Kpi.objects.filter(external_id=external_id).exists():
        writing.taken()
    result = upsert(rows=[Facts(external_id, told, known_at)], actor=actor, now=now)
    result.raise_refusals()
    return Kpi.objects.get(pk=result.only_id())


@transaction.atomic
def revise_kpi(
    *, kpi_id: UUID, told: Mapping[str, object], actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> Kpi:
    """A new version with its reason. What the customer had confirmed is asked again, because it says something else.

    Raises ``Kpi.DoesNotExist``, ``StaleVersionError`` or ``ValidationError`` by field.
    """
    kpi = _locked(kpi_id, expected_version)
    upsert(rows=[Facts(kpi.external_id, told)], actor=actor, now=now).raise_refusals()
    return Kpi.objects.get(pk=kpi_id)


@transaction.atomic
def retire_kpi(
    *, kpi_id: UUID, reason: str, actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> Kpi:
    """Count it no more; its past stays. Raises ``ValidationError`` without a reason or when it is retired already."""
    kpi = _locked(kpi_id, expected_version)
    if not values.text(reason, limit=5_000):
        raise ValidationError({"reason": ["is empty: say why it counts no more"]})
    kpi.retired_at = now
    kpi.version += 1
    kpi.save(update_fields=["retired_at", "version"])
    audit.record(actor=actor, action="kpi.retired", subject=kpi, data={"reason": reason[:500]}, now=now)
    customers = _customers([kpi])
    outbox.publish(workspace_id=current_workspace_id(), name="kpi.retired", payload=payload(kpi, customers), now=now)
    extensions.notify_changed(list(customers.values()), now)
    return kpi


def payload(kpi: Kpi, customers: Mapping[UUID, UUID]) -> dict[str, Any]:
    """What news of a KPI carry. ``customers``: the customer of each outcome."""
    return {
        "kpi_id": str(kpi.pk),
        "outcome_id": str(kpi.outcome_id),
        "customer_id": str(customers[kpi.outcome_id]),
    }


def _locked(kpi_id: UUID, expected_version: int | None) -> Kpi:
    kpi = Kpi.objects.select_for_update(of=("self",), no_key=True).get(pk=kpi_id)
    writing.require_version(kpi, expected_version)
    if kpi.retired_at is not None:
        raise ValidationError(f"This KPI counts no more since {kpi.retired_at:%Y-%m-%d}; add a new one.")
    return kpi


def _customers(kpis: Iterable[Kpi]) -> dict[UUID, UUID]:
    ids = {kpi.outcome_id for kpi in kpis}
    return dict(Outcome.objects.filter(pk__in=ids).values_list("id", "customer_id")) if ids else {}


def _new(row: Row, *, outcomes: Mapping[str, UUID]) -> Kpi:
    told = row.told.get("outcome_external_id", "")
    if not told:
        raise FieldError("outcome_external_id", "is empty: a KPI tells how an outcome stands")
    if told not in outcomes:
        raise FieldError(
            "outcome_external_id", f"there is no outcome with the external_id “{told}”; define outcomes first"
        )
    return Kpi(
        id=uuid7(),
        workspace_id=current_workspace_id(),
        external_id=row.facts.external_id,
        outcome_id=outcomes[told],
    )
