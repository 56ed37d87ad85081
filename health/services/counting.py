"""The running state of a measure that counts other events than any before: built from the stored events, in a job.

From the change on, arrivals are counted for it too; the job replaces what they made of customers it has not reached.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from accounts.models import Customer
from csplatform.core import jobs
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from health import arrivals, windows
from health.streams import Stream, active_streams

JOB_KIND = "measure.count"
# Arrivals wait while a shard is counted.
SHARD = 100


def start(*, stream: Stream, now: datetime, created_by_id: UUID | None) -> Job:
    """Plan the counting of ``stream`` for every customer of the active workspace. Work it with ``work``."""
    job = jobs.create(kind=JOB_KIND, now=now, created_by_id=created_by_id, stream=stream.key, after=None, led_by=None)
    jobs.start(job.pk, total=Customer.objects.count(), now=now)
    return job


def under_way() -> dict[str, UUID]:
    """Key of each stream that is not counted yet in the active workspace → its job."""
    rows = Job.objects.filter(kind=JOB_KIND, state__in=(JobState.QUEUED, JobState.RUNNING)).order_by("created_at")
    return {job.params["stream"]: job.pk for job in rows}


def job_of(stream_key: str) -> Job | None:
    """The job that counts a stream at present in the active workspace; None when it is counted."""
    unfinished = Job.objects.filter(kind=JOB_KIND, state__in=(JobState.QUEUED, JobState.RUNNING))
    return unfinished.filter(params__stream=stream_key).order_by("created_at").last()


def work(workspace_id: UUID, job_id: UUID) -> None:
    """Count shard by shard, each in a transaction, from where the job stopped. Safe to do twice or after a kill."""
    while _count_shard(workspace_id, job_id):
        pass


def _count_shard(workspace_id: UUID, job_id: UUID) -> bool:
    """One transaction; False when there is nothing (more) to do, or somebody else does it."""
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        if job is None or _is_led(job):
            return False
        arrivals.lock()
        if job.params["after"] is None:
            _lead(job)
        rest = Customer.objects.order_by("id")
        after = job.params["after"]
        shard = list((rest.filter(pk__gt=after) if after else rest).values_list("id", flat=True)[:SHARD])
        if not shard:
            for done in [job, *Job.objects.filter(kind=JOB_KIND, params__led_by=str(job_id), finished_at=None)]:
                jobs.finish(done.pk, state=JobState.DONE, now=_clock(), result={"customers": job.done})
            return False
        windows.rebuild(shard, streams=active_streams())
        params = {**job.params, "after": str(shard[-1])}
        Job.objects.filter(pk=job_id).update(params=params, done=job.done + len(shard), heartbeat_at=_clock())
        return True


def _lead(job: Job) -> None:
    """A shard is counted for every stream there is: jobs that nobody has begun are done with this one."""
    others = Job.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).filter(
        kind=JOB_KIND, state__in=(JobState.QUEUED, JobState.RUNNING), params__after=None, params__led_by=None
    )
    for other in others.exclude(pk=job.pk):
        other.params = {**other.params, "led_by": str(job.pk)}
        other.save(update_fields=["params"])


def _is_led(job: Job) -> bool:
    """Whether another job that is still under way counts for this one."""
    leader = job.params.get("led_by")
    return leader is not None and Job.objects.filter(pk=leader, finished_at=None).exists()


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
