"""Laps: which throws of the boomerang a customer's subscriptions and moves amount to. Pure.

- The first lap begins with the relation and waits for the first sale.
- A lap of kind *renewal* begins when the term of the subscription that carries most of the revenue is renewed (a term
  shorter than a year: each year), or when one that ends is followed by another within the grace period.
- A lap of kind *expansion* begins when yearly revenue grows; growth within ``SETTLING_DAYS`` of a sale belongs to it.
- A lap of kind *return* begins with the first subscription after a churn.
- A move may throw the boomerang before anything is signed: that lap waits, and the next sale is its own.

A lap ends where the next begins, and with the end of the last subscription when nothing followed within grace.
Revenue that shrinks while the customer stays is taken off the lap it happens in; what a churn takes is not: the laps of
a customer under contract add up to its revenue since it last came back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Generic, TypeVar

from accounts.terms import Terms, add_months, known_end

FIRST_SALE, RENEWAL, EXPANSION, RETURN = "first_sale", "renewal", "expansion", "return"

SETTLING_DAYS = 30
"""Growth so soon after a sale is part of it: seats are added in the first weeks."""

YEAR_DAYS = 365

Id = TypeVar("Id")


@dataclass(frozen=True, slots=True)
class Version(Generic[Id]):
    """What a subscription said from ``known_on`` on; its first version also counts before."""

    subscription: Id
    known_on: date
    terms: Terms


@dataclass(frozen=True, slots=True)
class Throw:
    """A move that began a lap of this kind."""

    day: date
    kind: str


@dataclass(frozen=True, slots=True)
class Flown(Generic[Id]):
    """One lap. ``gained_minor``: yearly revenue it added. ``sold_on`` None: it waits for its sale."""

    kind: str
    began_on: date
    ended_on: date | None = None
    subscription: Id | None = None
    gained_minor: int = 0
    sold_on: date | None = None


@dataclass(frozen=True, slots=True)
class _Run(Generic[Id]):
    """A subscription as it ran: half-open stretches of days with their yearly revenue, and the days it renewed."""

    subscription: Id
    stretches: tuple[tuple[date, date, int], ...]
    renewals: frozenset[date]

    def revenue_on(self, day: date) -> int:
        return next((arr for start, end, arr in self.stretches if start <= day < end), 0)


def flown(
    began_on: date,
    versions: Iterable[Version[Id]],
    throws: Iterable[Throw] = (),
    *,
    day: date,
    grace_days: int,
    through: date | None = None,
) -> list[Flown[Id]]:
    """The laps up to the end of ``day``, in order; there is always a first one.

    ``through``: facts are complete up to that day, and nobody is taken to have churned beyond it.
    """
    runs = _runs(versions, day)
    begun = sorted(throws, key=lambda throw: throw.day)
    days = {edge for run in runs for start, end, _arr in run.stretches for edge in (start, end)}
    days |= {renewal for run in runs for renewal in run.renewals} | {throw.day for throw in begun}
    certain = day if through is None else min(day, through)
    book: _Book[Id] = _Book(min([began_on, *days]), grace_days)
    for each in sorted(found for found in days if found <= day):
        for throw in begun:
            if throw.day == each:
                book.throw(throw)
        book.trade(each, runs)
    book.ground(certain)
    return book.laps


def earned(laps: Sequence[Flown[Id]], versions: Iterable[Version[Id]], *, day: date) -> list[int]:
    """Revenue of each lap up to the end of ``day``, in minor units: yearly revenue by days of 365."""
    runs = _runs(versions, day)
    after = day + timedelta(days=1)
    totals = []
    for lap in laps:
        until = min(lap.ended_on or after, after)
        days = (
            arr * max(0, (min(end, until) - max(start, lap.began_on)).days)
            for run in runs
            for start, end, arr in run.stretches
        )
        totals.append(round(sum(days) / YEAR_DAYS))
    return totals


class _Book(Generic[Id]):
    """Laps as they are written, day by day."""

    def __init__(self, began_on: date, grace_days: int) -> None:
        self.laps: list[Flown[Id]] = [Flown(FIRST_SALE, began_on)]
        self._grace = timedelta(days=grace_days)
        self._revenue: Mapping[Id, int] = {}
        self._total = 0
        self._ended_on: date | None = None

    def throw(self, throw: Throw) -> None:
        self.ground(throw.day)
        self._open(throw.kind, throw.day)

    def trade(self, day: date, runs: Sequence[_Run[Id]]) -> None:
        """What subscriptions did on ``day``."""
        before, self._revenue = self._revenue, {r.subscription: arr for r in runs if (arr := r.revenue_on(day)) > 0}
        present = self._revenue
        if not present:
            self._ended_on = day if before else self._ended_on
            return
        # The end of the day before decides: what begins on the last day of grace or the morning after follows on.
        came_back = self.ground(day - timedelta(days=1))
        gained = sum(present.values()) - (0 if came_back else self._total)
        lead = max(present, key=lambda subscription: present[subscription])
        came = [subscription for subscription in present if subscription not in before]
        is_renewed = self._ended_on is not None or (came and before.keys() - present.keys())
        if came_back or self._total == 0:
            self._sell(RETURN if came_back else FIRST_SALE, day, lead, gained)
        elif is_renewed or day in _of(runs, lead).renewals:
            self._sell(RENEWAL, day, lead, gained)
        elif gained > 0:
            self._sell(EXPANSION, day, came[0] if came else lead, gained)
        else:
            self._add(gained)
        self._total = sum(present.values())
        self._ended_on = None

    def ground(self, day: date) -> bool:
        """End the open lap where grace has run out by the end of ``day``; says whether the customer churned."""
        if self._ended_on is None or day - self._ended_on <= self._grace:
            return False
        if self.laps[-1].ended_on is None and self.laps[-1].began_on <= self._ended_on:
            self.laps[-1] = replace(self.laps[-1], ended_on=self._ended_on)
        return True

    def _open(self, kind: str, day: date) -> None:
        if self.laps[-1].ended_on is None:
            self.laps[-1] = replace(self.laps[-1], ended_on=day)
        self.laps.append(Flown(kind, day))

    def _add(self, gained: int) -> None:
        self.laps[-1] = replace(self.laps[-1], gained_minor=self.laps[-1].gained_minor + gained)

    def _sell(self, kind: str, day: date, subscription: Id, gained: int) -> None:
        lap = self.laps[-1]
        waits = lap.ended_on is None and lap.sold_on is None
        settles = kind == EXPANSION and lap.sold_on is not None and (day - lap.sold_on).days <= SETTLING_DAYS
        if waits:
            told = RENEWAL if (lap.kind, kind) == (EXPANSION, RENEWAL) else lap.kind
            self.laps[-1] = replace(lap, kind=told, subscription=subscription, sold_on=day)
        elif not settles:
            self._open(kind, day)
            self.laps[-1] = replace(self.laps[-1], subscription=subscription, sold_on=day)
        self._add(gained)


def _of(runs: Sequence[_Run[Id]], subscription: Id) -> _Run[Id]:
    return next(run for run in runs if run.subscription == subscription)


def _runs(versions: Iterable[Version[Id]], day: date) -> list[_Run[Id]]:
    """Each paid subscription as it ran up to the end of ``day``, from what is known of it then."""
    told: dict[Id, list[Version[Id]]] = {}
    for version in sorted(versions, key=lambda version: version.known_on):
        told.setdefault(version.subscription, []).append(version)
    runs = []
    for subscription, mine in told.items():
        known = [version for version in mine if version.known_on <= day] or mine[:1]
        latest = known[-1].terms
        after = day + timedelta(days=1)
        end = min(known_end(latest, day) or after, after)
        edges = [latest.starts_on, *(max(v.known_on, latest.starts_on) for v in known[1:]), end]
        stretches = [
            (start, min(stop, end), version.terms.arr_minor)
            for version, start, stop in zip(known, edges, edges[1:], strict=False)
            if start < min(stop, end) and version.terms.arr_minor > 0
        ]
        if stretches:
            runs.append(_Run(subscription, tuple(stretches), frozenset(_renewals(known, latest.starts_on, end))))
    return runs


def _renewals(known: Sequence[Version[Id]], start: date, end: date) -> list[date]:
    """The days on which the subscription went into its next term, each by what was said of the term at that time."""
    found: list[date] = []
    for place, version in enumerate(known):
        since = start if place == 0 else max(version.known_on, start)
        until = known[place + 1].known_on if place + 1 < len(known) else end
        months = _term_months(version.terms)
        for day in _anchored(version.terms, months, since, min(until, end)):
            if day >= add_months(found[-1] if found else start, -(-months // 2)):
                found.append(day)
    return found


def _anchored(terms: Terms, months: int, since: date, until: date) -> list[date]:
    """Days from ``since`` to before ``until`` at which a term of ``months`` ends."""
    first = terms.renewal_on or add_months(terms.starts_on, months)
    behind = (first.year - since.year) * 12 + first.month - since.month
    step = -(behind // months + 1)
    days = []
    while (day := add_months(first, step * months)) < until:
        if day >= since:
            days.append(day)
        step += 1
    return days


def _term_months(terms: Terms) -> int:
    """A term of at least a year, in whole billing periods."""
    period = terms.billing_period_months
    return period * -(-12 // period)
