"""Moments in words, for people anywhere: without knowing their time zone, every time says that it is UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from csplatform.core import formats


def moment(at: datetime | None) -> str:
    """Day and time of ``at`` in the active language; empty where there is none."""
    if at is None:
        return ""
    local = at.astimezone(UTC)
    return _("%(day)s at %(time)s UTC") % {
        "day": formats.day(local, get_language(), "written"),
        "time": f"{local:%H:%M}",
    }
