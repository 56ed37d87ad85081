"""The demo workspace: an invented vendor's two years, brought in the way every workspace's data comes in.

Each step asks the database whether it is done, so a load that was killed goes on where it stopped, and a second one
finds nothing to do. The files are simulated anew when needed: the same parameters give the same bytes.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Membership, Workspace
from accounts.roles import Department, Role
from accounts.services import people, workspaces
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import Simulation, yesterday
from health import adoption, defaults, demo_support, filling, tasks
from health.alerts import catching_up
from health.filling import Clock
from health.models import HealthSnapshot, Measure, ScoringRun
from health.services import churn, definitions, lab, scoring, snapshots
from journeys import demo_adoption, demo_change, demo_plan, demo_playbooks, demo_relays, demo_team, demo_wishes
from surveys import demo_voice

ACTOR = audit.Actor(label="demo")
_WEEKLY = 104  # snapshots as far back as the files go
_DAILY = 35  # and every day of the last five weeks, so that changes over 7 and 28 days have their beginnings
_SAY_EVERY_SECONDS = 4.0

Say = Callable[[str], None]
Simulate = Callable[[date], Simulation]


def find() -> Workspace | None:
    """The demo workspace, loaded or on its way."""
    return Workspace.objects.filter(is_demo=True).order_by("created_at").first()


def load(*, clock: Clock, say: Say, simulate: Simulate = Simulation.sherwood) -> Workspace:
    """Make the demo workspace and everything in it, or what is missing of it.

    ``say`` hears the progress; ``simulate`` is given the last day with data (UTC). Raises ``filling.FillingError``.
    """
    workspace = find()
    if workspace is not None and not workspace.is_filling:
        return workspace
    return _Load(clock, say, simulate).all_steps(workspace)


def past_days(today: date) -> list[date]:
    """The closed days that get a snapshot, oldest first: weekly for two years, daily lately; not yesterday.

    Yesterday is left to the run that closes it.
    """
    last = today - timedelta(days=1)
    weekly = {last - timedelta(days=7 * week) for week in range(1, _WEEKLY + 1)}
    daily = {last - timedelta(days=day) for day in range(1, _DAILY)}
    return sorted(weekly | daily)


def points_on(day: date) -> dict[UUID, int | None]:
    """Health points of the active workspace's customers on the last day up to ``day`` that has a snapshot."""
    rows = HealthSnapshot.objects.filter(as_of__lte=day, as_of__gt=day - timedelta(days=8))
    newest = rows.order_by("customer_id", "-as_of", "-revision").distinct("customer_id")
    return dict(newest.values_list("customer_id", "points"))


