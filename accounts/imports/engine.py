"""Carries a run through its file: chunk by chunk, each in a transaction of its own, from wherever it stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import structlog
from django.core.files.base import ContentFile
from django.db import DatabaseError, OperationalError, transaction

from accounts import extensions
from accounts.imports import kinds, rejects, survey
from accounts.imports.kinds import Applied, Chunk, Context, ImportKind
from accounts.imports.mapping import Mapping
from accounts.imports.readers import Batch, Opener, Source, SourceError, open_source
from accounts.imports.survey import Survey
from accounts.models import AttributeKind, ImportRun, Workspace
from accounts.services import read_model
from accounts.services.results import Refusal
from csplatform.core import audit, jobs
from csplatform.core.jobs import JobCancelledError
from csplatform.core.models import JobState
from csplatform.core.tenancy import workspace_scope

log = structlog.get_logger()

Clock = Callable[[], datetime]
_ATTEMPTS = 3
_POSITION_BYTES = 8
_SUPERSEDED = "said again by a later row of the file, which counts"


class Ending(Enum):
    """How a call of ``carry_on`` ended. PAUSED: call again. ELSEWHERE: another worker has the run."""

    OVER = "over"
    PAUSED = "paused"
    ELSEWHERE = "elsewhere"


class _TakenOverError(Exception):
    """Another worker committed since we looked."""


class _PausedError(Exception):
    """The time given to this call is up."""


def carry_on(
    *,
    workspace_id: UUID,
    run_id: UUID,
    opener: Opener,
    clock: Clock,
    pause_at: datetime | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Ending:
    """Start the run, or go on from the last committed chunk, until it is over or ``pause_at`` has come.

    ``progress`` hears positions done and in all after each chunk. Whatever happens is told in the run and its
    job; only a fault of ours raises, after the job was marked as failed.
    """
    work = _Work(workspace_id, run_id, opener, clock, pause_at, progress)
    if work.is_over:
        return Ending.OVER
    try:
        work.all_steps()
    except _PausedError:
        work.keep_memory()
        return Ending.PAUSED
    except _TakenOverError:
        return Ending.ELSEWHERE
    except JobCancelledError:
        work.finish(JobState.CANCELLED, "Cancelled; the rows read until then are kept.")
    except SourceError as error:
        work.finish(JobState.FAILED, str(error))
    except Exception:
        work.finish(
            JobState.FAILED, "Stopped by a fault of this program. What was read is kept; import the file again."
        )
        raise
    else:
        work.finish(JobState.DONE, "")
    return Ending.OVER


class _Work:
    def __init__(
        self,
        workspace_id: UUID,
        run_id: UUID,
        opener: Opener,
        clock: Clock,
        pause_at: datetime | None,
        progress: Callable[[int, int], None],
    ) -> None:
        self._workspace_id, self._opener, self._clock = workspace_id, opener, clock
        self._pause_at, self._progress = pause_at, progress
        self._headers: list[str] = []
        self._now = clock()
        self._said_at: datetime | None = None
        with workspace_scope(workspace_id):
            self._run = ImportRun.objects.select_related("job").get(pk=run_id)
        assert self._run.job is not None
        self._job = self._run.job
        self.is_over = self._job.is_finished
        found = kinds.get(self._run.kind)
        if found is None:
            raise LookupError(f"No import kind is called {self._run.kind!r}.")
        self._kind: ImportKind = found
        self._mapping = Mapping.from_json(self._run.mapping)
        self._mapped = frozenset(self._mapping.columns)
        self._actor = _actor_of(self._run)
        self._position = self._run.resume_at

    def all_steps(self) -> None:
        source = open_source(self._opener)
        self._headers = source.headers
        looked = self._look_over(source)
        steps = self._kind.steps(self._mapped)
        with workspace_scope(self._workspace_id):
            jobs.start(self._job.pk, total=looked.total * steps, now=self._clock())
            self._prepare(looked)
        for step in range(self._position // looked.total if looked.total else steps, steps):
            start = self._position - step * looked.total
            if self._kind.remembers:
                self._recall(source, looked, start)
            for batch in source.batches(self._kind.chunk_rows, start=start):
                self._commit(batch, looked, step)
                self._tell(looked.total * steps)

    def _recall(self, source: Source, looked: Survey, start: int) -> None:
        """Show the kind what was committed before ``start``: what it remembered ended with the process or the pause."""
        position = self._restored(start)
        while position < start:
            for batch in source.batches(min(self._kind.chunk_rows, start - position), start=position):
                if batch.end > start:
                    break  # batches are cut differently this time: what is left is asked for by its size
                self._kind.recall(self._chunk(batch, looked)[0], self._context(0))
                position = batch.end
                self._beat()

    def keep_memory(self) -> None:
        """Put what the kind remembers beside the file: recalling it takes longer the further the run has come."""
        memory = self._kind.memory(self._context(0)) if self._kind.remembers else b""
        if memory and self._run.file:
            self._forget_memory()
            told = self._position.to_bytes(_POSITION_BYTES, "big") + memory
            self._run.file.storage.save(self._memory_name, ContentFile(told))

    @property
    def _memory_name(self) -> str:
        return f"{self._run.file.name}.memory"

    def _restored(self, start: int) -> int:
        """The position up to which the memory of the last pause was taken over; 0 without one."""
        storage = self._run.file.storage if self._run.file else None
        if storage is None or not storage.exists(self._memory_name):
            return 0
        with storage.open(self._memory_name, "rb") as stream:
            told = stream.read()
        position = int.from_bytes(told[:_POSITION_BYTES], "big")
        if position > start:
            return 0
        self._kind.restore(told[_POSITION_BYTES:], self._context(0))
        return position

    def _forget_memory(self) -> None:
        if self._run.file:
            self._run.file.storage.delete(self._memory_name)

    def _look_over(self, source: Source) -> Survey:
        if self._run.survey:
            return Survey.from_json(self._run.survey)
        with workspace_scope(self._workspace_id):
            jobs.start(self._job.pk, total=0, now=self._clock())
        looked = survey.look_over(source, self._kind, self._mapping, between=self._beat)
        with workspace_scope(self._workspace_id):
            ImportRun.objects.filter(pk=self._run.pk).update(
                survey=looked.as_json(), notes=[*self._run.notes, *source.notes], format=source.format
            )
        self._run.notes = [*self._run.notes, *source.notes]
        return looked

    def _prepare(self, looked: Survey) -> None:
        if self._run.through is not None:
            Workspace.objects.filter(pk=self._workspace_id).update(data_through=self._run.through)
        extra = {
            key: (theirs, AttributeKind(looked.kinds.get(key, AttributeKind.TEXT)))
            for key, theirs in self._mapping.extra.items()
        }
        try:
            self._kind.prepare(extra, self._context(0))
        except ValueError as error:
            raise SourceError(str(error)) from error

    def _context(self, step: int) -> Context:
        return Context(self._run.pk, self._workspace_id, self._actor, self._now, step)

    def _commit(self, batch: Batch, looked: Survey, step: int) -> None:
        """Write one batch, its refusals and how far we are, all or nothing."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with workspace_scope(self._workspace_id):
                    reached = self._write(batch, looked, step)
                self._position = reached
                return
            except OperationalError:
                if attempt == _ATTEMPTS:
                    raise
                log.warning("import chunk repeated", run=str(self._run.pk), position=self._position)

    def _write(self, batch: Batch, looked: Survey, step: int) -> int:
        run = ImportRun.objects.select_for_update(of=("self",), no_key=True).get(pk=self._run.pk)
        if run.resume_at != self._position:
            raise _TakenOverError
        chunk, superseded = self._chunk(batch, looked)
        applied = _apply(self._kind, chunk, self._context(step)) if len(chunk) else Applied()
        refused = [(chunk.numbers[r.index], str(r), _cells(batch, chunk.numbers[r.index])) for r in applied.refused]
        if step == 0:
            run.rows_read += len(batch.numbers) + len(batch.broken)
            run.rows_unchanged += superseded
            refused += batch.broken
            if superseded:
                applied.notes[_SUPERSEDED] += superseded
        run.rows_created += applied.created
        run.rows_updated += applied.updated
        run.rows_unchanged += applied.unchanged
        run.rows_rejected += rejects.keep(run, refused)
        run.resume_at = step * looked.total + batch.end
        run.notes = _merged_notes(run.notes, applied.notes)
        run.save()
        self._run = run
        return run.resume_at

    def _chunk(self, batch: Batch, looked: Survey) -> tuple[Chunk, int]:
        """The batch by our columns, without rows that a later one says again; and how many those were."""
        keep = [place for place, number in enumerate(batch.numbers) if number not in looked.superseded]
        everything = len(keep) == len(batch.numbers)

        def column(theirs: str) -> list[Any]:
            cells = batch.columns[theirs]
            return cells if everything else [cells[place] for place in keep]

        chunk = Chunk(
            batch.numbers if everything else [batch.numbers[place] for place in keep],
            {ours: column(theirs) for ours, theirs in self._mapping.columns.items()},
            {key: column(theirs) for key, theirs in self._mapping.extra.items()},
            looked.repeated,
        )
        return chunk, len(batch.numbers) - len(keep)

    def _tell(self, total: int) -> None:
        self._progress(self._position, total)
        with workspace_scope(self._workspace_id):
            jobs.progress(self._job.pk, done=self._position, now=self._clock())
        self._pause_if_due()

    def _beat(self) -> None:
        """While the file is read without writing: a sign of life, and an ear for cancel, at most once a second."""
        now = self._clock()
        if self._said_at is None or (now - self._said_at).total_seconds() >= 1:
            self._said_at = now
            with workspace_scope(self._workspace_id):
                jobs.progress(self._job.pk, done=self._position, now=now)

    def _pause_if_due(self) -> None:
        if self._pause_at is not None and self._clock() >= self._pause_at:
            raise _PausedError

    def finish(self, state: JobState, message: str) -> None:
        now = self._clock()
        with workspace_scope(self._workspace_id):
            run = ImportRun.objects.select_for_update(of=("self",), no_key=True).get(pk=self._run.pk)
            self._kind.finish(self._context(0))
            if run.through is not None:
                read_model.refresh_contracts(None, day=now.date(), now=now)
            rejects.write_file(run, self._headers)
            self._forget_memory()
            self._run = run
            result = counts(run)
            jobs.finish(self._job.pk, state=state, now=now, message=message, result=result)
            audit.record(
                actor=self._actor,
                action=f"import.{'finished' if state == JobState.DONE else state.value}",
                subject=run,
                data={"kind": run.kind, "file": run.original_name, **result},
                now=now,
            )
            extensions.notify_import_ended(run, now)


