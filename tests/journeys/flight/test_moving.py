"""Moving one customer: what it takes, what it leaves behind, and who is told when two try."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Customer
from csplatform.core.audit import SYSTEM, Actor
from csplatform.core.ids import uuid7
from csplatform.core.models import AuditEvent, OutboxEvent
from journeys.models import CriterionKind, Move, Side, Stage, StageCriterion
from journeys.services.moving import ConflictError, MissingError, Moved, move
from tests.factories import NOW

LATER = NOW + timedelta(days=3)
WILL = Actor("Will Scarlet")


def moved(customer: Customer, stage_key: str, **more: Any) -> Move:
    told: dict[str, Any] = {"reason": "Fit is qualified", "actor": WILL, "now": LATER, **more}
    answer = move(customer_id=customer.pk, stage_key=stage_key, **told)
    assert isinstance(answer, Moved)
    return answer.move


def require(stage_key: str, side: Side, kind: CriterionKind, **params: object) -> None:
    stage = Stage.objects.get(key=stage_key)
    StageCriterion.objects.create(workspace_id=stage.workspace_id, stage=stage, side=side, kind=kind, params=params)


def test_from_awareness_to_consideration_takes_a_reason_only(customer: Customer) -> None:
    made = moved(customer, "consideration")
    customer.refresh_from_db()
    assert (customer.stage_key, customer.stage_since) == ("consideration", LATER.date())
    assert (made.kind, made.number, made.actor_label) == ("forward", 2, "Will Scarlet")
    assert made.from_stage is not None
    assert made.from_stage.key == "awareness"
    assert AuditEvent.objects.filter(action="customer.moved", object_id=str(customer.pk)).count() == 1
    news = OutboxEvent.objects.get(name="stage.entered")
    assert news.payload["customer_id"] == str(customer.pk)
    assert news.payload["stage"] == "consideration"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\0b"])
def test_a_move_without_a_usable_reason_is_refused(customer: Customer, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        moved(customer, "consideration", reason=reason)
    assert set(refused.value.message_dict) == {"reason"}
    assert Move.objects.count() == 1


def test_an_unknown_stage_is_refused_with_those_there_are(customer: Customer) -> None:
    with pytest.raises(ValidationError, match="awareness, consideration"):
        moved(customer, "sold")


def test_what_is_missing_is_named_and_nothing_is_changed(customer: Customer) -> None:
    require("awareness", Side.EXIT, CriterionKind.FIELD, field="industry")
    require("consideration", Side.ENTRY, CriterionKind.SPONSOR)
    with pytest.raises(MissingError) as refused:
        moved(customer, "consideration")
    assert [each.criterion for each in refused.value.missing] == ["field:industry", "sponsor"]
    assert refused.value.missing[0].message == "“Industry” is not filled in."
    assert Move.objects.count() == 1


def test_an_override_moves_by_name_and_keeps_what_it_passed(customer: Customer) -> None:
    require("consideration", Side.ENTRY, CriterionKind.SPONSOR)
    made = moved(customer, "consideration", override=True)
    assert (made.override, made.passed_over, made.actor_label) == (True, ["sponsor"], "Will Scarlet")


def test_an_override_that_was_not_needed_is_none(customer: Customer) -> None:
    assert moved(customer, "consideration", override=True).override is False


def test_moving_back_takes_a_reason_and_no_criteria(customer: Customer) -> None:
    moved(customer, "consideration")
    require("awareness", Side.ENTRY, CriterionKind.SPONSOR)
    assert moved(customer, "awareness", reason="The sponsor left").kind == "back"


def test_whoever_moves_from_an_older_view_is_told_who_moved_it(customer: Customer) -> None:
    seen = Move.objects.get().pk
    moved(customer, "consideration")
    with pytest.raises(ConflictError, match=r"Will Scarlet.*“Consideration”"):
        moved(customer, "awareness", expected_move=seen)


def test_moving_to_where_it_stands_is_a_conflict_that_says_since_when(customer: Customer) -> None:
    with pytest.raises(ConflictError, match="already"):
        moved(customer, "awareness")


def test_a_view_of_another_customer_is_no_view(customer: Customer) -> None:
    with pytest.raises(ConflictError):
        moved(customer, "consideration", expected_move=uuid7())


def test_dates_follow_one_another(customer: Customer) -> None:
    moved(customer, "consideration", occurred_on=LATER.date())
    with pytest.raises(ValidationError, match="before the last move"):
        moved(customer, "awareness", occurred_on=LATER.date() - timedelta(days=1))
    with pytest.raises(ValidationError, match="still to come"):
        moved(customer, "awareness", occurred_on=LATER.date() + timedelta(days=1))


def test_the_workspaces_own_today_is_taken_where_its_day_has_begun(customer: Customer) -> None:
    """Paris is two hours ahead in summer: at 22:30 UTC its new day has begun; days are kept in UTC."""
    late = LATER.replace(hour=22, minute=30)
    made = moved(customer, "consideration", now=late, occurred_on=date(2026, 6, 20))
    assert made.occurred_on == date(2026, 6, 19)


def test_the_night_the_clocks_change_has_one_today(customer: Customer) -> None:
    """On 25 October 2026 Paris goes from UTC+2 to UTC+1 at 01:00 UTC."""
    before = LATER.replace(month=10, day=24, hour=22, minute=30)
    assert moved(customer, "consideration", now=before, occurred_on=date(2026, 10, 25)).occurred_on == date(
        2026, 10, 24
    )
    after = LATER.replace(month=10, day=25, hour=22, minute=30)
    with pytest.raises(ValidationError, match="still to come"):
        moved(customer, "awareness", now=after, occurred_on=date(2026, 10, 26))


def test_a_customer_that_does_not_exist_is_not_found(customer: Customer) -> None:
    with pytest.raises(Customer.DoesNotExist):
        move(customer_id=uuid7(), stage_key="consideration", reason="x", actor=SYSTEM, now=LATER)
