"""One customer's page and its forms: news of the score, conflicts, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Contact, Customer, Subscription
from accounts.services import read_model
from csplatform.core.tenancy import workspace_scope
from health import card_words, panels
from health.models import HealthScore, ScorecardVersion
from health.services import base_rate, scoring
from tests import factories
from tests.pages.conftest import House

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def page_of(house: House, query: str = "") -> str:
    return house.client().get(reverse("customer_detail", args=[house.customer.pk]) + query).content.decode()


def score(house: House) -> None:
    with workspace_scope(house.workspace):
        read_model.refresh_contracts([house.customer.pk], day=NOW.date(), now=NOW)
        scoring.score_present(
            [house.customer.pk], day=NOW.date(), computed_at=timezone.now(), base=base_rate.present(NOW.date())
        )


def test_the_page_names_the_customer_its_money_and_its_people(house: House) -> None:
    page = page_of(house)
    assert "Nottingham Freight" in page
    assert "€186,000" in page
    assert "Head of operations" in page_of(house, "?tab=people")
    assert house.client().get(page_address(house) + "?tab=nonsense").status_code == 404


def test_a_contract_under_notice_shows_when_it_ends_instead_of_a_deadline_that_has_passed(house: House) -> None:
    with workspace_scope(house.workspace):
        Customer.objects.filter(pk=house.customer.pk).update(
            contract_state="notice_given", notice_deadline=None, renewal_on=date(2026, 6, 30)
        )
    page = page_of(house)
    assert "Contract ends" in page
    assert "30 Jun 2026" in page
    assert "Notice deadline" not in page


def page_address(house: House) -> str:
    return reverse("customer_detail", args=[house.customer.pk])


def test_the_page_says_at_which_value_a_measure_earns_which_share_of_its_points(house: House) -> None:
    score(house)
    page = page_of(house)
    with workspace_scope(house.workspace):
        version = ScorecardVersion.objects.get()
    assert reverse("scorecard_detail", args=[version.scorecard_id]) in page
    for item in version.content["items"]:
        assert card_words.curve_words(item) in page
    assert "20\N{NARROW NO-BREAK SPACE}% → 10" in page, "a share is written as on the row above, not as 0.2"


def test_the_panel_has_no_news_until_the_score_is_computed_again(house: House) -> None:
    score(house)
    with workspace_scope(house.workspace):
        stamp = panels.stamp_of(house.customer.pk)
    address = reverse("customer_health", args=[house.customer.pk])
    client = house.client()
    assert f"seen={stamp}" in page_of(house)
    assert client.get(address, {"seen": stamp}).status_code == 204
    with workspace_scope(house.workspace):
        HealthScore.objects.update(computed_at=NOW + timedelta(seconds=2))
    news = client.get(address, {"seen": stamp})
    assert news.status_code == 200
    for part in ('id="health-panel"', 'id="health-now" hx-swap-oob="true"', 'id="sentence" hx-swap-oob="true"'):
        assert part in news.content.decode()


def test_asking_for_news_costs_one_query_beside_the_session(house: House) -> None:
    score(house)
    with workspace_scope(house.workspace):
        stamp = panels.stamp_of(house.customer.pk)
    client, address = house.client(), reverse("customer_health", args=[house.customer.pk])
    client.get(address, {"seen": stamp})
    with CaptureQueriesContext(connection) as captured:
        client.get(address, {"seen": stamp})
    assert sum("health_" in query["sql"] for query in captured) == 1


def test_the_fragment_is_the_part_of_the_page_it_renews(house: House) -> None:
    score(house)
    page = page_of(house)
    news = house.client().get(reverse("customer_health", args=[house.customer.pk])).content.decode()
    start = news.index('<section id="health-panel"')
    panel = news[start : news.index("</section>", start)]
    assert panel in page


def test_queries_of_a_page_do_not_grow_with_people_and_subscriptions(house: House) -> None:
    score(house)
    counts = []
    for more in (0, 30):
        with workspace_scope(house.workspace):
            for number in range(more):
                factories.make_contact(house.customer, name=f"Person {number}")
                factories.make_subscription(house.customer, arr_minor=0)
        for query in ("", "?tab=money", "?tab=people", "?tab=journey", "?tab=adoption"):
            house.client().get(page_address(house) + query)
            with CaptureQueriesContext(connection) as captured:
                house.client().get(page_address(house) + query)
            counts.append(len(captured))
    assert counts[:5] == counts[5:], counts


# --- forms ---------------------------------------------------------------------------------------------


def test_a_customer_is_added_by_hand(house: House) -> None:
    told = {"external_id": "c-9", "name": "Brandt Logistik", "country": "DE", "tags": "vip, pilot", "stage": "trial"}
    response = house.client().post(reverse("customer_new"), told)
    with workspace_scope(house.workspace):
        made = Customer.objects.get(external_id="c-9")
    assert response.headers["Location"] == reverse("customer_detail", args=[made.pk])
    assert (made.name, made.tags, made.stage_key) == ("Brandt Logistik", ["vip", "pilot"], "trial")


def test_a_taken_id_comes_back_with_everything_typed(house: House) -> None:
    told = {"external_id": house.customer.external_id, "name": "Typed with care"}
    page = house.client().post(reverse("customer_new"), told).content.decode()
    assert "already taken" in page
    assert 'value="Typed with care"' in page


def customer_form(house: House, **changes: object) -> dict[str, object]:
    with workspace_scope(house.workspace):
        customer = Customer.objects.get(pk=house.customer.pk)
    return {"name": customer.name, "version": customer.version, "stage": customer.stage_key, "tags": "", **changes}


def test_only_what_was_changed_is_written(house: House) -> None:
    house.client().post(reverse("customer_edit", args=[house.customer.pk]), customer_form(house, industry="Freight"))
    with workspace_scope(house.workspace):
        after = Customer.objects.get(pk=house.customer.pk)
    assert (after.industry, after.version, after.name) == ("Freight", 2, "Nottingham Freight")


def test_a_conflict_shows_both_values_and_loses_neither(house: House) -> None:
    address, form = reverse("customer_edit", args=[house.customer.pk]), customer_form(house, industry="Rail freight")
    with workspace_scope(house.workspace):
        Customer.objects.filter(pk=house.customer.pk).update(industry="Shipping", version=7)
    page = house.client().post(address, form).content.decode()
    assert "Somebody changed this record" in page
    assert "<td>Rail freight</td><td>Shipping</td>" in page
    assert 'value="Rail freight"' in page
    with workspace_scope(house.workspace):
        assert Customer.objects.get(pk=house.customer.pk).industry == "Shipping"
    house.client().post(address, {**form, "version": 7})
    with workspace_scope(house.workspace):
        assert Customer.objects.get(pk=house.customer.pk).industry == "Rail freight"


def test_a_contact_is_added_and_becomes_the_sponsor(house: House) -> None:
    address = reverse("contact_new", args=[house.customer.pk])
    house.client().post(address, {"external_id": "p-9", "name": "Chief of depots", "is_sponsor": "on"})
    with workspace_scope(house.workspace):
        made = Contact.objects.get(external_id="p-9")
    assert (made.customer_id, made.is_sponsor) == (house.customer.pk, True)
    house.client().post(reverse("contact_edit", args=[made.pk]), {"name": "Chief of depots", "version": made.version})
    with workspace_scope(house.workspace):
        assert Contact.objects.get(pk=made.pk).is_sponsor is False


def test_a_subscription_moves_the_customers_arr_and_deadline(house: House) -> None:
    told = {
        "external_id": "s-9", "arr": "12000", "billing_period_months": "12", "starts_on": "2026-01-01",
        "auto_renews": "on", "notice_days": "60",
    }  # fmt: skip
    house.client().post(reverse("subscription_new", args=[house.customer.pk]), told)
    with workspace_scope(house.workspace):
        made = Subscription.objects.get(external_id="s-9")
        customer = Customer.objects.get(pk=house.customer.pk)
    assert customer.arr_minor == 186_000_00 + 12_000_00
    assert customer.notice_deadline == date(2027, 1, 1) - timedelta(days=60)
    assert made.arr_minor == 12_000_00


@pytest.mark.parametrize(
    "told", [{"arr": "-5"}, {"arr": "1e30"}, {"starts_on": "soon"}, {"ends_on": "2020-01-01"}, {"external_id": "\0"}]
)
def test_a_bad_subscription_is_refused_with_the_reason(house: House, told: dict[str, str]) -> None:
    good = {"external_id": "s-9", "arr": "1", "billing_period_months": "12", "starts_on": "2026-01-01"}
    response = house.client().post(reverse("subscription_new", args=[house.customer.pk]), {**good, **told})
    assert response.status_code == 200
    with workspace_scope(house.workspace):
        assert not Subscription.objects.filter(external_id="s-9").exists()
