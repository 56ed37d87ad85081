"""An outage of the sender: found, kept, ended and withdrawn; no score falls and no risk rises because of one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Customer, CustomerHealth, Workspace
from accounts.services import read_model
from csplatform.core import formats
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from health import dirty, outages, selectors, what_changed, windows
from health.facts import live
from health.facts.asof import AsOf
from health.facts.outages import lasting
from health.measures import evaluate
from health.models import Alert, Event, SenderOutage
from health.parsing import parse
from health.services import outages as finding
from health.services import scoring, snapshots
from health.streams import active_streams
from tests import factories
from tests.health.uses import store_uses
from tests.pages.conftest import House
from tests.pages.conftest import house as house

DAY = timedelta(days=1)
START = date(2026, 1, 1)


def on(day: int) -> date:
    return START + day * DAY


def found(heard: dict[date, int], last: int = 89) -> list[tuple[date, date | None]]:
    return [(each.first, each.last) for each in outages.found(heard, on(0), on(last))]


USUAL = {on(day): 1_000 for day in range(90)}


def test_three_days_with_hardly_anything_from_anybody_are_an_outage() -> None:
    silent = {day: 49 if on(50) <= day < on(57) else count for day, count in USUAL.items()}
    assert found(USUAL) == []
    assert found(silent) == [(on(50), on(56))]
    assert found({**USUAL, on(50): 0, on(51): 0}) == []


def test_a_quiet_weekend_is_none_and_one_that_lasts_has_no_last_day() -> None:
    weekends = {on(day): 0 if day % 7 > 4 else 1_000 for day in range(90)}
    assert found(weekends) == []
    assert found({day: count for day, count in USUAL.items() if day < on(60)}) == [(on(60), None)]
    lost = outages.days_of(outages.found({on(n): 9 for n in range(50)}, on(0), on(56)), on(56))
    assert lost == {on(day) for day in range(50, 57)}


@given(st.dictionaries(st.integers(0, 89), st.integers(0, 50)))
def test_outages_are_long_enough_and_apart_whatever_was_heard(heard: dict[int, int]) -> None:
    told = outages.found({on(day): count for day, count in heard.items()}, on(0), on(89))
    assert all(each.last is None or (each.last - each.first).days >= outages.QUIET_DAYS - 1 for each in told)
    assert all(a.last is not None and a.last < b.first for a, b in pairwise(told))


NOW = datetime.now(UTC)
TODAY = NOW.date()
BEGAN = NOW - 200 * DAY
CUSTOMERS = 6


@pytest.fixture
def workspace(house: House) -> Iterator[Workspace]:
    with workspace_scope(house.workspace):
        Customer.objects.all().delete()
        yield house.workspace


def busy(days: range) -> list[Customer]:
    """Customers with two people each of whom works on each of ``days`` (counted back from today)."""
    made = []
    for number in range(CUSTOMERS):
        customer = factories.make_customer(f"Mill {number}", created_at=BEGAN, known_at=BEGAN)
        factories.make_subscription(customer, starts_on=BEGAN.date(), seats=2)
        people = [factories.make_contact(customer, is_sponsor=n == 0, known_at=BEGAN) for n in range(2)]
        store_uses(dict.fromkeys(people, days), now=NOW)
        made.append(customer)
    read_model.refresh_contracts([each.pk for each in made], day=TODAY, now=NOW)
    return sorted(made, key=lambda each: each.pk)


def rescore() -> dict[str, CustomerHealth]:
    dirty.mark(Customer.objects.values_list("pk", flat=True), NOW)
    while scoring.refresh_dirty():
        pass
    return {row.customer.name: row for row in CustomerHealth.objects.select_related("customer")}


def test_scores_stand_as_they_were_heard_last_while_it_lasts_and_no_risk_rises(workspace: Workspace) -> None:
    customer = busy(range(6, 100))[0]
    assert finding.look(now=NOW) is True
    outage = lasting()
    assert outage is not None
    assert (outage.first_day, outage.usual) == (TODAY - 5 * DAY, CUSTOMERS)
    assert AuditEvent.objects.filter(action="health.outage_found").count() == 1
    heard = snapshots.rebuild_one(customer.pk, outage.first_day - DAY)[1].scores
    after = rescore()
    assert {row.coverage for row in after.values()} == {100}
    assert after[customer.name].points == heard.total[0]
    SenderOutage.objects.all().delete()
    unaware = rescore()
    assert all((after[name].points or 0) > (row.points or 0) for name, row in unaware.items())
    assert all((after[name].churn_risk or 0) <= (row.churn_risk or 0) for name, row in unaware.items())


@pytest.mark.parametrize("silent", [4, 8, 9, 20, 27])
def test_what_changed_says_that_nothing_did_while_nothing_arrives(workspace: Workspace, silent: int) -> None:
    customer = busy(range(silent + 1, 130))[0]
    assert finding.look(now=NOW) is True
    before, now = TODAY - (silent + 1) * DAY, TODAY
    changes = what_changed.between(customer, before, now)
    assert [(each.measure, each.cause, each.delta) for each in changes.entries] == []
    assert changes.difference == 0


def test_days_that_were_taken_for_days_without_use_are_put_right_and_the_ledger_says_why(workspace: Workspace) -> None:
    customer = busy(range(6, 100))[0]
    finding.look(now=NOW)
    changes = what_changed.between(customer, TODAY - 4 * DAY, TODAY)
    assert sum(each.delta for each in changes.entries) == changes.difference > 0
    assert {(each.cause, each.words) for each in changes.entries} == {
        ("data", "it is known better by now on which days the sender was silent")
    }


def test_after_four_weeks_of_silence_use_is_unknown_and_the_ledger_says_that_nothing_arrives(
    workspace: Workspace,
) -> None:
    customer = busy(range(30, 130))[0]
    finding.look(now=NOW)
    assert {row.band for row in rescore().values()} == {"unknown"}
    changes = what_changed.between(customer, TODAY - 30 * DAY, TODAY)
    assert sum(each.delta for each in changes.entries) == changes.difference
    assert {each.cause for each in changes.entries} == {"missing"}
    assert all("The sender of events is or was silent" in each.words for each in changes.entries)


def test_looking_again_changes_nothing_and_the_first_events_end_it(workspace: Workspace) -> None:
    made = busy(range(6, 100))
    assert [finding.look(now=NOW) for _ in range(2)] == [True, False]
    for customer in made:
        store_uses({person: [0] for person in customer.contacts.all()}, now=NOW)
    assert finding.look(now=NOW) is True
    row = SenderOutage.objects.get()
    assert (row.first_day, row.last_day, row.withdrawn_at) == (TODAY - 5 * DAY, TODAY - DAY, None)
    assert lasting() is None


def test_after_it_a_score_is_what_it_was_and_not_lower_by_the_silent_days(workspace: Workspace) -> None:
    customer = busy(range(100))[0]
    before = {name: row.points or 0 for name, row in rescore().items()}
    assert min(before.values()) > 0
    remove_days(TODAY - 9 * DAY, TODAY - 5 * DAY)
    fallen = rescore()[customer.name].points
    assert finding.look(now=NOW) is True
    assert rescore()[customer.name].points == before[customer.name]
    assert fallen is not None
    assert fallen < before[customer.name]


def remove_days(first: date, last: date) -> None:
    """As if nothing had arrived of these days."""
    Event.objects.filter(occurred_at__date__gte=first, occurred_at__date__lte=last).delete()
    windows.rebuild(Customer.objects.values_list("pk", flat=True), streams=active_streams())


def test_events_that_come_late_withdraw_it_and_past_days_keep_what_was_known(workspace: Workspace) -> None:
    made = busy(range(6, 100))
    finding.look(now=NOW)
    for customer in made:
        store_uses(dict.fromkeys(customer.contacts.all(), range(6)), now=NOW)
    later = datetime.now(UTC)
    assert finding.look(now=later) is True
    assert SenderOutage.objects.get().withdrawn_at == later
    day = TODAY - 2 * DAY
    loaded = AsOf([made[0].pk], [day], [], grace_days=30, data_through=None)
    then, now_known = loaded.at(day), loaded.at(day, known_through=TODAY + DAY)
    assert then.lost is not None
    assert day.toordinal() in then.lost.days
    assert now_known.lost is None


SPECS = [
    parse({"source": "events", **definition})
    for definition in (
        {"aggregation": "count", "window_days": 28, "scale": "per_seat_week"},
        {"aggregation": "trend"},
        {"aggregation": "active_days", "window_days": 28, "scale": "per_week"},
        {"aggregation": "recency", "window_days": 64},
        {"aggregation": "distinct_users", "window_days": 28, "scale": "share_of_seats"},
        {"aggregation": "distinct_users", "window_days": 7},
        {"aggregation": "distinct_events", "window_days": 28},
        {"aggregation": "count", "window_days": 28, "compare": "before_ratio"},
        {"aggregation": "habit", "window_days": 28, "habit_days": 20},
        {"aggregation": "active_days", "window_days": 90},
        {"aggregation": "recency", "window_days": 90},
    )
]


@pytest.mark.parametrize("silent", [range(0), range(4, 10), range(5), range(12), range(20, 35)])
def test_both_executors_leave_out_the_same_days(workspace: Workspace, silent: range) -> None:
    made = busy(range(100))
    if silent:
        remove_days(TODAY - silent[-1] * DAY, TODAY - silent[0] * DAY)
    assert finding.look(now=NOW) is bool(silent)
    ids = [each.pk for each in made]
    past = AsOf(ids, [TODAY], SPECS, grace_days=30, data_through=None).at(TODAY)
    present = live.load(ids, TODAY, SPECS).facts
    assert past.lost == present.lost
    for spec in SPECS:
        np.testing.assert_array_equal(evaluate(spec, past), evaluate(spec, present), err_msg=str(spec))


def test_the_days_before_it_was_known_are_rebuilt_as_they_were_scored(workspace: Workspace) -> None:
    customer = busy(range(6, 100))[0]
    finding.look(now=NOW)
    totals = [int(snapshots.rebuild_one(customer.pk, TODAY - n * DAY)[1].scores.total[0]) for n in (6, 5, 4, 3, 2)]
    assert totals[0] > totals[1] > totals[2]
    assert totals[3:] == [totals[0]] * 2


def test_the_whole_history_is_looked_at_once_for_days_that_are_filled_later(workspace: Workspace) -> None:
    customer = busy(range(180))[0]
    remove_days(TODAY - 120 * DAY, TODAY - 114 * DAY)
    assert [finding.look_back(now=NOW) for _ in range(2)] == [1, 0]
    row = SenderOutage.objects.get()
    assert (row.first_day, row.last_day) == (TODAY - 120 * DAY, TODAY - 114 * DAY)
    within, after = (snapshots.rebuild_one(customer.pk, TODAY - n * DAY) for n in (116, 100))
    assert within[1].scores.total[0] == after[1].scores.total[0]
    assert after[1].scores.total[0] == snapshots.rebuild_one(customer.pk, TODAY - 30 * DAY)[1].scores.total[0]


def test_a_few_customers_on_holiday_are_no_outage(workspace: Workspace) -> None:
    busy(range(6, 100))
    Customer.objects.filter(pk__in=Customer.objects.order_by("pk").values("pk")[: CUSTOMERS - 2]).delete()
    assert finding.look(now=NOW) is False
    assert not SenderOutage.objects.exists()


def test_scores_stand_on_the_last_file_until_the_next_one_fills_the_days_since(workspace: Workspace) -> None:
    made = busy(range(6, 100))
    Workspace.objects.filter(pk=workspace.pk).update(data_through=TODAY - 6 * DAY)
    heard = snapshots.rebuild_one(made[0].pk, TODAY - 6 * DAY)[1].scores.total[0]
    assert finding.look(now=NOW) is True
    assert SenderOutage.objects.get().first_day == TODAY - 5 * DAY
    assert rescore()[made[0].name].points == heard
    for customer in made:
        store_uses(dict.fromkeys(customer.contacts.all(), range(6)), now=NOW)
    Workspace.objects.filter(pk=workspace.pk).update(data_through=TODAY)
    assert finding.look(now=NOW) is True
    assert lasting() is None


def test_pages_say_so_and_name_whom_to_ask(house: House, workspace: Workspace) -> None:
    customer = busy(range(6, 100))[0]
    finding.look(now=NOW)
    rescore()
    said = selectors.health_of(customer, now=datetime.now(UTC))
    use = [driver for driver in said["drivers"] if driver["measure"] != "sponsor_present"]
    assert all(driver["stale"] and driver["value"] is not None for driver in use)
    heard = formats.day(TODAY - 6 * DAY, "en", "short")
    assert {driver["note"] for driver in use} == {f"As of {heard}: nothing has arrived from anybody since."}
    for address in (reverse("today"), reverse("customer_detail", args=[customer.pk])):
        page = house.client().get(address).content.decode()
        assert page.count("The sender of usage events is silent") == 1
        assert "Unknown, and counted neither as good nor as bad" not in page
    assert not Alert.objects.exists()
    assert "customers need you" not in house.client().get(reverse("today")).content.decode()
