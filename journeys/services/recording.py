"""Moves told by files: what happened elsewhere, written into each customer's history where it belongs.

Told moves are not judged by today's criteria and handovers: they happened. The engine says what each of them was.
Where we had read a stage off the contract because nobody had named one, told moves of that time take its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import extensions, values
from accounts.models import Customer
from accounts.services import bulk, read_model, writing
from accounts.services.results import Outcome, Result
from accounts.services.writing import Cleaner, Facts, FieldError, Row
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.flight import engine
from journeys.flight.engine import Position, Rule
from journeys.models import Lap, LapKind, Move, MoveKind, Stage
from journeys.news import is_news
from journeys.selectors import journey
from journeys.services import laps, moving, offering, stays

_FAR = 1_000_000

CLEANERS: Mapping[str, Cleaner] = {
    "customer_external_id": partial(values.text, limit=200),
    "stage": partial(values.text, limit=60),
    "occurred_on": values.day,
    "reason": partial(values.text, limit=500),
    "override": lambda value: bool(values.yes_or_no(value)),
    "passed_over": values.tags,
    "by": partial(values.text, limit=200),
}


@transaction.atomic
def record(*, rows: Sequence[Facts], actor: audit.Actor, now: datetime) -> Result:
    """Write told moves by external id. A move once told stays: one told differently is refused.

    Known when told, else when it occurred. Raises nothing: each row is created, unchanged, or refused with a reason.
    """
    result = Result.of(len(rows))
    usable = writing.clean(rows, CLEANERS, result, now)
    customers = writing.customer_ids(usable)
    by_customer: dict[UUID, list[Row]] = {}
    for row in usable:
        try:
            customer_id = writing.customer_id(row.told.get("customer_external_id") or "", customers)
            _require_day(row, now)
            by_customer.setdefault(customer_id, []).append(row)
        except FieldError as error:
            result.refuse(row.index, error.field, str(error))
    ids = sorted(by_customer)
    extensions.share_stages()
    list(Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk").values("pk"))
    book = _Book(ids, usable, actor, now)
    for customer_id in ids:
        book.tell(customer_id, by_customer[customer_id], result)
    book.write(result)
    return result


def _require_day(row: Row, now: datetime) -> None:
    day = row.told.get("occurred_on")
    if day is None:
        raise FieldError("occurred_on", _("is empty: say on which day it happened"))
    if day > now.date():
        raise FieldError("occurred_on", _("%(day)s is still to come") % {"day": day.isoformat()})


@dataclass(slots=True)
class _History:
    """One customer's moves in the order they count, and what becomes of them."""

    moves: list[Move]
    laps: list[Lap]
    new: list[Move]
    gone: list[Move]
    touched: list[Move]

    def lap_on(self, day: date) -> Lap | None:
        return next((lap for lap in reversed(self.laps) if lap.began_on <= day), None)

    def give_way(self, first_told: date) -> None:
        """What was only read off the contract since then gives way to what is told."""
        guessed = [
            move
            for move in self.moves
            if move.kind == MoveKind.PLACED and move.follows_contract and move.occurred_on >= first_told
        ]
        self.gone += guessed
        self.moves = [move for move in self.moves if move not in guessed]

    def retold(self) -> list[Move]:
        """Moves of before that now follow another one."""
        present = {move.pk for move in self.moves} - {move.pk for move in self.new}
        return [move for move in {move.pk: move for move in self.touched}.values() if move.pk in present]

    def place_of(self, known_at: datetime) -> int:
        """Where a move known then belongs: before the first one known later."""
        return next((at for at, move in enumerate(self.moves) if move.known_at > known_at), len(self.moves))


