"""The people at a customer: who uses the product, when they came and went, and who sponsors it.

`Users` are arrays over all users of all customers, as usage needs them; `ContactRow` is one version of one contact,
as the import file needs it: a contact whose sponsorship changes appears again with a later `known`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from csplatform.demo.calendar import FloatArray, IntArray
from csplatform.demo.catalogue import Entry
from csplatform.demo.names import PeopleNames
from csplatform.demo.plan import Plan

NEVER = 1_000_000
_TURNOVER = 0.12  # chance a year that a user leaves the company
_IDLE = 0.12  # share of invited users who never start
_HARDEST = 0.85  # the commitment at which even the last user has come on board


@dataclass(frozen=True)
class ContactRow:
    """One version of one contact, valid from day `known`; `invited` is None for people without access."""

    external_id: str
    customer: str
    email: str
    name: str
    role: str
    title: str
    is_sponsor: bool
    is_champion: bool
    invited: int | None
    known: int


@dataclass(frozen=True)
class Users:
    """All users: customer number, kind (index into roles; the last is the sponsor's), first and last day (exclusive),
    active days in a full working week, events on an active day beyond the first, the commitment of the customer below
    which the user lies dormant (people come on board, and drop off, one by one), and their contact ids."""

    customer: IntArray
    kind: IntArray
    on: IntArray
    off: IntArray
    days: FloatArray
    events: FloatArray
    threshold: FloatArray
    contact_ids: list[str]


@dataclass
class _Cohort:
    """Users of one customer while they are gathered."""

    invited: list[np.ndarray]
    off: list[np.ndarray]

    def add(self, invited: np.ndarray, off: np.ndarray | None = None) -> None:
        self.invited.append(np.asarray(invited, dtype=np.int64))
        self.off.append(np.full(len(invited), NEVER, dtype=np.int64) if off is None else off)


def _invitations(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Day of invitation and day of leaving (exclusive) of every user of a customer with contract or trial."""
    rng, window = plan.rng, plan.window
    cohort = _Cohort([], [])
    begins = plan.contract_day
    if plan.trial is not None:
        at, users = plan.trial
        cohort.add(at + rng.integers(0, 5, users))
    if begins is not None and plan.deal is not None:
        pilots = 0 if plan.trial is None else plan.trial[1]
        count = max(1, round(plan.deal.seats * plan.seat_use) - pilots)
        waits = np.where(
            rng.random(count) < 0.6,
            rng.integers(0, 14, count),
            14 + rng.exponential(40.0, count),
        )
        cohort.add(begins + waits.astype(np.int64))
        for day, more in sorted(plan.joins):
            cohort.add(day + rng.exponential(18.0, more).astype(np.int64))
    if not cohort.invited:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    invited, off = np.concatenate(cohort.invited), np.concatenate(cohort.off)
    # Turnover, and a successor for most who leave.
    stays = np.maximum((rng.exponential(365.0 / _TURNOVER, len(invited))).astype(np.int64), 30)
    off = np.minimum(off, invited + stays)
    replaced = (off <= window.last) & (rng.random(len(invited)) < 0.8)
    successors = off[replaced] + rng.integers(5, 60, int(replaced.sum()))
    invited, off = (
        np.concatenate([invited, successors]),
        np.concatenate([off, np.full(len(successors), NEVER)]),
    )
    for at, share in plan.exits:
        leaving = (rng.random(len(off)) < share) & (invited < at)
        off = np.where(leaving, np.minimum(off, at), off)
    here = invited <= window.last
    if plan.left_on is not None:
        here &= invited < plan.left_on
    return invited[here], off[here]


class Staff:
    """Collects users and contact rows over all customers."""

    def __init__(self, population: Entry, names: PeopleNames) -> None:
        self.roles: list[Entry] = population["role"]
        self.sponsor: Entry = population["sponsor"]
        self.names = names
        self.rows: list[ContactRow] = []
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._ids: list[str] = []
        self._shares = np.array([role["share"] for role in self.roles])
        self._shares = self._shares / self._shares.sum()
        self._days = np.array([role["days"] for role in self.roles] + [self.sponsor["days"]])
        self._events = np.array([role["events"] for role in self.roles] + [self.sponsor["events"]])

    def hire(self, plan: Plan) -> None:
        """Add one customer's people."""
        invited, off = _invitations(plan)
        sponsors = self._sponsors(plan)
        count = len(invited) + len(sponsors)
        people = self.names.take(count, plan.company.domain, plan.rng)
        ids = [f"{plan.external_id}-p{number + 1}" for number in range(count)]
        kinds = plan.rng.choice(len(self.roles), len(invited), p=self._shares)
        titles = [str(title) for title in plan.rng.choice(self.sponsor["titles"], len(sponsors))]
        for number, (since, until, access) in enumerate(sponsors):
            named = plan.has_sponsor and (
                plan.deal is not None or (plan.prospect is not None and plan.prospect.stage == "decision")
            )
            row = ContactRow(
                ids[number],
                plan.external_id,
                people[number][1],
                people[number][0],
                "sponsor" if named else "buyer",
                titles[number],
                named,
                False,
                since if access else None,
                since,
            )
            self.rows.append(row)
            if named and until is not None:
                self.rows.append(replace(row, is_sponsor=False, known=until))
        self._users(plan, invited, off, kinds, sponsors, ids, people)

    def _sponsors(self, plan: Plan) -> list[tuple[int, int | None, bool]]:
        """(since, left, has access) of each successive sponsor, or of the one buyer known before a contract."""
        window, begins = plan.window, plan.contract_day
        if begins is None:
            return [(plan.created, None, plan.trial is not None)]
        spans: list[tuple[int, int | None, bool]] = []
        since: int | None = begins
        for left, back in sorted(plan.sponsor_gaps, key=lambda gap: gap[0]):
            if since is None or left > window.last:
                break
            spans.append((since, left, True))
            since = back if back is not None and back <= window.last else None
        if since is not None:
            spans.append((since, None, True))
        return spans

    def _users(
        self,
        plan: Plan,
        invited: np.ndarray,
        off: np.ndarray,
        kinds: np.ndarray,
        sponsors: list[tuple[int, int | None, bool]],
        ids: list[str],
        people: list[tuple[str, str]],
    ) -> None:
        rng, lead = plan.rng, len(sponsors)
        with_access = [number for number, sponsor in enumerate(sponsors) if sponsor[2]]
        on_sponsor = np.array([sponsors[number][0] for number in with_access], dtype=np.int64)
        off_sponsor = np.array(
            [sponsors[n][1] if sponsors[n][1] is not None else NEVER for n in with_access],
            dtype=np.int64,
        )
        kind = np.concatenate([np.full(len(with_access), len(self.roles)), kinds]).astype(np.int64)
        count = len(kind)
        days = self._days[kind] * plan.days_factor * np.exp(0.28 * rng.standard_normal(count) - 0.04)
        days[rng.random(count) < _IDLE] = 0.0
        events = (self._events[kind] - 1.0) * plan.intensity * np.exp(0.45 * rng.standard_normal(count) - 0.1)
        starts = np.concatenate([on_sponsor, invited + rng.geometric(0.35, len(invited)) - 1]).astype(np.int64)
        threshold = _HARDEST * rng.random(count) ** 1.2
        leaves = np.concatenate([off_sponsor, off]).astype(np.int64)
        self._parts.append((np.full(count, plan.index), kind, starts, leaves, days, events, threshold))
        self._ids.extend([ids[number] for number in with_access] + ids[lead:])
        champion = len(with_access) + int(np.argmax(days[len(with_access) :])) if len(invited) and plan.deal else -1
        praised = rng.random() < 0.7
        for position, (day, role) in enumerate(zip(invited.tolist(), kinds.tolist(), strict=True)):
            person = people[lead + position]
            row = ContactRow(
                ids[lead + position],
                plan.external_id,
                person[1],
                person[0],
                "user",
                self.roles[role]["title"],
                False,
                False,
                day,
                day,
            )
            self.rows.append(row)
            noticed = day + 45
            if praised and len(with_access) + position == champion and noticed <= plan.window.last:
                self.rows.append(replace(row, role="champion", is_champion=True, known=noticed))

    def users(self) -> Users:
        """Everybody with access, as arrays."""
        if not self._parts:
            empty = np.zeros(0)
            return Users(*(empty.astype(np.int64),) * 4, *(empty.astype(np.float32),) * 3, [])
        customer, kind, on, off, *habits = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        days, events, threshold = (habit.astype(np.float32) for habit in habits)
        return Users(customer, kind, on, off, days, events, threshold, self._ids)
