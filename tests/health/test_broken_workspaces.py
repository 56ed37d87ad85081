"""A workspace with a broken row: its own work stands still, and is told of; everybody else's goes on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.models import Workspace
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from health import tasks
from health.alerts import tasks as alert_tasks
from health.models import Alert, AlertDelivery, ScoringRun, UsageWindow
from tests import factories
from tests.health.alerts.uses import alerted, customer

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
TODAY = NOW.date()
# More than one, because rounds begin anywhere.
SOUND = ("aldgate", "castor", "kornhaus", "selby", "trent")


@pytest.fixture
def workspaces() -> list[Workspace]:
    return [factories.make_workspace(slug) for slug in ("broken", *SOUND)]


def test_the_nightly_run_of_others_begins(workspaces: list[Workspace]) -> None:
    for workspace in workspaces:
        with workspace_scope(workspace):
            of = factories.make_customer()
            counts = b"123" if workspace.slug == "broken" else bytes(4)
            UsageWindow.objects.create(
                workspace=workspace, customer=of, stream="*", anchor=TODAY, first_day=TODAY, last_event_at=NOW,
                counts=counts, users=counts, features=counts,
            )  # fmt: skip
    with pytest.raises(ExceptionGroup, match="1 of 6 workspaces failed"):
        tasks.roll_over()
    for workspace in workspaces:
        with workspace_scope(workspace):
            closing = ScoringRun.objects.filter(kind=ScoringRun.Kind.CLOSE_DAY).exists()
        assert closing is (workspace.slug != "broken")


def test_the_alerts_of_others_reach_their_people(workspaces: list[Workspace]) -> None:
    for workspace in workspaces:
        factories.make_member(workspace, Role.MANAGER)
        with workspace_scope(workspace):
            alerted(customer())
    Workspace.objects.filter(slug="broken").update(time_zone="Nowhere/At all")
    with pytest.raises(ExceptionGroup, match="1 of 6 workspaces failed"):
        alert_tasks.keep_alerts()
    for workspace in workspaces:
        with workspace_scope(workspace):
            assert Alert.objects.exists()
            assert AlertDelivery.objects.exists() is (workspace.slug != "broken")
