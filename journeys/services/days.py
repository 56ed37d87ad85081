"""The day a move is dated at."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Workspace
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Move


def of_move(told: date | None, last: Move | None, now: datetime) -> date:
    """``told``, or today; days are UTC, and where the workspace's day has begun already, its today is ours.

    Raises ``ValidationError`` for a day to come, and for one before the last move.
    """
    today = now.date()
    if told is None:
        return max(today, last.occurred_on) if last else today
    if told > today:
        zone = ZoneInfo(Workspace.objects.get(pk=current_workspace_id()).time_zone)
        if told > now.astimezone(zone).date():
            message = _("%(day)s is still to come; a move is dated on the day it happened.")
            raise ValidationError({"occurred_on": [message % {"day": told.isoformat()}]})
        told = today
    if last is not None and told < last.occurred_on:
        message = _("%(day)s is before the last move, on %(last)s: moves follow one another.")
        told_days = {"day": told.isoformat(), "last": last.occurred_on.isoformat()}
        raise ValidationError({"occurred_on": [message % told_days]})
    return told
