"""Bringing sample data in: a job of steps, each of which asks the database whether it is done."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import extensions
from accounts.imports import runs as imports
from accounts.models import Customer, ImportRun, User, Workspace
from csplatform.core import audit, jobs, locks
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from csplatform.demo import DataSet, Simulation, yesterday
from csplatform.demo.catalogue import STAGES, Catalogue, default
from health import filling
from health.filling import Clock, ElsewhereError, FillingError
from health.models import ScoringRun
from health.sample.standing import LOAD
from health.services import churn, runs, scoring

CUSTOMERS, MONTHS, EVENTS = 280, 24, 70_000
# More leave than in the demo, about one in eight a year: a churn model needs some twenty to learn from, and as many
# again to be tested on, before it can be called better than rules.
_CHURN = {"base_annual": -2.2, "base_monthly": -3.7}
_IDS = "sample"  # no id that a company gives its own customers
_WEEKS, _DAYS = 52, 35  # weekly scores of a year, and daily ones for what changed lately
_SHARE_OF_TRAINING = 1.5  # of the time that everything else takes together


@transaction.atomic
def begin(*, by: audit.Actor, now: datetime) -> Job:
    """Plan the filling of the active workspace. Raises ``ValidationError`` unless it is empty."""
    locks.hold(imports.LOCK)
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=current_workspace_id())
    if workspace.sample_since is not None:
        raise ValidationError(_("Sample data is here already."))
    if Customer.objects.exists():
        raise ValidationError(
            _("There are customers already. Sample data comes only into an empty workspace; nothing was changed.")
        )
    under_way = Q(job__state__in=(JobState.QUEUED, JobState.RUNNING))
    if ImportRun.objects.filter(under_way | Q(job=None, onboarding_file__isnull=False)).exists():
        raise ValidationError(
            _("Files of yours wait or are being imported. Import them or remove them first; nothing was changed.")
        )
    gone = set(STAGES) - extensions.known_stage_keys()
    if gone:
        raise ValidationError(
            _("The sample company moves through the stages a workspace begins with. Here some are gone: %(keys)s.")
            % {"keys": ", ".join(sorted(gone))}
        )
    workspace.sample_since = now
    workspace.save(update_fields=["sample_since"])
    job = jobs.create(kind=LOAD, now=now, created_by_id=by.user_id, label=by.label)
    jobs.start(job.pk, total=0, now=now)
    audit.record(actor=by, action="sample.requested", subject=job, now=now)
    return job


def work(workspace_id: UUID, job_id: UUID, *, clock: Clock) -> None:
    """Bring the sample in, or what is missing of it. Twice is as once; one that was killed is called again."""
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        if job is None:
            return
        workspace = Workspace.objects.get(pk=workspace_id)
    load = _Load(workspace, job, clock)
    try:
        load.all_steps()
    except jobs.JobCancelledError:
        load.end(JobState.CANCELLED, _("Stopped before it was complete."))
    except ElsewhereError:
        return
    except FillingError as error:
        load.end(JobState.FAILED, str(error))
    else:
        load.end(JobState.DONE, "")


def simulation(*, day: date, currency: str, owner: str, mark: str) -> Simulation:
    """The company: ``MONTHS`` up to ``day``, in ``currency``, every customer looked after by ``owner`` (an address).

    ``mark`` sets its messages apart from those of another sample, which would count as received already.
    """
    told = default()
    population = {
        **told.population,
        "vendor": {**told.vendor, "currency": currency},
        "member": [{**member, "email": owner} for member in told.members],
        "churn": {**told.population["churn"], **_CHURN},
    }
    catalogue = Catalogue(population, told.words, told.stories, told.archetypes, told.cohorts)
    return Simulation(
        end=day, customers=CUSTOMERS, months=MONTHS, events=EVENTS, ids=_IDS, mark=mark, catalogue=catalogue
    )


def past_days(today: date) -> list[date]:
    """The closed days that get a score, oldest first."""
    last = today - timedelta(days=1)
    weekly = {last - timedelta(days=7 * week) for week in range(_WEEKS)}
    return sorted(weekly | {last - timedelta(days=day) for day in range(_DAYS)})


class _Load:
    """One run of the job. ``_before``: units of the steps that are done; ``_size``: units of the present one."""

    def __init__(self, workspace: Workspace, job: Job, clock: Clock) -> None:
        self._workspace, self._job, self._clock = workspace, job, clock
        self._actor = audit.Actor(label=job.params["label"], user_id=job.created_by_id)
        self._before = self._size = 0

    def all_steps(self) -> None:
        days = past_days(self._job.created_at.astimezone(UTC).date())
        with workspace_scope(self._workspace):
            missing = filling.missing(self._job.created_at)
        data = self._simulate()
        folder = Path(settings.MEDIA_ROOT) / f"sample-{self._job.pk}"
        try:
            paths = data.write(folder)
            rows = {kind: _rows(data, getattr(paths, kind)) for kind in filling.KINDS}
            size = sum(rows.values()) + len(data.plans) * len(days)
            self._tell(data, int(size * (1 + _SHARE_OF_TRAINING)))
            for kind in filling.KINDS:
                self._begin_step(rows[kind])
                if kind in missing:
                    self._import(kind, getattr(paths, kind))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._begin_step(len(data.plans) * len(days))
        self._score(days)
        self._begin_step(int(size * _SHARE_OF_TRAINING))
        self._train()

    def end(self, state: JobState, message: str) -> None:
        now = self._clock()
        with workspace_scope(self._workspace):
            jobs.finish(self._job.pk, state=state, now=now, message=message)
            audit.record(actor=self._actor, action=f"sample.{_ENDED[state]}", subject=self._job, now=now)

    def _simulate(self) -> DataSet:
        by = self._job.created_by_id
        owner = User.objects.filter(pk=by).first() if by else None
        return simulation(
            day=yesterday(self._job.created_at),
            currency=self._workspace.currency,
            owner=owner.email if owner else "",
            mark=str(self._job.pk),
        ).run()

    def _tell(self, data: DataSet, total: int) -> None:
        """Say who will come before anybody comes, so that a removal knows whom to take out whenever this is killed."""
        params = {**self._job.params, "customers": [plan.external_id for plan in data.plans]}
        with workspace_scope(self._workspace):
            Job.objects.filter(pk=self._job.pk).update(params=params, total=total)
            jobs.progress(self._job.pk, done=0, now=self._clock())

    def _import(self, kind: str, path: Path) -> None:
        filling.bring_in(
            kind,
            path,
            workspace_id=self._workspace.pk,
            since=self._job.created_at,
            actor=self._actor,
            clock=self._clock,
            progress=self._progress,
        )

    def _score(self, days: Sequence[date]) -> None:
        filling.score(
            ScoringRun.Kind.BACKFILL,
            days,
            workspace_id=self._workspace.pk,
            since=self._job.created_at,
            clock=self._clock,
            progress=self._progress,
        )
        scoring.refresh_all(self._workspace.pk)

    def _train(self) -> None:
        """Train the churn model, so that the page of score accuracy has something to say; a training is done once."""
        with workspace_scope(self._workspace):
            mine = Job.objects.filter(kind=churn.JOB_KIND, created_at__gte=self._job.created_at)
            if mine.filter(state=JobState.DONE).exists():
                return
            horizon = churn.wanted_horizon(None)
            job = churn.start(horizon=horizon, actor=self._actor, now=self._clock())
        run = churn.work(self._workspace.pk, job.pk, progress=self._progress)
        if run is not None:
            runs.work(self._workspace.pk, run.pk)

    def _begin_step(self, size: int) -> None:
        self._before, self._size = self._before + self._size, size
        self._progress(0, 1)

    def _progress(self, done: int, total: int) -> None:
        """A step may tell in units of its own, such as two passes over a file."""
        reached = self._before + self._size * done // max(total, 1)
        with workspace_scope(self._workspace):
            jobs.progress(self._job.pk, done=reached, now=self._clock())


_ENDED = {JobState.DONE: "loaded", JobState.FAILED: "failed", JobState.CANCELLED: "stopped"}


def _rows(data: DataSet, path: Path) -> int:
    """How many rows the file of ``path`` has below its heading."""
    if path.suffix != ".csv":
        return len(data.events)
    with path.open("rb") as file:
        return sum(1 for _line in file) - 1
