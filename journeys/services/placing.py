"""Placing customers at the stage a file or the contract says, without the rules of moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from accounts import extensions
from accounts.extensions import Placement, Standing
from accounts.models import Customer, Workspace
from accounts.models.customers import ContractState
from accounts.services import read_model
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys import news
from journeys.models import LapKind, Macro, Move, MoveKind, Stage
from journeys.selectors import journey
from journeys.services import grounding, laps, offering, stays

_SAID = "Placed as imported, without the criteria and handovers of the stages before"
_BEFORE_CONTRACT = "Placed here because there has been no paid subscription yet"
_UNDER_CONTRACT = "Placed here because it has a paid subscription"
_RETURNED = "Placed here because a paid subscription began again"
_ENDED = "The last paid subscription ended with no successor within the grace period"


def stage_keys() -> set[str]:
    """Keys of the active workspace's stages in use."""
    return {stage.key for stage in journey.stages()}


def standings(customer_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """The customers whose stage somebody named, and who have not churned since: there the rules of moves hold."""
    rows = Move.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "number")
    told: dict[UUID, list[tuple[str, bool, str | None]]] = {}
    for customer_id, kind, follows, key in rows.values_list("customer_id", "kind", "follows_contract", "stage__key"):
        told.setdefault(customer_id, []).append((kind, follows, key))
    return {customer_id: _standing(moves) for customer_id, moves in told.items() if not moves[-1][1]}


def _standing(moves: Sequence[tuple[str, bool, str | None]]) -> Standing:
    """``moves``: kind, whether it followed the contract, and the stage's key, oldest first."""
    named = [key for kind, follows, key in moves if kind == MoveKind.PLACED and not follows and key]
    return Standing(frozenset(named), all(kind in (MoveKind.PLACED, MoveKind.CHURNED) for kind, *_rest in moves))


def place_customers(placements: Sequence[Placement], actor_label: str, now: datetime) -> None:
    """Write a move for every customer whose place differs, and its stage columns, in the caller's transaction.

    A named stage holds until another is named. Without one the place follows the contract: before it the first
    Awareness stage, under it the first Adoption stage. A churned customer has no stage, whatever a file names, until
    somebody throws the boomerang again. Placing somebody where they are changes nothing. A churn that is news is
    announced, and the account team asked why.
    """
    if not placements:
        return
    situations = _Situations([placement.customer_id for placement in placements])
    moves = [move for placement in placements if (move := situations.move(placement, actor_label, now))]
    if not moves:
        return
    Move.objects.bulk_create(moves, batch_size=2_000)
    latest = {move.customer_id: move for move in moves}
    stays.refresh(list(latest))
    offering.overtake(customer_ids=list(latest), actor=audit.Actor(actor_label), now=now)
    laps.settle(list(latest), now)
    grounding.announce(situations.news(moves, now), now)
    changed = read_model.write_stages(
        [
            read_model.StagePlace(
                move.customer_id,
                move.stage.key if move.stage else "",
                move.stage.macro if move.stage else "",
                move.occurred_on,
            )
            for move in latest.values()
        ]
    )
    extensions.notify_changed(sorted(changed), now)