class _Book:
    """The histories of the customers told of, read in few queries whatever their number."""

    def __init__(self, ids: Sequence[UUID], rows: Iterable[Row], actor: audit.Actor, now: datetime) -> None:
        self._actor, self._now = actor, now
        self._stages: Mapping[str, Stage] = {stage.key.casefold(): stage for stage in journey.stages()}
        journey.keep_in_use([stage.pk for stage in self._stages.values()])
        self._journey = [Rule(stage.key, stage.phase.value) for stage in self._stages.values()]
        told = Move.objects.filter(external_id__in=[row.facts.external_id for row in rows]).select_related("stage")
        self._told = {move.external_id: move for move in told}
        self._histories = {customer_id: _History([], [], [], [], []) for customer_id in ids}
        for move in Move.objects.filter(customer_id__in=ids).select_related("stage").order_by("customer_id", "number"):
            self._histories[move.customer_id].moves.append(move)
        for lap in Lap.objects.filter(customer_id__in=ids).order_by("customer_id", "number"):
            self._histories[lap.customer_id].laps.append(lap)

    def tell(self, customer_id: UUID, rows: Sequence[Row], result: Result) -> None:
        history = self._histories[customer_id]
        news = []
        for row in sorted(rows, key=lambda row: (self._known_at(row), row.told["occurred_on"], row.index)):
            before = self._told.get(row.facts.external_id)
            if before is None:
                news.append(row)
                continue
            self._compare(row, before, customer_id, result)
        if not news:
            return
        history.give_way(min(row.told["occurred_on"] for row in news))
        for row in news:
            try:
                result.ids[row.index] = self._add(row, customer_id, history).pk
                result.outcomes[row.index] = Outcome.CREATED
            except FieldError as error:
                result.refuse(row.index, error.field, str(error))

    def write(self, result: Result) -> None:
        changed = {key: history for key, history in self._histories.items() if history.new or history.gone}
        if not changed:
            return
        Move.objects.filter(pk__in=[move.pk for history in changed.values() for move in history.gone]).delete()
        shifted = []
        for history in changed.values():
            for number, move in enumerate(history.moves, start=1):
                if move.number != number and move not in history.new:
                    shifted.append(move)
                move.number = number
        bulk.update([move for history in changed.values() for move in history.retold()], ["from_stage_id"])
        # Out of the way first: no two moves of a customer may have one number at any moment.
        for move in shifted:
            move.number += _FAR
        bulk.update(shifted, ["number"])
        Move.objects.bulk_create([move for history in changed.values() for move in history.new], batch_size=2_000)
        for move in shifted:
            move.number -= _FAR
        bulk.update(shifted, ["number"])
        ids = sorted(changed)
        stays.refresh(ids)
        laps.refresh(ids, self._now)
        offering.overtake(customer_ids=ids, actor=self._actor, now=self._now)
        self._place(changed)
        self._announce(changed)
        count = result.count(Outcome.CREATED)
        audit.record(actor=self._actor, action="moves.recorded", data={"created": count}, now=self._now)

    def _announce(self, changed: Mapping[UUID, _History]) -> None:
        """The moves just told that are news, in the order they happened; being placed is none."""
        fresh = [
            move
            for history in changed.values()
            for move in history.moves
            if move in history.new and move.kind != MoveKind.PLACED
            if is_news(datetime.combine(move.occurred_on, time.min, UTC), self._now)
        ]
        keys: dict[UUID | None, str] = dict(Stage.objects.values_list("pk", "key")) if fresh else {}
        outbox.publish_many(
            workspace_id=current_workspace_id(),
            events=[
                ("stage.entered", moving.facts_of(move, stage=keys[move.stage_id], before=keys.get(move.from_stage_id)))
                for move in fresh
            ],
            now=self._now,
        )

    def _place(self, changed: Mapping[UUID, _History]) -> None:
        places = [
            read_model.StagePlace(
                customer_id,
                move.stage.key if move.stage else "",
                move.stage.macro if move.stage else "",
                move.occurred_on,
            )
            for customer_id, history in changed.items()
            if (move := history.moves[-1])
        ]
        extensions.notify_changed(sorted(read_model.write_stages(places)), self._now)

    def _compare(self, row: Row, before: Move, customer_id: UUID, result: Result) -> None:
        stage = before.stage.key if before.stage else ""
        told = (customer_id, (row.told.get("stage") or "").casefold(), row.told["occurred_on"])
        if told != (before.customer_id, stage.casefold(), before.occurred_on):
            words = {"stage": stage, "day": before.occurred_on.isoformat()}
            message = _("was told before as “%(stage)s” on %(day)s; what happened stays") % words
            result.refuse(row.index, "external_id", message)
            return
        result.ids[row.index] = before.pk

    def _add(self, row: Row, customer_id: UUID, history: _History) -> Move:
        stage = self._stages.get((row.told.get("stage") or "").casefold())
        if stage is None:
            known = ", ".join(each.key for each in self._stages.values())
            words = {"key": row.told.get("stage") or "", "known": known}
            raise FieldError("stage", _("“%(key)s” is no stage in use; there are: %(known)s") % words)
        if row.facts.external_id in self._told:
            raise FieldError("external_id", _("stands in the file twice"))
        known_at, day = self._known_at(row), row.told["occurred_on"]
        at = history.place_of(known_at)
        before = history.moves[at - 1] if at else None
        after = history.moves[at] if at < len(history.moves) else None
        _require_order(day, before, after)
        kind, begins_lap = self._kind(stage, day, before, history)
        move = Move(
            id=uuid7(),
            workspace_id=current_workspace_id(),
            external_id=row.facts.external_id,
            customer_id=customer_id,
            from_stage_id=before.stage_id if before else None,
            stage=stage,
            kind=kind,
            occurred_on=day,
            known_at=known_at,
            recorded_at=self._now,
            reason=row.told.get("reason") or "",
            override=row.told.get("override", False),
            passed_over=row.told.get("passed_over") or [],
            begins_lap=begins_lap,
            actor_label=(row.told.get("by") or self._actor.label)[:200],
        )
        history.moves.insert(at, move)
        history.new.append(move)
        self._told[row.facts.external_id] = move
        if after is not None and (after.kind, after.stage_id) == (MoveKind.PLACED, stage.pk):
            history.moves.remove(after)
            history.gone.append(after)
        elif after is not None and after.kind in (MoveKind.PLACED, MoveKind.CHURNED):
            after.from_stage_id = stage.pk
            history.touched.append(after)
        return move

    def _kind(self, stage: Stage, day: date, before: Move | None, history: _History) -> tuple[MoveKind, str]:
        """What the engine says it was; a lap that subscriptions had begun by then needs no throw."""
        if before is None:
            return MoveKind.PLACED, ""
        lap, lap_before = history.lap_on(day), history.lap_on(before.occurred_on)
        waits = lap is not None and lap_before is not None and lap.pk != lap_before.pk
        grounded = before.stage is None
        position = Position(before.stage.key if before.stage else None, grounded=grounded, lap_waits=waits)
        try:
            decision = engine.decide(self._journey, position, stage.key, lambda _criterion: True)
        except engine.AlreadyThereError:
            words = {"stage": stage.label, "day": before.occurred_on.isoformat()}
            raise FieldError("stage", _("it was at “%(stage)s” already, since %(day)s") % words) from None
        throws = decision.begins_lap and not (grounded and waits)
        kind = LapKind.RETURN if grounded else LapKind.EXPANSION
        return MoveKind(decision.kind.value), kind if throws else ""

    def _known_at(self, row: Row) -> datetime:
        told: datetime | None = row.facts.known_at
        return min(told or datetime.combine(row.told["occurred_on"], time.min, UTC), self._now)


def _require_order(day: date, before: Move | None, after: Move | None) -> None:
    """Moves follow one another; a churn is dated at the end of the contract, and known later."""
    if before is not None and day < before.occurred_on:
        words = {"day": day.isoformat(), "last": before.occurred_on.isoformat()}
        raise FieldError("occurred_on", _("%(day)s is before the move on %(last)s, known earlier") % words)
    if after is not None and after.kind != MoveKind.CHURNED and day > after.occurred_on:
        words = {"day": day.isoformat(), "next": after.occurred_on.isoformat()}
        raise FieldError("occurred_on", _("%(day)s is after the move on %(next)s, known later") % words)
