"""Which scorecard a customer had on a day, and which version of it was in force.

Scorecards stand in an order; the first whose rule holds for a customer is its card, the default one comes last. Whether
a rule holds is looked at when a customer is scored (``health.services.assigning``), and what came of it is kept with
its time: past days are rebuilt from that, never from today's rules. A workspace with the default card alone asks one
question more than none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import numpy as np
from django.db import connection

from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from health.measures import Ints
from health.models import ScorecardVersion
from health.scoring import Card
from health.services.compute import card_of

Hand = tuple[ScorecardVersion, Ints | None]
"""A version, and the places of the customers it scores; None: all of them."""

# Published versions never change, so each is read once per process; which one counts is asked every time.
_VERSIONS_KEPT = 1_000
_versions: dict[UUID, ScorecardVersion] = {}


class NoScorecardError(LookupError):
    """The workspace has no published scorecard."""


@dataclass(slots=True)
class Place:
    """A scorecard with a published version, in the order of precedence; ``published``: its versions, oldest first."""

    scorecard_id: UUID
    is_default: bool
    is_retired: bool
    macros: list[str]
    segment_id: UUID | None
    published: list[tuple[UUID, datetime]] = field(default_factory=list)

    def version_on(self, day: date) -> UUID | None:
        """The last published by the end of ``day`` (UTC); of the default card else the first, of others None."""
        end = datetime.combine(day, time.max, UTC)
        known = [pk for pk, moment in self.published if moment <= end]
        if known:
            return known[-1]
        return self.published[0][0] if self.is_default else None


@dataclass(frozen=True, slots=True)
class Turn:
    """From ``day`` on the version with id ``after`` scored a customer, instead of ``before``."""

    day: date
    before: UUID | None
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Deck:
    """The active workspace's published scorecards in their order, the default one last."""

    places: tuple[Place, ...]

    @classmethod
    def load(cls) -> Deck:
        """Raises ``NoScorecardError`` where the default scorecard has no version."""
        places: dict[UUID, Place] = {}
        rows = ScorecardVersion.objects.order_by(
            "scorecard__is_default", "scorecard__position", "scorecard_id", "version"
        ).values_list(
            "scorecard_id",
            "scorecard__is_default",
            "scorecard__retired_at",
            "scorecard__macros",
            "scorecard__segment_id",
            "id",
            "published_at",
        )
        for card_id, is_default, retired_at, macros, segment_id, pk, published_at in rows:
            place = places.setdefault(card_id, Place(card_id, is_default, retired_at is not None, macros, segment_id))
            place.published.append((pk, published_at))
        deck = cls(tuple(places.values()))
        if not deck.places or not deck.default.is_default:
            raise NoScorecardError("No scorecard is published in this workspace.")
        return deck

    @property
    def default(self) -> Place:
        return self.places[-1]

    @property
    def is_single(self) -> bool:
        return len(self.places) == 1

    def in_force(self, day: date) -> list[tuple[Place, ScorecardVersion]]:
        """The scorecards published by the end of ``day`` with their versions of then, in their order."""
        found = [(place, place.version_on(day)) for place in self.places]
        versions = read(pk for _, pk in found if pk is not None)
        return [(place, versions[pk]) for place, pk in found if pk is not None]

    def cards_on(self, day: date) -> list[Card]:
        """What those versions say."""
        return [card_of(version) for _, version in self.in_force(day)]

    def deal(self, customer_ids: Sequence[UUID], days: Iterable[date]) -> dict[date, list[Hand]]:
        """For each day, the versions that scored these customers then; neither number counts in queries."""
        if self.is_single:
            chosen = {day: self.default.version_on(day) for day in days}
            versions = read(pk for pk in chosen.values() if pk is not None)
            return {day: [(versions[pk], None)] for day, pk in chosen.items() if pk is not None}
        told = _assignments(customer_ids)
        return {day: self._dealt(customer_ids, day, told) for day in days}

    def _dealt(
        self, customer_ids: Sequence[UUID], day: date, told: dict[UUID, list[tuple[datetime, UUID]]]
    ) -> list[Hand]:
        end = datetime.combine(day, time.max, UTC)
        numbers = {place.scorecard_id: number for number, (place, _) in enumerate(self.in_force(day))}
        last = len(numbers) - 1
        chosen = np.full(len(customer_ids), last, dtype=np.int64)
        for place, customer_id in enumerate(customer_ids):
            known = [card for known_at, card in told.get(customer_id, ()) if known_at <= end]
            if known:
                chosen[place] = numbers.get(known[-1], last)
        return self.hands(chosen, day)

    def turns(self, customer_id: UUID, first: date, last: date) -> list[Turn]:
        """The days from ``first`` to ``last`` on which one customer came to be scored by another version, in order."""
        told = [] if self.is_single else _assignments([customer_id])[customer_id]
        moments = [moment for place in self.places for _, moment in place.published] + [moment for moment, _ in told]
        found = []
        for day in sorted({moment.astimezone(UTC).date() for moment in moments}):
            turn = Turn(day, self._held(told, day - timedelta(days=1)), self._held(told, day))
            if first <= day <= last and turn.before != turn.after:
                found.append(turn)
        return found

    def _held(self, told: list[tuple[datetime, UUID]], day: date) -> UUID | None:
        end = datetime.combine(day, time.max, UTC)
        known = [card for known_at, card in told if known_at <= end][-1:]
        own = next((place for place in self.places if place.scorecard_id in known), self.default)
        return own.version_on(day) or self.default.version_on(day)

    def hands(self, chosen: Ints, day: date) -> list[Hand]:
        """The versions in force on ``day`` with their customers; ``chosen``: by customer, which of ``in_force``."""
        versions = [version for _, version in self.in_force(day)]
        used = np.unique(chosen).tolist() or [len(versions) - 1]
        if len(used) == 1:
            return [(versions[used[0]], None)]
        return [(versions[number], np.flatnonzero(chosen == number)) for number in used]


def version_on(day: date) -> ScorecardVersion:
    """The default scorecard's version in force on ``day`` (UTC): the last published by its end, else the first."""
    return Deck.load().in_force(day)[-1][1]


def versions_of(customer_id: UUID, days: Sequence[date]) -> dict[date, ScorecardVersion]:
    """The version by which one customer was scored on each of ``days``."""
    return {day: hands[0][0] for day, hands in Deck.load().deal([customer_id], days).items()}


def read(ids: Iterable[UUID]) -> dict[UUID, ScorecardVersion]:
    """Versions by their ids, each read once per process."""
    wanted = set(ids)
    missing = wanted - _versions.keys()
    if missing:
        if len(_versions) > _VERSIONS_KEPT:
            _versions.clear()
            missing = wanted
        _versions.update(ScorecardVersion.objects.in_bulk(missing))
    return {pk: _versions[pk] for pk in wanted}


def _assignments(customer_ids: Sequence[UUID]) -> dict[UUID, list[tuple[datetime, UUID]]]:
    """Which card each customer got when, in the order in which it was found out."""
    told: dict[UUID, list[tuple[datetime, UUID]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT customer_id, known_at, scorecard_id FROM health_cardassignment
            WHERE workspace_id = %s AND customer_id = ANY(%s::uuid[]) ORDER BY id
            """,
            [str(current_workspace_id()), literal(customer_ids)],
        )
        for customer_id, known_at, scorecard_id in cursor.fetchall():
            told[customer_id].append((known_at, scorecard_id))
    return told
