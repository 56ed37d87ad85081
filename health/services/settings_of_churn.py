"""What a workspace wants of churn risk: how far ahead it looks, and how many customers the team can look after."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from health.models import ChurnSetting

SHORTEST_HORIZON, LONGEST_HORIZON = 7, 365
_MOST = 1_000_000


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
    if capacity is not None and not 1 <= capacity <= _MOST:
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
