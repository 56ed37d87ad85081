"""A workspace's own set of stages: changed at any time, without losing what history says.

A stage's key and macro stage are for good once somebody stood there. A stage goes by being retired: whoever stands
there is moved to another one, and that is a move in their history. All stages follow the order of the macro stages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import extensions
from accounts.roles import Department
from accounts.services import writing
from accounts.services.search import fold
from csplatform.core import audit, locks
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Macro, Move, RelayTemplate, Side, Stage, StageCriterion
from journeys.selectors import journey
from journeys.services import asking, regrouping

MOST_STAGES = 40
_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_FIELDS = ("name", "macro", "department", "expected_days", "description")


@transaction.atomic
def create(
    *,
    name: str,
    macro: str,
    actor: audit.Actor,
    now: datetime,
    key: str = "",
    order: int | None = None,
    department: str = "",
    expected_days: int | None = None,
    description: str = "",
    criteria: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Stage:
    """A new stage at place ``order`` (from 0), else after the last one of its macro stage or before it.

    ``key``: made from the name where none is told. Raises ``ValidationError`` by field.
    """
    _hold()
    told = _cleaned(
        {
            "name": name,
            "macro": macro,
            "department": department,
            "expected_days": expected_days,
            "description": description,
        }
    )
    present = journey.stages()
    if len(present) >= MOST_STAGES:
        raise ValidationError({"name": [_("%(most)d stages are the most.") % {"most": MOST_STAGES}]})
    stage = Stage(workspace_id=current_workspace_id(), key=_free_key(key, told["name"]), **told)
    stage.save(force_insert=True)
    place = _place_of(told["macro"], present) if order is None else max(0, min(order, len(present)))
    _write_order([*present[:place], stage, *present[place:]])
    for side, asked in (criteria or {}).items():
        asking.write(stage, side, asked)
    audit.record(actor=actor, action="stage.created", subject=stage, data={"key": stage.key, **_shown(told)}, now=now)
    return stage


@transaction.atomic
def update(
    *,
    stage_id: UUID,
    told: Mapping[str, Any],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Stage:
    """Change the fields told (name, macro, department, expected_days, description), the place (``order``) and the
    criteria told (``criteria``: by side).

    Raises ``Stage.DoesNotExist``, ``StaleVersionError`` and ``ValidationError`` by field.
    """
    _hold()
    stage = _locked(stage_id)
    writing.require_version(stage, expected_version)
    if stage.retired_at is not None:
        raise ValidationError({"__all__": [_("“%(stage)s” was retired and stays as it was.") % {"stage": stage.name}]})
    fields = _cleaned({name: value for name, value in told.items() if name in _FIELDS})
    if fields.get("macro", stage.macro) != stage.macro and has_history(stage):
        message = _("What a stage meant stays: customers have been there. Add a new one and merge this one into it.")
        raise ValidationError({"macro": [message]})
    changed = writing.assign(stage, fields)
    present = [each for each in journey.stages() if each.pk != stage.pk]
    place = told.get("order", stage.order)
    place = max(0, min(int(place), len(present)))
    if place != stage.order or "macro" in changed:
        _write_order([*present[:place], stage, *present[place:]])
        changed.append("order")
    for side, asked in (told.get("criteria") or {}).items():
        if asking.write(stage, side, asked):
            changed.append(f"criteria.{side}")
    if changed:
        stage.version += 1
        stage.save()
        audit.record(actor=actor, action="stage.updated", subject=stage, data={"fields": changed}, now=now)
    return stage


@transaction.atomic
def reorder(*, keys: Sequence[str], actor: audit.Actor, now: datetime) -> list[Stage]:
    """Put the stages in use into this order; ``keys`` names each of them once. Raises ``ValidationError``."""
    _hold()
    present = {stage.key: stage for stage in journey.stages()}
    if sorted(keys) != sorted(present):
        message = _("Name each stage in use once: %(known)s. Somebody may have changed them meanwhile.")
        raise ValidationError({"order": [message % {"known": ", ".join(present)}]})
    if list(keys) != list(present):
        _write_order([present[key] for key in keys])
        audit.record(actor=actor, action="stages.reordered", data={"order": list(keys)}, now=now)
    return journey.stages()


@transaction.atomic
def split(*, stage_id: UUID, name: str, actor: audit.Actor, now: datetime, key: str = "", **more: Any) -> Stage:
    """Add a second half behind a stage: it takes over what the whole asked for before it was left, and its handovers.

    Customers stay in the first half. Raises as ``create``.
    """
    first = _locked(stage_id)
    if first.order is None:
        raise ValidationError({"__all__": [_("“%(stage)s” is no longer in use.") % {"stage": first.name}]})
    more.setdefault("department", first.department)
    second = create(name=name, macro=first.macro, key=key, order=first.order + 1, actor=actor, now=now, **more)
    StageCriterion.objects.filter(stage=first, side=Side.EXIT).update(stage=second)
    RelayTemplate.objects.filter(from_stage=first).update(from_stage=second)
    audit.record(actor=actor, action="stage.split", subject=first, data={"into": second.key}, now=now)
    return second


@transaction.atomic
def retire(
    *,
    stage_id: UUID,
    actor: audit.Actor,
    now: datetime,
    target_key: str | None = None,
    expected_version: int | None = None,
) -> int:
    """Take a stage out of use; whoever stands there goes to ``target_key``. Returns how many that were.

    Merging a stage into another is this. One that nobody ever stood at, and no handover names, is deleted.
    Raises ``Stage.DoesNotExist``, ``StaleVersionError``, and ``ValidationError`` (``target``): customers stand there
    and no target is told, or it is none; or it is the last stage.
    """
    _hold()
    stage = Stage.objects.get(pk=stage_id)
    writing.require_version(stage, expected_version)
    if stage.retired_at is not None:
        return 0
    rest = [each for each in journey.stages() if each.pk != stage.pk]
    if not rest:
        raise ValidationError({"target": [_("This is the last stage: a journey needs one at least.")]})
    target = next((each for each in rest if each.key == target_key), None)
    if target is None and target_key:
        told = {"key": target_key, "known": ", ".join(each.key for each in rest)}
        raise ValidationError({"target": [_("“%(key)s” is no stage in use; there are: %(known)s.") % told]})
    moved = regrouping.empty(stage, target, actor=actor, now=now)
    data = {"key": stage.key, "target": target.key if target else None, "customers": moved}
    audit.record(actor=actor, action="stage.retired", subject=stage, data=data, now=now)
    RelayTemplate.objects.filter(Q(from_stage=stage) | Q(to_stage=stage)).delete()
    _write_order(rest)
    if not has_history(stage):
        stage.delete()
    return moved


def has_history(stage: Stage) -> bool:
    """Whether somebody stood there, or a handover names it."""
    return Move.objects.filter(Q(stage=stage) | Q(from_stage=stage)).exists() or regrouping.named_by_relays(stage)


def _hold() -> None:
    """One change of the set at a time."""
    locks.hold(extensions.STAGES)


def _locked(stage_id: UUID) -> Stage:
    stage: Stage = Stage.objects.select_for_update(of=("self",), no_key=True).get(pk=stage_id)
    return stage


def _write_order(ordered: Sequence[Stage]) -> None:
    """Number the stages; raises ``ValidationError`` where one stands before an earlier macro stage."""
    macros = list(Macro)
    for before, after in pairwise(ordered):
        if macros.index(Macro(before.macro)) > macros.index(Macro(after.macro)):
            told = {"after": after.name, "macro": Macro(after.macro).label, "before": before.name}
            message = _("“%(after)s” belongs to %(macro)s and cannot come behind “%(before)s”.") % told
            raise ValidationError({"order": [message]})
    for order, stage in enumerate(ordered):
        stage.order = order
    Stage.objects.bulk_update(ordered, ["order"])


def _place_of(macro: str, present: Sequence[Stage]) -> int:
    macros = list(Macro)
    wanted = macros.index(Macro(macro))
    return sum(macros.index(Macro(stage.macro)) <= wanted for stage in present)


def _free_key(told: str, name: str) -> str:
    """``told``, or one made of the name; raises ``ValidationError`` where it is taken or cannot be one."""
    if told:
        if not _KEY.fullmatch(told) or len(told) > 60:
            message = _("Expected at most 60 small letters, digits, and - or _ between them.")
            raise ValidationError({"key": [message]})
        found = Stage.objects.filter(key=told).first()
        if found is not None:
            word = _("is another stage's key") if found.retired_at is None else _("is the key of a retired stage")
            raise ValidationError({"key": [word]})
        return told
    stem = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:50] or "stage"
    taken = set(Stage.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(key for number in range(1, 10_000) if (key := stem if number == 1 else f"{stem}-{number}") not in taken)


def _cleaned(told: Mapping[str, Any]) -> dict[str, Any]:
    """The fields told, each as it is stored; raises ``ValidationError`` by field."""
    cleaned: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in told.items():
        try:
            cleaned[name] = _CLEANERS[name](value)
        except ValueError as error:
            wrong[name] = [str(error)]
    if wrong:
        raise ValidationError(wrong)
    return cleaned


def _text(value: Any, most: int, *, required: bool = False) -> str:
    text = str(value or "").strip()
    if required and not text:
        raise ValueError(_("Give it a name."))
    if len(text) > most or "\0" in text:
        raise ValueError(_("Expected plain text of at most %(most)d characters.") % {"most": most})
    return text


def _one_of(value: Any, known: Sequence[str]) -> str:
    if value not in known:
        raise ValueError(_("“%(told)s” is none of: %(known)s.") % {"told": value, "known": ", ".join(known)})
    return str(value)


def _days(value: Any) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not str(value).isdecimal() or not 1 <= int(value) <= 3_650:
        raise ValueError(_("Expected a whole number of days from 1 to 3650, or nothing."))
    return int(value)


_CLEANERS: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda value: _text(value, 120, required=True),
    "macro": lambda value: _one_of(value, Macro.values),
    "department": lambda value: _one_of(value, Department.values) if value else "",
    "expected_days": _days,
    "description": lambda value: _text(value, 500),
}


def _shown(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "")}
