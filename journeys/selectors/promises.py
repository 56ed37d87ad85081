"""What became of the outcomes a handover carried along, since it was offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from journeys.models import KpiVersion, Relay
from journeys.selectors import plan
from journeys.selectors.plan import KpiRead, OutcomeRead


@dataclass(frozen=True, slots=True)
class Change:
    """One later version of a promise: what it says, why, and who said so. ``settled``: how it was settled, in words."""

    version: int
    statement: str
    reason: str
    actor_label: str
    settled: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a KPI of a promise aimed at when it was handed over (None: it came later), and what it aims at now."""

    name: str
    then: KpiVersion | None
    now: KpiVersion

    @property
    def changed(self) -> bool:
        return self.then is None or self.then.pk != self.now.pk


@dataclass(frozen=True, slots=True)
class Promise:
    """A promised outcome. ``statement`` and ``version``: as it was handed over; ``changes``: later versions, oldest
    first; ``gone``: it was deleted since."""

    outcome_id: UUID
    statement: str
    version: int
    changes: tuple[Change, ...] = ()
    targets: tuple[Target, ...] = ()
    gone: bool = False

    @property
    def changed(self) -> bool:
        return self.gone or bool(self.changes) or any(each.changed for each in self.targets)


def of_all(relays: Sequence[Relay], *, now: datetime) -> dict[UUID, list[Promise]]:
    """Handover → ``since`` of its promises, with the queries of one."""
    reads = _reads([each for relay in relays for each in relay.promises], now)
    return {relay.pk: _promises(relay.promises, reads, relay.offered_at) for relay in relays}


def since(promises: Sequence[Mapping[str, Any]], *, offered_at: datetime, now: datetime) -> list[Promise]:
    """The promises of a handover offered at ``offered_at`` beside what they say now; few queries for any number."""
    return _promises(promises, _reads(promises, now), offered_at)


def _reads(promises: Sequence[Mapping[str, Any]], now: datetime) -> dict[UUID, OutcomeRead]:
    ids = {UUID(each["outcome"]) for each in promises}
    read = plan.plans_of_outcomes(ids, day=now.date(), known_by=now) if ids else []
    return {each.outcome.pk: each for each in read}


def _promises(
    promises: Sequence[Mapping[str, Any]], reads: Mapping[UUID, OutcomeRead], offered_at: datetime
) -> list[Promise]:
    return [_promise(each, reads.get(UUID(each["outcome"])), offered_at) for each in promises]


def _promise(told: Mapping[str, Any], read: OutcomeRead | None, offered_at: datetime) -> Promise:
    outcome_id, statement, version = UUID(told["outcome"]), told["statement"], told["version"]
    if read is None:
        return Promise(outcome_id, statement, version, gone=True)
    changes = tuple(
        Change(
            each.number,
            each.statement,
            each.reason,
            each.actor_label,
            each.get_settlement_display() if each.settlement else "",
        )
        for each in sorted(read.versions, key=lambda each: each.number)
        if each.number > version
    )
    return Promise(outcome_id, statement, version, changes, tuple(_target(kpi, offered_at) for kpi in read.kpis))


def _target(kpi: KpiRead, offered_at: datetime) -> Target:
    before = [each for each in kpi.versions if each.known_at <= offered_at]
    return Target(kpi.version.name, max(before, key=lambda each: each.number, default=None), kpi.version)
