"""Runs over all customers: cut into shards that any number of workers claim one by one.

A shard is claimed with SKIP LOCKED and done in the claiming transaction, so a killed worker gives it back, two
workers never do it twice, and a run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Greatest

from accounts.models import Customer, Workspace
from accounts.services import read_model
from csplatform.core import jobs
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health.facts import live
from health.models import ScoringRun, ScoringShard
from health.risk import BaseRate
from health.services import base_rate, late_facts, outages, scoring, snapshots

# A fact is stored when its transaction ends, later than its date of storing says: none is open for so long.
_OPEN_FOR = timedelta(hours=1)
_SHARD_SIZE = {ScoringRun.Kind.CURRENT: 4_000, ScoringRun.Kind.CLOSE_DAY: 500, ScoringRun.Kind.BACKFILL: 200}


@transaction.atomic
def start(
    *, kind: ScoringRun.Kind, days: Sequence[date], now: datetime, created_by_id: UUID | None = None
) -> ScoringRun:
    """Plan a run of the active workspace over ``days`` (for present scores: today). Work it with ``work``."""
    today = now.astimezone(UTC).date()
    if kind == ScoringRun.Kind.CURRENT:
        _refresh_contracts(today, now)
        base_rate.renew(today)
        bases = {}
    else:
        if kind == ScoringRun.Kind.BACKFILL:
            outages.look_back(now=now)
        bases = base_rate.observe(days)
    job = jobs.create(
        kind=f"score.{kind}",
        now=now,
        created_by_id=created_by_id,
        bases={day.isoformat(): [base.log_odds, base.sd, base.horizon] for day, base in bases.items()},
    )
    run = ScoringRun.objects.create(
        workspace_id=current_workspace_id(), kind=kind, job=job, days=list(days), shards=0, created_at=now
    )
    run.shards = _cut(run, _SHARD_SIZE[kind])
    run.save(update_fields=["shards"])
    total = run.shard_rows.aggregate(total=Sum("customers"))["total"] or 0
    jobs.start(job.pk, total=total * len(days), now=now)
    if not run.shards:
        jobs.finish(job.pk, state=JobState.DONE, now=now, result=_result(run, 0))
    return run


def _refresh_contracts(today: date, now: datetime) -> None:
    """Those on which a date has come since the last run of present scores; all when none ran on an earlier day.

    So the nightly run looks at few, and one asked for by hand on the same day looks at everybody again.
    """
    last = ScoringRun.objects.filter(kind=ScoringRun.Kind.CURRENT).order_by("-created_at").first()
    since = max(last.days) if last else today
    if since < today:
        read_model.refresh_due_contracts(since=since, day=today, now=now)
    else:
        read_model.refresh_contracts(None, day=today, now=now)


def _cut(run: ScoringRun, size: int) -> int:
    """Make shards of at most ``size`` customers each, in the order of their ids; returns how many."""
    with connection.cursor() as cursor:
        # Of all the ids only those at the edges leave the database.
        cursor.execute(
            """
            SELECT id, n FROM (SELECT id, row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS everybody
                               FROM accounts_customer WHERE workspace_id = %(workspace)s) AS numbered
            WHERE n %% %(size)s IN (0, 1 %% %(size)s) OR n = everybody ORDER BY n
            """,
            {"workspace": str(run.workspace_id), "size": size},
        )
        edges = cursor.fetchall()
    shards: dict[int, ScoringShard] = {}
    for edge, place in edges:
        number, before = divmod(place - 1, size)
        shard = shards.setdefault(
            number, ScoringShard(workspace_id=run.workspace_id, run=run, number=number, first_id=edge)
        )
        shard.last_id, shard.customers = edge, before + 1
    ScoringShard.objects.bulk_create(shards.values())
    return len(shards)


def work(workspace_id: UUID, run_id: UUID) -> int:
    """Do shards of the run until none is free; returns how many this call did."""
    done = 0
    while _work_one(workspace_id, run_id):
        done += 1
    return done


def _work_one(workspace_id: UUID, run_id: UUID) -> bool:
    with workspace_scope(workspace_id):
        shard = (
            ScoringShard.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
            .select_related("run__job")
            .filter(run_id=run_id, done_at__isnull=True)
            .order_by("number")
            .first()
        )
        if shard is None:
            return False
        now = _clock()
        if shard.run.job.cancel_requested:
            _finish_if_last(shard.run, JobState.CANCELLED, now)
            return False
        _do(shard, now)
        shard.done_at = _clock()
        shard.save(update_fields=["done_at"])
    with workspace_scope(workspace_id):
        _report(run_id, workspace_id)
    return True


def _do(shard: ScoringShard, now: datetime) -> None:
    if shard.run.kind == ScoringRun.Kind.CURRENT:
        covered = scoring.covered_until()
        (day,) = shard.run.days
        span = live.Span(shard.first_id, shard.last_id)
        scoring.score_present(span, day=day, computed_at=covered, base=base_rate.present(day))
        return
    ids = list(
        Customer.objects.filter(pk__range=(shard.first_id, shard.last_id)).order_by("id").values_list("id", flat=True)
    )
    bases = {day: BaseRate(*shard.run.job.params["bases"][day.isoformat()]) for day in shard.run.days}
    snapshots.take(ids, shard.run.days, bases=bases, now=now)


def _report(run_id: UUID, workspace_id: UUID) -> None:
    run = ScoringRun.objects.select_related("job").get(pk=run_id)
    finished = run.shard_rows.filter(done_at__isnull=False)
    done = (finished.aggregate(done=Sum("customers"))["done"] or 0) * len(run.days)
    now = _clock()
    # Another worker may have counted later and written sooner.
    Job.objects.filter(pk=run.job_id).update(done=Greatest("done", done), heartbeat_at=now)
    if finished.count() == run.shards:
        _finish_if_last(run, JobState.DONE, now)


def _finish_if_last(run: ScoringRun, state: JobState, now: datetime) -> None:
    job = Job.objects.select_for_update().get(pk=run.job_id)
    if not job.is_finished:
        seconds = (now - (job.started_at or now)).total_seconds()
        jobs.finish(job.pk, state=state, now=now, result=_result(run, seconds))


def _result(run: ScoringRun, seconds: float) -> dict[str, object]:
    customers = run.shard_rows.aggregate(total=Sum("customers"))["total"] or 0
    return {"customers": customers, "days": len(run.days), "seconds": round(seconds, 3)}


def unfinished(now: datetime) -> list[UUID]:
    """Runs of the active workspace with free shards that nobody has reported on for a while."""
    quiet = now - timedelta(seconds=20)
    return list(
        ScoringRun.objects.filter(job__state__in=(JobState.QUEUED, JobState.RUNNING), job__heartbeat_at__lt=quiet)
        .order_by("created_at")
        .values_list("id", flat=True)
    )


def days_to_close(workspace: Workspace, today: date) -> list[date]:
    """Closed days without a closing run, oldest first; at most the last 35 of them."""
    last = (
        ScoringRun.objects.filter(kind=ScoringRun.Kind.CLOSE_DAY).order_by("-created_at").values_list("days", flat=True)
    ).first()
    first = max(last) + timedelta(days=1) if last else today - timedelta(days=1)
    first = max(first, today - timedelta(days=35))
    return [first + timedelta(days=n) for n in range((today - first).days)]


def roll_over(*, now: datetime) -> list[ScoringRun]:
    """The nightly work of the active workspace, if it is due: close yesterday, then score today's windows.

    What other systems and people have told of closed days since the last time asks for revisions of these.
    Idempotent: the workspace's row is locked, so two schedulers start one roll-over.
    """
    today = now.astimezone(UTC).date()
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=current_workspace_id())
    days = days_to_close(workspace, today)
    if workspace.is_filling or not days or not Customer.objects.exists():
        return []
    outages.look(now=now)
    closed = ScoringRun.objects.filter(kind=ScoringRun.Kind.CLOSE_DAY).order_by("-created_at").first()
    if closed is not None:
        late_facts.mark(since=closed.created_at - _OPEN_FOR, today=today)
    return [
        start(kind=ScoringRun.Kind.CLOSE_DAY, days=days, now=now),
        start(kind=ScoringRun.Kind.CURRENT, days=[today], now=now),
    ]


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
