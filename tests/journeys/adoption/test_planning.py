"""What is planned for adoption: the share in habit, groups with their step, indicators that become wins."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts import segments
from accounts.models import Contact, Customer
from accounts.services.results import StaleVersionError
from csplatform.core import audit, outbox
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from health import adoption
from journeys.models import AdoptionIndicator, AdoptionPlan, AdoptionState, Win
from journeys.selectors import adoption as reads
from journeys.services.adoption import indicators, planning, settings
from tests import factories
from tests.factories import NOW
from tests.health.uses import store_uses

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
BY: dict[str, Any] = {"actor": audit.SYSTEM, "now": NOW}


def follow(now: Any = NOW) -> None:
    while adoption.follow_marked(now=now):
        pass


def people(customer: Customer, number: int, **fields: Any) -> list[Contact]:
    invited = NOW - timedelta(days=60)
    return [factories.make_contact(customer, invited_at=invited, **fields) for _ in range(number)]


def plan(customer: Customer, **told: Any) -> AdoptionPlan:
    said = {"baseline_percent": 10, "targets": [{"on": "2026-12-31", "percent": 60}], **told}
    return planning.set_plan(customer_id=customer.pk, **said, **BY)


def test_a_plan_changes_with_its_reason_and_earlier_ones_stay() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        assert plan(customer).baseline_on == TODAY
        with pytest.raises(ValidationError, match="why the plan changes"):
            plan(customer, targets=[{"on": date(2027, 3, 31), "percent": 70}])
        with pytest.raises(ValidationError, match="changed the plan meanwhile"):
            plan(customer, reason="More time", expected_number=0)
        plan(customer, reason="More time", targets=[{"on": date(2027, 3, 31), "percent": "70"}], expected_number=1)
        assert [(row.number, row.targets[0]["percent"]) for row in reads.plans_of(customer.pk)] == [(2, 70), (1, 60)]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"baseline_percent": 101}, "baseline_percent"),
        ({"baseline_percent": True}, "baseline_percent"),
        ({"targets": []}, "targets"),
        ({"targets": [{"on": "2026-13-01", "percent": 60}]}, "targets"),
        ({"targets": [{"on": "2026-12-31", "percent": "sixty"}]}, "targets"),
        ({"targets": [{"percent": 60}]}, "targets"),
        ({"targets": [{"on": "2026-01-01", "percent": 60}]}, "targets"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_field(told: dict[str, Any], field: str) -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        with pytest.raises(ValidationError) as refused:
            plan(customer, **told)
        assert field in refused.value.message_dict
        assert not AdoptionPlan.objects.exists()


def test_groups_tell_where_their_people_stand_by_title_or_role() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        planners, drivers, others = (
            people(customer, 6, title="Planner"), people(customer, 5, role="driver"), people(customer, 2),
        )  # fmt: skip
        store_uses({person: range(12) for person in [*planners[:3], *others]}, now=NOW)
        follow()
        for name, step in (("driver", "low"), ("planner", "high")):
            planning.save_group(customer_id=customer.pk, name=name, step=step, words="Other hours", **BY)
        told = reads.groups_of(customer.pk, shown=reads.shown())
        assert [(each.group.name if each.group else None, each.people, each.counts["habitual"]) for each in told] == [
            ("planner", 6, 3), ("driver", 5, 0), (None, 2, 2),
        ]  # fmt: skip
        assert len(drivers) == 5
        settings.show_people(people="aggregate", **BY)
        hidden = [each.hidden for each in reads.groups_of(customer.pk, shown=reads.shown())]
        assert hidden == [False, True, True], "one hidden group could be told from all the others"


def test_a_group_is_named_once_and_changed_by_who_has_seen_it() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        group = planning.save_group(customer_id=customer.pk, name=" Planner ", step="high", **BY)
        for name, step, field in (("planner", "low", "name"), ("", "low", "name"), ("Clerk", "huge", "step")):
            with pytest.raises(ValidationError) as refused:
                planning.save_group(customer_id=customer.pk, name=name, step=step, **BY)
            assert field in refused.value.message_dict
        told: dict[str, Any] = {"customer_id": customer.pk, "group_id": group.pk, "step": "low", **BY}
        planning.save_group(name="Planner", expected_version=1, **told)
        with pytest.raises(StaleVersionError):
            planning.save_group(name="Planner", expected_version=1, **told)
        planning.remove_group(group_id=group.pk, **BY)
        assert reads.groups_of(customer.pk, shown=reads.shown()) == []


def test_an_indicator_on_a_share_is_measured_and_becomes_a_win_once() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer()
        first, second = people(customer, 2)
        told = {"title": "Everybody works with it", "kind": "share", "state": "activated", "threshold": 100}
        key = indicators.define(customer_id=customer.pk, told=told, **BY).pk
        store_uses({first: range(12)}, now=NOW)
        follow()
        indicator = AdoptionIndicator.objects.get(pk=key)
        assert (indicator.measured, indicator.reached_on) == (50, None)
        store_uses({second: [0]}, per_day=10, now=NOW)
        follow()
        indicator.refresh_from_db()
        win = Win.objects.get()
        assert (indicator.reached_on, indicator.win, win.title) == (TODAY, win, "Everybody works with it")
        assert OutboxEvent.objects.filter(name="adoption_indicator.reached").count() == 1
        people(customer, 3)
        adoption.mark({customer.pk: TODAY})
        follow()
        assert (Win.objects.count(), AdoptionIndicator.objects.get().reached_on) == (1, TODAY)
        indicators.remove(indicator_id=key, **BY)
        assert Win.objects.count() == 1


def test_a_share_that_was_reached_before_it_was_told_is_dated_then() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer()
        first, second = people(customer, 2)
        told = {"title": "Half of them work with it", "kind": "share", "state": "activated", "threshold": 50}
        begun = NOW - timedelta(days=60)
        indicators.define(customer_id=customer.pk, told=told, actor=BY["actor"], now=begun)
        store_uses({first: range(20, 40), second: [39]}, now=NOW)
        follow()
        reached = AdoptionIndicator.objects.get().reached_on
        activated = AdoptionState.objects.get(contact=first).activated_on
        assert reached
        assert reached == activated == Win.objects.get().happened_on
        assert reached < TODAY - timedelta(days=20)


def test_an_indicator_on_events_is_reached_on_the_day_there_were_enough() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer()
        (person,) = people(customer, 1)
        store_uses({person: [20, 10, 5]}, per_day=2, name="report.sent", now=NOW)
        store_uses({person: [30]}, per_day=9, name="opened", now=NOW)
        follow()
        told = {"title": "Four reports", "kind": "events", "event": "report.sent", "threshold": 4}
        indicators.define(customer_id=customer.pk, told=told, **BY)
    outbox.dispatch_waiting(now=NOW)
    with workspace_scope(workspace):
        follow()
        indicator = AdoptionIndicator.objects.get()
        assert (indicator.measured, indicator.reached_on) == (6, TODAY - timedelta(days=10))
        assert Win.objects.get().happened_on == TODAY - timedelta(days=10)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"title": ""}, "title"),
        ({"kind": "mood"}, "kind"),
        ({"state": "lapsed"}, "state"),
        ({"threshold": 101}, "threshold"),
        ({"threshold": "many"}, "threshold"),
        ({"kind": "events", "event": ""}, "event"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_indicator_that_cannot_be_is_refused_by_field(told: dict[str, Any], field: str) -> None:
    with workspace_scope(factories.make_workspace()):
        good = {"title": "Most work with it", "kind": "share", "state": "habitual", "threshold": 60}
        with pytest.raises(ValidationError) as refused:
            indicators.define(customer_id=factories.make_customer().pk, told={**good, **told}, **BY)
        assert field in refused.value.message_dict
        assert not AdoptionIndicator.objects.exists()


def test_customers_are_found_by_the_share_of_people_in_habit() -> None:
    with workspace_scope(factories.make_workspace()):
        keen, slow = factories.make_customer("Keen"), factories.make_customer("Slow")
        store_uses({person: range(12) for person in people(keen, 2)}, now=NOW)
        store_uses({person: [1] for person in people(slow, 6)}, now=NOW)
        follow()

        def found(op: str, value: int) -> set[str]:
            said = segments.parse({"all": [{"field": "habit_share", "op": op, "value": value}]})
            rows = Customer.objects.filter(segments.condition(said, now=NOW))
            return set(rows.values_list("name", flat=True))

        assert found("gte", 50) == {"Keen"}
        assert found("lt", 50) == {"Slow"}
        settings.show_people(people="aggregate", **BY)
        assert found("gte", 50) == set(), "two people are no aggregate"
