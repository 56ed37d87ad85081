"""What the journey lets customers be filtered by."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.segments import Field, Kind, register
from journeys.models import Macro
from journeys.selectors import standing

_GROUP = _("Journey")


def _macros() -> dict[str, str]:
    return {macro.value: str(macro.label) for macro in Macro}


def register_all() -> None:
    """Called once, at start."""
    register(
        Field("stage", _("Stage"), Kind.CHOICE, "stage_key", choices=standing.stage_names, group=_GROUP),
        Field("macro", _("Macro stage"), Kind.CHOICE, "stage_macro", choices=_macros, group=_GROUP),
        Field("days_in_stage", _("Time in stage"), Kind.DAYS, "stage_since", group=_GROUP),
    )
