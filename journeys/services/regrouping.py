"""Emptying a stage that goes out of use: everybody there moves to another one, and their history says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import extensions
from accounts.models import Customer
from accounts.services import read_model
from csplatform.core import audit
from csplatform.core.ids import uuid7
from journeys.models import Move, MoveKind, Relay, RelayState, Stage
from journeys.services import laps, offering, stays

_BATCH = 5_000


def empty(stage: Stage, target: Stage | None, *, actor: audit.Actor, now: datetime) -> int:
    """Retire ``stage`` and move whoever stands there to ``target``; returns how many that were.

    Customers are locked before the stage, as moves do it; who arrived meanwhile is found once the stage is closed.
    Time in stage goes on counting: nobody took a step. Raises ``ValidationError`` (``target``) when there is none.
    """
    moved = _empty(stage, target, actor, now)
    # Waits for moves under way into the stage: those still to come see that it is closed.
    Stage.objects.filter(pk=stage.pk).update(retired_at=now, order=None, version=F("version") + 1)
    stage.refresh_from_db()
    moved += _empty(stage, target, actor, now)
    leading = Relay.objects.filter(Q(from_stage=stage) | Q(to_stage=stage), state=RelayState.OFFERED)
    waiting = sorted(set(leading.values_list("customer_id", flat=True)))
    offering.overtake(customer_ids=waiting, actor=actor, now=now)
    return moved


def named_by_relays(stage: Stage) -> bool:
    return Relay.objects.filter(Q(from_stage=stage) | Q(to_stage=stage)).exists()


def _empty(stage: Stage, target: Stage | None, actor: audit.Actor, now: datetime) -> int:
    count = 0
    while batch := list(
        Customer.objects.select_for_update(of=("self",), no_key=True)
        .filter(stage_key=stage.key)
        .order_by("pk")[:_BATCH]
    ):
        if target is None:
            standing = Customer.objects.filter(stage_key=stage.key).count()
            message = ngettext(
                "%(n)d customer stands at “%(stage)s”: name the stage to move it to.",
                "%(n)d customers stand at “%(stage)s”: name the stage to move them to.",
                standing,
            )
            raise ValidationError({"target": [message % {"n": standing, "stage": stage.label}]})
        _move(batch, stage, target, actor, now)
        count += len(batch)
    return count


def _move(customers: Sequence[Customer], stage: Stage, target: Stage, actor: audit.Actor, now: datetime) -> None:
    ids = [customer.pk for customer in customers]
    last = Move.objects.filter(customer_id__in=ids).order_by("customer_id", "-number").distinct("customer_id")
    before = {move.customer_id: move for move in last}
    reason = _("“%(stage)s” was merged into “%(target)s”.") % {"stage": stage.label, "target": target.label}
    Move.objects.bulk_create(
        (
            Move(
                id=uuid7(),
                workspace_id=stage.workspace_id,
                customer=customer,
                lap_id=before[customer.pk].lap_id if customer.pk in before else None,
                number=before[customer.pk].number + 1 if customer.pk in before else 1,
                from_stage=stage,
                stage=target,
                kind=MoveKind.REGROUPED,
                follows_contract=before[customer.pk].follows_contract if customer.pk in before else False,
                occurred_on=max(now.date(), before[customer.pk].occurred_on) if customer.pk in before else now.date(),
                known_at=now,
                recorded_at=now,
                reason=reason[:500],
                actor_label=actor.label[:200],
            )
            for customer in customers
        ),
        batch_size=2_000,
    )
    stays.refresh(ids)
    laps.settle(ids, now)
    read_model.write_stages(
        [
            read_model.StagePlace(customer.pk, target.key, target.macro, customer.stage_since or now.date())
            for customer in customers
        ]
    )
    extensions.notify_changed(ids, now)
