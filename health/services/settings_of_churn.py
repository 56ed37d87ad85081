"""What a workspace wants of churn risk: how far ahead it looks, and how many customers the team can look after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from health.models import ChurnModel, ChurnSetting
from health.risk import HORIZON_DAYS
from health.services import champion

SHORTEST_HORIZON, LONGEST_HORIZON = 7, 365
MOST_CAPACITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What holds now. ``set_at`` None: nobody has set anything."""

    horizon_days: int = HORIZON_DAYS
    capacity: int | None = None
    retrains: bool = True
    set_at: datetime | None = None
    set_by_label: str = ""


@dataclass(frozen=True, slots=True)
class InForce:
    """Who tells the risk of the active workspace at present, and how far ahead."""

    method: str
    model: int | None
    horizon_days: int


def wanted() -> Wanted:
    """The setting of the active workspace, as it comes where nothing was set."""
    row = champion.setting()
    if row is None:
        return Wanted()
    return Wanted(row.horizon_days, row.capacity, row.retrains, row.set_at, row.set_by_label)


def in_force() -> InForce:
    """The champion with its horizon, else the rules with the workspace's."""
    model = ChurnModel.objects.filter(status=ChurnModel.Status.CHAMPION).only("number", "horizon_days").first()
    if model is None:
        return InForce("rules", None, wanted().horizon_days)
    return InForce("model", model.number, model.horizon_days)


def check_horizon(days: int) -> int:
    """``days`` if a churn can be forecast that far; raises ``ValidationError``."""
    if not SHORTEST_HORIZON <= days <= LONGEST_HORIZON:
        message = _("Expected %(first)d to %(last)d days, not %(days)d.")
        raise ValidationError(
            {"horizon": [message % {"first": SHORTEST_HORIZON, "last": LONGEST_HORIZON, "days": days}]}
        )
    return days


@transaction.atomic
def change(
    *, horizon_days: int, capacity: int | None, retrains: bool, actor: audit.Actor, now: datetime
) -> ChurnSetting:
    """Set it from ``now`` on; past days keep what was set then. Raises ``ValidationError`` by field.

    A model in force goes on looking as far ahead as it was trained to, until one for the new horizon takes its place.
    """
    check_horizon(horizon_days)
    if capacity is not None and not 1 <= capacity <= MOST_CAPACITY:
        raise ValidationError({"capacity": [_("Expected at least one customer, or nothing for a tenth of them.")]})
    row = ChurnSetting.objects.create(
        workspace_id=current_workspace_id(),
        horizon_days=horizon_days,
        capacity=capacity,
        retrains=retrains,
        set_at=now,
        set_by_label=actor.label[:200],
    )
    data = {"horizon_days": horizon_days, "capacity": capacity, "retrains": retrains}
    audit.record(actor=actor, action="churn_setting.changed", subject=row, data=data, now=now)
    return row


@transaction.atomic
def change_capacity(*, capacity: int, actor: audit.Actor, now: datetime) -> ChurnSetting:
    """Set how many customers the team can look after, and leave the rest as it is. Raises ``ValidationError``."""
    present = wanted()
    return change(horizon_days=present.horizon_days, capacity=capacity, retrains=present.retrains, actor=actor, now=now)
