"""Contracts, sponsors and stages as they were known on a past day, from their versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection

from accounts.terms import Contract, Spell, Terms, contract_on, spells
from csplatform.core.tenancy import current_workspace_id
from health.measures import Floats, Ints


@dataclass(slots=True)
class VersionFacts:
    seats: Floats
    contacts: Ints
    sponsors: Ints
    state: npt.NDArray[np.object_]
    customer_since: Ints
    renewal_on: Ints
    macro: list[str]


@dataclass(frozen=True, slots=True)
class _People:
    """Stretches of time (seconds since 1970, the last second left out) in which a contact belonged to a customer."""

    customer: Ints
    since: Floats
    until: Floats
    is_sponsor: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, versions: Sequence[tuple[UUID, int, float, bool]]) -> _People:
        """From (contact, place of its customer or −1, known since, is sponsor), by contact in order of knowing."""
        until = [
            later[2] if later[0] == each[0] else np.inf
            # Of nobody there is no version, and the one that would end the last has none before it.
            for each, later in zip(versions, [*versions[1:], (None, -1, 0.0, False)], strict=False)
        ]
        customer = np.array([each[1] for each in versions], dtype=np.int64)
        kept = customer >= 0
        since = np.array([each[2] for each in versions], dtype=np.float64)
        is_sponsor = np.array([each[3] for each in versions], dtype=np.bool_)
        return cls(customer[kept], since[kept], np.array(until, dtype=np.float64)[kept], is_sponsor[kept])


class Versions:
    """All versions concerning ``customer_ids``, loaded once when first asked for, readable as of any day."""

    def __init__(
        self,
        customer_ids: Sequence[UUID] | Sequence[str],
        *,
        grace_days: int,
        data_through: date | None,
        recorded_through: datetime | None = None,
    ) -> None:
        self._ids = [str(i) for i in customer_ids]
        self._position = {key: index for index, key in enumerate(self._ids)}
        self._grace_days = grace_days
        self._data_through = data_through
        self._cut: Any = recorded_through or "infinity"
        self._kept: tuple[tuple[date, date], list[Contract]] | None = None

    def at(self, day: date, known_through: date) -> VersionFacts:
        """As of ``day``, from versions known by the end of ``known_through``.

        Who is a sponsor has no date of its own: it counts from the day on which it is known.
        """
        n = len(self._ids)
        contracts = self.contracts(day, known_through)
        contacts, sponsors = self._count_people(_end_of(min(day, known_through)))
        return VersionFacts(
            seats=_seats(contracts),
            contacts=contacts,
            sponsors=sponsors,
            state=np.array([c.state for c in contracts] or [""], dtype=object)[:n],
            customer_since=_ordinals([c.customer_since for c in contracts]),
            renewal_on=_ordinals([c.renewal_on for c in contracts]),
            macro=self.macros(day, known_through),
        )

    def macros(self, day: date, known_through: date | None = None) -> list[str]:
        """Where each customer stood on its journey as of ``day``, empty for nowhere; known as in ``contracts``."""
        known = _end_of(known_through or day)
        return [self._macro(index, day, known) for index in range(len(self._ids))]

    def contracts(self, day: date, known_through: date | None = None) -> list[Contract]:
        """Each customer's contract as of ``day``, as known by its end (or by the end of ``known_through``).

        Those asked for last are kept: measures of seats and revenue ask again for the day.
        """
        asked = day, known_through or day
        if self._kept is None or self._kept[0] != asked:
            known = _end_of(asked[1])
            self._kept = asked, [self._contract(index, day, known) for index in range(len(self._ids))]
        return self._kept[1]

    def seats(self, day: date, known_through: date) -> Floats:
        """Each customer's seats as of ``day``; NaN where none are recorded."""
        return _seats(self.contracts(day, known_through))

    def arr(self, day: date, known_through: date) -> Floats:
        """Each customer's revenue a year as of ``day``, in minor units; 0 without a contract."""
        return np.array([each.arr_minor for each in self.contracts(day, known_through)], dtype=np.float64)

    def spells(self, through: date) -> list[list[Spell]]:
        """Each customer's times under contract as they turned out: from the newest versions, whenever known."""
        newest = ([v[-1][1] for v in self._terms.get(index, ())] for index in range(len(self._ids)))
        return [
            spells([each for each in mine if each is not None], grace_days=self._grace_days, through=through)
            for mine in newest
        ]

    def _contract(self, index: int, day: date, known: datetime) -> Contract:
        found = (_on(versions, day, known) for versions in self._terms.get(index, ()))
        latest = [terms for terms in found if terms is not None]
        return contract_on(latest, day, grace_days=self._grace_days, through=self._data_through)

    def _count_people(self, known: datetime) -> tuple[Ints, Ints]:
        found = self._people
        holds = (found.since <= known.timestamp()) & (known.timestamp() < found.until)
        owners, sponsors = found.customer[holds], found.is_sponsor[holds]
        n = len(self._ids)
        return np.bincount(owners, minlength=n), np.bincount(owners[sponsors], minlength=n)

    def _macro(self, index: int, day: date, known: datetime) -> str:
        for known_at, occurred_on, macro in reversed(self._moves.get(index, ())):
            if known_at <= known and occurred_on <= day:
                return macro or ""
        return ""

    @cached_property
    def _terms(self) -> dict[int, list[list[tuple[datetime, Terms | None]]]]:
        """Per customer position: per subscription its versions in order of knowing. None: it went elsewhere."""
        rows = self._fetch(
            """
            SELECT v.subscription_id, v.customer_id, v.known_at, v.starts_on, v.arr_minor, v.billing_period_months,
                   v.ends_on, v.cancelled_on, v.renewal_on, v.auto_renews, v.notice_days, v.seats
            FROM accounts_subscriptionversion v
            WHERE v.workspace_id = %s AND v.recorded_at <= %s AND v.subscription_id IN (
              SELECT subscription_id FROM accounts_subscriptionversion
              WHERE workspace_id = %s AND customer_id = ANY(%s::uuid[]))
            ORDER BY v.subscription_id, v.known_at, v.id
            """
        )
        by_subscription: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
        for row in rows:
            by_subscription[row[0]].append(row)
        result: dict[int, list[list[tuple[datetime, Terms | None]]]] = defaultdict(list)
        for versions in by_subscription.values():
            for owner in {str(row[1]) for row in versions}:
                if owner in self._position:
                    result[self._position[owner]].append(
                        [(row[2], _terms(row) if str(row[1]) == owner else None) for row in versions]
                    )
        return result

    @cached_property
    def _people(self) -> _People:
        rows = self._fetch(
            """
            SELECT v.contact_id, v.customer_id, v.known_at, v.is_sponsor
            FROM accounts_contactversion v
            WHERE v.workspace_id = %s AND v.recorded_at <= %s AND v.contact_id IN (
              SELECT contact_id FROM accounts_contactversion
              WHERE workspace_id = %s AND customer_id = ANY(%s::uuid[]))
            ORDER BY v.contact_id, v.known_at, v.id
            """
        )
        return _People.of([(row[0], self._position.get(str(row[1]), -1), row[2].timestamp(), row[3]) for row in rows])

    @cached_property
    def _moves(self) -> dict[int, list[tuple[datetime, date, str | None]]]:
        rows = self._fetch(
            """
            SELECT m.customer_id, m.known_at, m.occurred_on, s.macro
            FROM journeys_move m LEFT JOIN journeys_stage s ON s.id = m.stage_id
            WHERE m.workspace_id = %s AND m.recorded_at <= %s AND %s::text IS NOT NULL
              AND m.customer_id = ANY(%s::uuid[])
            ORDER BY m.customer_id, m.occurred_on, m.id
            """
        )
        moves: dict[int, list[tuple[datetime, date, str | None]]] = defaultdict(list)
        for customer, known_at, occurred_on, macro in rows:
            moves[self._position[str(customer)]].append((known_at, occurred_on, macro))
        return moves

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        workspace = str(current_workspace_id())
        with connection.cursor() as cursor:
            cursor.execute(sql, [workspace, self._cut, workspace, self._ids])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _on(versions: Sequence[tuple[datetime, Terms | None]], day: date, known: datetime) -> Terms | None:
    """A subscription as of ``day`` from what was known by ``known``; None where it was not here.

    What has no date of its own (seats, revenue, terms of renewal) holds from when it is known: an upgrade of today says
    nothing of last month. What became known after the day counts where it is dated by then: a subscription told of
    late, a notice, an end, and the renewal of what seemed to have ended.
    """
    if len(versions) == 1:
        return versions[0][1] if versions[0][0] <= known else None
    visible = [terms for known_at, terms in versions if known_at <= known]
    if not visible:
        return None
    by_then = sum(1 for known_at, _terms in versions if known_at <= min(known, _end_of(day)))
    held, last = visible[max(by_then - 1, 0)], visible[-1]
    if held is None or last is None or held is last:
        return held
    dates = (held.ends_on, held.cancelled_on, last.ends_on, last.cancelled_on)
    if any(each is not None and each <= day for each in dates):
        return replace(held, ends_on=last.ends_on, cancelled_on=last.cancelled_on)
    return held


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


def _terms(row: tuple[Any, ...]) -> Terms:
    return Terms(
        starts_on=row[3],
        arr_minor=row[4],
        billing_period_months=row[5],
        ends_on=row[6],
        cancelled_on=row[7],
        renewal_on=row[8],
        auto_renews=row[9],
        notice_days=row[10],
        seats=row[11],
    )


def _ordinals(days: list[date | None]) -> Ints:
    return np.array([-1 if day is None else day.toordinal() for day in days], dtype=np.int64)


def _seats(contracts: Sequence[Contract]) -> Floats:
    return np.array([np.nan if each.seats is None else each.seats for each in contracts], dtype=np.float64)
