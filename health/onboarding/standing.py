"""How far a workspace has come on its way from files to a proof, for pages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from accounts.imports import kinds
from accounts.models import Customer
from csplatform.core.models import Job, JobState
from health.models import Onboarding, OnboardingFile
from health.services.counting import under_way


class State(StrEnum):
    """WAITING: something before it is missing. NOW: it is the reader's turn."""

    WAITING = "waiting"
    NOW = "now"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where each step stands; ``row`` is None before anything was begun."""

    row: Onboarding | None
    files: list[OnboardingFile]
    imports: State
    measures: State
    backfill: State
    training: State

    @property
    def waiting(self) -> list[OnboardingFile]:
        return [each for each in self.files if each.run.job_id is None]

    @property
    def is_finished(self) -> bool:
        return self.training is State.DONE

    @property
    def is_listed(self) -> bool:
        """Whether Today reminds of it: begun, neither done nor taken off."""
        return self.row is not None and self.row.dismissed_at is None and not self.is_finished

    @property
    def is_running(self) -> bool:
        """Whether a step goes on by itself at the moment."""
        return State.RUNNING in self.states

    @property
    def done(self) -> int:
        return sum(state is State.DONE for state in self.states)

    @property
    def states(self) -> tuple[State, ...]:
        return (self.imports, self.measures, self.backfill, self.training)


def of_workspace() -> Standing:
    """How the active workspace stands; a fixed number of queries."""
    row = Onboarding.objects.select_related("backfill__job", "training", "version").first()
    rows = OnboardingFile.objects.select_related("run__job")
    order = {kind.key: place for place, kind in enumerate(kinds.all_kinds())}
    files = sorted(rows, key=lambda each: (order.get(each.run.kind, len(order)), each.added_at))
    imports = _imports(row, files)
    proving = row is not None and row.proving_since is not None
    measures = _after(imports, row is not None and row.version_id is not None, proving)
    if measures is State.RUNNING and row is not None and row.version_id is None and row.problem:
        measures = State.STOPPED
    backfill = _of_job(measures, row.backfill.job if row and row.backfill else None, proving)
    training = _of_job(backfill, row.training if row else None, proving)
    return Standing(row, files, imports, measures, backfill, training)


def counting() -> Job | None:
    """The counting of events that the publication waits for, None when none is under way."""
    waiting = under_way()
    return Job.objects.filter(pk__in=waiting.values()).order_by("created_at").first() if waiting else None


def _imports(row: Onboarding | None, files: list[OnboardingFile]) -> State:
    if row is not None and row.importing_since is not None:
        return State.RUNNING
    if any(each.run.job_id is None for each in files):
        return State.STOPPED if row is not None and row.problem else State.NOW
    if any(each.run.job and each.run.job.state == JobState.DONE for each in files) or Customer.objects.exists():
        return State.DONE
    return State.NOW


def _after(before: State, is_done: bool, proving: bool) -> State:
    if is_done:
        return State.DONE
    if proving:
        return State.RUNNING
    return State.NOW if before is State.DONE else State.WAITING


def _of_job(before: State, job: Job | None, proving: bool) -> State:
    if job is None:
        return State.RUNNING if proving and before is State.DONE else State.WAITING
    if job.state == JobState.DONE:
        return State.DONE
    return State.STOPPED if job.is_finished else State.RUNNING
