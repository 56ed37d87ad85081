"""Writing the success plan: versions with reasons, measurements that keep their past, wins that follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Customer
from accounts.services.results import StaleVersionError
from csplatform.core.audit import Actor
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Kpi, KpiVersion, Lap, LapKind, Measurement, Outcome, OutcomeKind, OutcomeVersion, Win
from journeys.plan.rules import Status
from journeys.selectors import plan
from journeys.services import planning
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
WILL = Actor("Will Scarlet")


@pytest.fixture
def customer() -> Iterator[Customer]:
    with workspace_scope(factories.make_workspace()):
        yield factories.make_customer()


def define(customer: Customer, *, now: datetime = NOW - timedelta(days=180), **told: Any) -> Outcome:
    words = {"statement": "Parcels leave the dock the day they are ordered", "due_on": date(2026, 12, 31), **told}
    return planning.define_outcome(customer_id=customer.pk, told=words, actor=WILL, now=now)


def add(outcome: Outcome, *, now: datetime = NOW - timedelta(days=180), **told: Any) -> Kpi:
    words = {"name": "Minutes from order to dock", "unit": "minutes", "baseline": "90", "target": "30", **told}
    return planning.add_kpi(outcome_id=outcome.pk, told=words, actor=WILL, now=now)


def measure(kpi: Kpi, value: object, on: date, now: datetime = NOW) -> Measurement:
    told = {"value": value, "measured_on": on}
    return planning.record_measurement(kpi_id=kpi.pk, told=told, actor=WILL, now=now)


def kpi_now(customer: Customer, day: date = TODAY, known_by: datetime | None = None) -> plan.KpiRead:
    ((read,),) = (outcome.kpis for outcome in plan.plan_of(customer.pk, day=day, known_by=known_by))
    return read


def names_of_news() -> list[str]:
    return list(OutboxEvent.objects.order_by("created_at", "id").values_list("name", flat=True))


def test_a_plan_is_read_back_as_it_was_agreed(customer: Customer) -> None:
    kpi = add(define(customer, now=NOW), now=NOW)
    (outcome,) = plan.plan_of(customer.pk, day=TODAY)
    assert outcome.version.statement == "Parcels leave the dock the day they are ordered"
    assert outcome.standing.status is Status.NOT_STARTED
    (read,) = outcome.kpis
    assert (read.kpi_id, read.version.direction, read.version.target) == (kpi.pk, "down", Decimal(30))
    assert names_of_news() == ["outcome.defined", "kpi.added"]
    assert AuditEvent.objects.filter(action="outcome.created", actor_label="Will Scarlet").exists()


@pytest.mark.parametrize(
    ("told", "field", "words"),
    [
        ({"target": "90"}, "target", "is the baseline, 90"),
        ({"target": "90.00001"}, "target", "is the baseline, 90"),
        ({"direction": "up"}, "direction", "turn one of them round"),
        ({"direction": "sideways"}, "direction", "neither up"),
        ({"baseline": ""}, "baseline", "is empty"),
        ({"target": "lots"}, "target", "is not a number"),
        ({"target": "1e16"}, "target", "more than can be kept"),
        ({"name": " "}, "name", "is empty"),
        ({"due_on": "2026-11-22"}, "due_on", "is not after 2026-11-22"),
        ({"due_on": "soon"}, "due_on", "is not a date"),
        ({"effective_on": "2026-11-23"}, "effective_on", "lies in the future"),
        ({"colour": "red"}, "colour", "is not a field"),
    ],
)
def test_a_kpi_that_cannot_be_is_refused_by_its_field(
    customer: Customer, told: dict[str, str], field: str, words: str
) -> None:
    outcome = define(customer, now=NOW)
    with pytest.raises(ValidationError) as caught:
        add(outcome, now=NOW, **told)
    assert words in caught.value.message_dict[field][0]
    assert not Kpi.objects.exists()


def test_what_an_outcome_says_evolves_and_needs_a_reason(customer: Customer) -> None:
    outcome = define(customer)
    with pytest.raises(ValidationError) as caught:
        planning.revise_outcome(outcome_id=outcome.pk, told={"statement": "Ship in an hour"}, actor=WILL, now=NOW)
    assert "say why" in caught.value.message_dict["reason"][0]
    planning.revise_outcome(
        outcome_id=outcome.pk,
        told={"statement": "Ship in an hour", "reason": "The board asked for more"},
        actor=WILL,
        now=NOW,
        expected_version=1,
    )
    first, second = OutcomeVersion.objects.order_by("number")
    assert (second.number, second.reason, second.actor_label) == (2, "The board asked for more", "Will Scarlet")
    assert second.due_on == first.due_on
    (before,) = plan.plan_of(customer.pk, day=TODAY - timedelta(days=1))
    assert before.version == first
    with pytest.raises(StaleVersionError):
        planning.revise_outcome(outcome_id=outcome.pk, told={}, actor=WILL, now=NOW, expected_version=1)


def test_saying_the_same_again_makes_no_version(customer: Customer) -> None:
    outcome, kpi = define(customer), None
    kpi = add(outcome)
    planning.revise_outcome(outcome_id=outcome.pk, told={"due_on": "2026-12-31"}, actor=WILL, now=NOW)
    planning.revise_kpi(kpi_id=kpi.pk, told={"target": "30,0", "unit": "minutes"}, actor=WILL, now=NOW)
    assert (OutcomeVersion.objects.count(), KpiVersion.objects.count()) == (1, 1)


def test_a_kpi_turned_round_as_a_whole_follows_its_figures(customer: Customer) -> None:
    kpi = add(define(customer))
    told = {"baseline": "10", "target": "40", "unit": "parcels an hour", "reason": "Counted the other way"}
    planning.revise_kpi(kpi_id=kpi.pk, told=told, actor=WILL, now=NOW)
    assert [version.direction for version in KpiVersion.objects.order_by("number")] == ["down", "up"]


def test_people_settle_by_name_with_a_reason_and_may_open_it_again(customer: Customer) -> None:
    outcome = define(customer)
    with pytest.raises(ValidationError):
        planning.settle(outcome_id=outcome.pk, settlement="waived", reason=" ", actor=WILL, now=NOW)
    settled = planning.settle(
        outcome_id=outcome.pk, settlement="waived", reason="The site was sold", actor=WILL, now=NOW
    )
    assert (settled.settlement, settled.settled_by_label, settled.settled_reason) == (
        "waived",
        "Will Scarlet",
        "The site was sold",
    )
    (read,) = plan.plan_of(customer.pk, day=TODAY)
    assert read.standing.status is Status.WAIVED
    (before,) = plan.plan_of(customer.pk, day=TODAY - timedelta(days=1))
    assert before.standing.status is Status.NOT_STARTED
    reopened = planning.settle(
        outcome_id=outcome.pk, settlement="", reason="The sale fell through", actor=WILL, now=NOW + timedelta(hours=1)
    )
    assert (reopened.settlement, reopened.settled_at, reopened.settled_reason) == ("", None, "")
    assert names_of_news()[-2:] == ["outcome.settled", "outcome.reopened"]


def test_reaching_the_target_is_a_win_once(customer: Customer) -> None:
    kpi = add(define(customer))
    measure(kpi, 60, TODAY - timedelta(days=30))
    assert not Win.objects.exists()
    measure(kpi, "29.5", TODAY)
    measure(kpi, 28, TODAY)
    win = Win.objects.get()
    assert (win.title, win.happened_on, win.by_rule) == ("Minutes from order to dock: 29.5 minutes", TODAY, True)
    assert names_of_news().count("win.recorded") == 1


def test_a_corrected_measurement_keeps_its_past_and_takes_its_win_back(customer: Customer) -> None:
    kpi = add(define(customer))
    wrong = measure(kpi, 3, TODAY, now=NOW)
    later = NOW + timedelta(days=1)
    with pytest.raises(ValidationError):
        planning.correct_measurement(measurement_id=wrong.pk, told={"value": 33}, actor=WILL, now=later)
    right = planning.correct_measurement(
        measurement_id=wrong.pk, told={"value": 33, "reason": "A digit was lost"}, actor=WILL, now=later
    )
    assert not Win.objects.exists()
    assert kpi_now(customer, later.date()).standing.value == Decimal(33)
    assert kpi_now(customer, TODAY).standing.value == Decimal(3)
    with pytest.raises(ValidationError) as caught:
        planning.correct_measurement(measurement_id=wrong.pk, told={"value": 5, "reason": "x"}, actor=WILL, now=later)
    assert "corrected already" in caught.value.messages[0]
    wrong.refresh_from_db()
    assert wrong.replaced_by == right


def test_a_win_that_was_celebrated_stays_whatever_is_corrected(customer: Customer) -> None:
    kpi = add(define(customer))
    told = measure(kpi, 3, TODAY)
    planning.celebrate(win_id=Win.objects.get().pk, actor=WILL, now=NOW)
    planning.withdraw_measurement(measurement_id=told.pk, reason="Wrong customer", actor=WILL, now=NOW)
    assert Win.objects.get().celebrated_by_label == "Will Scarlet"
    assert kpi_now(customer, known_by=NOW).standing.status is Status.NOT_STARTED


@pytest.mark.parametrize(
    ("value", "on", "field"),
    [
        ("", TODAY, "value"),
        ("many", TODAY, "value"),
        (5, TODAY + timedelta(days=1), "measured_on"),
        (5, "?", "measured_on"),
    ],
)
def test_a_measurement_that_cannot_be_is_refused_by_its_field(
    customer: Customer, value: object, on: Any, field: str
) -> None:
    kpi = add(define(customer))
    with pytest.raises(ValidationError) as caught:
        measure(kpi, value, on)
    assert list(caught.value.message_dict) == [field]
    assert not Measurement.objects.exists()


def test_a_retired_kpi_counts_no_more_and_takes_no_figures(customer: Customer) -> None:
    outcome = define(customer)
    kpi = add(outcome)
    planning.retire_kpi(kpi_id=kpi.pk, reason="Measured by another", actor=WILL, now=NOW)
    (read,) = plan.plan_of(customer.pk, day=TODAY)
    assert read.kpis == ()
    (before,) = plan.plan_of(customer.pk, day=TODAY - timedelta(days=1))
    assert len(before.kpis) == 1
    with pytest.raises(ValidationError):
        measure(kpi, 5, TODAY + timedelta(days=1), NOW + timedelta(days=2))
    with pytest.raises(ValidationError):
        planning.revise_kpi(kpi_id=kpi.pk, told={"target": 5, "reason": "x"}, actor=WILL, now=NOW)


def test_an_outcome_of_another_customer_cannot_carry_a_win(customer: Customer) -> None:
    outcome = define(customer)
    with pytest.raises(Outcome.DoesNotExist):
        planning.record_win(
            customer_id=factories.make_customer("Other").pk,
            outcome_id=outcome.pk,
            told={"title": "x"},
            actor=WILL,
            now=NOW,
        )


def test_criteria_learn_what_the_present_lap_holds(customer: Customer, django_assert_num_queries: Any) -> None:
    old = Lap.objects.create(
        workspace_id=customer.workspace_id, customer=customer, number=1, kind=LapKind.FIRST_SALE,
        began_on=date(2024, 1, 1), ended_on=date(2025, 12, 31),
    )  # fmt: skip
    Lap.objects.create(
        workspace_id=customer.workspace_id, customer=customer, number=2, kind=LapKind.RENEWAL, began_on=date(2026, 1, 1)
    )
    past = define(customer, statement="Of the first lap", effective_on="2025-03-01", due_on="")
    assert past.lap_id == old.pk
    met, told = define(customer, statement="Ship the same day"), define(customer, statement="Not told by a figure")
    measure(add(met), 20, TODAY)
    trial = define(customer, statement="Scans a parcel in 2 s", kind=OutcomeKind.TRIAL)
    other = factories.make_customer("Other")
    with django_assert_num_queries(7):
        facts = plan.facts_for_criteria([customer.pk, other.pk], day=TODAY)
    assert facts[other.pk] == plan.PlanFacts()
    assert facts[customer.pk] == plan.PlanFacts(
        defined=1,
        outcomes=2,
        open_outcomes=("Not told by a figure",),
        trial=1,
        open_trial=("Scans a parcel in 2 s",),
        wins=1,
    )
    planning.settle(outcome_id=trial.pk, settlement="missed", reason="Took 3 s", actor=WILL, now=NOW)
    planning.settle(outcome_id=told.pk, settlement="dropped", reason="Not wanted", actor=WILL, now=NOW)
    facts = plan.facts_for_criteria([customer.pk], day=TODAY)
    assert (facts[customer.pk].open_trial, facts[customer.pk].open_outcomes) == ((), ())
    assert [promise["statement"] for promise in plan.promises_of(customer.pk, day=TODAY)] == ["Of the first lap"]


def test_a_list_stands_as_the_page_does_from_two_readings_of_each_kpi_at_most(customer: Customer) -> None:
    outcome = define(customer, due_on=TODAY - timedelta(days=20))
    kpi = add(outcome, name="Hours", baseline="10", target="2", now=NOW - timedelta(days=179))
    values = {100: 9, 60: 5, 25: 2, 15: 3, 3: 4}
    for days, value in values.items():
        measure(kpi, value, TODAY - timedelta(days=days))
    corrected = measure(kpi, 1, TODAY - timedelta(days=1))
    planning.withdraw_measurement(measurement_id=corrected.pk, reason="Misread", actor=WILL, now=NOW)
    for day in (TODAY, TODAY - timedelta(days=10), TODAY - timedelta(days=30), TODAY - timedelta(days=120)):
        (whole,) = plan.plans_of_outcomes([outcome.pk], day=day, known_by=NOW)
        (listed,) = plan.plans_of_outcomes([outcome.pk], day=day, known_by=NOW, is_list=True)
        assert listed.standing == whole.standing, day
        assert [each.standing for each in listed.kpis] == [each.standing for each in whole.kpis], day
        assert all(len(each.readings) <= 2 for each in listed.kpis)
