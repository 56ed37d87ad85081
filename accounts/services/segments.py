"""Saved segments: named filters of a member, or of the whole workspace."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts import extensions, segments
from accounts.models import Membership, SavedSegment
from accounts.services.results import StaleVersionError
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id

MAX_OWN = 100


def save(
    *,
    name: str,
    definition: object,
    sort: str = "",
    is_shared: bool,
    by: Membership | None,
    actor: audit.Actor,
    now: datetime,
) -> SavedSegment:
    """Keep a filter under ``name``; a segment of one's own with the same name is replaced.

    ``by`` None: a key of the workspace, whose segments everybody sees. Raises ``ValidationError`` by field.
    """
    name, said = _named(name), _checked(definition)
    if by is None and not is_shared:
        raise ValidationError({"is_shared": _("A key has no segments of its own: share it, or save it as a member.")})
    own = SavedSegment.objects.filter(owner=by)
    if own.exclude(name=name).count() >= MAX_OWN:
        raise ValidationError({"name": _("You have %(n)d segments; remove one first.") % {"n": MAX_OWN}})
    there = own.select_for_update().filter(name=name).first()
    if there is not None:
        told = {"definition": said, "sort": sort, "is_shared": is_shared}
        return _changed(there, told, actor=actor, now=now)
    made = SavedSegment.objects.create(
        workspace_id=current_workspace_id(),
        owner=by,
        name=name,
        definition=said,
        sort=sort,
        is_shared=is_shared,
        created_at=now,
    )
    _note("segment.saved", made, actor, now)
    return made


def change(
    *,
    segment_id: UUID,
    told: dict[str, Any],
    by: Membership | None,
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> SavedSegment:
    """Change ``name``, ``definition``, ``is_shared`` or ``sort`` of one's own segment.

    Raises ``SavedSegment.DoesNotExist``, ``StaleVersionError``, ``ValidationError`` by field.
    """
    segment = _own(by).select_for_update(of=("self",)).get(pk=segment_id)
    if expected_version not in (None, segment.version):
        raise StaleVersionError(segment.version)
    told = dict(told)
    if "name" in told:
        told["name"] = _named(told["name"])
        taken = SavedSegment.objects.filter(owner=segment.owner, name=told["name"]).exclude(pk=segment.pk)
        if taken.exists():
            raise ValidationError({"name": _("You have a segment of this name already.")})
    if "definition" in told:
        told["definition"] = _checked(told["definition"])
    if by is None and told.get("is_shared") is False:
        raise ValidationError({"is_shared": _("A key has no segments of its own: share it, or save it as a member.")})
    return _changed(segment, told, actor=actor, now=now)


def remove(*, segment_id: UUID, by: Membership | None, actor: audit.Actor, now: datetime) -> None:
    """Remove one's own segment.

    Raises ``SavedSegment.DoesNotExist`` for any other, and ``ValidationError`` where something rests on it.
    """
    segment = _own(by).get(pk=segment_id)
    uses = [text for told in extensions.segment_uses for text in told(segment.pk)]
    if uses:
        raise ValidationError(" ".join([*uses, _("Nothing was removed.")]))
    audit.record(actor=actor, action="segment.removed", subject=segment, data={"name": segment.name}, now=now)
    segment.delete()


def _own(by: Membership | None) -> Any:
    """Whose segments somebody may change: a member its own, a key those nobody owns."""
    return SavedSegment.objects.filter(owner=by)


def _changed(segment: SavedSegment, told: dict[str, Any], *, actor: audit.Actor, now: datetime) -> SavedSegment:
    for field, value in told.items():
        setattr(segment, field, value)
    segment.version += 1
    segment.save(update_fields=[*told, "version"])
    _note("segment.saved", segment, actor, now)
    return segment


def _note(action: str, segment: SavedSegment, actor: audit.Actor, now: datetime) -> None:
    data = {"name": segment.name, "definition": segment.definition, "is_shared": segment.is_shared}
    audit.record(actor=actor, action=action, subject=segment, data=data, now=now)


def _named(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > 120:
        raise ValidationError({"name": _("Give the segment a name of at most 120 characters.")})
    return name


def _checked(definition: object) -> dict[str, Any]:
    try:
        found = segments.parse(definition)
    except segments.SegmentError as error:
        raise ValidationError({"definition": [_at(path, said) for path, said in error.problems]}) from error
    if found.is_everybody:
        raise ValidationError({"definition": _("There is no filter to save.")})
    return found.as_json()


def _at(path: str, message: str) -> str:
    return f"{path}: {message}" if path else message
