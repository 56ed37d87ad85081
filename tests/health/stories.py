"""Stories of every source of measures, by name; those of use and of people stand in ``stories_of_people``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import AttributeKind
from accounts.services import attributes, customers, dated, invoices, subscriptions
from accounts.services.writing import Facts as Row
from health import adoption
from health.measures import Spec
from health.services import judging
from journeys.models import Kpi, Measurement, Outcome, Stage, Ticket
from journeys.services import relay_records, tickets
from journeys.services.planning import kpis, measuring, outcomes
from tests import factories
from tests.health import uses
from tests.health.stories_of_people import (
    CONTACTS,
    DAY,
    ENGAGEMENTS,
    EVENTS,
    NOT_THERE,
    PARTICIPANTS,
    REMOVED_TALK,
    Story,
    Told,
    in_use,
    make,
    rows,
)
from tests.health.told import ACTOR, NOW, ago, spec
from tests.surveys import factories as asked
from tests.surveys import invited

__all__ = ["ALL", "DAY", "Story", "Told", "make"]


# --- what other systems tell ---------------------------------------------------------------------------


def _ticket(told: Told, name: str, known: datetime | None, **values: Any) -> None:
    values = {"customer_external_id": told.customer.external_id, "opened_at": told.happened, **values}
    found = dated.upsert(
        tickets.KIND, rows=rows((told.key(name), values, known)), actor=ACTOR, now=NOW, is_history=True
    )
    assert not found.refusals


TICKETS = Story(
    [spec("tickets", "open"), spec("tickets", "opened", window_days=60), spec("tickets", "csat", window_days=60)],
    lambda told: _ticket(told, "a", None),
    lambda told: _ticket(told, "a", told.late, solved_at=told.happened + timedelta(hours=3), csat=2),
    lambda told: _ticket(told, "b", None, csat=1, first_reply_at=told.happened + timedelta(hours=1)),
)


def _no_ticket(told: Told) -> None:
    dated.remove(tickets.KIND, record_id=Ticket.objects.get(external_id=told.key("a")).pk, actor=ACTOR, now=told.late)


REMOVED_TICKET = Story(TICKETS.specs, TICKETS.begin, _no_ticket)


def _invoice(told: Told, known: datetime | None, **values: Any) -> None:
    issued = told.happened.date() - timedelta(days=40)
    values = {
        "customer_external_id": told.customer.external_id,
        "issued_on": issued,
        "due_on": issued + timedelta(days=10),
        "amount": "900",
        **values,
    }
    kind = invoices.KIND
    found = dated.upsert(kind, rows=rows((told.key("i"), values, known)), actor=ACTOR, now=NOW, is_history=True)
    assert not found.refusals


def _subscribed(told: Told) -> None:
    starts_on = ago(300).date()
    told.kept["subscription"] = factories.make_subscription(
        told.customer, external_id=told.key("s"), starts_on=starts_on, seats=10
    )


def _billed(told: Told) -> None:
    _subscribed(told)
    _invoice(told, None)


INVOICES = Story(
    [
        spec("invoices", "overdue_days"),
        spec("invoices", "overdue_share"),
        spec("invoices", "paid_late", window_days=90),
    ],
    _billed,
    lambda told: _invoice(told, told.late, paid_on=told.happened.date()),
    lambda told: _invoice(told, None, paid_on=told.happened.date()),
)


def _subscription(told: Told, known: datetime | None, **values: Any) -> None:
    found = subscriptions.upsert(rows=rows((told.key("s"), values, known)), actor=ACTOR, now=NOW)
    assert not found.refusals


def _billed_and_in_use(told: Told) -> None:
    _subscribed(told)
    _invoice(told, None)
    in_use(told)


SUBSCRIPTIONS = Story(
    [Spec("distinct_users", 28, "share_of_seats"), spec("invoices", "overdue_share")],
    _billed_and_in_use,
    lambda told: _subscription(told, told.late, seats=2, arr="3000"),
    lambda told: _subscription(told, told.happened, seats=5, arr="4000"),
    moves=False,  # seats and revenue hold from when they are told
)


def _subscribed_late(told: Told) -> None:
    starts_on = ago(DAY + told.event).date()
    _subscription(
        told, told.late, customer_external_id=told.customer.external_id, starts_on=starts_on, seats=4, arr="4000"
    )


LATE_SUBSCRIPTION = Story([Spec("count", 28), Spec("distinct_users", 28, "share_of_seats")], in_use, _subscribed_late)


# --- handovers -----------------------------------------------------------------------------------------


def _relay(told: Told, known: datetime | None, **values: Any) -> None:
    values = {
        "customer_external_id": told.customer.external_id,
        "to_stage": Stage.objects.order_by("order")[0].key,
        "giver_department": "sales",
        "taker_department": "customer_success",
        "offered_at": told.happened,
        "due_at": told.happened + timedelta(days=2),
        **values,
    }
    found = relay_records.record(rows=rows((told.key("r"), values, known)), actor=ACTOR, now=NOW)
    assert not found.refusals


RELAYS = Story(
    [spec("relays", "overdue"), spec("relays", "waiting_days"), spec("relays", "declined", window_days=60)],
    lambda told: _relay(told, None),
    lambda told: _relay(told, told.late, state="declined", decided_at=told.happened + timedelta(hours=5)),
    lambda told: _relay(told, None, state="declined", decided_at=told.happened + timedelta(hours=5)),
)


# --- plans ---------------------------------------------------------------------------------------------


def _plan(told: Told) -> None:
    at = told.happened - timedelta(days=30)
    values = {"customer_external_id": told.customer.external_id, "statement": "Less waiting", "due_on": ago(-30).date()}
    outcomes.upsert(rows=rows((told.key("o"), {**values, "effective_on": at.date()}, at)), actor=ACTOR, now=at)
    kpi = {"outcome_external_id": told.key("o"), "name": "Hours", "baseline": 0, "target": 100}
    kpis.upsert(rows=rows((told.key("k"), {**kpi, "effective_on": at.date()}, at)), actor=ACTOR, now=at)
    _measured(told, told.happened, told.happened, 60)


def _measured(told: Told, known: datetime, now: datetime, value: int, name: str = "m") -> None:
    values: dict[str, Any] = {
        "kpi_external_id": told.key("k"), "value": value, "measured_on": told.happened.date(), "reason": "Read again",
    }  # fmt: skip
    found = measuring.upsert(rows=rows((told.key(name), values, known)), source="file", actor=ACTOR, now=now)
    assert not found.refusals


PLANS = [spec("outcomes", "achieved"), spec("outcomes", "on_track"), spec("outcomes", "kpi_progress")]
MEASUREMENTS = Story(
    PLANS,
    _plan,
    lambda told: _measured(told, told.late, told.late, 10),
    lambda told: _measured(told, told.happened, NOW, 30),
)


def _withdraw(told: Told) -> None:
    found = Measurement.objects.get(external_id=told.key("m"))
    measuring.withdraw_measurement(measurement_id=found.pk, reason="Wrong customer", actor=ACTOR, now=told.late)


def _retire(told: Told) -> None:
    kpis.retire_kpi(kpi_id=Kpi.objects.get(external_id=told.key("k")).pk, reason="Dropped", actor=ACTOR, now=told.late)


def _settle(told: Told) -> None:
    found = Outcome.objects.get(external_id=told.key("o"))
    outcomes.settle(outcome_id=found.pk, settlement="missed", reason="Too late", actor=ACTOR, now=told.late)


WITHDRAWN = Story(PLANS, _plan, _withdraw)
RETIRED = Story(PLANS, _plan, _retire, moves=False)  # it counts no more from then on
SETTLED = Story(PLANS, _plan, _settle, moves=False)


# --- adoption ------------------------------------------------------------------------------------------


def _follow(now: datetime) -> None:
    while adoption.follow_marked(now=now):
        pass


def _habit(told: Told, known: datetime | None, who: int = 0) -> None:
    uses.store_uses({told.people[who]: range(DAY + 1, DAY + 28)}, now=NOW, per_day=2, known=known)
    _follow(NOW if known is None else known)


def _in_habit(told: Told) -> None:
    _subscribed(told)
    _habit(told, None)


ADOPTION = Story(
    [
        spec("adoption", "people"),
        spec("adoption", "people", state="lapsed"),
        spec("adoption", "share_of_seats"),
    ],
    _in_habit,
    lambda told: _habit(told, told.late, who=1),
    lambda told: _habit(told, None, who=1),
)


# --- what people say -----------------------------------------------------------------------------------


def _judge(told: Told, score: int, at: datetime) -> None:
    judging.judge(customer=told.customer, score=score, reason="Met them", until=None, actor=ACTOR, now=at)


JUDGEMENT = Story(
    [spec("judgement", "latest")],
    lambda told: _judge(told, 4, told.happened),
    lambda told: _judge(told, 1, told.late),
    moves=False,  # said later, it speaks of later
)


def _answer(told: Told, score: int, at: datetime, who: int) -> None:
    if "survey" not in told.kept:
        told.kept["survey"] = invited.score_survey("nps", told.key("nps"), now=ago(300))
    person = told.people[who]
    asked.answer(told.kept["survey"], raw={"score": score}, now=at, contact=person, customer=told.customer)


SURVEYS = Story(
    [spec("surveys", "mean", kind="nps", window_days=90)],
    lambda told: _answer(told, 9, told.happened, 0),
    lambda told: _answer(told, 1, told.late, 1),
    moves=False,
)


def _number(told: Told, value: str, known: datetime) -> None:
    attributes.define(wanted={"shipments": ("Shipments", AttributeKind.NUMBER)}, now=NOW)
    told_row = Row(told.customer.external_id, extra={"shipments": value}, known_at=known)
    assert not customers.upsert(rows=[told_row], actor=ACTOR, now=NOW).refusals


ATTRIBUTES = Story(
    [spec("attribute", "latest", key="shipments")],
    lambda told: _number(told, "120", told.happened),
    lambda told: _number(told, "80", told.late),
    lambda told: _number(told, "60", told.happened + timedelta(hours=1)),
    moves=False,  # a number speaks from the day on which it was told
)

ALL: dict[str, Story] = {
    "events": EVENTS,
    "contacts": CONTACTS,
    "participants": PARTICIPANTS,
    "not there": NOT_THERE,
    "removed talk": REMOVED_TALK,
    "engagements": ENGAGEMENTS,
    "tickets": TICKETS,
    "removed ticket": REMOVED_TICKET,
    "invoices": INVOICES,
    "subscriptions": SUBSCRIPTIONS,
    "late subscription": LATE_SUBSCRIPTION,
    "relays": RELAYS,
    "measurements": MEASUREMENTS,
    "withdrawn": WITHDRAWN,
    "retired": RETIRED,
    "settled": SETTLED,
    "adoption": ADOPTION,
    "judgement": JUDGEMENT,
    "surveys": SURVEYS,
    "attributes": ATTRIBUTES,
}
