"""Measures from judgements, numbers of one's own, plans, people and sponsors: now and on any past day alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AttributeKind, AttributeVersion, Customer, Workspace
from accounts.services import attributes, contacts, customers, deletion, read_model
from accounts.services.writing import Facts as Row
from csplatform.core.tenancy import workspace_scope
from health.services import definitions, judging
from journeys.models import (
    AdoptionChange,
    Kpi,
    KpiVersion,
    Measurement,
    Outcome,
    OutcomeVersion,
)
from journeys.services import engagements
from tests import factories
from tests.health import uses
from tests.health.told import ACTOR, NOW, TODAY, ago, make_customers, same, spec, told_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield workspace


# --- judgements and numbers of one's own ---------------------------------------------------------------


def test_a_judgement_speaks_until_its_last_day_and_the_newest_wins(workspace: Workspace) -> None:
    one, other = make_customers()
    specs = [spec("judgement", "latest")]

    def judge(score: int, days_ago: int, lasts: int) -> None:
        at = ago(days_ago) + timedelta(hours=9)
        until = at.date() + timedelta(days=lasts)
        judging.judge(customer=one, score=score, reason="Met them", until=until, actor=ACTOR, now=at)

    judge(4, 60, 20)
    judge(2, 30, 90)
    nan = math.nan
    for days_ago, wanted in ((61, nan), (60, 4), (40, 4), (39, nan), (30, 2), (0, 2)):
        same(told_by(specs, [one, other], TODAY - timedelta(days=days_ago))[0], [wanted, nan])


def test_a_number_is_what_it_was_known_to_be(workspace: Workspace) -> None:
    one, other = make_customers()
    specs = [spec("attribute", "latest", key="shipments")]
    attributes.define(wanted={"shipments": ("Shipments", AttributeKind.NUMBER)}, now=NOW)

    def say(value: object, days_ago: int) -> None:
        told = Row(one.external_id, extra={"shipments": value}, known_at=ago(days_ago))
        assert not customers.upsert(rows=[told], actor=ACTOR, now=NOW).refusals

    Customer.objects.update(known_at=ago(100))
    say("120.5", 40)
    say("80", 10)
    nan = math.nan
    for days_ago, wanted in ((41, nan), (40, 120.5), (11, 120.5), (10, 80), (0, 80)):
        same(told_by(specs, [one, other], TODAY - timedelta(days=days_ago))[0], [wanted, nan])
    say("", 2)
    same(told_by(specs, [one, other], TODAY)[0], [nan, nan])
    same(told_by(specs, [one, other], TODAY - timedelta(days=3))[0], [80, nan])
    deletion.delete_customer(customer_id=one.pk, actor=ACTOR, now=NOW)
    assert not AttributeVersion.objects.exists()


def test_a_measure_of_an_attribute_names_one_that_holds_a_number(workspace: Workspace) -> None:
    attributes.define(wanted={"tier": ("Tier", AttributeKind.TEXT)}, now=NOW)
    for key in ("tier", "none"):
        told = {"label": {"en": "X"}, "definition": {"source": "attribute", "aggregation": "latest", "key": key}}
        with pytest.raises(ValidationError) as refused:
            definitions.create_measure(key="x", told=told, actor=ACTOR, now=NOW)
        assert "definition.key" in refused.value.message_dict


# --- plans, people and sponsors ------------------------------------------------------------------------


def test_outcomes_and_kpis_count_as_they_stood(workspace: Workspace) -> None:
    one, other = make_customers()
    specs = [spec("outcomes", "achieved"), spec("outcomes", "on_track"), spec("outcomes", "kpi_progress")]
    kpis = []
    known: dict[str, Any] = {"known_at": ago(60), "recorded_at": NOW, "actor_label": "Test", "workspace": workspace}
    for number, due_in in enumerate((30, 40)):
        outcome = Outcome.objects.create(
            workspace=workspace, external_id=f"o-{number}", customer=one, created_at=NOW, updated_at=NOW
        )
        due_on, since = TODAY + timedelta(days=due_in), ago(60).date()
        OutcomeVersion.objects.create(
            outcome=outcome, number=1, statement="Less waiting", due_on=due_on, effective_on=since, **known
        )
        kpi = Kpi.objects.create(workspace=workspace, external_id=f"k-{number}", outcome=outcome)
        KpiVersion.objects.create(
            kpi=kpi, number=1, name="Hours", direction="up", baseline=0, target=100, effective_on=since, **known
        )
        kpis.append(kpi)
    for number, days_ago, value in ((0, 30, 10), (0, 5, 100), (1, 20, 70)):
        when = {**known, "known_at": ago(days_ago)}
        Measurement.objects.create(kpi=kpis[number], value=value, measured_on=ago(days_ago).date(), **when)
    nan = math.nan
    for days_ago, wanted in (
        (61, [nan, nan, nan]),
        (40, [0, 0, nan]),
        (25, [0, 0, 0.1]),
        (10, [0, 0.5, 0.4]),
        (0, [0.5, 1, 0.85]),
    ):
        values = told_by(specs, [one, other], TODAY - timedelta(days=days_ago))
        same([found[0] for found in values], wanted)
        assert all(math.isnan(found[1]) for found in values)


def test_people_are_counted_where_they_stood(workspace: Workspace) -> None:
    one, other = make_customers()
    factories.make_subscription(one, seats=4, starts_on=TODAY - timedelta(days=200))
    read_model.refresh_contracts([one.pk], day=TODAY, now=NOW)
    for number in range(2):
        person = factories.make_contact(one)
        for days_ago, state in ((50, "first_use"), (20 + number, "habitual"), (3, "lapsed" if number else "habitual")):
            AdoptionChange.objects.create(
                workspace=workspace, contact=person, customer=one, day=ago(days_ago).date(), state=state,
                recorded_at=NOW,
            )  # fmt: skip
    specs = [spec("adoption", "people"), spec("adoption", "share_of_seats"), spec("adoption", "people", state="lapsed")]
    nan = math.nan
    for days_ago, wanted in ((60, [nan] * 3), (30, [0, 0, 0]), (20, [2, 0.5, 0]), (0, [1, 0.25, 1])):
        values = told_by(specs, [one, other], TODAY - timedelta(days=days_ago))
        same([found[0] for found in values], wanted)
        assert all(math.isnan(found[1]) for found in values)


def test_sponsors_are_heard_of_in_the_product_and_in_conversations_and_leave(workspace: Workspace) -> None:
    one, other = make_customers()
    ann = factories.make_contact(one, external_id="ann", is_sponsor=True, known_at=ago(200))
    factories.make_contact(other, is_sponsor=True, known_at=ago(200))
    told_call = Row(
        "e-1",
        {
            "customer_external_id": one.external_id, "contact_external_id": "ann", "direction": "customer_to_vendor",
            "channel": "call", "occurred_at": ago(40),
        },
    )  # fmt: skip
    assert not engagements.upsert(rows=[told_call], actor=ACTOR, now=NOW, is_history=True).refusals
    uses.store_uses({ann: [12]}, now=NOW)
    specs = [spec("sponsors", "silence", window_days=60), spec("sponsors", "left", window_days=30)]
    nan = math.nan
    for days_ago, silence in ((45, 60), (40, 0), (20, 20), (12, 0), (0, 12)):
        values = told_by(specs, [one, other], TODAY - timedelta(days=days_ago))
        same(values[0], [silence, 60])
        same(values[1], [0, 0])
    left = Row("ann", {"is_sponsor": False}, known_at=ago(8))
    assert not contacts.upsert(rows=[left], actor=ACTOR, now=NOW).refusals
    same(told_by(specs, [one, other], TODAY)[0], [nan, 60])
    same(told_by(specs, [one, other], TODAY)[1], [1, 0])
    same(told_by(specs, [one, other], TODAY - timedelta(days=9))[1], [0, 0])
