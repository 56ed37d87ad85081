"""Setting how often each segment is to be spoken to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import segments
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Cadence, Direction

MOST_DAYS = 730
MOST = 30


@transaction.atomic
def save(
    *,
    name: str,
    definition: object,
    every_days: int,
    direction: str,
    actor: audit.Actor,
    now: datetime,
    position: int | None = None,
) -> Cadence:
    """A cadence under its name, new or in place of the one called so. Raises ``ValidationError`` by field."""
    name = " ".join(name.replace("\0", "").split())
    errors: dict[str, list[str]] = {}
    if not name or len(name) > 120:
        errors["name"] = [_("Give it a name of at most 120 characters.")]
    if not 1 <= every_days <= MOST_DAYS:
        errors["every_days"] = [_("Choose from 1 to %(most)d days.") % {"most": MOST_DAYS}]
    if direction not in ("", *Direction.values):
        errors["direction"] = [_("There is no such direction.")]
    try:
        said = segments.parse(definition).as_json()
    except segments.SegmentError as error:
        errors["definition"] = [str(error)]
    if not errors.get("name") and Cadence.objects.exclude(name=name).count() >= MOST:
        errors["name"] = [_("There are %(n)d cadences; remove one first.") % {"n": MOST}]
    if errors:
        raise ValidationError(errors)
    told = {"definition": said, "every_days": every_days, "direction": direction}
    found = Cadence.objects.select_for_update().filter(name=name).first()
    if found is None:
        place = Cadence.objects.count() if position is None else position
        found = Cadence.objects.create(
            workspace_id=current_workspace_id(), name=name, position=place, created_at=now, **told
        )
    else:
        for field, value in told.items():
            setattr(found, field, value)
        found.position = found.position if position is None else position
        found.version += 1
        found.save()
    audit.record(actor=actor, action="cadence.saved", subject=found, data={"name": name, **told}, now=now)
    return found


@transaction.atomic
def remove(*, cadence_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Raises ``Cadence.DoesNotExist``."""
    found = Cadence.objects.select_for_update().get(pk=cadence_id)
    audit.record(actor=actor, action="cadence.removed", subject=found, data={"name": found.name}, now=now)
    found.delete()
