"""The tempo of departments: figures counted by hand, beside their targets."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from accounts.models.customers import TeamRole
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from journeys.models import Move, MoveKind, Relay, Request, RequestAnswer, Signal, SignalState, Stage
from journeys.selectors import tempo
from journeys.selectors.tempo import Figure, Measure, Period
from journeys.services import engagements, signals, team
from tests.api.conftest import make_api
from tests.journeys.team.conftest import NOW, Firm
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
# 2026-06-16 is a Tuesday; the working day is from nine to five in Paris.
PERIOD = Period(date(2026, 5, 18), date(2026, 6, 16))


def aim(department: str, **targets: Decimal | int) -> None:
    team.write_tempo(department=department, targets=targets, actor=audit.SYSTEM, now=NOW)


def found(department: str, measure: Measure, *, now: datetime = NOW) -> Figure:
    rows = {each.department: each.figures for each in tempo.figures(PERIOD, now=now)}
    return next(figure for figure in rows[department] if figure.measure is measure)


def offer(customer: Customer, at: datetime, decided_at: datetime | None, state: str = "accepted", **more: Any) -> Relay:
    told = {
        "workspace_id": current_workspace_id(), "customer": customer, "giver_department": "marketing",
        "taker_department": "sales", "state": state, "offered_at": at, "due_at": at + timedelta(days=3),
        "decided_at": decided_at, "known_at": at, "recorded_at": at, "to_stage": Stage.objects.get(key="trial"),
        **more,
    }  # fmt: skip
    return Relay.objects.create(**told)


def test_handovers_count_working_days_and_what_waits_too_long_is_late(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        customer = firm.customer("Loxley Mills")
        friday = NOW - timedelta(days=4)  # 11:00 in Paris
        offer(customer, friday, NOW - timedelta(days=1))  # Friday to Monday, 11:00 each: one working day
        offer(customer, friday, NOW, "declined")  # two
        offer(customer, friday, None, "withdrawn")
        offer(customer, NOW - timedelta(days=12), None, "offered")
        offer(customer, PERIOD.start - timedelta(hours=1), NOW)
        assert found("sales", Measure.HANDOVER) == Figure(Measure.HANDOVER, None, 1.5, 2)
        aim("sales", handover_days=1)
        figure = found("sales", Measure.HANDOVER)
        assert (figure.within, figure.waiting, figure.counted, figure.is_kept) == (1, 1, 3, False)
        assert figure.share == pytest.approx(1 / 3)


def test_time_in_stage_is_of_stays_that_ended_beside_the_stages_expected_days(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        trial, decision = Stage.objects.get(key="trial"), Stage.objects.get(key="decision")
        for number, (days, kind) in enumerate([(10, "forward"), (30, "back"), (50, "churned"), (90, "regrouped")], 1):
            Move.objects.create(
                workspace=firm.workspace, customer=firm.customer(f"C{number}"), number=2, from_stage=trial,
                stage=decision, stayed_days=days, kind=MoveKind(kind), occurred_on=NOW.date(), known_at=NOW,
                recorded_at=NOW, actor_label="x",
            )  # fmt: skip
        figures = next(each for each in tempo.figures(PERIOD, now=NOW) if each.department == "sales").figures
        stay = next(each for each in figures if each.stage == trial)
        assert (stay.target, stay.actual, stay.cases, stay.within, stay.is_kept) == (30, 30.0, 3, 2, True)


def test_conversations_are_those_with_the_customers_in_a_departments_care(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        mine = firm.customer("Mine", csm=firm.success, external_id="mine")
        firm.customer("Silent", csm=firm.success)
        firm.customer("Gone", csm=firm.success, contract_state="churned", churned_on=NOW.date())
        firm.customer("Nobody's", external_id="free")
        firm.place(mine, firm.success, TeamRole.EXECUTIVE)
        for number, (who, customer, days) in enumerate(
            [(firm.success, "mine", 1), (firm.success, "mine", 29), (firm.success, "mine", 30),
             (firm.success, "free", 1), (firm.seller, "mine", 1)]
        ):  # fmt: skip
            told = {
                "customer_external_id": [customer], "direction": "vendor_to_customer", "channel": "call",
                "occurred_at": NOW - timedelta(days=days), "by_email": who.user.email,
            }  # fmt: skip
            engagements.create(external_id=f"e{number}", told=told, actor=audit.SYSTEM, now=NOW)
        aim("customer_success", contacts=Decimal("0.5"))
        figure = found("customer_success", Measure.CONTACTS)
        assert (figure.cases, figure.actual, figure.within, figure.share) == (2, 1.0, 1, 0.5)
        assert figure.is_kept is True


def test_requests_are_answered_by_product_and_the_first_answer_counts(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        for number, (raised, answers) in enumerate([(20, [18, 1]), (10, []), (3, []), (9, [1])]):
            request = Request.objects.create(
                workspace=firm.workspace, external_id=f"r{number}", title="x", raised_at=NOW - timedelta(days=raised),
                created_by_label="x", known_at=NOW, updated_at=NOW,
            )  # fmt: skip
            for days in answers:
                at = NOW - timedelta(days=days)
                RequestAnswer.objects.create(
                    workspace=firm.workspace, request=request, status="planned", occurred_at=at, known_at=at,
                    recorded_at=at, answered_by="x",
                )  # fmt: skip
        aim("product", request_days=5)
        figure = found("product", Measure.REQUEST)
        assert (figure.actual, figure.cases, figure.within, figure.waiting) == (5.0, 2, 1, 1)


def test_signals_belong_to_the_department_of_the_customers_csm(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        customer = firm.customer("Mine", csm=firm.success)
        told = {"kind": "sponsor_change", "summary": "She left"}
        first = signals.record(
            customer=customer, told=told, actor=audit.SYSTEM, now=NOW - timedelta(days=4), external_id="s1"
        )
        signals.record(customer=customer, told=told, actor=audit.SYSTEM, now=NOW - timedelta(days=9), external_id="s2")
        signals.answer(signal_id=first.pk, answer="Called", actor=audit.SYSTEM, now=NOW - timedelta(days=1))
        aim("customer_success", signal_days=3)
        figure = found("customer_success", Measure.SIGNAL)
        assert (figure.actual, figure.cases, figure.within, figure.waiting) == (3.0, 1, 1, 1)
        Signal.objects.filter(external_id="s2").update(state=SignalState.PASSED, answered_at=NOW)
        assert found("customer_success", Measure.SIGNAL).waiting == 0


def test_the_page_shows_targets_figures_and_cases_and_says_where_there_are_none(firm: Firm) -> None:
    client = signed_in(firm.manager)
    empty = client.get("/journeys/team/tempo/").content.decode()
    assert "Nothing to count yet, and no target." in empty
    with workspace_scope(firm.workspace):
        customer = firm.customer("Loxley Mills", csm=firm.success)
        offer(customer, NOW - timedelta(days=4), NOW)
        aim("sales", handover_days=1)
    text = client.get("/journeys/team/tempo/?days=365").content.decode()
    for words in ("1 working day", "2.0 working days", "missed", "0 of 1"):
        assert words in " ".join(text.split()), words
    assert client.get("/journeys/team/tempo/?days=7").status_code == 404


@pytest.fixture(autouse=True)
def _tuesday(time_machine: Any) -> None:
    time_machine.move_to(NOW)


def test_rest_reads_the_tempo_of_a_period(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        offer(firm.customer("Loxley Mills"), NOW - timedelta(days=4), NOW)
        aim("sales", handover_days=3)
    api = make_api(firm.workspace, ["read"])
    told = api.get("team/tempo/?from=2026-06-01&to=2026-06-16").json()
    assert (told["first"], told["last"]) == ("2026-06-01", "2026-06-16")
    sales = next(each for each in told["departments"] if each["department"] == "sales")
    assert sales["figures"][0] == {
        "measure": "handover_days", "stage": None, "target": 3.0, "actual": 2.0, "cases": 1, "within": 1,
        "waiting": 0, "share": 1.0, "is_kept": True,
    }  # fmt: skip
    assert api.get("team/tempo/").json()["first"] == "2026-03-19"
    for wrong in ("from=2026-06-02&to=2026-06-01", "from=yesterday", "days=3", "from=1990-01-01", "to=9999-12-31"):
        assert api.get(f"team/tempo/?{wrong}").status_code == 400, wrong


def test_the_number_of_queries_does_not_grow(firm: Firm) -> None:
    counts = []
    for batch in (range(2), range(2, 20)):
        with workspace_scope(firm.workspace):
            for number in batch:
                customer = firm.customer(f"C{number}", csm=firm.success)
                offer(customer, NOW - timedelta(days=4), NOW)
            with CaptureQueriesContext(connection) as captured:
                tempo.figures(PERIOD, now=NOW)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 12
