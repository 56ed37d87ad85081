"""The demo's tempo: what its departments have set themselves, and one part said in the vendor's own words."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from accounts.models import Workspace
from accounts.roles import Department
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import DepartmentTempo, Macro, Stage
from journeys.services import team

ACTOR = audit.Actor(label="demo")
_TARGETS: dict[Department, dict[str, Decimal | int | None]] = {
    Department.MARKETING: {"handover_days": 2},
    Department.SALES: {"handover_days": 2, "contacts": Decimal("0.5")},
    Department.CUSTOMER_SUCCESS: {"handover_days": 3, "contacts": Decimal(1), "signal_days": 5},
    Department.PRODUCT: {"request_days": 30},
}
_OWN = {Department.SUPPORT.value: "Sits in on the kick-off, so that the first question meets a face already known"}


def load(*, workspace: Workspace, now: datetime) -> None:
    """Make what is missing, in one transaction."""
    with workspace_scope(workspace):
        if DepartmentTempo.objects.exists():
            return
        for department, targets in _TARGETS.items():
            team.write_tempo(department=department, targets=targets, actor=ACTOR, now=now)
        adoption = Stage.objects.filter(macro=Macro.ADOPTION, retired_at__isnull=True).order_by("order").first()
        if adoption is not None:
            team.write_responsibilities(stage_id=adoption.pk, words=_OWN, actor=ACTOR, now=now)
