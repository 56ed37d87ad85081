"""Events beyond the retention go by whole months, together with their exactly-once keys."""

from __future__ import annotations

from datetime import date, timedelta

import structlog

from accounts.models import Workspace
from csplatform.core.rounds import visit_each
from csplatform.core.tenancy import workspace_scope
from health import partitions
from health.models import Event, MessageKey

log = structlog.get_logger(__name__)


def forget(*, today: date, days: int) -> list[str]:
    """Drop the months that end before ``today`` − ``days``; returns the names of the dropped partitions.

    Events that old are refused on arrival, so no message can come back once its key is gone.
    """
    month = (today - timedelta(days=days)).replace(day=1)
    dropped = partitions.drop_before(month)
    if dropped:
        log.info("events beyond the retention are gone", partitions=dropped)

    def visit(workspace: Workspace) -> None:
        with workspace_scope(workspace):
            # What landed in the default partition, for lack of one of its own.
            Event.objects.filter(occurred_at__lt=f"{month}T00:00:00+00:00")._raw_delete("default")
            MessageKey.objects.filter(month__lt=month)._raw_delete("default")

    visit_each(Workspace.objects.in_turn(), visit)
    return dropped
