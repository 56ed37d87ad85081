"""What measures say that are read from the events themselves, on events few enough to count by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Contact, Customer
from accounts.services import read_model
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from health import arrivals, notes
from health.facts import live
from health.ingest.moments import micros
from health.measures import evaluate
from health.parsing import parse
from health.selectors import explain_missing
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture
def customer() -> Any:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer(created_at=NOW - timedelta(days=400), known_at=NOW - timedelta(days=400))
        factories.make_subscription(customer, starts_on=NOW.date() - timedelta(days=400), seats=10)
        read_model.refresh_contracts([customer.pk], day=NOW.date(), now=NOW)
        yield customer


def send(customer: Customer, *events: tuple[int, Contact | None, str, float | None, dict[str, Any] | None]) -> None:
    """(days ago, who, name, value, properties); of one day in this order."""
    batch = arrivals.EventBatch()
    for number, (back, who, name, value, properties) in enumerate(events):
        at = micros(datetime.combine(NOW.date() - timedelta(days=back), datetime.min.time(), UTC)) + number
        told = None if properties is None else json.dumps(properties)
        row = (uuid7().hex, str(customer.pk), who and str(who.pk), None, None, name, at, at, value, told)
        for column, cell in zip(batch.columns(), row, strict=True):
            column.append(cell)
    arrivals.store(batch, now=NOW)


def read(customer: Customer, **definition: Any) -> tuple[float | None, str]:
    """The value now, else why there is none."""
    spec = parse({"source": "events", **definition})
    facts = live.load([customer.pk], NOW.date(), [spec]).facts
    value = float(evaluate(spec, facts)[0])
    reason = notes.reason_missing(spec, facts, 0, value)
    assert bool(explain_missing(reason, spec)) == bool(reason)
    return (None if reason else value), reason


def test_conditions_compare_texts_as_texts_and_numbers_as_numbers(customer: Customer) -> None:
    plans: list[Any] = ["pro", "Pro", 5, "5.0", None, True, ["pro"], {}]
    send(customer, *((1, None, "paid", None, {"plan": plan}) for plan in plans), (1, None, "paid", None, None))

    def count(test: str, *value: Any) -> float | None:
        condition = {"property": "plan", "is": test, **({"value": value[0]} if value else {})}
        return read(customer, aggregation="count", where=[condition])[0]

    assert count("equals", "pro") == 1
    assert count("equals", 5) == count("equals", "5.00") == 2
    assert count("equals", True) == 1
    assert count("one_of", ["pro", "Pro", 5]) == 4
    assert count("greater", 4.5) == 2
    assert count("less", 4.5) == 0
    assert count("exists") == 7


def test_several_conditions_all_hold_and_the_events_own_value_is_one_of_them(customer: Customer) -> None:
    send(
        customer,
        (1, None, "paid", 10.0, {"plan": "pro"}),
        (1, None, "paid", 3.0, {"plan": "pro"}),
        (1, None, "paid", 10.0, {"plan": "basic"}),
        (1, None, "seen", 10.0, {"plan": "pro"}),
    )
    where = [{"is": "greater", "value": 5}, {"property": "plan", "is": "equals", "value": "pro"}]
    assert read(customer, aggregation="count", events=["paid"], where=where)[0] == 1


def test_sums_and_latest_values_pass_over_what_is_no_number(customer: Customer) -> None:
    amounts: list[Any] = [100, "0.1", "much", None, 0.2, 10**400, "1e99", "NaN", " 7 "]
    send(customer, *((2, None, "paid", None, {"amount": amount}) for amount in amounts))
    send(customer, (1, None, "paid", 5.5, {"amount": "soon"}))
    assert read(customer, aggregation="sum", property="amount")[0] == 107.3
    assert read(customer, aggregation="latest", property="amount")[0] == 7
    assert read(customer, aggregation="sum")[0] == read(customer, aggregation="latest")[0] == 5.5


def test_what_never_occurred_or_has_the_wrong_type_is_unknown_with_a_note(customer: Customer) -> None:
    send(customer, (2, None, "paid", None, {"amount": "much"}))
    assert read(customer, aggregation="sum", property="amount") == (None, notes.NO_NUMBER)
    assert read(customer, aggregation="latest", property="amount") == (None, notes.NO_NUMBER)
    assert read(customer, aggregation="habit", habit_days=2) == (None, notes.NO_PEOPLE)
    for asked in ({"aggregation": "latest"}, {"aggregation": "habit", "habit_days": 2}, {"aggregation": "count"}):
        assert read(customer, **asked, events=["refunded"]) == (None, notes.NEVER_SEEN)
    send(factories.make_customer(), (2, None, "refunded", 1, None))
    for asked in ({"aggregation": "latest"}, {"aggregation": "habit", "habit_days": 2}):
        assert read(customer, **asked, events=["refunded"]) == (None, notes.NO_SUCH_EVENT)
    assert read(customer, aggregation="count", events=["refunded"]) == (0, "")


def test_who_is_in_habit_was_seen_on_enough_days(customer: Customer) -> None:
    daily, rare, once = (factories.make_contact(customer) for _ in range(3))
    send(
        customer,
        *((back, daily, "opened", None, None) for back in range(10)),
        *((back, rare, "opened", None, None) for back in (3, 3, 3, 9)),
        (5, once, "opened", None, None),
        (5, None, "opened", None, None),
    )
    assert read(customer, aggregation="habit", habit_days=2)[0] == pytest.approx(2 / 3)
    assert read(customer, aggregation="habit", habit_days=3)[0] == pytest.approx(1 / 3)
    assert read(customer, aggregation="habit", habit_days=2, scale="")[0] == 2
    assert read(customer, aggregation="habit", habit_days=2, scale="share_of_seats")[0] == pytest.approx(0.2)


def test_a_window_of_a_year_and_the_year_before_it(customer: Customer) -> None:
    send(customer, *((back, None, "opened", None, None) for back in (0, 364, 365)))
    assert read(customer, aggregation="count", window_days=365)[0] == 2
    assert read(customer, aggregation="recency", window_days=365, events=["opened"])[0] == 0
    send(customer, *((back, None, "closed", None, None) for back in (366, 200)))
    assert read(customer, aggregation="recency", window_days=365, events=["closed"])[0] == 200


def test_compared_with_its_own_normal(customer: Customer) -> None:
    for week, times in enumerate([1, 4, 5, 6]):
        send(customer, *((week * 7 + 2, None, "opened", None, None) for _ in range(times)))
    assert read(customer, aggregation="count", window_days=7, compare="usual_ratio", windows=3)[0] == 0.2
    z = read(customer, aggregation="count", window_days=7, compare="usual_z", windows=3)[0]
    assert z == pytest.approx(-4 / 1.4826)
    assert read(customer, aggregation="count", window_days=7, compare="before_difference")[0] == -3


def test_a_young_customer_is_not_compared_until_there_is_something_to_compare_with(customer: Customer) -> None:
    young = factories.make_customer(created_at=NOW, known_at=NOW)
    factories.make_subscription(young, starts_on=NOW.date() - timedelta(days=20), seats=1)
    read_model.refresh_contracts([young.pk], day=NOW.date(), now=NOW)
    send(young, (1, None, "opened", None, None))
    definition = {"aggregation": "count", "window_days": 14, "compare": "usual_ratio"}
    assert read(young, **definition) == (None, notes.TOO_YOUNG)
    assert read(customer, aggregation="count") == (None, notes.NO_EVENTS)
