"""A customer's page alone says why the score is what it is, what changed between two days, and how a past day stood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.models import Contact, Customer
from accounts.services import read_model
from csplatform.core.tenancy import workspace_scope
from health import panels
from health.services import base_rate, scoring, snapshots
from tests import factories
from tests.health.uses import store_uses
from tests.pages.conftest import House

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
BEGAN = NOW - timedelta(days=200)


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def customer(house: House) -> Customer:
    """Busy until a month ago, quieter since, and without a sponsor since last week."""
    with workspace_scope(house.workspace):
        made = factories.make_customer("Fell Foods", created_at=BEGAN, known_at=BEGAN)
        factories.make_subscription(made, starts_on=BEGAN.date(), seats=4)
        people = [factories.make_contact(made, is_sponsor=n == 0, known_at=BEGAN) for n in range(3)]
        store_uses({person: range(28, 90) for person in people}, now=NOW, per_day=3)
        store_uses({people[0]: range(1, 28, 3)}, now=NOW)
        Contact.objects.filter(pk=people[0].pk).update(is_sponsor=False, known_at=NOW - timedelta(days=7))
        read_model.refresh_contracts([made.pk], day=TODAY, now=NOW)
        scoring.score_present([made.pk], day=TODAY, computed_at=NOW, base=base_rate.present(TODAY))
    return made


def page(house: House, customer: Customer, query: str = "") -> str:
    answer = house.client().get(reverse("customer_detail", args=[customer.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(html))


def section(html: str) -> str:
    start = html.index('<section id="what-changed"')
    return html[start : html.index("</section>", start)]


def figures(html: str) -> list[float]:
    """The numbers of the picture's rows, in order: where it stood, each change, where it stands."""
    rows = re.findall(r'<td class="num">(.*?)</td>', section(html).split("</table>")[0])
    return [float(strip_tags(row).replace("\u2212", "-")) for row in rows]


def test_the_picture_leads_from_one_score_to_the_other_to_the_last_hundredth(house: House, customer: Customer) -> None:
    html = page(house, customer)
    start, *steps, end = figures(html)
    assert round(start + sum(steps), 2) == end
    assert f"{end:.2f} of 100 points" in words(html)
    assert steps == sorted(steps)


def test_what_changed_can_be_read_out(house: House, customer: Customer) -> None:
    told = words(section(page(house, customer)))
    assert "What changed since 19 May" in told
    assert "Sponsor: it was yes, now it is no: −20.00 points, because the people recorded there changed" in told
    assert re.search(r"Days active per week fell from 7 to \d\.\d days a week: −[\d.]+ points, −[\d.]+ because", told)
    assert "left the window of 28 days" in told


def test_the_drivers_moved_by_what_the_picture_says(house: House, customer: Customer) -> None:
    html = page(house, customer)
    panel = html[html.index('<section id="health-panel"') :]
    panel = panel[: panel.index("</section>")]
    halves = re.findall(r'<b class="tone[^"]*">(.*?)</b>', panel)
    moved = sum(float(half.replace("\u2212", "-")) for half in halves)
    start, *_, end = figures(html)
    assert round(moved, 2) == round(end - start, 2)


def test_any_two_days_can_be_compared(house: House, customer: Customer) -> None:
    first, last = TODAY - timedelta(days=60), TODAY - timedelta(days=30)
    html = page(house, customer, f"?from={first}&as_of={last}")
    assert "What changed from 17 Apr to 17 May" in words(section(html))
    assert f'value="{first}"' in html
    assert f'value="{last}"' in html


def test_a_past_day_is_shown_as_past_from_what_was_known_then(house: House, customer: Customer) -> None:
    day = TODAY - timedelta(days=20)
    html = page(house, customer, f"?as_of={day}")
    with workspace_scope(house.workspace):
        shown = panels.panel(customer, NOW, panels.Shown(day - timedelta(days=28), day, is_past=True))
    told = words(html)
    assert "Health as it was on 27 May 2026." in told
    assert "Back to today" in told
    assert f"{shown['points'] / 100:.2f} of 100 points" in told
    assert 'hx-trigger="poll' not in html[html.index('id="health-panel"') :][:400]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?as_of=yesterday", "That is no day."),
        ("?from=2026-13-40", "That is no day."),
        ("?as_of=2030-01-01", "That day lies in the future."),
        ("?from=2026-06-10&as_of=2026-06-01", "The first day must not lie after the second."),
    ],
)
def test_days_that_mean_nothing_are_said_so_and_the_usual_ones_shown(
    house: House, customer: Customer, query: str, said: str
) -> None:
    told = words(section(page(house, customer, query)))
    assert said in told
    assert "What changed since 19 May" in told


def test_where_there_was_no_score_it_says_what_was_measured(house: House) -> None:
    with workspace_scope(house.workspace):
        late = factories.make_customer(created_at=BEGAN, known_at=BEGAN)
        factories.make_subscription(late, starts_on=BEGAN.date(), seats=3)
        person = factories.make_contact(late, is_sponsor=True, known_at=BEGAN)
        store_uses({person: range(10)}, now=NOW)
    told = words(section(page(house, late)))
    assert "On 19 May 2026 there was no score: data covered 20 % of the weights." in told


def test_news_of_the_score_renews_what_changed_for_the_same_days(house: House, customer: Customer) -> None:
    first = TODAY - timedelta(days=50)
    html = page(house, customer, f"?from={first}")
    asked = re.search(r'hx-get="([^"]+)seen=', html)
    assert asked
    address = asked[1].replace("&amp;", "&")
    assert f"from={first}" in address
    news = house.client().get(address + "seen=old").content.decode()
    assert figures(news) == figures(html)
    assert 'id="what-changed" class="section changes" aria-labelledby="changes-title" hx-swap-oob="true"' in news


def test_late_data_is_shown_beside_what_was_said_not_over_it(house: House, customer: Customer) -> None:
    day = TODAY - timedelta(days=10)
    with workspace_scope(house.workspace):
        snapshots.revise_late(today=TODAY, now=NOW)  # what the history itself left to be looked at
        snapshots.take([customer.pk], [day], bases=base_rate.observe([day]), now=NOW)
        [said] = panels.history(customer.pk, TODAY)
        people = list(Contact.objects.filter(customer=customer))
        later = NOW + timedelta(minutes=5)
        with time_machine.travel(later, tick=False):
            known_late(people, later)
            snapshots.revise_late(today=TODAY, now=later)
        [now_said] = panels.history(customer.pk, TODAY)
    assert (said.revised, now_said.points) == (None, said.points)
    assert now_said.revised is not None
    assert now_said.revised != said.points
    html = page(house, customer)
    assert 'class="revised"' in html
    assert "what data that came later would have made of the day" in words(html)


def known_late(people: list[Contact], now: datetime) -> None:
    """Use of past days that only becomes known now."""
    store_uses({person: range(10, 38) for person in people}, now=now, per_day=2, known=now)


def test_what_the_page_asks_of_the_database_does_not_grow_with_the_days(house: House, customer: Customer) -> None:
    def queries(first: date) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(house, customer, f"?from={first}")
        return len(captured)

    queries(TODAY - timedelta(days=2))
    assert queries(TODAY - timedelta(days=5)) == queries(TODAY - timedelta(days=150))
