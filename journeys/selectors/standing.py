"""Reading the journey: who stands where, and how a customer came there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from accounts.models import Customer, Membership
from accounts.models.customers import ContractState
from journeys.models import Lap, Move, Phase, Relay, RequestCustomer, Stage
from journeys.selectors import journey


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many customers stand at a stage. ``arr_minor``: their ARR, before the contract the expected one."""

    key: str
    name: str
    macro: str
    customers: int
    arr_minor: int

    @property
    def is_before_contract(self) -> bool:
        return Stage(macro=self.macro).phase is Phase.DEMAND


@dataclass(frozen=True, slots=True)
class Standing:
    """Everybody's place: the stages in journey order, and those who left the journey."""

    stages: tuple[StageCount, ...]
    churned: int

    @property
    def customers(self) -> int:
        return sum(stage.customers for stage in self.stages)

    def rows(self, url: Callable[[StageCount], str]) -> list[dict[str, Any]]:
        """The stages as the picture and its table take them, each with a link."""
        return [{**asdict(stage), "url": url(stage)} for stage in self.stages]


def stage_names() -> dict[str, str]:
    """Key → name of the active workspace's stages for the reader, in journey order."""
    return {stage.key: stage.label for stage in journey.stages()}


def standing(of: Membership | None = None) -> Standing:
    """Where everybody stands now; ``of``: only the customers whose CSM this member is."""
    mine = Customer.objects.all() if of is None else Customer.objects.filter(csm=of)
    rows = mine.values("stage_key").annotate(
        customers=Count("*"), arr=Sum("arr_minor"), expected=Sum("expected_arr_minor")
    )
    counted = {row["stage_key"]: row for row in rows.order_by()}
    stages = []
    for stage in journey.stages():
        row = counted.get(stage.key, {})
        money = row.get("expected" if stage.phase is Phase.DEMAND else "arr")
        stages.append(StageCount(stage.key, stage.label, stage.macro, row.get("customers", 0), int(money or 0)))
    return Standing(tuple(stages), mine.filter(contract_state=ContractState.CHURNED).count())


def longest_at(stage_key: str, *, of: Membership | None = None, most: int = 12) -> list[Customer]:
    """The customers at a stage with their health, the longest there first."""
    rows = Customer.objects.filter(stage_key=stage_key).select_related("health")
    if of is not None:
        rows = rows.filter(csm=of)
    return list(rows.order_by("stage_since", "pk")[:most])


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What the preview of a deletion says of the journey."""
    return [
        (_("Steps of the journey"), Move.objects.filter(customer_id=customer_id).count()),
        (_("Laps of the journey"), Lap.objects.filter(customer_id=customer_id).count()),
        (_("Handovers"), Relay.objects.filter(customer_id=customer_id).count()),
        (_("Requests asked for"), RequestCustomer.objects.filter(customer_id=customer_id).count()),
    ]


def days_since(day: date | None, today: date) -> int | None:
    return None if day is None else max(0, (today - day).days)
