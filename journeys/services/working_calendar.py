"""Changing when a workspace works. Due dates already given stay; new ones follow what it says now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, time

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Holiday
from journeys.selectors import working

MOST_HOLIDAYS = 1_000


@transaction.atomic
def save(
    *,
    weekend: Collection[int],
    opens: time,
    closes: time,
    holidays: Mapping[date, str],
    actor: audit.Actor,
    now: datetime,
) -> None:
    """Set hours, weekend (days off every week, Monday is 0) and all days off (with their names) at once.

    Raises ``ValidationError`` by field: ``weekend``, ``closes`` or ``holidays``.
    """
    off = sorted(set(weekend))
    if len(off) == 7 or any(day not in range(7) for day in off):
        raise ValidationError({"weekend": _("Leave at least one day of the week to work on.")})
    if opens >= closes:
        raise ValidationError({"closes": _("The working day must end after it begins.")})
    if len(holidays) > MOST_HOLIDAYS:
        raise ValidationError({"holidays": _("At most %(most)d days off can be kept.") % {"most": MOST_HOLIDAYS}})
    calendar = working.calendar_of()
    calendar.weekend, calendar.opens, calendar.closes = off, opens, closes
    calendar.save()
    Holiday.objects.all().delete()
    Holiday.objects.bulk_create(
        Holiday(workspace_id=current_workspace_id(), day=day, name=name[:120]) for day, name in sorted(holidays.items())
    )
    data = {"weekend": off, "opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}", "holidays": len(holidays)}
    audit.record(actor=actor, action="work_calendar.changed", subject=calendar, data=data, now=now)
