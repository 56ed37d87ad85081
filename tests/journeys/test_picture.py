"""The boomerang's figures: who flowed, how long stays last, who is stuck, and how it stood on past days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer, Workspace
from accounts.services import read_model
from csplatform.core.tenancy import workspace_scope
from journeys.models import Force, Lap, LapKind, Macro, Move, MoveKind, Stage
from journeys.selectors import journey, picture
from journeys.services import stays
from tests import factories

TODAY = date(2026, 6, 16)
Step = tuple[int, str]  # days ago, stage key ("" when it churned)


@pytest.fixture
def workspace(db: None) -> Iterator[Workspace]:
    made = factories.make_workspace()
    with workspace_scope(made):
        Stage.objects.update(expected_days=None)
        yield made


def fly(name: str, steps: list[Step]) -> Customer:
    """A customer that made ``steps``, in order."""
    stages = {stage.key: stage for stage in journey.stages()}
    order = {key: place for place, key in enumerate(stages)}
    customer = factories.make_customer(name)
    before: Stage | None = None
    for number, (ago, key) in enumerate(steps, start=1):
        stage = stages.get(key)
        day = TODAY - timedelta(days=ago)
        kind = MoveKind.FORWARD
        if stage is None:
            kind = MoveKind.CHURNED
        elif before is not None and order[key] < order[before.key]:
            kind = MoveKind.BACK
        at = datetime.combine(day, time(9), UTC)
        Move.objects.create(
            workspace_id=customer.workspace_id, customer=customer, number=number, from_stage=before, stage=stage,
            kind=kind, occurred_on=day, known_at=at, recorded_at=at, actor_label="test",
        )  # fmt: skip
        before = stage
    stays.refresh([customer.pk])
    last = TODAY - timedelta(days=steps[-1][0])
    read_model.write_stages(
        [read_model.StagePlace(customer.pk, before.key if before else "", before.macro if before else "", last)]
    )
    return customer


def test_a_stage_tells_who_came_who_went_on_who_fell_back_and_who_was_lost(workspace: Workspace) -> None:
    fly("came", [(40, "trial"), (10, "adoption")])
    fly("went on", [(90, "adoption"), (5, "performance")])
    fly("fell back", [(90, "adoption"), (29, "trial")])
    fly("lost", [(90, "adoption"), (3, "")])
    fly("long ago", [(200, "adoption"), (31, "performance")])
    flow = picture.flows(journey.stages(), today=TODAY)["adoption"]
    assert (flow.came, flow.on, flow.back, flow.churned) == (1, 1, 1, 1)
    assert (flow.left, flow.went_on, flow.on_percent) == (4, 2, None)


def test_a_share_and_a_median_are_said_from_ten_ended_stays_on(workspace: Workspace) -> None:
    for n in range(9):
        fly(f"c{n}", [(100, "trial"), (100 - 10 * (n + 1), "decision")])
    assert picture.flows(journey.stages(), today=TODAY)["trial"].median_days is None
    fly("tenth", [(100, "trial"), (50, "awareness")])
    flow = picture.flows(journey.stages(), today=TODAY)["trial"]
    assert flow.on_percent == 90
    assert flow.median_days == 50


def test_whoever_stays_longer_than_nine_of_ten_others_is_stuck(workspace: Workspace) -> None:
    for n in range(20):
        fly(f"passed {n}", [(60, "trial"), (60 - (n + 1), "decision")])
    fly("fresh", [(5, "trial")])
    fly("stuck", [(45, "trial")])
    flows = picture.flows(journey.stages(), today=TODAY)
    assert (flows["trial"].long_days, flows["trial"].stuck) == (19, 1)


def test_without_enough_stays_the_workspaces_own_expectation_counts(workspace: Workspace) -> None:
    Stage.objects.filter(key="trial").update(expected_days=30)
    fly("in time", [(30, "trial")])
    fly("late", [(31, "trial")])
    assert picture.flows(journey.stages(), today=TODAY)["trial"].stuck == 1


def test_an_old_stay_among_many_that_stay_on_is_nothing_special(workspace: Workspace) -> None:
    for n in range(10):
        fly(f"left {n}", [(100, "transformation"), (80, "advocacy")])
    for n in range(30):
        fly(f"stays {n}", [(400, "transformation")])
    assert picture.flows(journey.stages(), today=TODAY)["transformation"].stuck == 0


def test_what_came_back_is_counted_by_kind(workspace: Workspace) -> None:
    customer = fly("loyal", [(500, "adoption")])
    for number, (kind, ago) in enumerate(
        [(LapKind.FIRST_SALE, 500), (LapKind.RENEWAL, 89), (LapKind.RENEWAL, 91), (LapKind.EXPANSION, 1)], start=1
    ):
        Lap.objects.update_or_create(
            customer=customer, number=number, workspace_id=workspace.pk,
            defaults={
                "kind": kind, "began_on": TODAY - timedelta(days=ago),
                "ended_on": None if number == 4 else TODAY - timedelta(days=ago - 1),
            },
        )  # fmt: skip
    friend = factories.make_customer("friend", referred_by=customer)
    Customer.objects.filter(pk=friend.pk).update(created_at=datetime.combine(TODAY, time(8), UTC))
    back = picture.thrown(today=TODAY)
    assert (back.renewals, back.expansions, back.returns, back.referrals, back.total) == (1, 1, 0, 1, 3)


def test_churn_is_told_by_force_and_by_the_revenue_the_laps_had_gained(workspace: Workspace) -> None:
    for name, force, ago in (("a", Force.COMPETITOR, 10), ("b", "", 20), ("c", Force.VENDOR, 120)):
        customer = fly(name, [(400, "adoption"), (ago, "")])
        Customer.objects.filter(pk=customer.pk).update(contract_state="churned", churned_on=TODAY - timedelta(days=ago))
        Move.objects.filter(customer=customer, kind=MoveKind.CHURNED).update(force=force)
        Lap.objects.update_or_create(
            workspace_id=workspace.pk, customer=customer, number=1,
            defaults={
                "kind": LapKind.FIRST_SALE, "began_on": TODAY - timedelta(days=400),
                "ended_on": TODAY - timedelta(days=ago), "gained_arr_minor": 12_000_00,
            },
        )  # fmt: skip
    lost = picture.churned(today=TODAY)
    assert (lost.customers, lost.arr_minor) == (2, 24_000_00)
    assert dict(lost.forces) == {Force.COMPETITOR: 1, "": 1}


def test_a_retired_stage_counts_where_its_macro_stage_stands_now(workspace: Workspace) -> None:
    pilot = Stage.objects.create(workspace=workspace, key="pilot", name="Pilot", macro=Macro.TRIAL, order=8)
    customer = fly("pilot", [(100, "pilot"), (5, "decision")])
    Stage.objects.filter(pk=pilot.pk).update(order=None, retired_at=datetime(2026, 6, 14, tzinfo=UTC))
    frames = picture.replay(today=TODAY)
    assert frames[-1].customers["decision"] == 1
    assert frames[-2].customers["trial"] == 1
    assert Move.objects.filter(customer=customer).count() == 2


@st.composite
def journeys(draw: st.DrawFn) -> list[Step]:
    days = sorted(draw(st.lists(st.integers(0, 900), min_size=1, max_size=5, unique=True)), reverse=True)
    return [(day, draw(st.sampled_from([*Macro.values, ""]))) for day in days]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flights=st.lists(journeys(), min_size=1, max_size=6))
def test_replaying_gives_what_looking_at_every_customer_gives(workspace: Workspace, flights: list[list[Step]]) -> None:
    Customer.objects.all().delete()
    for n, steps in enumerate(flights):
        fly(f"c{n}", steps)
    for frame in picture.replay(today=TODAY):
        standing: Counter[str] = Counter()
        for steps in flights:
            places = [key for ago, key in steps if TODAY - timedelta(days=ago) <= frame.day]
            standing.update(places[-1:])
        del standing[""]
        assert {key: number for key, number in frame.customers.items() if number} == dict(standing)


def test_the_number_of_queries_does_not_grow_with_customers(workspace: Workspace) -> None:
    counts = []
    for batch in (range(12), range(12, 40)):
        for n in batch:
            fly(f"c{n}", [(100 + n, "trial"), (n, "adoption")])
        stages = journey.stages()
        with CaptureQueriesContext(connection) as captured:
            picture.flows(stages, today=TODAY)
            picture.thrown(today=TODAY)
            picture.churned(today=TODAY)
            picture.replay(today=TODAY)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_stranger_sees_nothing_of_it(workspace: Workspace) -> None:
    fly("ours", [(20, "trial"), (10, "adoption")])
    with workspace_scope(factories.make_workspace("stranger")):
        assert not any(flow.came for flow in picture.flows(journey.stages(), today=TODAY).values())
        assert not any(sum(frame.customers.values()) for frame in picture.replay(today=TODAY))
