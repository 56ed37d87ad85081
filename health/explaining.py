"""What exceptions and overrides did to a score, as drivers beside those of the measures, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models.customers import HealthBand
from health.adjusting import OVERRIDE, Exceptional
from health.models import HealthOverride
from health.scoring import Card
from health.services.compute import Result

ADJUSTMENTS = "adjustments"
"""The group of these drivers."""


def adjustments(card: Card, result: Result, week: Mapping[str, int], month: Mapping[str, int]) -> list[dict[str, Any]]:
    """Drivers in the interface's shape for what acts on the first customer of ``result``, or acted on it before.

    ``week``, ``month``: points of all drivers then (``health.services.compute.parts_of``), empty where there were none.
    """
    moved = result.scores.adjustments[0].tolist()
    exceptions = {exception.name: exception for exception in card.exceptions}
    now = dict(zip([*exceptions, OVERRIDE], moved, strict=True))
    override_id = result.override_ids[0]
    found = []
    for name, points in now.items():
        acts = points or (name == OVERRIDE and override_id is not None)
        if acts or week.get(name) or month.get(name):
            told = _exception(exceptions[name]) if name in exceptions else of_override(override_id)
            found.append(_driver(name, points, week, month, told))
    return found


def _driver(
    name: str, points: int, week: Mapping[str, int], month: Mapping[str, int], told: tuple[str, str]
) -> dict[str, Any]:
    label, note = told
    return {
        "measure": name,
        "label": label,
        "value": None,
        "unit": "",
        "points": points / 100,
        "max_points": 0.0,
        "weight": 0.0,
        "change_7d": (points - week.get(name, 0)) / 100 if week else None,
        "change_28d": (points - month.get(name, 0)) / 100 if month else None,
        "stale": False,
        "group": ADJUSTMENTS,
        "reason": "",
        "note": note,
    }


def _exception(exception: Exceptional) -> tuple[str, str]:
    label = exception.label.get(get_language() or "en", exception.label["en"])
    worst = HealthBand(exception.cap).label
    return label, _("An exception of the scorecard: no better than “%(band)s” while this holds.") % {"band": worst}


def of_override(override_id: UUID | None) -> tuple[str, str]:
    """Who set which band, and why until when; that it ended where there is none."""
    override = HealthOverride.objects.filter(pk=override_id).first() if override_id else None
    if override is None:
        return _("Set by hand"), _("Ended.")
    said = {
        "band": override.get_band_display(),
        "name": override.by_label,
        "reason": override.reason,
        "until": date_format(override.expires_on, "DATE_FORMAT"),
    }
    return (
        _("Set to “%(band)s” by %(name)s") % said,
        _("“%(reason)s”, until %(until)s at the latest.") % said,
    )
