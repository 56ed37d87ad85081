"""Measurements: the value of a KPI on a day. Corrected and withdrawn ones stay, so that the past can be rebuilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import extensions, values
from accounts.services import bulk, writing
from accounts.services.results import Outcome as Became
from accounts.services.results import Result
from accounts.services.writing import Facts, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Kpi, Measurement
from journeys.news import is_news
from journeys.services.planning import versions, wins
from journeys.services.planning.kpis import amount

CLEANERS: dict[str, writing.Cleaner] = {
    "kpi_external_id": partial(values.text, limit=200),
    "value": amount,
    "measured_on": values.day,
    "note": partial(values.text, limit=500),
    "reason": versions.REASON,
}
_COLUMNS = ("value", "measured_on", "note")


@transaction.atomic
def upsert(
    *,
    rows: Sequence[Facts],
    source: str,
    actor: audit.Actor,
    now: datetime,
    known_when_measured: bool = False,
    usual_reason: str = "",
) -> Result:
    """Record measurements by external id, or correct those that say something else now. Known when told, else now.

    ``source``: "form", "api", "import" or "usage". ``known_when_measured``: new ones that do not say when they were
    known were so on the day they were measured, as facts of the past that a file brings; corrections are not.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    wanted = {row.told["kpi_external_id"] for row in usable if row.told.get("kpi_external_id")}
    kpis = {kpi.external_id: kpi for kpi in Kpi.objects.filter(external_id__in=wanted).select_related("outcome")}
    writer = _Writer(kpis, source, result, actor, now, known_when_measured, usual_reason)
    for group in writing.rounds(usable, now):
        writer.write(group)
    writing.audit_result(result=result, subject="measurement", model=Measurement, actor=actor, now=now)
    writer.tell()
    wins.follow(kpi_ids=writer.touched, now=now)
    if writer.customers:
        extensions.notify_changed(sorted(writer.customers), now)
    return result


@transaction.atomic
def record_measurement(
    *,
    kpi_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    source: str = "form",
    external_id: str = "",
    known_at: datetime | None = None,
) -> Measurement:
    """What the KPI was on ``measured_on`` (today where left out). Raises ``Kpi.DoesNotExist``, ``ValidationError``."""
    kpi = Kpi.objects.get(pk=kpi_id)
    return create(
        external_id=external_id or f"measurement-{uuid7()}",
        told={**told, "kpi_external_id": kpi.external_id},
        source=source,
        actor=actor,
        now=now,
        known_at=known_at,
    )


@transaction.atomic
def create(
    *,
    external_id: str,
    told: Mapping[str, object],
    source: str,
    actor: audit.Actor,
    now: datetime,
    known_at: datetime | None = None,
) -> Measurement:
    """As ``record_measurement``, the KPI named by its external id; refused when the external id is taken."""
    told = {"measured_on": now.date(), **told}
    if Measurement.objects.filter(external_id=external_id, replaced_by__isnull=True).exists():
        writing.taken()
    result = upsert(rows=[Facts(external_id, told, known_at)], source=source, actor=actor, now=now)
    result.raise_refusals()
    return Measurement.objects.get(pk=result.only_id())


@transaction.atomic
def correct_measurement(
    *, measurement_id: UUID, told: Mapping[str, object], actor: audit.Actor, now: datetime, source: str = "form"
) -> Measurement:
    """The measurement that replaces it from now on, with its ``reason``; the old one stays for the days before.

    Raises ``Measurement.DoesNotExist`` or ``ValidationError``, also where it was corrected or withdrawn already.
    """
    old = _present(measurement_id)
    if not values.text(told.get("reason"), limit=5_000):
        raise ValidationError({"reason": ["is empty: say why the figure is corrected"]})
    result = upsert(rows=[Facts(str(old.external_id), told)], source=source, actor=actor, now=now)
    result.raise_refusals()
    return Measurement.objects.get(pk=result.only_id())


@transaction.atomic
def withdraw_measurement(*, measurement_id: UUID, reason: str, actor: audit.Actor, now: datetime) -> Measurement:
    """Recorded by mistake: it counts for nothing from now on. Raises as ``correct_measurement`` does."""
    measurement = _present(measurement_id)
    cleaned = values.text(reason, limit=500)
    if not cleaned:
        raise ValidationError({"reason": ["is empty: say why the figure is taken back"]})
    measurement.withdrawn_at, measurement.withdrawn_reason = now, cleaned
    measurement.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    audit.record(actor=actor, action="measurement.withdrawn", subject=measurement, data={"reason": cleaned}, now=now)
    kpi = Kpi.objects.select_related("outcome").get(pk=measurement.kpi_id)
    payload = _payload(measurement, kpi)
    outbox.publish(workspace_id=current_workspace_id(), name="measurement.withdrawn", payload=payload, now=now)
    wins.follow(kpi_ids={kpi.pk}, now=now)
    extensions.notify_changed([kpi.outcome.customer_id], now)
    return measurement


def _present(measurement_id: UUID) -> Measurement:
    measurement = Measurement.objects.select_for_update(of=("self",), no_key=True).get(pk=measurement_id)
    if measurement.replaced_by_id is not None:
        raise ValidationError("This measurement was corrected already; correct the one that took its place.")
    if measurement.withdrawn_at is not None:
        raise ValidationError("This measurement was withdrawn; record a new one.")
    return measurement