class _Situations:
    """What is known of the customers to be placed, read in few queries whatever their number."""

    def __init__(self, customer_ids: Sequence[UUID]) -> None:
        self._workspace = Workspace.objects.get(pk=current_workspace_id())
        self._customers = Customer.objects.in_bulk(customer_ids)
        self._stages = journey.stages()
        while not journey.keep_in_use([stage.pk for stage in self._stages]):
            self._stages = journey.stages()
        self._by_key = {stage.key: stage for stage in self._stages}
        moves = Move.objects.filter(customer_id__in=customer_ids).select_related("lap")
        last = moves.order_by("customer_id", "-number").distinct("customer_id")
        self._places = {move.customer_id: move for move in last}
        self._stood = {move.customer_id: move.recorded_at for move in self._places.values()}

    def news(self, moves: Sequence[Move], now: datetime) -> list[Move]:
        """The churns among ``moves`` that are news, or of somebody who stood here before today, or told alone."""
        churns = [move for move in moves if move.kind == MoveKind.CHURNED]
        return [churn for churn in churns if self._is_news(churn, now) or len(self._customers) == 1]

    def _is_news(self, churn: Move, now: datetime) -> bool:
        lately = churn.occurred_on + timedelta(days=self._workspace.grace_days + news.DAYS) >= now.date()
        stood = self._stood.get(churn.customer_id)
        return lately or (stood is not None and stood.date() < now.date())

    def move(self, placement: Placement, actor_label: str, now: datetime) -> Move | None:
        """The move that brings the customer where it belongs; None when it is there."""
        customer = self._customers[placement.customer_id]
        place = self._places.get(customer.pk)
        move = self._target(placement, customer, place, now)
        if move is None or (place is not None and move.stage_id == place.stage_id):
            return None
        if place is not None and not place.follows_contract:
            _follow(place, move)
        move.id = uuid7()
        move.workspace_id = self._workspace.pk
        move.customer_id = customer.pk
        move.number = place.number + 1 if place else 1
        move.from_stage_id = place.stage_id if place else None
        move.recorded_at = now
        move.actor_label = actor_label[:200]
        self._places[customer.pk] = move
        return move

    def _target(self, placement: Placement, customer: Customer, place: Move | None, now: datetime) -> Move | None:
        if customer.contract_state == ContractState.CHURNED:
            return None if self._is_being_won_back(customer, place) else self._churned(customer, now)
        if placement.stage_key is not None:
            return Move(
                kind=MoveKind.PLACED,
                stage=self._by_key[placement.stage_key],
                occurred_on=placement.occurred_on,
                known_at=placement.known_at,
                reason=_SAID,
            )
        if place is not None and not place.follows_contract and place.kind != MoveKind.CHURNED:
            return None
        if customer.contract_state == ContractState.NONE:
            return Move(
                kind=MoveKind.PLACED,
                stage=self._first(Macro.AWARENESS),
                follows_contract=True,
                occurred_on=customer.created_at.date(),
                known_at=customer.known_at,
                reason=_BEFORE_CONTRACT,
            )
        return self._under_contract(customer, place, now)

    @staticmethod
    def _is_being_won_back(customer: Customer, place: Move | None) -> bool:
        """Somebody threw the boomerang again since the churn, and nothing is signed yet."""
        if place is None or place.stage_id is None or place.lap is None:
            return False
        assert customer.churned_on is not None
        return place.lap.kind == LapKind.RETURN and place.lap.began_on >= customer.churned_on

    def _churned(self, customer: Customer, now: datetime) -> Move:
        assert customer.churned_on is not None
        certain_on = customer.churned_on + timedelta(days=self._workspace.grace_days + 1)
        return Move(
            kind=MoveKind.CHURNED,
            stage=None,
            follows_contract=True,
            occurred_on=customer.churned_on,
            known_at=min(_midnight(certain_on), now),
            reason=_ENDED,
        )

    def _under_contract(self, customer: Customer, place: Move | None, now: datetime) -> Move:
        returned = place is not None and place.kind == MoveKind.CHURNED
        began = customer.customer_since
        assert began is not None
        return Move(
            kind=MoveKind.PLACED,
            stage=self._first(Macro.ADOPTION),
            follows_contract=True,
            occurred_on=now.date() if returned else began,
            known_at=now if returned else min(_midnight(began), now),
            reason=_RETURNED if returned else _UNDER_CONTRACT,
        )

    def _first(self, macro: Macro) -> Stage:
        """The first stage of ``macro``, or where a workspace has none, the last one before it."""
        at = list(Macro).index(macro)
        before = [stage for stage in self._stages if list(Macro).index(Macro(stage.macro)) <= at]
        same = [stage for stage in before if stage.macro == macro]
        return (same or before[-1:] or self._stages)[0]


def _follow(place: Move, move: Move) -> None:
    """What was known of a customer is followed by what is known later; only a guess gives way to a better one."""
    move.known_at = max(move.known_at, place.known_at)
    if move.kind != MoveKind.CHURNED:
        move.occurred_on = max(move.occurred_on, place.occurred_on)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
