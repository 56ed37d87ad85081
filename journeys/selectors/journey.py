"""The workspace's journey as rules, and the last word about a customer on it."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from journeys.flight.engine import Criterion, Position, Rule
from journeys.models import Lap, Move, RelayTemplate, Side, Stage, StageCriterion
from journeys.selectors import criteria


def stages() -> list[Stage]:
    """The stages in use, in order."""
    return list(Stage.objects.filter(retired_at__isnull=True).order_by("order"))


def with_criteria() -> QuerySet[Stage]:
    """The stages in use, in order, each with what it asks for."""
    in_use: QuerySet[Stage] = Stage.objects.filter(retired_at__isnull=True).prefetch_related("criteria")
    return in_use.order_by("order")


def keep_in_use(stage_ids: Collection[UUID]) -> bool:
    """Hold these stages until the transaction ends, so that none is retired meanwhile; False where one was already.

    Any number of moves hold them at once; only a retirement waits.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM journeys_stage WHERE id = ANY(%s::uuid[]) AND retired_at IS NULL "
            "ORDER BY id FOR SHARE) AS held",
            [[str(stage_id) for stage_id in stage_ids]],
        )
        (held,) = cursor.fetchone()
    return bool(held == len(stage_ids))


def rules() -> list[Rule]:
    """The stages in use as the engine knows them, in order."""
    asked: dict[tuple[UUID, str], list[Criterion]] = {}
    for row in StageCriterion.objects.filter(stage__retired_at__isnull=True).order_by("position", "id"):
        asked.setdefault((row.stage_id, row.side), []).append(criteria.as_criterion(row))
    return [
        Rule(
            stage.key,
            stage.phase.value,
            tuple(asked.get((stage.pk, Side.ENTRY), ())),
            tuple(asked.get((stage.pk, Side.EXIT), ())),
        )
        for stage in stages()
    ]


def relay_pairs() -> set[tuple[str, str]]:
    """Pairs of stages in use (keys) that have a handover between them."""
    used = RelayTemplate.objects.filter(from_stage__retired_at__isnull=True, to_stage__retired_at__isnull=True)
    return set(used.values_list("from_stage__key", "to_stage__key"))


def last_move(customer_id: UUID) -> Move | None:
    """The move that says where a customer is now, with its stage; None when it never stood anywhere."""
    rows = Move.objects.filter(customer_id=customer_id).select_related("stage")
    return rows.order_by("-number").first()


def last_move_id(customer_id: UUID) -> UUID | None:
    """The id of ``last_move``."""
    found: UUID | None = (
        Move.objects.filter(customer_id=customer_id).order_by("-number").values_list("pk", flat=True).first()
    )
    return found


def open_lap_id(customer_id: UUID) -> UUID | None:
    """The lap a customer is on; None after a churn."""
    laps = Lap.objects.filter(customer_id=customer_id, ended_on__isnull=True)
    found: UUID | None = laps.values_list("pk", flat=True).first()
    return found


def position_of(customer_id: UUID, last: Move | None) -> Position:
    """Where a customer is after its ``last`` move, as the engine knows it."""
    if last is None:
        return Position(None)
    if last.stage is None:
        return Position(None, grounded=True)
    open_lap = open_lap_id(customer_id)
    return Position(last.stage.key, lap_waits=open_lap is not None and open_lap != last.lap_id)


def stage_name(move: Move) -> str:
    """Where a move led, in the reader's words; empty when it left the journey."""
    return move.stage.label if move.stage else ""
