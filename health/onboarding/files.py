"""Files on the way in: taken, described, mapped otherwise, put back."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.imports import kinds, mapping, readers, runs
from accounts.imports.mapping import Mapping
from accounts.models import ImportRun
from csplatform.core import audit, locks
from csplatform.core.models import JobState
from csplatform.core.tenancy import current_workspace_id
from health.models import Onboarding, OnboardingFile
from health.onboarding import looking, rules
from health.onboarding.looking import Span
from health.onboarding.rules import Complete

LOCK = "onboarding"
MOST_FILES = 40


def begin(*, by: audit.Actor, now: datetime) -> Onboarding:
    """The workspace's row, made when there is none; held until the transaction ends."""
    locks.hold(LOCK)
    row = Onboarding.objects.first()
    if row is None:
        row = Onboarding.objects.create(workspace_id=current_workspace_id(), started_at=now, started_by_id=by.user_id)
        audit.record(actor=by, action="onboarding.started", subject=row, now=now)
    return row


def waiting() -> list[OnboardingFile]:
    """Files that nobody has begun to import, in the order in which they will be."""
    rows = OnboardingFile.objects.filter(run__job__isnull=True).exclude(run__file="")
    order = {kind.key: place for place, kind in enumerate(kinds.all_kinds())}
    return sorted(rows.select_related("run"), key=lambda each: (order.get(each.run.kind, len(order)), each.added_at))


@transaction.atomic
def take_in(*, upload: File[bytes], name: str, by: audit.Actor, now: datetime) -> OnboardingFile:
    """Keep a file with what it seems to be. Raises ``ValidationError`` naming what is wrong with it.

    The same bytes are not taken twice while the first are still here, unless as another kind: a file may hold customers
    and their contracts side by side.
    """
    begin(by=by, now=now)
    if OnboardingFile.objects.count() >= MOST_FILES:
        raise ValidationError(
            _("At most %(most)d files at a time: import or remove some first.") % {"most": MOST_FILES}
        )
    digest = _digest(upload)
    try:
        others = [each.run for each in waiting()]
        # Taken in as the first kind, since a file can only be read from where it is kept.
        run = runs.take_in(kind=kinds.all_kinds()[0], upload=upload, name=name, through=None, actor=by, now=now)
        found = looking.guess(name=name, source=readers.open_source(runs.opener_of(run)), others=others)
    except readers.SourceError as error:
        raise ValidationError(str(error)) from error
    _refuse_twin(run, digest, found.kind.key)
    run.kind, run.mapping = found.kind.key, found.mapping.as_json()
    run.save(update_fields=["kind", "mapping"])
    kept = OnboardingFile.objects.create(
        workspace_id=current_workspace_id(),
        run=run,
        added_at=now,
        look={"digest": digest, "by_content": found.by_content},
    )
    _look_again(kept, now)
    for other in waiting():
        if _is_concerned(other, run.kind):
            _look_again(other, now)
    return kept


def _refuse_twin(run: ImportRun, digest: str, kind: str) -> None:
    """Raise ``ValidationError``, and let go of the file of ``run``, where the same is here already as ``kind``."""
    ended_badly = Q(run__job__state__in=(JobState.FAILED, JobState.CANCELLED))
    twins = OnboardingFile.objects.filter(look__digest=digest, run__kind=kind).exclude(ended_badly)
    twin = twins.select_related("run").first()
    if twin is not None:
        run.file.delete(save=False)
        told = {"other": twin.run.original_name}
        raise ValidationError(_("holds the same as “%(other)s”, which is here already; it was not taken again.") % told)


def _is_concerned(other: OnboardingFile, kind: str) -> bool:
    """Whether a new file of ``kind`` changes how the first rows of ``other`` will be read."""
    if kind == "event_names":
        return other.run.kind == "events"
    return kind == "customers" and other.run.kind != kind and bool(other.look.get("bad") or other.look.get("notes"))


def _digest(upload: File[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for block in upload.chunks():
        digest.update(block)
    upload.seek(0)
    return digest.hexdigest()


@transaction.atomic
def set_kind(*, file: OnboardingFile, kind: str, by: audit.Actor, now: datetime) -> None:
    """The file is of another kind than proposed; its columns are matched anew."""
    run = _unstarted(file)
    told = kinds.get(kind)
    if told is None:
        raise ValidationError(_("There is no such kind of file."))
    source = readers.open_source(runs.opener_of(run))
    others = [each.run for each in waiting() if each.pk != file.pk]
    found = looking.columns_as(kind=told, source=source, others=others)
    run.kind, run.mapping = told.key, found.mapping.as_json()
    run.save(update_fields=["kind", "mapping"])
    file.look = {**file.look, "by_content": found.by_content}
    audit.record(actor=by, action="import.kind_changed", subject=run, data={"kind": kind}, now=now)
    _look_again(file, now)


@transaction.atomic
def set_mapping(*, file: OnboardingFile, chosen: Mapping, now: datetime) -> None:
    """Columns as chosen by hand."""
    run = _unstarted(file)
    run.mapping = chosen.as_json()
    run.save(update_fields=["mapping"])
    _look_again(file, now)


@transaction.atomic
def remove(*, file: OnboardingFile, by: audit.Actor, now: datetime) -> None:
    """Put a file back that was not imported; of an imported one the entry only, its import stays listed."""
    run = ImportRun.objects.select_for_update(of=("self",), no_key=True).get(pk=file.run_id)
    file.delete()
    if run.job_id is None:
        audit.record(actor=by, action="import.removed", subject=run, data={"file": run.original_name}, now=now)
        if run.file:
            run.file.delete(save=False)
        run.delete()


def complete(files: list[OnboardingFile], today: date) -> Complete:
    """Until which day ``files`` seem to be complete."""
    spans = [(each.run.kind, Span.from_json(each.look.get("span"))) for each in files]
    events = [span.last for kind, span in spans if kind == "events" and span]
    contracts = [span for kind, span in spans if kind == "subscriptions" and span]
    latest = max(contracts, key=lambda span: span.last, default=None)
    return rules.complete_through(
        events=max(events, default=None),
        contracts=latest.last if latest else None,
        contract_days=latest.lately if latest else 0,
        today=today,
    )


def missing(file: OnboardingFile) -> list[str]:
    """What no column of ``file`` is, and one must be, in words."""
    kind = kinds.get(file.run.kind)
    return mapping.missing_labels(kind, Mapping.from_json(file.run.mapping)) if kind else []


def _unstarted(file: OnboardingFile) -> ImportRun:
    run = ImportRun.objects.select_for_update(of=("self",), no_key=True).get(pk=file.run_id)
    if run.job_id is not None:
        raise ValidationError(_("“%(file)s” is being imported already.") % {"file": run.original_name})
    return run


def _look_again(file: OnboardingFile, now: datetime) -> None:
    run = ImportRun.objects.get(pk=file.run_id)
    source = readers.open_source(runs.opener_of(run))
    others = [each.run for each in waiting() if each.pk != file.pk]
    chosen = Mapping.from_json(run.mapping)
    file.look = {**file.look, **looking.describe(run=run, source=source, chosen=chosen, others=others, now=now)}
    file.save(update_fields=["look"])