def counts(run: ImportRun) -> dict[str, int]:
    """What became of the rows."""
    return {
        "read": run.rows_read,
        "created": run.rows_created,
        "updated": run.rows_updated,
        "unchanged": run.rows_unchanged,
        "rejected": run.rows_rejected,
    }


def _actor_of(run: ImportRun) -> audit.Actor:
    return audit.Actor(label=f"import of {run.original_name}"[:200], user_id=run.created_by_id)


def _apply(kind: ImportKind, chunk: Chunk, context: Context) -> Applied:
    """Apply a chunk; where the database refuses it, halve it until the row at fault stands alone."""
    try:
        with transaction.atomic():
            return kind.apply(chunk, context)
    except OperationalError:
        raise
    except DatabaseError as error:
        if len(chunk) == 1:
            log.warning("import row set aside", number=chunk.numbers[0], error=type(error).__name__)
            return Applied(refused=[Refusal(0, "", "cannot be stored: the database refused it")])
    middle = len(chunk) // 2
    first = _apply(kind, _part(chunk, 0, middle), context)
    second = _apply(kind, _part(chunk, middle, len(chunk)), context)
    return Applied(
        first.created + second.created,
        first.updated + second.updated,
        first.unchanged + second.unchanged,
        first.refused + [Refusal(r.index + middle, r.field, r.reason) for r in second.refused],
        first.notes + second.notes,
    )


def _part(chunk: Chunk, start: int, end: int) -> Chunk:
    return Chunk(
        chunk.numbers[start:end],
        {name: cells[start:end] for name, cells in chunk.columns.items()},
        {name: cells[start:end] for name, cells in chunk.extra.items()},
        chunk.repeated,
    )


def _cells(batch: Batch, number: int) -> dict[str, Any]:
    place = batch.numbers.index(number)
    return {name: cells[place] for name, cells in batch.columns.items()}


_NOTE_LIMIT = 50


def _merged_notes(notes: list[str], counted: Counter[str]) -> list[str]:
    """Plain notes stay; counted ones (``N rows: …``) add up over the chunks."""
    sums: Counter[str] = Counter()
    plain = []
    for note in notes:
        number, mark, text = note.partition(" rows: ")
        if mark and number.isdigit():
            sums[text] += int(number)
        else:
            plain.append(note)
    sums.update(counted)
    kept = [f"{count} rows: {text}" for text, count in sums.most_common(_NOTE_LIMIT)]
    return plain + kept
