"""What a workspace starts with, and when it works."""

from __future__ import annotations

from datetime import date, time

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import RelayTemplate
from journeys.selectors import working
from journeys.services import working_calendar
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.NOW


def test_a_new_workspace_hands_over_from_marketing_to_sales_to_customer_success_and_back_to_marketing() -> None:
    with workspace_scope(factories.make_workspace()):
        told = [
            (each.from_stage.key, each.to_stage.key, each.giver_department, each.taker_department)
            for each in RelayTemplate.objects.select_related("from_stage", "to_stage").order_by("from_stage__order")
        ]
        items = [item for each in RelayTemplate.objects.all() for item in each.items.all()]
    assert told == [
        ("consideration", "trial", "marketing", "sales"),
        ("decision", "adoption", "sales", "customer_success"),
        ("transformation", "advocacy", "customer_success", "marketing"),
    ]
    assert len(items) == 10
    assert not any(item.required for item in items)


def save(workspace: Workspace, **told: object) -> None:
    values = {"weekend": [5, 6], "opens": time(9), "closes": time(17), "holidays": {}, **told}
    with workspace_scope(workspace):
        working_calendar.save(actor=audit.SYSTEM, now=NOW, **values)  # type: ignore[arg-type]  # told by name


def test_a_workspace_works_monday_to_friday_until_it_says_otherwise() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        days = working.working_days()
    assert (days.zone.key, days.weekend, days.opens, days.closes) == (
        "Europe/Paris",
        frozenset({5, 6}),
        time(9),
        time(17),
    )
    save(workspace, weekend=[4, 5], opens=time(8), holidays={date(2026, 12, 25): "Christmas"})
    with workspace_scope(workspace):
        days = working.working_days()
        assert AuditEvent.objects.filter(action="work_calendar.changed").count() == 1
    assert (days.weekend, days.opens, days.holidays) == (
        frozenset({4, 5}),
        time(8),
        frozenset({date(2026, 12, 25)}),
    )


def test_saving_again_replaces_the_days_off() -> None:
    workspace = factories.make_workspace()
    save(workspace, holidays={date(2026, 12, 25): "Christmas", date(2026, 5, 1): ""})
    save(workspace, holidays={date(2026, 12, 26): "Boxing Day"})
    with workspace_scope(workspace):
        assert [(each.day, each.name) for each in working.holidays()] == [(date(2026, 12, 26), "Boxing Day")]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("weekend", {"weekend": range(7)}),
        ("weekend", {"weekend": [9]}),
        ("closes", {"opens": time(17), "closes": time(9)}),
        ("holidays", {"holidays": {date.fromordinal(738_000 + n): "" for n in range(1_001)}}),
    ],
)
def test_a_calendar_nobody_could_work_by_is_refused_and_changes_nothing(field: str, told: dict[str, object]) -> None:
    workspace = factories.make_workspace()
    with pytest.raises(ValidationError) as refused:
        save(workspace, **told)
    assert list(refused.value.message_dict) == [field]
    with workspace_scope(workspace):
        assert working.working_days().weekend == {5, 6}