def _payload(measurement: Measurement, kpi: Kpi) -> dict[str, Any]:
    return {
        "measurement_id": str(measurement.pk),
        "kpi_id": str(kpi.pk),
        "outcome_id": str(kpi.outcome_id),
        "customer_id": str(kpi.outcome.customer_id),
        "value": str(measurement.value),
        "measured_on": measurement.measured_on.isoformat(),
    }


class _Writer:
    """Records and corrects what several rounds of rows say."""

    def __init__(
        self,
        kpis: Mapping[str, Kpi],
        source: str,
        result: Result,
        actor: audit.Actor,
        now: datetime,
        known_when_measured: bool,
        usual_reason: str,
    ) -> None:
        self._backdated, self._usual_reason = known_when_measured, usual_reason
        self._kpis, self._source, self._result, self._actor, self._now = kpis, source, result, actor, now
        self._events: list[tuple[str, dict[str, Any]]] = []
        self.touched: set[UUID] = set()
        self.customers: set[UUID] = set()

    def write(self, rows: Sequence[Row]) -> None:
        present = Measurement.objects.select_for_update(of=("self",), no_key=True).select_related("kpi__outcome")
        found = present.filter(
            external_id__in=[row.facts.external_id for row in rows], replaced_by__isnull=True
        ).order_by("id")
        existing = {str(row.external_id): row for row in found}
        fresh: list[Measurement] = []
        replaced: list[Measurement] = []
        for row in rows:
            try:
                fresh += self._one(row, existing.get(row.facts.external_id), replaced)
            except FieldError as error:
                self._result.refuse(row.index, error.field, str(error))
        # The key of the old row is given free first; the reference to the new one is checked when the transaction ends.
        bulk.update(replaced, ["replaced_by"])
        Measurement.objects.bulk_create(fresh, batch_size=2_000)

    def tell(self) -> None:
        outbox.publish_many(workspace_id=current_workspace_id(), events=self._events, now=self._now)

    def _one(self, row: Row, old: Measurement | None, replaced: list[Measurement]) -> list[Measurement]:
        if old is None:
            kpi = self._kpi(row)
            new = self._new(row, kpi, {"note": "", **row.told})
            if self._backdated and row.facts.known_at is None:
                new.known_at = min(datetime.combine(new.measured_on, time.min, UTC), self._now)
            writing.settle(self._result, row, new, Became.CREATED)
            return self._noted(new, kpi, "measurement.recorded")
        kpi = old.kpi
        if row.told.get("kpi_external_id", kpi.external_id) != kpi.external_id:
            raise FieldError(
                "kpi_external_id", "the measurement belongs to another KPI: withdraw it and record it there"
            )
        changed = [name for name in _COLUMNS if name in row.told and row.told[name] != getattr(old, name)]
        if not changed and old.withdrawn_at is None:
            writing.settle(self._result, row, old, Became.UNCHANGED)
            return []
        new = self._new(row, kpi, {name: row.told.get(name, getattr(old, name)) for name in _COLUMNS})
        new.known_at = max(new.known_at, old.known_at)
        new.reason = new.reason or self._usual_reason
        old.replaced_by = new
        replaced.append(old)
        writing.settle(self._result, row, new, Became.UPDATED, changed)
        return self._noted(new, kpi, "measurement.corrected")

    def _kpi(self, row: Row) -> Kpi:
        told = row.told.get("kpi_external_id", "")
        if not told:
            raise FieldError("kpi_external_id", "is empty: a measurement is of a KPI")
        if told not in self._kpis:
            raise FieldError("kpi_external_id", f"there is no KPI with the external_id “{told}”; define outcomes first")
        return self._kpis[told]

    def _new(self, row: Row, kpi: Kpi, told: Mapping[str, Any]) -> Measurement:
        value, measured_on = told.get("value"), told.get("measured_on")
        if value is None:
            raise FieldError("value", "is empty: say what was measured")
        if measured_on is None:
            raise FieldError("measured_on", "is empty: say on which day it was measured")
        self._require_day(measured_on, kpi)
        return Measurement(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            external_id=row.facts.external_id,
            kpi=kpi,
            value=value,
            measured_on=measured_on,
            note=told["note"],
            reason=row.told.get("reason", ""),
            source=self._source,
            known_at=min(row.facts.known_at or self._now, self._now),
            recorded_at=self._now,
            actor_label=self._actor.label[:200],
        )

    def _require_day(self, measured_on: date, kpi: Kpi) -> None:
        if measured_on > self._now.date():
            raise FieldError("measured_on", f"{measured_on} lies in the future: nothing is measured before it happens")
        if kpi.retired_at is not None and measured_on > kpi.retired_at.date():
            raise FieldError("kpi_external_id", f"this KPI counts no more since {kpi.retired_at:%Y-%m-%d}")

    def _noted(self, new: Measurement, kpi: Kpi, name: str) -> list[Measurement]:
        self.touched.add(kpi.pk)
        self.customers.add(kpi.outcome.customer_id)
        if is_news(new.known_at, self._now):
            self._events.append((name, _payload(new, kpi)))
        return [new]
