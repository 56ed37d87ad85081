"""The stages a new workspace starts with: the eight of the boomerang, one each."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Workspace
from accounts.roles import Department
from journeys.models import CriterionKind, Macro, Side, Stage, StageCriterion

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


EXPECTED_DAYS: dict[Macro, int] = {
    Macro.AWARENESS: 60,
    Macro.CONSIDERATION: 45,
    Macro.TRIAL: 30,
    Macro.DECISION: 45,
    Macro.ADOPTION: 90,
    Macro.PERFORMANCE: 180,
    Macro.TRANSFORMATION: 270,
}
"""How long a customer is expected to stay, until the workspace says otherwise; at Advocacy as long as it likes."""

EXIT_CRITERIA: tuple[tuple[Macro, CriterionKind, dict[str, int]], ...] = (
    (Macro.TRIAL, CriterionKind.TRIAL_CRITERIA, {}),
    (Macro.DECISION, CriterionKind.CONTRACT, {}),
    (Macro.DECISION, CriterionKind.OUTCOME_DEFINED, {}),
    (Macro.ADOPTION, CriterionKind.ADOPTION, {"percent": 50}),
    (Macro.PERFORMANCE, CriterionKind.OUTCOME_MET, {}),
    (Macro.PERFORMANCE, CriterionKind.WIN, {}),
)
"""What must hold before a stage is left forwards, until the workspace says otherwise."""


def create_stages(workspace: Workspace, now: datetime) -> None:
    """One stage per macro stage, in the boomerang's order, for a workspace just created (in its scope)."""
    stages = Stage.objects.bulk_create(
        Stage(
            workspace=workspace,
            key=macro.value,
            name=macro.default_name,
            macro=macro.value,
            order=order,
            department=DEPARTMENT_OF[macro],
            expected_days=EXPECTED_DAYS.get(macro),
        )
        for order, macro in enumerate(Macro)
    )
    made = {stage.key: stage for stage in stages}
    StageCriterion.objects.bulk_create(
        StageCriterion(
            workspace=workspace, stage=made[macro], side=Side.EXIT, kind=kind, params=params, position=position
        )
        for position, (macro, kind, params) in enumerate(EXIT_CRITERIA)
    )
