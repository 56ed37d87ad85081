"""The stages a new workspace starts with: the eight of the boomerang, one each."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Workspace
from journeys.models import Macro, Stage


def create_stages(workspace: Workspace, now: datetime) -> None:
    """One stage per macro stage, in the boomerang's order, for a workspace just created (in its scope)."""
    Stage.objects.bulk_create(
        Stage(workspace=workspace, key=macro.value, name=macro.default_name, macro=macro.value, order=order)
        for order, macro in enumerate(Macro)
    )
