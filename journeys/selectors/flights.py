"""One customer's flight: its laps with what they brought, its moves, and where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from accounts.models import Customer
from journeys.flight import laps as rules
from journeys.flight.laps import Flown
from journeys.models import Lap, Move
from journeys.services import laps as keeping


@dataclass(frozen=True, slots=True)
class LapRead:
    """A lap with the revenue it brought to date, and life-time value up to and with it; minor units."""

    lap: Lap
    earned_minor: int
    lifetime_minor: int
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class FlightRead:
    """Oldest first. ``last``: the move that says where the customer is; None when it never stood anywhere."""

    customer: Customer
    laps: tuple[LapRead, ...]
    moves: tuple[Move, ...]

    @property
    def last(self) -> Move | None:
        return self.moves[-1] if self.moves else None

    @property
    def newest_first(self) -> tuple[Move, ...]:
        return self.moves[::-1]

    @property
    def open_lap(self) -> Lap | None:
        return next((read.lap for read in self.laps if read.lap.ended_on is None), None)

    @property
    def lifetime_minor(self) -> int:
        return self.laps[-1].lifetime_minor if self.laps else 0

    @property
    def churn(self) -> Move | None:
        """The latest churn, whether or not somebody named its force; None for a customer that never churned."""
        return next((move for move in reversed(self.moves) if move.stage_id is None), None)


def flight_of(customer: Customer, today: date) -> FlightRead:
    """The customer's flight up to the end of ``today``; the same few queries however long it is."""
    laps = list(Lap.objects.filter(customer=customer).select_related("customer", "subscription").order_by("number"))
    moves = list(
        Move.objects.filter(customer=customer)
        .select_related("stage", "from_stage", "lap", "force_by__user", "relay")
        .order_by("number")
    )
    flown = [
        Flown(lap.kind, lap.began_on, lap.ended_on, lap.subscription_id, lap.gained_arr_minor, lap.sold_on)
        for lap in laps
    ]
    earned = rules.earned(flown, keeping.versions_of([customer.pk])[customer.pk], day=today)
    return FlightRead(customer, tuple(_with_totals(laps, earned, moves)), tuple(moves))


def _with_totals(laps: Sequence[Lap], earned: Sequence[int], moves: Sequence[Move]) -> list[LapRead]:
    of: dict[UUID | None, list[Move]] = {}
    for move in moves:
        of.setdefault(move.lap_id, []).append(move)
    total, reads = 0, []
    for lap, brought in zip(laps, earned, strict=True):
        total += brought
        reads.append(LapRead(lap, brought, total, tuple(of.get(lap.pk, ()))))
    return reads
