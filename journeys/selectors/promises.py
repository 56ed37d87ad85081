"""What a handover carries along: the customer's open outcomes as they read that day, and what became of them since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from journeys.models import Kpi, KpiVersion, Outcome, OutcomeVersion, Settlement


@dataclass(frozen=True, slots=True)
class Change:
    """One later version of a promise: what it says, why, and who said so."""

    version: int
    statement: str
    reason: str
    actor_label: str


@dataclass(frozen=True, slots=True)
class Target:
    """A KPI of a promise: what it aimed at when it was handed over, and now where that differs (None: retired)."""

    name: str
    then: str
    now: str | None

    @property
    def changed(self) -> bool:
        return self.then != self.now


@dataclass(frozen=True, slots=True)
class Promise:
    """A promised outcome. ``changes``: later versions, oldest first; ``settled``: how it ended, in words, or empty."""

    outcome_id: UUID
    statement: str
    version: int
    changes: tuple[Change, ...] = ()
    targets: tuple[Target, ...] = ()
    settled: str = ""
    gone: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.changes or self.gone or self.settled or any(each.changed for each in self.targets))


def promises_of(customer_id: UUID) -> list[dict[str, Any]]:
    """The customer's open outcomes with their KPIs as ``Relay.promises`` keeps them, oldest first."""
    outcomes = list(Outcome.objects.filter(customer_id=customer_id, settlement=Settlement.NONE).order_by("id"))
    newest = _newest(OutcomeVersion, "outcome_id", [each.pk for each in outcomes])
    kpis = _kpis([each.pk for each in outcomes])
    return [
        {
            "outcome": str(each.pk),
            "version": version.number,
            "statement": version.statement,
            "kpis": [
                {"kpi": str(kpi_id), "version": told.number, "name": told.name, "aim": _aim(told)}
                for kpi_id, told in kpis.get(each.pk, {}).items()
            ],
        }
        for each in outcomes
        if (version := newest.get(each.pk)) is not None
    ]


def since(promises: Sequence[Mapping[str, Any]]) -> list[Promise]:
    """The promises of a handover beside what they say now, in at most four queries whatever their number."""
    ids = [UUID(each["outcome"]) for each in promises]
    outcomes = Outcome.objects.in_bulk(ids)
    later: dict[UUID, list[OutcomeVersion]] = {}
    for version in OutcomeVersion.objects.filter(outcome_id__in=ids).order_by("number"):
        later.setdefault(version.outcome_id, []).append(version)
    kpis = _kpis(ids)
    return [_promise(each, outcomes, later, kpis) for each in promises]


def _promise(
    told: Mapping[str, Any],
    outcomes: Mapping[UUID, Outcome],
    later: Mapping[UUID, Sequence[OutcomeVersion]],
    kpis: Mapping[UUID, Mapping[UUID, KpiVersion]],
) -> Promise:
    outcome_id = UUID(told["outcome"])
    outcome = outcomes.get(outcome_id)
    present = kpis.get(outcome_id, {})
    return Promise(
        outcome_id=outcome_id,
        statement=told["statement"],
        version=told["version"],
        changes=tuple(
            Change(each.number, each.statement, each.reason, each.actor_label)
            for each in later.get(outcome_id, ())
            if each.number > told["version"]
        ),
        targets=tuple(
            Target(
                each["name"], each["aim"], _aim(present[UUID(each["kpi"])]) if UUID(each["kpi"]) in present else None
            )
            for each in told.get("kpis", ())
        ),
        settled=outcome.get_settlement_display() if outcome is not None and outcome.settlement else "",
        gone=outcome is None,
    )


def _kpis(outcome_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, KpiVersion]]:
    """Outcome → its KPIs in use with their newest version."""
    rows = list(Kpi.objects.filter(outcome_id__in=outcome_ids, retired_at__isnull=True).order_by("id"))
    newest = _newest(KpiVersion, "kpi_id", [each.pk for each in rows])
    found: dict[UUID, dict[UUID, KpiVersion]] = {}
    for each in rows:
        if each.pk in newest:
            found.setdefault(each.outcome_id, {})[each.pk] = newest[each.pk]
    return found


def _newest(model: Any, key: str, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Record → its version with the highest number."""
    rows = model.objects.filter(**{f"{key}__in": ids}).order_by(key, "-number").distinct(key)
    return {getattr(row, key): row for row in rows}


def _aim(version: KpiVersion) -> str:
    """What a KPI aims at, in figures: "12 → 40 %", with its day where it has one."""
    aim = f"{version.baseline.normalize():f} → {version.target.normalize():f} {version.unit}".rstrip()
    return f"{aim} ({version.due_on.isoformat()})" if version.due_on else aim
