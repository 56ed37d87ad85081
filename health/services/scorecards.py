"""Making scorecards, and saying for whom each is; what they say is published by ``health.services.drafts``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from accounts.models import SavedSegment
from accounts.services import writing
from accounts.services.results import StaleVersionError
from csplatform.core import audit, locks
from csplatform.core.tenancy import current_workspace_id
from health.models import Scorecard, ScoringRun
from health.services import drafts, runs
from journeys.models import Macro

MOST = 20
LONGEST_NAME = 120
_FIELDS = ("name", "macros", "segment_id", "position", "retired_at")


@transaction.atomic
def create(
    *,
    name: str,
    actor: audit.Actor,
    now: datetime,
    macros: Sequence[str] = (),
    segment_id: UUID | None = None,
) -> Scorecard:
    """A scorecard that comes before the default one and after all others, with a draft that says what that one says.

    It scores nobody until its draft is published. Raises ``ValidationError`` by field.
    """
    locks.hold("definitions")
    others = Scorecard.objects.filter(is_default=False)
    if others.count() >= MOST:
        raise ValidationError({"name": [_("At most %(most)d scorecards.") % {"most": MOST}]})
    _check({"name": name, "macros": macros, "segment_id": segment_id}, None)
    last = others.aggregate(last=Max("position"))["last"] or 0
    card = Scorecard.objects.create(
        workspace_id=current_workspace_id(),
        name=name.strip(),
        macros=list(macros),
        segment_id=segment_id,
        position=last + 1,
        created_at=now,
    )
    audit.record(actor=actor, action="scorecard.created", subject=card, data={"name": card.name}, now=now)
    default = drafts.in_force(Scorecard.objects.get(is_default=True).pk)
    assert default is not None
    drafts.save_draft(scorecard_id=card.pk, content=drafts.told_of(default.content), actor=actor, now=now)
    return card


@transaction.atomic
def change(
    *,
    scorecard_id: UUID,
    told: Mapping[str, Any],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> tuple[Scorecard, ScoringRun | None]:
    """Change name, macros, segment_id, position or retired_at; and the run that scores by it (None: as before).

    ``position``: its place in the order, from 1; the others make room. Closed days keep the card they had.
    Raises ``Scorecard.DoesNotExist``, ``StaleVersionError`` or ``ValidationError``.
    """
    locks.hold("definitions")
    card = Scorecard.objects.select_for_update(of=("self",), no_key=True).get(pk=scorecard_id)
    if expected_version is not None and card.version != expected_version:
        raise StaleVersionError(card.version)
    _check(told, card)
    values = {name: told[name] for name in _FIELDS if name in told}
    if "position" in told:
        values["position"] = _make_room(card, told["position"])
    if card.retired_at is not None and values.get("retired_at") is not None:
        del values["retired_at"]  # it keeps the moment of the first time
    before = {name: getattr(card, name) for name in _FIELDS}
    changed = writing.assign(card, values)
    if not changed:
        return card, None
    card.version += 1
    card.save(update_fields=[*changed, "version"])
    data = {name: {"from": _said(before[name]), "to": _said(getattr(card, name))} for name in changed}
    audit.record(actor=actor, action="scorecard.changed", subject=card, data={"name": card.name, **data}, now=now)
    if set(changed) == {"name"} or drafts.in_force(card.pk) is None:
        return card, None
    today = now.astimezone(UTC).date()
    return card, runs.start(kind=ScoringRun.Kind.CURRENT, days=[today], now=now, created_by_id=actor.user_id)


def move(*, scorecard_id: UUID, up: bool, actor: audit.Actor, now: datetime) -> ScoringRun | None:
    """Let a scorecard change places with the one before it (``up``) or after it; nothing at either end.

    Raises ``Scorecard.DoesNotExist``; the default one stays last.
    """
    ordered = list(_in_order().values_list("pk", flat=True))
    if scorecard_id not in ordered:
        raise Scorecard.DoesNotExist
    place = ordered.index(scorecard_id) + (0 if up else 2)
    if not 1 <= place <= len(ordered):
        return None
    return change(scorecard_id=scorecard_id, told={"position": place}, actor=actor, now=now)[1]


@transaction.atomic
def remove(*, scorecard_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None) -> None:
    """Delete a scorecard that was never published, with its draft. One that scored customers is retired instead.

    Raises ``Scorecard.DoesNotExist``, ``StaleVersionError`` or ``ValidationError``.
    """
    locks.hold("definitions")
    card = Scorecard.objects.select_for_update(of=("self",)).get(pk=scorecard_id)
    if expected_version is not None and card.version != expected_version:
        raise StaleVersionError(card.version)
    if drafts.in_force(card.pk) is not None:
        raise ValidationError(
            _("“%(name)s” was published: past days need what it said. Retire it instead; nothing was deleted.")
            % {"name": card.name}
        )
    draft = drafts.draft_of(card.pk)
    data = {"name": card.name, "content": draft.content if draft else None}
    audit.record(actor=actor, action="scorecard.deleted", subject=card, data=data, now=now)
    card.delete()


def resting_on(segment_id: UUID) -> list[str]:
    """Of each scorecard in use that is for customers in this segment, that it is."""
    cards = Scorecard.objects.filter(segment_id=segment_id, retired_at__isnull=True).order_by("position", "id")
    text = _("The scorecard “%(name)s” is for customers in this segment: say for whom it is otherwise, or retire it.")
    return [text % {"name": card.name} for card in cards]


def _in_order() -> QuerySet[Scorecard]:
    return Scorecard.objects.filter(is_default=False).order_by("position", "id")


def _make_room(card: Scorecard, wanted: int) -> int:
    """The place that ``card`` gets, at most the last; the others stand around it in the order they had."""
    others = list(_in_order().exclude(pk=card.pk))
    place = min(wanted, len(others) + 1)
    for number, other in enumerate(others, start=1):
        position = number if number < place else number + 1
        if other.position != position:
            Scorecard.objects.filter(pk=other.pk).update(position=position)
    return place


def _said(value: Any) -> Any:
    return value if isinstance(value, list | int | str | None) else str(value)


def _check(told: Mapping[str, Any], card: Scorecard | None) -> None:
    errors: dict[str, list[str]] = {}
    if "name" in told:
        name = str(told["name"]).strip()
        if not 0 < len(name) <= LONGEST_NAME:
            errors["name"] = [_("Expected text of 1 to %(most)d characters.") % {"most": LONGEST_NAME}]
        elif any(each.name.casefold() == name.casefold() and each != card for each in Scorecard.objects.all()):
            errors["name"] = [_("Another scorecard has this name.")]
    unknown = sorted(set(told.get("macros") or ()) - set(Macro.values))
    if unknown:
        errors["macros"] = [_("No such stage: %(names)s.") % {"names": ", ".join(unknown)}]
    if "position" in told and (told["position"] < 1 or (card is not None and card.is_default)):
        errors["position"] = [_("Expected a place from 1 on; the default scorecard stays last.")]
    segment_id = told.get("segment_id")
    if segment_id is not None and not SavedSegment.objects.filter(pk=segment_id).exists():
        errors["segment_id"] = [_("There is no such segment.")]
    if card is not None and card.is_default and any(told.get(name) for name in ("macros", "segment_id", "retired_at")):
        errors["name"] = [_("The default scorecard is for everybody whom no other one is for.")]
    if errors:
        raise ValidationError(errors)
