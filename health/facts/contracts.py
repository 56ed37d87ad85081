"""What sources ask of subscriptions: the contract as it was known on any day."""

from __future__ import annotations

from accounts.models import Workspace
from csplatform.core.tenancy import current_workspace_id
from health.facts.sources import Asked
from health.facts.versions import Versions


def of(asked: Asked) -> Versions:
    """The subscriptions of the customers asked about, in their order, read when first asked for."""
    workspace = Workspace.objects.get(pk=current_workspace_id())
    return Versions(
        asked.customer_ids,
        grace_days=workspace.grace_days,
        data_through=workspace.data_through,
        recorded_through=asked.recorded_by,
    )