@dataclass(slots=True)
class _Load:
    clock: Clock
    say: Say
    simulate: Simulate

    def all_steps(self, workspace: Workspace | None) -> Workspace:
        # Counted from the first attempt, so that every later one makes the same files.
        end = yesterday(workspace.created_at if workspace else self.clock())
        simulation = self.simulate(end)
        workspace = workspace or self._workspace(simulation)
        with self._timed("Members"):
            self._members(workspace, simulation)
        self._imports(workspace, simulation)
        with self._timed("Scores"):
            self._scores(workspace)
        with self._timed("Adoption"):
            self._adoption(workspace)
            demo_adoption.load(workspace=workspace, now=self.clock())
        with self._timed("Customers' voice"):
            demo_voice.load(workspace=workspace, health_on=points_on, now=self.clock())
            self._measure_of_voice(workspace)
        with self._timed("Signals and a shock"):
            demo_change.load(workspace=workspace, now=self.clock())
        with self._timed("Handovers"):
            demo_relays.load(workspace=workspace, now=self.clock())
            demo_team.load(workspace=workspace, now=self.clock())
        with self._timed("Tickets, invoices and opportunities"):
            demo_support.load(workspace=workspace, now=self.clock())
        with self._timed("Requests and advocacy"):
            demo_wishes.load(workspace=workspace, now=self.clock())
        with self._timed("Shared plans"), workspace_scope(workspace):
            demo_plan.load(now=self.clock(), actor=ACTOR)
        with self._timed("Playbooks"):
            demo_playbooks.load(workspace=workspace, now=self.clock())
        self._settle(workspace)
        self._done(workspace)
        return workspace

    def _workspace(self, simulation: Simulation) -> Workspace:
        vendor = simulation.catalogue.vendor
        return workspaces.create_workspace(
            slug=vendor["slug"],
            name=vendor["name"],
            currency=vendor["currency"],
            now=self.clock(),
            actor=ACTOR,
            is_demo=True,
        )

    def _members(self, workspace: Workspace, simulation: Simulation) -> None:
        there = set(Membership.objects.filter(workspace=workspace).values_list("user__email", flat=True))
        for entry in simulation.catalogue.members:
            if entry["email"] in there:
                continue
            with transaction.atomic():
                user = people.find_person(entry["email"]) or people.create_person(
                    email=entry["email"], password=settings.DEMO_PASSWORD, name=entry["name"]
                )
                workspaces.add_member(
                    workspace=workspace,
                    user=user,
                    role=Role(entry["role"]),
                    department=Department(entry["department"]),
                    now=self.clock(),
                    actor=ACTOR,
                )

    # -- what -----------------------------------------------------------------------------------------
    def _imports(self, workspace: Workspace, simulation: Simulation) -> None:
        with workspace_scope(workspace):
            missing = filling.missing(workspace.created_at)
        if not missing:
            return
        folder = Path(settings.MEDIA_ROOT) / f"demo-{workspace.pk}"
        try:
            with self._timed("Simulation"):
                paths = simulation.run().write(folder)
            for kind in missing:
                with self._timed(f"Import of {kind}"):
                    filling.bring_in(
                        kind,
                        getattr(paths, kind),
                        workspace_id=workspace.pk,
                        since=workspace.created_at,
                        actor=ACTOR,
                        clock=self.clock,
                        progress=self._progress(kind),
                    )
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    # -- how well -------------------------------------------------------------------------------------
    def _scores(self, workspace: Workspace) -> None:
        now = self.clock()
        today = now.astimezone(UTC).date()
        late = 1
        while late:  # there is no snapshot yet that could need a revision
            with workspace_scope(workspace):
                late = snapshots.revise_late(today=today, now=now)
        yesterday = today - timedelta(days=1)
        self._run(workspace, ScoringRun.Kind.BACKFILL, past_days(today))
        self._run(workspace, ScoringRun.Kind.CLOSE_DAY, [yesterday])
        self._run(workspace, ScoringRun.Kind.CURRENT, [today])

    def _adoption(self, workspace: Workspace) -> None:
        """Follow everybody who is not followed yet, batch by batch, so that a load that was killed goes on."""
        followed = 1
        while followed:
            with workspace_scope(workspace):
                followed = adoption.follow_marked(now=self.clock())

    def _measure_of_voice(self, workspace: Workspace) -> None:
        """NPS as a measure that a scorecard can take up; none does, because here the answers lean on the score."""
        with workspace_scope(workspace):
            if not Measure.objects.filter(key=defaults.VOICE["key"]).exists():
                told = {name: value for name, value in defaults.VOICE.items() if name != "key"}
                definitions.create_measure(key=defaults.VOICE["key"], told=told, actor=ACTOR, now=self.clock())

    def _settle(self, workspace: Workspace) -> None:
        scored = 1
        while scored:  # imports and answers marked customers; who is scored by now need not be called again
            with workspace_scope(workspace):
                scored = scoring.refresh_dirty()

    def _run(self, workspace: Workspace, kind: ScoringRun.Kind, days: list[date]) -> None:
        filling.score(
            kind,
            days,
            workspace_id=workspace.pk,
            since=workspace.created_at,
            clock=self.clock,
            progress=self._progress(f"{kind.label}: customers × days"),
        )

    def _done(self, workspace: Workspace) -> None:
        now = self.clock()
        with workspace_scope(workspace):
            catching_up.catch_up(now=now)
            self._prove(workspace, now)
            Workspace.objects.filter(pk=workspace.pk).update(demo_ready_at=now)
            audit.record(actor=ACTOR, action="demo.loaded", subject=workspace, now=now)
        workspace.demo_ready_at = now

    @staticmethod
    def _prove(workspace: Workspace, now: datetime) -> None:
        """Ask the workers for what takes them a minute: the churn model with its proof, and the past for what-if."""
        training = churn.start(horizon=churn.wanted_horizon(None), actor=ACTOR, now=now)
        tasks.train_churn_soon(workspace.pk, training.pk)
        tasks.lay_out_lab_soon(workspace.pk, lab.start(actor=ACTOR, now=now).pk)

    # -- telling --------------------------------------------------------------------------------------
    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.say(f"{what}: {time.monotonic() - began:.1f} s")

    def _progress(self, what: str) -> Callable[[int, int], None]:
        said = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal said
            if time.monotonic() - said >= _SAY_EVERY_SECONDS:
                said = time.monotonic()
                self.say(f"{what}: {done:,} of {total:,} ({100 * done // max(total, 1)} %)")

        return progress
