"""Runs as people and programs start, watch and cancel them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.imports import engine, kinds, mapping, proposing, readers
from accounts.imports.kinds import ImportKind
from accounts.imports.mapping import Mapping
from accounts.models import Customer, ImportRun, Workspace
from csplatform.core import audit, jobs, locks
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import current_workspace_id, workspace_scope

LOCK = "imports"
"""Shared by who begins an import; held by who must know that none begins."""
FILES_KEPT = timedelta(days=30)
STALLED_AFTER = timedelta(seconds=60)


def opener_of(run: ImportRun) -> readers.Opener:
    """Opens the run's file anew at each call."""

    def opened() -> BinaryIO:
        return cast(BinaryIO, run.file.storage.open(run.file.name or "", "rb"))

    return opened


def refuse_beside_sample(error: type[Exception]) -> None:
    """Raise ``error`` while the active workspace holds sample data, and let none come in until the transaction ends."""
    locks.share(LOCK)
    if Workspace.objects.filter(pk=current_workspace_id(), sample_since__isnull=False).exists():
        raise error(
            _(
                "This workspace holds sample data, and what is invented must not mix with what is yours. "
                "Remove the sample data first; nothing was imported."
            )
        )


@transaction.atomic
def take_in(
    *, kind: ImportKind, upload: File[bytes], name: str, through: date | None, actor: audit.Actor, now: datetime
) -> ImportRun:
    """Keep an uploaded file as a run that waits for its mapping. Raises ``SourceError`` when it cannot be read."""
    refuse_beside_sample(readers.SourceError)
    run = ImportRun(
        workspace_id=current_workspace_id(),
        kind=kind.key,
        original_name=Path(name).name[:300] or "file",
        through=through,
        created_by_id=actor.user_id,
        created_at=now,
    )
    run.file.save(f"{run.pk}{''.join(Path(name).suffixes[-2:])[:20]}", upload, save=False)
    try:
        source = readers.open_source(opener_of(run))
    except readers.SourceError:
        run.file.delete(save=False)
        raise
    run.format = source.format
    found = proposing.columns_for(
        kind, headers=source.headers, first=source.first_rows(proposing.FIRST_ROWS), known=_known_customers
    )
    run.mapping = found.mapping.as_json()
    run.save(force_insert=True)
    audit.record(actor=actor, action="import.uploaded", subject=run, data={"file": run.original_name}, now=now)
    return run


def _known_customers(texts: Collection[str]) -> set[str]:
    return set(Customer.objects.filter(external_id__in=texts).values_list("external_id", flat=True))


@transaction.atomic
def start(*, run: ImportRun, chosen: Mapping, actor: audit.Actor, now: datetime) -> Job:
    """Queue the run with the mapping ``chosen``; a run already started is left as it is. Raises ``MappingError``."""
    refuse_beside_sample(mapping.MappingError)
    locked = ImportRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
    if locked.job_id is not None:
        return Job.objects.get(pk=locked.job_id)
    kind = kinds.get(locked.kind)
    assert kind is not None
    mapping.require_complete(kind, chosen)
    job = jobs.create(kind="import", now=now, created_by_id=actor.user_id, import_run=str(locked.pk))
    locked.mapping = chosen.as_json()
    locked.job = job
    locked.save(update_fields=["mapping", "job"])
    audit.record(actor=actor, action="import.started", subject=locked, data={"kind": locked.kind}, now=now)
    enqueue(locked.workspace_id, locked.pk)
    return job


def enqueue(workspace_id: UUID, run_id: UUID) -> None:
    """Wake a worker once the transaction is committed; a lost message is made good by ``stalled``."""
    from accounts.tasks import run_import

    transaction.on_commit(partial(run_import.delay, str(workspace_id), str(run_id)))


def cancel(*, run: ImportRun, actor: audit.Actor, now: datetime) -> None:
    """Ask the run to stop after its present chunk; one that nobody has begun is cancelled at once."""
    if run.job_id is None:
        return
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",), no_key=True).get(pk=run.job_id)
        if job.is_finished:
            return
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        if job.state == JobState.QUEUED:
            jobs.finish(job.pk, state=JobState.CANCELLED, now=now, message="Cancelled before it began.")
        audit.record(actor=actor, action="import.cancel_requested", subject=run, now=now)


def import_file(
    *,
    path: Path,
    kind: ImportKind,
    pairs: Sequence[tuple[str, str]],
    through: date | None,
    actor: audit.Actor,
    workspace_id: UUID,
    clock: engine.Clock,
    progress: Any = lambda done, total: None,
) -> ImportRun:
    """Import ``path`` here and now, as the command does. Raises ``SourceError`` or ``MappingError`` before any row."""
    source = readers.open_source(lambda: path.open("rb"))
    first = source.first_rows(proposing.FIRST_ROWS)
    chosen = proposing.columns_by_names(kind, headers=source.headers, first=first, pairs=pairs)
    mapping.require_complete(kind, chosen)
    with workspace_scope(workspace_id):
        job = jobs.create(kind="import", now=clock(), created_by_id=actor.user_id)
        run = ImportRun.objects.create(
            workspace_id=workspace_id,
            kind=kind.key,
            original_name=path.name[:300],
            format=source.format,
            mapping=chosen.as_json(),
            through=through,
            job=job,
            created_by_id=actor.user_id,
            created_at=clock(),
            notes=left_out_notes(chosen),
        )
    return resume_file(path=path, run=run, clock=clock, progress=progress)


def resume_file(
    *, path: Path, run: ImportRun, clock: engine.Clock, progress: Any = lambda done, total: None
) -> ImportRun:
    """Go on with a run of ``import_file`` that was cut off; ``path`` holds the same bytes as then."""

    def opener() -> BinaryIO:
        return path.open("rb")

    engine.carry_on(workspace_id=run.workspace_id, run_id=run.pk, opener=opener, clock=clock, progress=progress)
    with workspace_scope(run.workspace_id):
        return ImportRun.objects.select_related("job").get(pk=run.pk)


def left_out_notes(chosen: Mapping) -> list[str]:
    return [f"Columns not read: {', '.join(chosen.ignored)}."] if chosen.ignored else []


def stalled(*, now: datetime) -> list[UUID]:
    """Runs of the active workspace that a worker or the broker dropped: queued or running without a sign of life."""
    silent = now - STALLED_AFTER
    waiting = Q(job__state=JobState.QUEUED, job__created_at__lt=silent)
    dropped = Q(job__state=JobState.RUNNING, job__heartbeat_at__lt=silent)
    rows = ImportRun.objects.filter(waiting | dropped).exclude(file="")
    return list(rows.order_by("created_at").values_list("id", flat=True))


def forget_files(*, now: datetime) -> int:
    """Delete files and rejects older than their retention; the results stay. Returns how many runs lost files."""
    old = ImportRun.objects.filter(created_at__lt=now - FILES_KEPT).exclude(file="", rejects="")
    forgotten = 0
    for run in old.iterator():
        for stored in (run.file, run.rejects):
            if stored:
                stored.delete(save=False)
        ImportRun.objects.filter(pk=run.pk).update(file="", rejects="")
        forgotten += 1
    return forgotten
