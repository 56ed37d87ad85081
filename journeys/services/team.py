"""Setting who answers for what at a stage, and the tempo of the departments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.roles import Department
from accounts.services import writing
from accounts.services.results import StaleVersionError
from csplatform.core import audit, locks
from csplatform.core.tenancy import current_workspace_id
from journeys.models import DepartmentTempo, Responsibility, Stage
from journeys.selectors import team

MAX_WORDS = 300
MOST_DAYS = 365
MOST_CONTACTS = 99
TARGETS = ("handover_days", "contacts", "request_days", "signal_days")


@transaction.atomic
def write_responsibilities(
    *,
    stage_id: UUID,
    words: Mapping[str, str],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Stage:
    """Say what the departments named in ``words`` do at a stage; an empty text: no part. Others keep theirs.

    Raises ``Stage.DoesNotExist`` (a retired one as well), ``StaleVersionError``, ``ValidationError`` by department.
    """
    stage: Stage = Stage.objects.select_for_update(of=("self",), no_key=True).get(pk=stage_id, retired_at=None)
    writing.require_version(stage, expected_version)
    told = _words(words)
    present = {each.department: each.words for each in team.of_stage(stage)}
    changed = {department: text for department, text in told.items() if text != present[department]}
    if not changed:
        return stage
    rows = [
        Responsibility(workspace_id=current_workspace_id(), stage=stage, department=department, words=text)
        for department, text in changed.items()
    ]
    Responsibility.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["stage", "department"], update_fields=["words"]
    )
    stage.version += 1
    stage.save(update_fields=["version"])
    audit.record(actor=actor, action="responsibilities.changed", subject=stage, data={"words": changed}, now=now)
    return stage


@transaction.atomic
def write_tempo(
    *,
    department: str,
    targets: Mapping[str, Decimal | int | None],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> DepartmentTempo:
    """Set the targets named (``TARGETS``) of a department; None takes one away. Others keep theirs.

    ``expected_version``: 0 where there was none. Raises ``StaleVersionError`` and ``ValidationError`` by field.
    """
    if department not in Department.values:
        raise ValidationError({"department": [_("There is no such department.")]})
    locks.hold(f"tempo:{department}")
    tempo = DepartmentTempo.objects.select_for_update().filter(department=department).first()
    version = tempo.version if tempo else 0
    if expected_version is not None and version != expected_version:
        raise StaleVersionError(version)
    told = _targets(department, targets)
    if tempo is None:
        tempo = DepartmentTempo(workspace_id=current_workspace_id(), department=department, version=0)
    changed = writing.assign(tempo, told)
    if changed:
        tempo.version += 1
        tempo.save()
        data = {"department": department, **{name: None if told[name] is None else str(told[name]) for name in changed}}
        audit.record(actor=actor, action="tempo.changed", subject=tempo, data=data, now=now)
    return tempo


def _words(words: Mapping[str, str]) -> dict[str, str]:
    told, wrong = {}, {}
    for department, text in words.items():
        told[department] = " ".join(text.split())
        if department not in Department.values:
            wrong[department] = [_("There is no such department.")]
        elif len(told[department]) > MAX_WORDS or "\0" in text:
            wrong[department] = [_("Expected plain text of at most %(most)d characters.") % {"most": MAX_WORDS}]
    if wrong:
        raise ValidationError(wrong)
    return told


def _targets(department: str, targets: Mapping[str, Decimal | int | None]) -> dict[str, Decimal | int | None]:
    wrong: dict[str, list[str]] = {}
    for name, value in targets.items():
        if name not in TARGETS:
            wrong[name] = [_("There is no such target.")]
        elif name == "request_days" and value is not None and department != Department.PRODUCT:
            wrong[name] = [_("Product answers requests; set this target there.")]
        elif value is None:
            continue
        elif name == "contacts":
            if not Decimal("0.1") <= value <= MOST_CONTACTS or Decimal(value) != round(Decimal(value), 1):
                wrong[name] = [_("Expected a number from 0.1 to %(most)d with one digit.") % {"most": MOST_CONTACTS}]
        elif not 1 <= value <= MOST_DAYS or value != int(value):
            wrong[name] = [_("Expected whole days from 1 to %(most)d, or nothing.") % {"most": MOST_DAYS}]
    if wrong:
        raise ValidationError(wrong)
    return dict(targets)
