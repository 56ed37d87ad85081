"""The stages a new workspace starts with: the eight of the boomerang, one each."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Workspace
from accounts.roles import Department
from journeys.models import Macro, Stage

DEPARTMENT_OF: dict[Macro, Department] = {
    Macro.AWARENESS: Department.MARKETING,
    Macro.CONSIDERATION: Department.MARKETING,
    Macro.TRIAL: Department.SALES,
    Macro.DECISION: Department.SALES,
    Macro.ADOPTION: Department.CUSTOMER_SUCCESS,
    Macro.PERFORMANCE: Department.CUSTOMER_SUCCESS,
    Macro.TRANSFORMATION: Department.CUSTOMER_SUCCESS,
    Macro.ADVOCACY: Department.CUSTOMER_SUCCESS,
}
"""Who carries a customer at each macro stage, until the workspace says otherwise."""


def create_stages(workspace: Workspace, now: datetime) -> None:
    """One stage per macro stage, in the boomerang's order, for a workspace just created (in its scope)."""
    Stage.objects.bulk_create(
        Stage(
            workspace=workspace,
            key=macro.value,
            name=macro.default_name,
            macro=macro.value,
            order=order,
            department=DEPARTMENT_OF[macro],
        )
        for order, macro in enumerate(Macro)
    )
