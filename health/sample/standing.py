"""Whether sample data is in the active workspace, and how far its way in or out has come."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from accounts.models import Customer, ImportRun, Workspace
from csplatform.core.models import Job, JobState

LOAD, REMOVE = "sample.load", "sample.remove"


@dataclass(frozen=True, slots=True)
class Sample:
    """``loading``: the job that brings it, or brought it; ``removal``: the newest that takes it out, if any did."""

    loading: Job
    removal: Job | None

    @property
    def customers(self) -> list[str]:
        """External ids of those who came, or were about to come, with it."""
        told: list[str] = self.loading.params.get("customers", [])
        return told

    @property
    def is_leaving(self) -> bool:
        return self.removal is not None and not self.removal.is_finished

    @property
    def is_arriving(self) -> bool:
        return not self.loading.is_finished and not self.is_leaving

    @property
    def problem(self) -> str:
        """Why it did not come in or go out, in words; empty when nothing is wrong."""
        newest = self.removal or self.loading
        return newest.message if newest.state == JobState.FAILED else ""

    @property
    def job(self) -> Job | None:
        """What is under way."""
        return self.removal if self.is_leaving else self.loading if self.is_arriving else None


def is_offered(workspace: Workspace) -> bool:
    """Whether pages offer the sample: to a workspace without customers, of whose own files none waits or comes in."""
    waits = Q(job=None) | Q(job__state__in=(JobState.QUEUED, JobState.RUNNING))
    return (
        workspace.sample_since is None
        and not Customer.objects.exists()
        and not ImportRun.objects.filter(waits).exclude(file="").exists()
    )


def of(workspace: Workspace) -> Sample | None:
    """The sample data of ``workspace``, None when it has none; asks the database only where it has."""
    if workspace.sample_since is None:
        return None
    since = Job.objects.filter(kind__in=(LOAD, REMOVE), created_at__gte=workspace.sample_since).order_by("created_at")
    newest = {job.kind: job for job in since}
    return Sample(newest[LOAD], newest.get(REMOVE))
