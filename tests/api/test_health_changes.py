"""Why a customer's score differs between two days, over REST: items that add up, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Contact, Customer, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.defaults import default_content
from health.models import Scorecard, ScorecardVersion
from health.services import base_rate, overrides, snapshots
from tests import factories
from tests.api.conftest import Api, fields, problem
from tests.health.uses import store_uses

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
BEGAN = NOW - timedelta(days=200)


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def customer_with_people(**fields: Any) -> tuple[Customer, list[Contact]]:
    customer = factories.make_customer(created_at=BEGAN, known_at=BEGAN, **fields)
    factories.make_subscription(customer, starts_on=BEGAN.date(), seats=4)
    return customer, [factories.make_contact(customer, is_sponsor=n == 0, known_at=BEGAN) for n in range(3)]


@pytest.fixture
def customer(workspace: Workspace) -> Customer:
    """Busy until a month ago, quieter since."""
    with workspace_scope(workspace):
        made, people = customer_with_people(external_id="acme/7")
        store_uses({person: range(28, 90) for person in people}, now=NOW, per_day=3)
        store_uses({people[0]: range(1, 28, 3)}, now=NOW)
    return made


def changes(api: Api, customer: Customer, **days: date | str) -> dict[str, Any]:
    names = {name.rstrip("_"): day for name, day in days.items()}
    query = "&".join(f"{name}={day}" for name, day in names.items())
    answer = api.get(f"customers/{customer.pk}/health/changes/?{query}")
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    assert round(sum(item["delta"] for item in body["items"]), 2) == body["difference"]
    assert round(body["to"]["measured"] - body["from"]["measured"], 2) == body["difference"]
    return body


def of(body: dict[str, Any], cause: str) -> dict[str, float]:
    return {item["measure"]: item["delta"] for item in body["items"] if item["cause"] == cause}


def publish(workspace: Workspace, content: dict[str, Any], at: datetime) -> None:
    card = Scorecard.objects.get(is_default=True)
    ScorecardVersion.objects.filter(version=1).update(published_at=BEGAN)
    ScorecardVersion.objects.create(
        workspace=workspace, scorecard=card, version=2, content=content, published_at=at, published_by_label="Ada"
    )


def test_the_difference_is_that_of_the_scores_as_they_stand_on_both_days(api: Api, customer: Customer) -> None:
    first, last = TODAY - timedelta(days=28), TODAY - timedelta(days=3)
    body = changes(api, customer, from_=first, to=last)
    for end, day in (("from", first), ("to", last)):
        stated = api.get(f"customers/{customer.pk}/health/?as_of={day}").json()
        assert {name: body[end][name] for name in ("as_of", "score", "band", "coverage", "scorecard")} == {
            name: stated[name] for name in ("as_of", "score", "band", "coverage", "scorecard")
        }
    assert body["difference"] == round(body["to"]["score"] - body["from"]["score"], 2)
    assert {item["cause"] for item in body["items"]} == {"data", "window"}


def test_without_days_it_tells_the_last_four_weeks_until_now(api: Api, customer: Customer) -> None:
    body = changes(api, customer)
    assert (body["from"]["as_of"], body["to"]["as_of"]) == (str(TODAY - timedelta(days=28)), str(TODAY))
    named = api.get("customers/ext:acme%2F7/health/changes/")
    assert named.json() == body


def test_silence_is_time_passing_alone(api: Api, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        silent, people = customer_with_people()
        store_uses({person: range(20, 70) for person in people}, now=NOW)
    body = changes(api, silent, from_=TODAY - timedelta(days=20), to=TODAY)
    assert body["difference"] < 0
    assert {item["cause"] for item in body["items"]} == {"window"}


def test_new_use_while_nothing_leaves_the_window_is_data_alone(api: Api, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        fresh, people = customer_with_people()
        store_uses({people[0]: [6]}, now=NOW)
        store_uses({person: [5] for person in people}, now=NOW, per_day=4)
    body = changes(api, fresh, from_=TODAY - timedelta(days=6), to=TODAY - timedelta(days=5))
    rose = {item["measure"] for item in body["items"] if item["cause"] == "data" and item["delta"] > 0}
    assert {"seat_share", "active_users", "activity_level"} <= rose


def test_a_sponsor_who_left_can_be_read_out(api: Api, workspace: Workspace, customer: Customer) -> None:
    with workspace_scope(workspace):
        Contact.objects.filter(customer=customer, is_sponsor=True).update(
            is_sponsor=False, known_at=NOW - timedelta(days=4)
        )
    body = changes(api, customer, from_=TODAY - timedelta(days=5))
    assert of(body, "data")["sponsor_present"] == -20.0
    [words] = [each["words"] for each in body["measures"] if each["measure"] == "sponsor_present"]
    assert words.startswith("Sponsor: it was yes, now it is no: −20.00 points, because ")


def test_another_scorecard_is_configuration_of_what_it_weighs(
    api: Api, workspace: Workspace, customer: Customer
) -> None:
    content = default_content()
    for item in content["items"]:
        if item["measure"] == "sponsor_present":
            item["weight"] = 60
    content["items"] = [item for item in content["items"] if item["measure"] != "active_users"]
    with workspace_scope(workspace):
        publish(workspace, content, NOW - timedelta(days=2))
    body = changes(api, customer, from_=TODAY - timedelta(days=5))
    assert (body["from"]["scorecard"]["version"], body["to"]["scorecard"]["version"]) == (1, 2)
    assert set(of(body, "config")) == {"sponsor_present", "active_users"}
    words = {item["measure"]: item["words"] for item in body["items"] if item["cause"] == "config"}
    assert words["active_users"] == "scorecard v2 left the measure out"
    assert words["sponsor_present"] == "scorecard v2 weighs it at 44\u202f% instead of 20\u202f%"


def test_exceptions_and_bands_set_by_hand_are_items_of_their_own(
    api: Api, workspace: Workspace, customer: Customer
) -> None:
    content = default_content()
    for item in content["items"]:
        item["curve"] = [[0, 0.9]]  # everything but the exception stands still
    content["exceptions"] = [
        {
            "key": "no_sponsor",
            "label": {"en": "Nobody pays for it"},
            "measure": "sponsor_present",
            "op": "<",
            "value": 1,
            "cap": "watch",
        }
    ]
    with workspace_scope(workspace):
        publish(workspace, content, BEGAN)
        Contact.objects.filter(customer=customer, is_sponsor=True).update(
            is_sponsor=False, known_at=NOW - timedelta(days=4)
        )
    body = changes(api, customer, from_=TODAY - timedelta(days=5), to=TODAY)
    assert of(body, "data") == {"exception:no_sponsor": -15.01}
    assert body["measures"][0]["words"] == (
        "Nobody pays for it: −15.01 points, because the exception holds, which it did not on 11 Jun."
    )
    with workspace_scope(workspace):
        overrides.set_override(
            customer_id=customer.pk,
            band="at_risk",
            reason="They merge",
            expires_on=TODAY + timedelta(days=9),
            by=audit.Actor(label="Ada"),
            now=NOW,
        )
    body = changes(api, customer, from_=TODAY - timedelta(days=5), to=TODAY)
    assert of(body, "override") == {"override": -25.0}
    assert body["difference"] == -40.01


def test_unknown_at_one_end_is_shown_as_unknown_and_still_adds_up(api: Api, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        late, people = customer_with_people()
        store_uses({person: range(10) for person in people}, now=NOW)
    body = changes(api, late)
    assert (body["from"]["score"], body["from"]["band"]) == (None, "unknown")
    assert body["from"]["measured"] == 100.0
    assert body["to"]["score"] is not None
    assert "habit" in of(body, "missing")


def test_before_the_contract_nothing_is_measured(api: Api, workspace: Workspace, customer: Customer) -> None:
    body = changes(api, customer, from_=BEGAN.date() - timedelta(days=3))
    assert (body["from"]["band"], body["from"]["measured"]) == ("not_applicable", 0.0)
    assert {item["cause"] for item in body["items"]} == {"missing"}


def test_a_day_stays_what_was_said_of_it_and_late_data_is_news(
    api: Api, workspace: Workspace, customer: Customer
) -> None:
    day = TODAY - timedelta(days=10)
    with workspace_scope(workspace):
        snapshots.take([customer.pk], [day], bases=base_rate.observe([day]), now=NOW)
        people = list(Contact.objects.filter(customer=customer))
        before = changes(api, customer, from_=day)
        with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
            store_uses({person: range(10, 28) for person in people}, now=NOW, per_day=2)
    after = changes(api, customer, from_=day)
    assert after["from"] == before["from"]
    assert sum(of(after, "window").values()) == sum(of(before, "window").values())
    assert sum(of(after, "data").values()) > sum(of(before, "data").values())


def test_what_is_asked_of_the_database_does_not_grow_with_the_days(api: Api, customer: Customer) -> None:
    def queries(back: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            changes(api, customer, from_=TODAY - timedelta(days=back))
        return len(captured)

    queries(3)
    assert queries(5) == queries(120)


def test_it_speaks_the_readers_language(api: Api, customer: Customer) -> None:
    said = api.get(f"customers/{customer.pk}/health/changes/", Accept_Language="de").json()
    labels = {item["measure"]: item["label"] for item in said["items"]}
    assert labels["habit"] == "Aktive Tage pro Woche"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("from=yesterday", "from"),
        ("from=2026-06-02&to=2026-06-01", "to"),
        ("to=2026-06-17", "to"),
        ("from=2026-06-17", "from"),
        ("since=2026-06-01", "since"),
    ],
)
def test_days_that_mean_nothing_are_refused_by_name(api: Api, customer: Customer, query: str, named: str) -> None:
    assert fields(problem(api.get(f"customers/{customer.pk}/health/changes/?{query}"), 400)) == [named]


def test_a_strangers_customer_is_not_there(api: Api) -> None:
    with workspace_scope(factories.make_workspace("theirs")):
        row = factories.make_customer(external_id="theirs")
    for reference in (row.pk, "ext:theirs", "nonsense"):
        problem(api.get(f"customers/{reference}/health/changes/"), 404)
