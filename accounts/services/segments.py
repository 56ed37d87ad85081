"""Saved segments: a member's named lists, kept as what their address says."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Membership, SavedSegment
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id

MAX_QUERY = 2_000
MAX_OWN = 100


def save(*, name: str, query: str, is_shared: bool, by: Membership, actor: audit.Actor, now: datetime) -> SavedSegment:
    """Keep ``query`` under ``name``; a segment of one's own with the same name is replaced.

    Raises ``ValidationError`` by field.
    """
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > 120:
        raise ValidationError({"name": _("Give the segment a name of at most 120 characters.")})
    if not query or len(query) > MAX_QUERY:
        raise ValidationError({"query": _("There is no filter to save, or it is too long.")})
    own = SavedSegment.objects.filter(owner=by)
    if own.exclude(name=name).count() >= MAX_OWN:
        raise ValidationError({"name": _("You have %(n)d segments; remove one first.") % {"n": MAX_OWN}})
    segment, _created = SavedSegment.objects.update_or_create(
        workspace_id=current_workspace_id(),
        owner=by,
        name=name,
        defaults={"query": query, "is_shared": is_shared},
        create_defaults={"query": query, "is_shared": is_shared, "created_at": now},
    )
    audit.record(actor=actor, action="segment.saved", subject=segment, data={"name": name, "query": query}, now=now)
    return segment


def remove(*, segment_id: UUID, by: Membership, actor: audit.Actor, now: datetime) -> None:
    """Remove one's own segment; raises ``SavedSegment.DoesNotExist`` for any other."""
    segment = SavedSegment.objects.get(pk=segment_id, owner=by)
    audit.record(actor=actor, action="segment.removed", subject=segment, data={"name": segment.name}, now=now)
    segment.delete()
