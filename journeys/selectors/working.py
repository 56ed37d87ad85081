"""The working days of a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from accounts.models import Workspace
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Holiday, WorkCalendar
from journeys.working_days import WorkingDays


def working_days() -> WorkingDays:
    """When the active workspace works: as it says, else Monday to Friday from nine to five in its time zone."""
    zone = Workspace.objects.values_list("time_zone", flat=True).get(pk=current_workspace_id())
    calendar = calendar_of()
    return WorkingDays(
        zone=ZoneInfo(zone),
        weekend=frozenset(calendar.weekend),
        holidays=frozenset(Holiday.objects.values_list("day", flat=True)),
        opens=calendar.opens,
        closes=calendar.closes,
    )


def calendar_of() -> WorkCalendar:
    """The active workspace's hours and weekend; the defaults, unsaved, where it has not said any."""
    return WorkCalendar.objects.first() or WorkCalendar(workspace_id=current_workspace_id())


def holidays() -> Sequence[Holiday]:
    """The days off, in the order they come."""
    return list(Holiday.objects.order_by("day"))
