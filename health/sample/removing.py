"""Taking sample data out: customer by customer, then what rested on all of them.

Every customer goes in a transaction of its own, so a removal that was killed goes on with those who are left. What
people have made themselves stays: settings, scorecards, members, and customers that did not come with the sample.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from accounts.imports import runs as imports
from accounts.models import AttributeDefinition, Customer, ImportRun, Workspace
from accounts.services import deletion
from accounts.services.results import BusyError
from csplatform.core import audit, jobs, locks
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health.filling import Clock
from health.models import (
    ChurnBaseRate,
    ChurnDrift,
    ChurnModel,
    ChurnProof,
    FeatureSeen,
    Onboarding,
    OnboardingFile,
    ScoringRun,
    SeenName,
    SenderOutage,
)
from health.sample import standing
from health.sample.standing import LOAD, REMOVE
from health.services import churn, forgetting, lab

_OPEN = (JobState.QUEUED, JobState.RUNNING)
_ON_EVERYBODY = (churn.JOB_KIND, churn.PROOF_KIND, lab.JOB_KIND, "import", LOAD)


@transaction.atomic
def begin(*, by: audit.Actor, now: datetime) -> Job:
    """Plan the removal from the active workspace; one that is under way already is that one.

    Raises ``ValidationError`` when there is no sample.
    """
    locks.hold(imports.LOCK)
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=current_workspace_id())
    sample = standing.of(workspace)
    if sample is None:
        raise ValidationError(_("There is no sample data here (any more)."))
    if sample.removal is not None and sample.is_leaving:
        return sample.removal
    job = jobs.create(kind=REMOVE, now=now, created_by_id=by.user_id, label=by.label)
    jobs.start(job.pk, total=len(sample.customers), now=now)
    audit.record(actor=by, action="sample.removal_requested", subject=job, now=now)
    return job


def counts(sample: standing.Sample) -> dict[str, int]:
    """What a removal takes with it: customers of the sample, and customers that are the workspace's own and stay."""
    came = Customer.objects.filter(external_id__in=sample.customers)
    theirs = came.count()
    return {"customers": theirs, "own": Customer.objects.count() - theirs}


def work(workspace_id: UUID, job_id: UUID, *, clock: Clock) -> bool:
    """Take out who is left. Twice is as once. False when something had to be left to another call."""
    if not _is_quiet(workspace_id, job_id, clock):
        return _is_over(workspace_id, job_id)
    try:
        while _take_out_one(workspace_id, job_id, clock):
            pass
    except BusyError:
        return False
    _forget_events(workspace_id)
    _finish(workspace_id, job_id, clock)
    return _is_over(workspace_id, job_id)


def _is_over(workspace_id: UUID, job_id: UUID) -> bool:
    with workspace_scope(workspace_id):
        return not Job.objects.filter(pk=job_id, state__in=_OPEN).exists()


def _is_quiet(workspace_id: UUID, job_id: UUID, clock: Clock) -> bool:
    """Whether nothing works on the sample any more; what does is asked to stop, and what is dead is declared so."""
    now = clock()
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        if job is None:
            return False
        Onboarding.objects.update(importing_since=None, proving_since=None)
        at_work = _at_work()
        at_work.update(cancel_requested=True)
        Job.objects.filter(pk=job_id).update(heartbeat_at=now, total=len(_who_came(workspace_id)))
        dead = at_work.filter(kind__in=("import", LOAD), heartbeat_at__lt=now - imports.STALLED_AFTER)
        for each in dead | at_work.filter(state=JobState.QUEUED, kind="import"):
            jobs.finish(each.pk, state=JobState.CANCELLED, now=now, message=_("The sample data is being removed."))
        return not at_work.exists()


def _at_work() -> QuerySet[Job]:
    """What reads or writes all customers at once, and would keep or bring back something of them."""
    scores = {f"score.{kind}" for kind in ScoringRun.Kind.values}
    return Job.objects.filter(kind__in=[*_ON_EVERYBODY, *scores], state__in=_OPEN)


def _who_came(workspace_id: UUID) -> list[str]:
    """External ids of the sample's customers; none once it is gone."""
    sample = standing.of(Workspace.objects.get(pk=workspace_id))
    return sample.customers if sample else []


def _take_out_one(workspace_id: UUID, job_id: UUID, clock: Clock) -> bool:
    """One transaction; False when nobody is left, or somebody else does it. Raises ``BusyError``."""
    now = clock()
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        if job is None:
            return False
        came = _who_came(workspace_id)
        left = Customer.objects.filter(external_id__in=came).order_by("id")
        first = left.first()
        if first is None:
            return False
        deletion.delete_customer(customer_id=first.pk, actor=_actor(job), now=now)
        jobs.progress(job_id, done=len(came) - left.count(), now=now)
        return True


def _forget_events(workspace_id: UUID) -> None:
    with workspace_scope(workspace_id):
        waiting = Job.objects.filter(kind=forgetting.JOB_KIND, state__in=_OPEN)
        ids = list(waiting.order_by("created_at").values_list("id", flat=True))
    for job_id in ids:
        forgetting.work(workspace_id, job_id)


def _finish(workspace_id: UUID, job_id: UUID, clock: Clock) -> None:
    """Let go of what rested on the sample as a whole, and of the sample itself."""
    now = clock()
    with workspace_scope(workspace_id):
        job = jobs.claim(job_id)
        came = _who_came(workspace_id)
        if job is None or Customer.objects.filter(external_id__in=came).exists():
            return
        if _at_work().exists() or Job.objects.filter(kind=forgetting.JOB_KIND, state__in=_OPEN).exists():
            return
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
        assert workspace.sample_since is not None
        went = {rows.model._meta.model_name or "": _delete(rows) for rows in _rested_on_it(workspace.sample_since)}
        Workspace.objects.filter(pk=workspace_id).update(sample_since=None)
        result = {"customers": len(came), **went}
        jobs.finish(job_id, state=JobState.DONE, now=now, result=result)
        audit.record(actor=_actor(job), action="sample.removed", subject=job, data=result, now=now)
        transaction.on_commit(lambda: lab.forget(workspace_id), robust=True)


def _rested_on_it(since: datetime) -> Iterable[QuerySet[Model]]:
    """Rows that name no customer and yet tell of the sample: no file was imported and nobody else was there since."""
    yield from (ChurnDrift.objects.all(), ChurnProof.objects.all(), ChurnModel.objects.all())
    yield from (
        ChurnBaseRate.objects.all(),
        SenderOutage.objects.all(),
        OnboardingFile.objects.filter(added_at__gte=since),
        Onboarding.objects.all(),
    )
    yield from (ScoringRun.objects.filter(created_at__gte=since), ImportRun.objects.filter(created_at__gte=since))
    used = FeatureSeen.objects.values("name")
    yield SeenName.objects.filter(recorded_at__gte=since).exclude(name__in=used)
    yield AttributeDefinition.objects.filter(created_at__gte=since, values__isnull=True)


def _delete(rows: QuerySet[Model]) -> int:
    count = rows.count()
    rows.delete()
    return count


def _actor(job: Job) -> audit.Actor:
    return audit.Actor(label=job.params["label"], user_id=job.created_by_id)
