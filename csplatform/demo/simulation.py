"""The entry point: parameters in, a data set out, files written."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from csplatform.demo import engagements, files, moves, outcomes, usage
from csplatform.demo.calendar import Window, add_months
from csplatform.demo.catalogue import Catalogue, default
from csplatform.demo.names import PeopleNames
from csplatform.demo.people import Staff, Users
from csplatform.demo.plan import Plan, World
from csplatform.demo.population import draw, stream

_USAGE = 3


def yesterday(now: datetime) -> date:
    """The last closed UTC day at `now` (aware): the usual `end` of a fresh demo."""
    return now.astimezone(UTC).date() - timedelta(days=1)


@dataclass(frozen=True)
class Simulation:
    """Parameters of a run; the same parameters give the same bytes.

    `end` is the last day with data; the window covers `months` months up to it, or exactly `days` days when given.
    `customers` counts all of them, prospects and former ones included; stories come first. `events` is the wanted
    number of events (reached within a few per cent) or None for the natural amount. `history` keeps every stage a
    customer came to as a row of its own; without it there is one row per customer.
    `ids` begins every customer's id. `mark` changes nothing but the ids of messages: a workspace counts each once, also
    after they were deleted.
    """

    end: date
    seed: int = 7
    customers: int = 300
    months: int = 24
    days: int | None = None
    events: int | None = None
    history: bool = True
    ids: str = "c"
    mark: str = ""
    catalogue: Catalogue = field(default_factory=default, repr=False)

    def __post_init__(self) -> None:
        if self.customers < 1:
            raise ValueError(f"customers must be at least 1, not {self.customers}")
        if self.months < 1 or (self.days is not None and self.days < 1):
            raise ValueError("the window must be at least one month, or `days` at least 1")
        if self.events is not None and self.events < 0:
            raise ValueError(f"events must not be negative, not {self.events}")

    @classmethod
    def sherwood(cls, end: date) -> Simulation:
        """The demo workspace: 300 customers, two years, about 1.5 million events."""
        return cls(end=end, events=1_500_000)

    @property
    def window(self) -> Window:
        if self.days is not None:
            return Window(self.end - timedelta(days=self.days - 1), self.end)
        return Window(add_months(self.end, -self.months) + timedelta(days=1), self.end)

    @property
    def fingerprint(self) -> int:
        """32 bits that differ between runs with different parameters; part of every message id."""
        return zlib.crc32(repr(self).encode())

    def run(self) -> DataSet:
        """Simulate. Raises `CatalogueError` when a story cannot be told."""
        world = World(self.catalogue, self.window)
        plans = draw(world, customers=self.customers, seed=self.seed, ids=self.ids)
        staff = Staff(self.catalogue.population, PeopleNames(self.catalogue))
        for plan in plans:
            staff.hire(plan)
        users = staff.users()
        events = usage.simulate(
            plans,
            users,
            window=world.window,
            catalogue=self.catalogue,
            target=self.events,
            rng=stream(self.seed, _USAGE),
        )
        return DataSet(self, plans, staff, users, events)


@dataclass(frozen=True)
class Paths:
    """Where the files were written."""

    customers: Path
    contacts: Path
    subscriptions: Path
    moves: Path
    events: Path
    outcomes: Path
    measurements: Path
    engagements: Path


@dataclass(frozen=True)
class DataSet:
    """A finished run: plans for whoever checks the stories, tables for whoever imports."""

    simulation: Simulation
    plans: list[Plan]
    staff: Staff
    users: Users
    events: usage.Events

    @property
    def customers_table(self) -> files.Table:
        return files.customers_table(self.plans, self.simulation.window, history=self.simulation.history)

    @property
    def contacts_table(self) -> files.Table:
        return files.contacts_table(self.staff.rows, self.simulation.window)

    @property
    def subscriptions_table(self) -> files.Table:
        currency = self.simulation.catalogue.vendor["currency"]
        return files.subscriptions_table(self.plans, self.simulation.window, currency)

    @property
    def moves_table(self) -> files.Table:
        """Without the history of stages there is nothing to tell: customers are placed where they stand."""
        told = self.plans if self.simulation.history else []
        members = self.simulation.catalogue.members
        return moves.moves_table(told, self.simulation.window, members, seed=self.simulation.seed)

    @property
    def events_table(self) -> pa.Table:
        return files.events_table(
            self.events,
            self.users,
            [plan.external_id for plan in self.plans],
            self.simulation.catalogue.feature_names,
            self.simulation.fingerprint,
        )

    @property
    def promises(self) -> outcomes.Promises:
        return outcomes.promise(self.plans, window=self.simulation.window, seed=self.simulation.seed)

    @property
    def engagements_table(self) -> files.Table:
        rows = engagements.talk(self.plans, self.staff.rows, window=self.simulation.window, seed=self.simulation.seed)
        return files.Table(engagements.COLUMNS, rows)

    def write(self, folder: Path) -> Paths:
        """Write the import files into `folder`, which is made if needed."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = Paths(
            folder / "customers.csv",
            folder / "contacts.csv",
            folder / "subscriptions.csv",
            folder / "moves.csv",
            folder / "events.parquet",
            folder / "outcomes.csv",
            folder / "measurements.csv",
            folder / "engagements.csv",
        )
        self.customers_table.write(paths.customers)
        self.contacts_table.write(paths.contacts)
        self.subscriptions_table.write(paths.subscriptions)
        self.moves_table.write(paths.moves)
        files.write_events(self.events_table, paths.events)
        promises = self.promises
        files.Table(outcomes.OUTCOME_COLUMNS, promises.outcomes).write(paths.outcomes)
        files.Table(outcomes.MEASUREMENT_COLUMNS, promises.measurements).write(paths.measurements)
        self.engagements_table.write(paths.engagements)
        return paths
