"""Measures from tickets, invoices, conversations and handovers: counted by hand, now and on any past day alike."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Workspace
from accounts.services import dated, invoices, read_model
from accounts.services.writing import Facts as Row
from csplatform.core.tenancy import workspace_scope
from health.facts import live
from health.measures import DefinitionError, Spec
from health.models import DirtyCustomer
from health.parsing import parse
from journeys.models import (
    Direction,
    Relay,
    Stage,
    Ticket,
    TicketVersion,
)
from journeys.services import engagements, tickets
from tests import factories
from tests.health.told import ACTOR, NOW, TODAY, ago, make_customers, same, spec, told_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield workspace


def tell(kind: dated.Kind, rows: Sequence[dict[str, Any]], *, now: datetime = NOW) -> None:
    facts = [
        Row(str(row["external_id"]), {k: v for k, v in row.items() if k not in ("external_id", "known_at")},
            row.get("known_at"))
        for row in rows
    ]  # fmt: skip
    assert not dated.upsert(kind, rows=facts, actor=ACTOR, now=now, is_history=True).refusals


# --- tickets -------------------------------------------------------------------------------------------

TICKETS = [
    spec("tickets", "open"),
    spec("tickets", "open", priority="urgent"),
    spec("tickets", "opened", window_days=20),
    spec("tickets", "first_reply_hours", window_days=30),
    spec("tickets", "csat", window_days=30),
]
TOLD_TICKETS = st.lists(
    st.tuples(
        st.integers(0, 1),  # whose
        st.integers(0, 80),  # opened days ago
        st.none() | st.integers(1, 60),  # answered after so many hours
        st.none() | st.integers(1, 40),  # solved after so many days
        st.none() | st.integers(1, 5),
        st.sampled_from(["", "normal", "urgent"]),
    ),
    max_size=12,
)


def by_hand(told: list[tuple[Any, ...]], whose: int, days_ago: int, each: Spec) -> float:
    """A ticket measure of a customer at the end of a day, by the plainest reading of its tickets."""
    end = ago(days_ago - 1)
    first = ago(days_ago + each.window_days - 1)
    if not any(ago(opened) < end for _who, opened, *_rest in told):
        return math.nan
    still_open, opened_lately, hours, scores = 0, 0, [], []
    for who, opened, reply, solve, csat, priority in told:
        opened_at = ago(opened)
        if who != whose or opened_at >= end or each.part("priority") not in ("", priority):
            continue
        replied_at = opened_at + timedelta(hours=reply) if reply and opened_at + timedelta(hours=reply) < NOW else None
        solved_at = opened_at + timedelta(days=solve) if solve and opened_at + timedelta(days=solve) < NOW else None
        still_open += solved_at is None or solved_at >= end
        opened_lately += opened_at >= first
        if replied_at and first <= replied_at < end:
            hours.append((replied_at - opened_at).total_seconds() / 3600)
        if csat and first <= (solved_at or replied_at or opened_at) < end:
            scores.append(csat)
    return {
        "open": float(still_open),
        "opened": float(opened_lately),
        "first_reply_hours": statistics.median(hours) if hours else math.nan,
        "csat": statistics.fmean(scores) if scores else math.nan,
    }[each.aggregation]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=TOLD_TICKETS)
def test_tickets_are_counted_as_by_hand_on_any_day(workspace: Workspace, told: list[tuple[Any, ...]]) -> None:
    TicketVersion.objects.all().delete()
    customers = make_customers()
    rows = []
    for number, (who, opened, reply, solve, csat, priority) in enumerate(told):
        at = ago(opened)
        replied_at, solved_at = at + timedelta(hours=reply or 0), at + timedelta(days=solve or 0)
        rows.append(
            {
                "external_id": f"{customers[0].pk}-{number}",
                "customer_external_id": customers[who].external_id,
                "priority": priority,
                "opened_at": at,
                "first_reply_at": replied_at if reply and replied_at < NOW else None,
                "solved_at": solved_at if solve and solved_at < NOW else None,
                "csat": csat,
            }
        )
    tell(tickets.KIND, rows)
    for days_ago in (0, 7, 45):
        values = told_by(TICKETS, customers, TODAY - timedelta(days=days_ago))
        for each, found in zip(TICKETS, values, strict=True):
            same(found, [by_hand(told, whose, days_ago, each) for whose in (0, 1)])


def test_what_is_told_or_deleted_later_changes_no_past_day(workspace: Workspace) -> None:
    one, other = make_customers()
    day = TODAY - timedelta(days=10)
    row = {"external_id": "t", "customer_external_id": one.external_id, "priority": "urgent", "opened_at": ago(20)}
    tell(tickets.KIND, [row])
    before = told_by(TICKETS, [one, other], day)
    assert before[1] == [1, 0]
    late = {"external_id": "u", "customer_external_id": other.external_id, "opened_at": ago(20), "known_at": ago(3)}
    tell(tickets.KIND, [{**row, "priority": "low", "customer_external_id": other.external_id}, late])
    after = told_by(TICKETS, [one, other], day)
    for was, now in zip(before, after, strict=True):
        same(now, was)
    same(told_by(TICKETS, [one, other], TODAY)[0], [0, 2])
    same(told_by(TICKETS, [one, other], day, known_through=TODAY)[0], [0, 2])
    dated.remove(tickets.KIND, record_id=Ticket.objects.get(external_id="t").pk, actor=ACTOR, now=NOW)
    same(told_by(TICKETS, [one, other], TODAY)[0], [0, 1])
    same(told_by(TICKETS, [one, other], day)[0], [1, 0])


# --- invoices ------------------------------------------------------------------------------------------

INVOICES = [
    spec("invoices", "overdue_days"),
    spec("invoices", "overdue_share"),
    spec("invoices", "paid_late", window_days=60),
]


def test_invoices_tell_what_is_overdue_and_what_was_paid_late(workspace: Workspace) -> None:
    late, good = make_customers()
    for customer in (late, good):
        factories.make_subscription(customer, arr_minor=100_000_00, starts_on=TODAY - timedelta(days=300))
    read_model.refresh_contracts([late.pk, good.pk], day=TODAY, now=NOW)
    bills = [
        ("a", late, 100, 70, None, "20000"),
        ("b", late, 60, 30, None, "5000"),
        ("c", late, 90, 60, 50, "1"),
        ("d", good, 90, 60, 60, "1"),
        ("e", good, 20, -10, None, "9000"),
    ]
    tell(
        invoices.KIND,
        [
            {
                "external_id": key,
                "customer_external_id": customer.external_id,
                "issued_on": ago(issued).date(),
                "due_on": ago(due).date(),
                "paid_on": None if paid is None else ago(paid).date(),
                "amount": amount,
            }
            for key, customer, issued, due, paid, amount in bills
        ],
    )
    assert told_by(INVOICES, [late, good], TODAY) == [[70, 0], [0.25, 0], [1, 0]]
    assert told_by(INVOICES, [late, good], TODAY - timedelta(days=55)) == [[15, 0], [0.20001, 0], [0, 0]]
    assert np.isnan(told_by(INVOICES, [late, good], TODAY - timedelta(days=101))).all()


# --- conversations -------------------------------------------------------------------------------------


def test_conversations_are_counted_by_direction_and_channel_as_they_were_known(workspace: Workspace) -> None:
    ours, quiet = make_customers()
    said = [
        (40, "vendor_to_customer", "email", ""),
        (12, "customer_to_vendor", "call", "negative"),
        (5, "vendor_to_customer", "call", "positive"),
        (3, "customer_to_customer", "event", ""),
    ]
    rows = [
        Row(
            f"e-{number}",
            {
                "customer_external_id": ours.external_id,
                "direction": direction,
                "channel": channel,
                "occurred_at": ago(days),
                "sentiment": mood,
            },
        )
        for number, (days, direction, channel, mood) in enumerate(said)
    ]
    engagements.upsert(rows=rows, actor=ACTOR, now=NOW, is_history=True)
    specs = [
        spec("engagements", "count", window_days=30),
        spec("engagements", "recency"),
        spec("engagements", "recency", direction="customer_to_vendor"),
        spec("engagements", "count", channel="call", window_days=10),
        spec("engagements", "sentiment", window_days=30),
        spec("engagements", "count", direction=str(Direction.CUSTOMER_TO_THIRD_PARTY)),
    ]
    nan = math.nan
    expected: list[list[float]] = [[3, 0], [3, nan], [12, nan], [1, 0], [1, nan], [0, 0]]
    for found, wanted in zip(told_by(specs, [ours, quiet], TODAY), expected, strict=True):
        same(found, wanted)
    corrected = Row("e-2", {"sentiment": "negative", "direction": "customer_to_vendor"})
    engagements.upsert(rows=[corrected], actor=ACTOR, now=NOW)
    same(told_by(specs, [ours, quiet], TODAY)[4], [-1, nan])
    same(told_by(specs, [ours, quiet], TODAY - timedelta(days=1))[4], [1, nan])
    same(told_by(specs, [ours, quiet], TODAY - timedelta(days=8))[4], [-1, nan])


# --- handovers -----------------------------------------------------------------------------------------


def test_handovers_wait_are_overdue_and_are_declined_when_they_were(workspace: Workspace) -> None:
    waiting, calm = make_customers()
    stage = Stage.objects.order_by("order")[0]

    def offer(offered: int, due: int, decided: int | None, state: str) -> None:
        Relay.objects.create(
            workspace=workspace, customer=waiting, to_stage=stage, giver_department="sales",
            taker_department="customer_success", state=state, offered_at=ago(offered), due_at=ago(due),
            decided_at=None if decided is None else ago(decided), known_at=ago(offered), recorded_at=NOW,
        )  # fmt: skip

    offer(60, 57, 50, "declined")
    offer(9, 4, None, "offered")
    specs = [spec("relays", "overdue"), spec("relays", "waiting_days"), spec("relays", "declined")]
    assert told_by(specs, [waiting, calm], TODAY) == [[1, 0], [9, 0], [1, 0]]
    assert told_by(specs, [waiting, calm], TODAY - timedelta(days=6)) == [[0, 0], [3, 0], [1, 0]]
    assert told_by(specs, [waiting, calm], TODAY - timedelta(days=53)) == [[1, 0], [7, 0], [0, 0]]


# --- all of them ---------------------------------------------------------------------------------------


def test_a_workspace_without_such_measures_asks_nothing_of_them(workspace: Workspace) -> None:
    (customer,) = make_customers(1)
    with CaptureQueriesContext(connection) as captured:
        live.load([customer.pk], TODAY, [Spec("count")])
    said = " ".join(query["sql"] for query in captured)
    for table in ("ticket", "invoice", "engagement", "relay", "judgement", "attribute", "adoption"):
        assert table not in said


def test_what_is_told_calls_for_a_new_score(workspace: Workspace) -> None:
    (customer,) = make_customers(1)
    DirtyCustomer.objects.all().delete()
    row = {"external_id": "i", "customer_external_id": customer.external_id, "issued_on": TODAY, "amount": "1"}
    tell(invoices.KIND, [row])
    assert DirtyCustomer.objects.filter(customer_id=customer.pk).exists()


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"source": "tickets", "aggregation": "mood"}, "aggregation"),
        ({"source": "tickets", "aggregation": "open", "window_days": 7}, "window_days"),
        ({"source": "tickets", "aggregation": "open", "priority": "soon"}, "priority"),
        ({"source": "tickets", "aggregation": "opened", "window_days": 9_999}, "window_days"),
        ({"source": "engagements", "aggregation": "count", "direction": "up"}, "direction"),
        ({"source": "engagements", "aggregation": "count", "priority": "urgent"}, "priority"),
        ({"source": "invoices", "aggregation": "overdue_days", "events": ["x"]}, "events"),
    ],
)
def test_what_does_not_fit_is_named(definition: dict[str, Any], field: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(definition)
    assert refused.value.field == field
