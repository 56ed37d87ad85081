"""Marks on a chart of scores: which decision, whose, when and why, for the customers it was made for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Customer
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import dirty, marks, risk
from health.models import CardAssignment, HealthOverride, Scorecard, ScorecardVersion
from health.services import drafts, overrides, scorecards, scoring, snapshots
from tests import factories
from tests.health.uses import store_uses
from tests.pages.conftest import House
from tests.pages.conftest import house as house

MARIAN, TUCK = audit.Actor(label="Marian"), audit.Actor(label="Tuck")
DAY = timedelta(days=1)
NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
BEGAN = NOW - 200 * DAY


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW - 60 * DAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def customer(clock: Any, house: House) -> Iterator[Customer]:
    with workspace_scope(house.workspace):
        ScorecardVersion.objects.update(published_at=NOW - 300 * DAY)
        customer = factories.make_customer("Fell Foods", created_at=BEGAN, known_at=BEGAN)
        factories.make_subscription(customer, starts_on=BEGAN.date(), seats=3)
        store_uses({factories.make_contact(customer, is_sponsor=True, known_at=BEGAN): range(40)}, now=NOW - 60 * DAY)
        Customer.objects.filter(pk=customer.pk).update(stage_macro="adoption", contract_state="active")
        customer.refresh_from_db()
        yield customer


def at(clock: Any, days_ago: int) -> datetime:
    moment = NOW - days_ago * DAY
    clock.move_to(moment)
    return moment


def publish(card: Scorecard, why: str, now: datetime) -> None:
    item = {"measure": "sponsor_present", "group": "relationship", "weight": 1.0, "curve": [[0, 0], [1, 1]]}
    drafts.save_draft(scorecard_id=card.pk, content={"items": [item], "exceptions": []}, actor=TUCK, now=now)
    drafts.publish_draft(scorecard_id=card.pk, why=why, actor=TUCK, now=now)


def rescore(now: datetime) -> None:
    known = set(CardAssignment.objects.values_list("pk", flat=True))
    dirty.mark(Customer.objects.values_list("pk", flat=True), now)
    while scoring.refresh_dirty():
        pass
    # The database's clock does not stand still with ours.
    CardAssignment.objects.exclude(pk__in=known).update(known_at=now)


def told(customer: Customer, since: int = 60) -> list[tuple[int, str, str]]:
    found = marks.of_customer(customer.pk, TODAY - since * DAY, TODAY)
    return [((TODAY - mark.day).days, mark.what, mark.why) for mark in found]


def test_a_published_version_is_marked_with_its_number_author_reason_and_link(customer: Customer, clock: Any) -> None:
    default = Scorecard.objects.get(is_default=True)
    publish(default, "The sponsor says it all", at(clock, 20))
    at(clock, 0)
    assert told(customer) == [(20, "Version 2 of “Default”, published by Tuck.", "The sponsor says it all")]
    (mark,) = marks.of_customer(customer.pk, TODAY - 60 * DAY, TODAY)
    assert mark.url == reverse("scorecard_detail", args=[default.pk]) + "#version-2"
    assert told(customer, since=19) == []


def test_a_version_of_a_card_that_is_not_the_customers_is_no_mark_of_its(customer: Customer, clock: Any) -> None:
    now = at(clock, 20)
    publish(scorecards.create(name="Elsewhere", actor=TUCK, now=now, macros=["advocacy"]), "For advocates", now)
    rescore(now)
    assert told(customer) == []


def test_coming_under_another_card_and_back_is_marked(customer: Customer, clock: Any) -> None:
    now = at(clock, 30)
    publish(scorecards.create(name="Onboarding", actor=TUCK, now=now, macros=["adoption"]), "Early days differ", now)
    rescore(now)
    now = at(clock, 10)
    Customer.objects.filter(pk=customer.pk).update(stage_macro="advocacy")
    rescore(now)
    assert told(customer) == [
        (30, "The rule of “Onboarding” holds: scored by its version 1, published by Tuck.", "Early days differ"),
        (10, "No other scorecard's rule holds any more: scored by “Default”, version 1.", ""),
    ]


def override(customer: Customer, now: datetime, band: str = "at_risk", days: int = 5, **more: Any) -> HealthOverride:
    expires_on = now.date() + days * DAY
    return overrides.set_override(
        customer_id=customer.pk, band=band, reason="They told me so", expires_on=expires_on, by=MARIAN, now=now, **more
    )


def test_a_band_set_by_hand_is_marked_when_it_begins_and_when_it_runs_out(customer: Customer, clock: Any) -> None:
    override(customer, at(clock, 30))
    at(clock, 0)
    assert told(customer) == [
        (30, "Set to “At risk” by Marian, until May 22, 2026 at the latest.", "They told me so"),
        (24, "“At risk”, set by hand, ran out.", ""),
    ]
    assert told(customer, since=24) == [(24, "“At risk”, set by hand, ran out.", "")]


def test_an_early_end_names_who_ended_it_and_one_that_stood_over_no_day_is_no_mark(
    customer: Customer, clock: Any
) -> None:
    override(customer, at(clock, 30), days=20)
    overrides.end_override(customer_id=customer.pk, by=TUCK, now=at(clock, 25))
    now = at(clock, 20)
    override(customer, now)
    overrides.end_override(customer_id=customer.pk, by=TUCK, now=now + timedelta(hours=1))
    at(clock, 0)
    assert [(day, what) for day, what, _ in told(customer)] == [
        (30, "Set to “At risk” by Marian, until June 6, 2026 at the latest."),
        (25, "“At risk”, set by hand, was ended by Tuck."),
    ]


def test_one_that_takes_the_place_of_another_is_one_mark(customer: Customer, clock: Any) -> None:
    override(customer, at(clock, 30), days=20)
    override(customer, at(clock, 25), "watch", days=40)
    override(customer, at(clock, 0), "healthy", from_day=TODAY + 3 * DAY)
    assert [(day, what) for day, what, _ in told(customer)] == [
        (30, "Set to “At risk” by Marian, until June 6, 2026 at the latest."),
        (25, "Set to “Watch” by Marian, until July 1, 2026 at the latest."),
    ]


def test_the_page_marks_its_chart_and_tells_each_in_the_table_behind(
    customer: Customer, clock: Any, house: House
) -> None:
    default = Scorecard.objects.get(is_default=True)
    days = [TODAY - n * DAY for n in range(40, 0, -1)]
    for back in (30, 25, 20, 15):
        publish(default, f"Reason {back}", at(clock, back))
    override(customer, at(clock, 10), days=30)
    clock.move_to(NOW)
    snapshots.take([customer.pk], days, bases=dict.fromkeys(days, risk.BaseRate.observed(0, 0)), now=NOW)
    html = house.client().get(reverse("customer_detail", args=[customer.pk])).content.decode()
    drawn = set(re.findall(r'href="#(mark-[^"]+)"', html))
    assert (
        drawn
        == set(re.findall(r'id="(mark-[^"]+)"', html))
        == {f"mark-{TODAY - n * DAY}" for n in (30, 25, 20, 15, 10)}
    )
    table = html[html.index('<table class="data"', html.index('id="history-title"')) :]
    assert [f"Reason {n}" in table for n in (30, 25, 20, 15)] == [True] * 4
    assert "2 earlier ones stand in the table." in html
    changed = html[html.index('<section id="what-changed"') :]
    changed = changed[: changed.index("</section>")]
    assert "Reason 25" in changed
    assert "by Marian, until" in changed


def test_questions_do_not_grow_with_what_was_decided(customer: Customer, clock: Any) -> None:
    counts = []
    for back in (30, 20):
        now = at(clock, back)
        for number in range(3):
            card = scorecards.create(name=f"Card {back} {number}", actor=TUCK, now=now, macros=["adoption"])
            publish(card, "Because", now)
            override(customer, now + number * timedelta(hours=1))
        rescore(now)
        with CaptureQueriesContext(connection) as captured:
            marks.of_customer(customer.pk, TODAY - 60 * DAY, TODAY)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 4


def test_a_stranger_is_told_nothing(customer: Customer, clock: Any, house: House) -> None:
    override(customer, at(clock, 10))
    with workspace_scope(house.stranger.workspace):
        factories.make_customer()
        assert marks.of_customer(customer.pk, TODAY - 60 * DAY, TODAY) == []
