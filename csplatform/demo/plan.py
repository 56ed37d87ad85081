"""What is decided about one customer before its events are drawn.

Mechanisms (`csplatform.demo.mechanisms`) write into a `Plan`; contracts, people, stages and usage read from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from csplatform.demo.calendar import FloatArray, Window
from csplatform.demo.catalogue import Catalogue, Entry


@dataclass(frozen=True)
class World:
    """What all customers share."""

    catalogue: Catalogue
    window: Window

    def price(self, seats: int) -> tuple[str, float]:
        """The vendor's plan for that many seats and its price per seat and month."""
        plans: list[Entry] = self.catalogue.population["plan"]
        for plan in plans:
            if seats <= plan["up_to"]:
                return plan["name"], plan["price"]
        return plans[-1]["name"], plans[-1]["price"]


@dataclass
class Company:
    """Who the customer is."""

    name: str
    domain: str
    industry: Entry
    country: Entry
    employees: int
    owner_email: str
    source: str
    tags: list[str]
    attributes: dict[str, str]


@dataclass
class Cancel:
    """Notice given on day `notice`; `ends` is set for an early termination, else the term is served out."""

    notice: int
    ends: int | None
    wind_down: float | None


@dataclass
class Deal:
    """The terms of the (first) contract and what is already known to happen to it."""

    start: date
    seats: int
    price_factor: float
    billing_months: int
    notice_days: int
    auto_renews: bool
    loyal: bool = False
    lapses: bool = False
    cancel: Cancel | None = None
    returns: tuple[int, float] | None = None
    expansions: list[tuple[int, float]] = field(default_factory=list)


@dataclass
class Prospect:
    """A customer before its contract: the stage reached and what the contract would be worth."""

    stage: str
    since: int
    seats: int


@dataclass
class Subscription:
    """One contract term of one product. Money in cents a year; `ended_on` is the day after the last day of service.

    `ended_known` is the day on which the end was told; `cancelled_on` is set when somebody gave notice. A monthly
    subscription has no `renewal_on`: it runs on until notice is given.
    """

    external_id: str
    product: str
    plan: str
    seats: int
    arr_cents: int
    billing_months: int
    starts_on: date
    renewal_on: date | None
    auto_renews: bool
    notice_days: int
    cancelled_on: date | None = None
    ended_on: date | None = None
    ended_known: date | None = None


@dataclass
class Plan:
    """One customer's whole story. Curves have one value a day of the window.

    `commitment` is how much the customer has made the product its own (1 = as intended): it drives usage *and* the
    wish to renew. `surroundings` is what moves usage alone: seasons, shocks, outages.
    """

    index: int
    external_id: str
    story: str
    world: World
    rng: np.random.Generator
    company: Company
    commitment: FloatArray
    surroundings: FloatArray
    week: list[float]

    deal: Deal | None = None
    prospect: Prospect | None = None
    trial: tuple[int, int] | None = None  # first day, users
    stage: str = ""
    parent: Plan | None = None
    referred_by: Plan | None = None

    seat_use: float = 0.8  # invited users per seat
    take_up: float = 0.75  # how readily features are taken up
    days_factor: float = 1.0  # multiplies the days a week of every user
    intensity: float = 1.0  # multiplies the events of an active day
    untold: float = 0.0  # what nobody sees of the wish to leave
    joins: list[tuple[int, int]] = field(default_factory=list)  # day, further users
    exits: list[tuple[int, float]] = field(default_factory=list)  # day, share of users leaving
    sponsor_gaps: list[tuple[int, int | None]] = field(default_factory=list)  # left on, replaced on
    has_sponsor: bool = True
    marks: dict[str, str] = field(default_factory=dict)  # attributes that become known when the customer leaves

    subscriptions: list[Subscription] = field(default_factory=list)
    open_spans: list[tuple[int, int]] = field(default_factory=list)  # days with access: from, up to (exclusive)
    left_on: int | None = None  # the day access ended for good (or until a return)
    created: int = 0

    @property
    def window(self) -> Window:
        return self.world.window

    @property
    def contract_day(self) -> int | None:
        return None if self.deal is None else self.window.number(self.deal.start)

    def sponsor_absent(self, day: int) -> bool:
        """Whether nobody sponsors the product on that day."""
        if not self.has_sponsor:
            return True
        return any(left <= day and (back is None or day < back) for left, back in self.sponsor_gaps)

    def felt(self, day: int, days: int = 56) -> float:
        """Mean commitment of the `days` up to `day`; 1.0 for days before the window."""
        if day < 0:
            return 1.0
        stop = min(day, self.window.last) + 1
        return float(self.commitment[max(0, stop - days) : stop].mean())

    @property
    def shallowness(self) -> float:
        """How little of seats and features is used: about 0 for most, above for shallow adoption."""
        return (0.75 - self.seat_use) * 2.2 + (0.7 - self.take_up) * 1.6
