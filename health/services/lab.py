"""The lab's history: laid out in a job, kept as a file that can always be made anew, and read back.

A file holds numbers by place: neither names nor ids. Its folder is the workspace's own; the newest file counts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Count, Min
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import audit, jobs, locks
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health.facts import lab as facts
from health.lab import weights
from health.lab.history import Flags, History, UnreadableError
from health.models import Scorecard
from health.services import champion
from health.services.compute import card_of

JOB_KIND = "lab.lay_out"
A_CSMS_CAPACITY = 5
"""Customers that one CSM is taken to look after at a time until the workspace says otherwise."""

_read: dict[str, History] = {}
_KEPT = 2
_AGE = timedelta(days=7)


@transaction.atomic
def start(*, actor: audit.Actor, now: datetime, horizon: int | None = None) -> Job:
    """Plan the laying out for the active workspace, or return the one under way. Work it with ``work``.

    ``horizon``: days ahead within which a churn counts; that of the workspace's present risk where none is told.
    """
    locks.hold(JOB_KIND)
    running = current_job()
    if running is not None:
        return running
    if horizon is None:
        horizon = horizon_on(now)
    job = jobs.create(kind=JOB_KIND, now=now, created_by_id=actor.user_id, horizon=horizon)
    jobs.start(job.pk, total=Customer.objects.count(), now=now)
    audit.record(actor=actor, action="lab.laying_out", subject=job, data={"horizon_days": horizon}, now=now)
    return job


def renew(*, now: datetime) -> Job | None:
    """Lay out anew what is a week old, of another release or for another horizon than the workspace now looks ahead; a
    workspace that has never asked for it stays empty.
    """
    newest = max(_files(folder_of(current_workspace_id())), default=None)
    if newest is None:
        return None
    found = history()
    if newest >= _stamp(now - _AGE) and found is not None and found.told["horizon"] == horizon_on(now):
        return None
    return start(actor=audit.SYSTEM, now=now)


def horizon_on(now: datetime) -> int:
    """Days ahead within which a churn counts for the workspace at present."""
    return champion.horizon_on(now.astimezone(UTC).date())


def current_job() -> Job | None:
    """The laying out under way in the active workspace."""
    open_jobs = Job.objects.filter(kind=JOB_KIND, state__in=(JobState.QUEUED, JobState.RUNNING))
    return open_jobs.order_by("-created_at").first()


def last_job() -> Job | None:
    """The newest laying out of the active workspace, however it ended."""
    return Job.objects.filter(kind=JOB_KIND).order_by("-created_at").first()


def work(workspace_id: UUID, job_id: UUID) -> None:
    """Lay out the past and suggest weights for every scorecard in force. Twice is as once."""
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        if job is None:
            return
    try:
        history = _lay_out(workspace_id, job)
        with workspace_scope(workspace_id):
            history = _with_suggestions(history)
    except jobs.JobCancelledError:
        _end(workspace_id, job_id, JobState.CANCELLED, "")
        return
    except Exception:
        reason = _("The history could not be laid out; the reason stands in the worker's log.")
        _end(workspace_id, job_id, JobState.FAILED, reason)
        raise
    _keep(workspace_id, history)
    _end(workspace_id, job_id, JobState.DONE, "", {"rows": len(history), "weeks": len(history.days)})


def _lay_out(workspace_id: UUID, job: Job) -> History:
    now = datetime.now(UTC)
    with workspace_scope(workspace_id):
        ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
        layout = facts.lay_out(horizon=job.params["horizon"], today=now.date())
    pieces = []
    for first in range(0, len(ids) if layout.days else 0, facts.SHARD):
        shard = ids[first : first + facts.SHARD]
        with workspace_scope(workspace_id):
            pieces.append(facts.load(layout, shard, first_position=first))
        with workspace_scope(workspace_id):
            jobs.progress(job.pk, done=first + len(shard), now=datetime.now(UTC))
    history = facts.assemble(layout, pieces)
    return _telling(history, made_at=now.isoformat())


def _telling(history: History, **more: Any) -> History:
    return replace(history, told={**history.told, **more})


def _with_suggestions(history: History) -> History:
    found: dict[str, Any] = {}
    customers = capacity().customers
    for scorecard in Scorecard.objects.all():
        version = scorecard.versions.order_by("-version").first()
        if version is None:
            continue
        horizon, grace = history.told["horizon"], history.told["grace"]
        among = rows_for(scorecard, history)
        card = card_of(version)
        suggestion = weights.suggest(card, history, among, horizon=horizon, grace=grace, capacity=customers)
        if suggestion is not None:
            found[str(version.pk)] = suggestion.as_dict()
    return _telling(history, suggestions=found)


def _keep(workspace_id: UUID, history: History) -> None:
    """The new file first, then the old ones go: a reader always finds one."""
    folder = folder_of(workspace_id)
    before = _files(folder)
    path = f"{folder}/{_stamp(datetime.now(UTC))}.npz"
    name = default_storage.save(path, ContentFile(history.to_bytes())).rsplit("/", 1)[1]
    for old in before:
        if old != name:
            default_storage.delete(f"{folder}/{old}")


def _end(workspace_id: UUID, job_id: UUID, state: JobState, message: str, result: dict[str, Any] | None = None) -> None:
    with workspace_scope(workspace_id):
        jobs.finish(job_id, state=state, now=_clock(), message=message, result=result)


def history() -> History | None:
    """The newest history of the active workspace; None where none was laid out, or the file is another release's."""
    folder = folder_of(current_workspace_id())
    for name in sorted(_files(folder), reverse=True):
        path = f"{folder}/{name}"
        if path not in _read:
            try:
                with default_storage.open(path) as file:
                    found = History.from_bytes(file.read())
            except (OSError, UnreadableError):
                continue
            while len(_read) >= _KEPT:
                _read.pop(next(iter(_read)))
            _read[path] = found
        return _read[path]
    return None


def rows_for(scorecard: Scorecard, history: History) -> Flags:
    """The rows of customers the scorecard is for: those that had it then and, of the time before it was first
    published, those that stood at its stages. Who was in a segment then is not known.
    """
    had = history.scored_by(str(scorecard.pk))
    if scorecard.is_default or scorecard.segment_id is not None:
        return had
    first = scorecard.versions.aggregate(first=Min("published_at"))["first"]
    before = history.days[history.day] < (first.astimezone(UTC).toordinal() if first else date.max.toordinal())
    there = history.at(scorecard.macros) if scorecard.macros else np.ones(len(history), dtype=np.bool_)
    return had | (before & there)


class Capacity(NamedTuple):
    """How many ``customers`` the team can look after at a time. ``csms``: reckoned from so many; None: was set."""

    customers: int
    csms: int | None


def capacity() -> Capacity:
    """As the workspace has set it, else ``A_CSMS_CAPACITY`` for each CSM of a customer."""
    setting = champion.setting()
    if setting is not None and setting.capacity is not None:
        return Capacity(setting.capacity, None)
    csms = Customer.objects.filter(csm__isnull=False).aggregate(n=Count("csm", distinct=True))["n"]
    return Capacity(A_CSMS_CAPACITY * max(1, csms), csms)


def folder_of(workspace_id: UUID) -> str:
    """Where the workspace's files lie in the storage."""
    return f"lab/{workspace_id}"


def forget(workspace_id: UUID) -> None:
    """Delete the workspace's files."""
    folder = folder_of(workspace_id)
    for name in _files(folder):
        default_storage.delete(f"{folder}/{name}")


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S%f}"


def _files(folder: str) -> list[str]:
    try:
        return default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return []


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
