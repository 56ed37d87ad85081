"""Looking whose rule holds for whom, when customers are scored, and keeping what came of it with its time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection

from accounts import segments
from accounts.models import Customer, SavedSegment
from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from health.measures import Ints
from health.models import CardAssignment, Scorecard
from health.services.cards import Deck, Hand, Place


def assign(deck: Deck, ids: Sequence[str], macros: Sequence[str], day: date, now: datetime) -> list[Hand]:
    """The versions that score these customers today, by today's rules; what changed is kept as known at ``now``.

    ``macros``: the stage of each, empty for none. The caller holds the customers.
    """
    if deck.is_single:
        return deck.hands(np.zeros(len(ids), dtype=np.int64), day)
    in_force = [place for place, _ in deck.in_force(day)]
    chosen = np.full(len(ids), len(in_force) - 1, dtype=np.int64)
    free = np.ones(len(ids), dtype=np.bool_)
    for number, place in enumerate(in_force[:-1]):
        if not place.is_retired and free.any():
            taken = free & holds(place, ids, macros, now)
            chosen[taken] = number
            free &= ~taken
    _keep(in_force, ids, chosen, now)
    return deck.hands(chosen, day)


def holds(rule: Place | Scorecard, ids: Sequence[str], macros: Sequence[str], now: datetime) -> npt.NDArray[np.bool_]:
    """For which of these customers the rule of a scorecard holds at ``now``; ``macros``: as in ``assign``."""
    found = np.ones(len(ids), dtype=np.bool_)
    if rule.macros:
        found &= np.isin(np.array(macros, dtype=object), rule.macros)
    if rule.segment_id is not None:
        members = _members(rule.segment_id, ids, now)
        found &= np.array([each in members for each in ids], dtype=np.bool_)
    return found


def _members(segment_id: UUID, ids: Sequence[str], now: datetime) -> set[str]:
    """Who of ``ids`` is in the saved segment; nobody where it was deleted or cannot be answered."""
    segment = SavedSegment.objects.filter(pk=segment_id).first()
    if segment is None:
        return set()
    condition = segments.condition(segments.stored(segment.definition), now=now)
    found = Customer.objects.filter(pk__in=ids).filter(condition).values_list("pk", flat=True)
    return {str(pk) for pk in found}


def _keep(in_force: list[Place], ids: Sequence[str], chosen: Ints, now: datetime) -> None:
    known = _known(ids)
    default = in_force[-1].scorecard_id
    changed = []
    for customer_id, number in zip(ids, chosen.tolist(), strict=True):
        card = in_force[number].scorecard_id
        if known.get(customer_id, default) != card:
            changed.append(
                CardAssignment(
                    workspace_id=current_workspace_id(), customer_id=customer_id, scorecard_id=card, known_at=now
                )
            )
    CardAssignment.objects.bulk_create(changed)


def _known(ids: Sequence[str]) -> dict[str, UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (customer_id) customer_id::text, scorecard_id FROM health_cardassignment
            WHERE workspace_id = %s AND customer_id = ANY(%s::uuid[]) ORDER BY customer_id, id DESC
            """,
            [str(current_workspace_id()), literal(ids)],
        )
        return dict(cursor.fetchall())
