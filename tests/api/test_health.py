"""Health, history and usage of a customer over REST, in the shapes integrations rely on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Customer, Workspace
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from health.services import base_rate, scoring, snapshots
from tests import factories
from tests.api.conftest import Api, fields, problem
from tests.health.test_present_scores import customer_in_use

pytestmark = pytest.mark.django_db

HEALTH = {"score", "band", "as_of", "computed_at", "coverage", "scorecard", "drivers", "churn"}
DRIVER = {"measure", "label", "value", "unit", "points", "max_points", "weight", "change_7d", "stale", "note"}
CHURN = {"probability", "interval", "horizon_days", "method", "drivers"}


@pytest.fixture
def customer(workspace: Workspace) -> Customer:
    with workspace_scope(workspace):
        made = customer_in_use(workspace)
        Customer.objects.filter(pk=made.pk).update(external_id="acme/7")
        while scoring.refresh_dirty():
            pass
    return made


def test_health_has_the_promised_shape_and_its_parts_add_up(api: Api, customer: Customer) -> None:
    body = api.get(f"customers/{customer.pk}/health/").json()
    assert body.keys() >= HEALTH
    assert all(driver.keys() >= DRIVER for driver in body["drivers"])
    assert body["churn"].keys() >= CHURN
    assert body["band"] == "healthy"
    assert round(sum(driver["points"] for driver in body["drivers"]), 2) == body["score"]
    low, high = body["churn"]["interval"]
    assert 0 <= low <= body["churn"]["probability"] <= high <= 1
    assert body["computed_at"].endswith("Z")


def test_the_customer_may_be_named_by_external_id_in_every_address(api: Api, customer: Customer) -> None:
    for part in ("health/", "health/history/", "usage/"):
        by_id = api.get(f"customers/{customer.pk}/{part}")
        named = api.get(f"customers/ext:acme%2F7/{part}")
        assert named.status_code == 200, named.content
        if part != "health/":
            assert named.json() == by_id.json()


def test_before_the_contract_health_is_not_applicable(api: Api, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        prospect = factories.make_customer()
    body = api.get(f"customers/{prospect.pk}/health/").json()
    assert (body["band"], body["score"], body["churn"]["method"]) == ("not_applicable", None, "none")


def test_a_past_day_is_rebuilt_from_what_was_known_then(api: Api, customer: Customer) -> None:
    day = datetime.now(UTC).date() - timedelta(days=40)
    body = api.get(f"customers/{customer.pk}/health/?as_of={day}").json()
    assert body["as_of"] == day.isoformat()
    assert body["band"] == "not_applicable" or body.keys() >= HEALTH


def test_history_is_oldest_first_and_comes_in_pages(api: Api, workspace: Workspace, customer: Customer) -> None:
    now = datetime.now(UTC)
    days = [now.date() - timedelta(days=back) for back in range(1, 6)]
    with workspace_scope(workspace):
        Customer.objects.filter(pk=customer.pk).update(created_at=now - timedelta(days=700))
        snapshots.take([customer.pk], days, bases=base_rate.observe(days), now=now)
    address = f"customers/{customer.pk}/health/history/"
    whole = api.get(address).json()
    assert [row["as_of"] for row in whole["results"]] == sorted(day.isoformat() for day in days)
    assert whole["results"][0].keys() >= {"as_of", "score", "band", "coverage", "churn_probability"}
    assert whole["next"] is None
    some = api.get(f"{address}?from={days[3]}&to={days[1]}").json()["results"]
    assert [row["as_of"] for row in some] == [day.isoformat() for day in (days[3], days[2], days[1])]
    first = api.get(f"{address}?limit=2").json()
    second = api.get(first["next"]).json()
    third = api.get(second["next"]).json()
    assert first["results"] + second["results"] + third["results"] == whole["results"]
    assert third["next"] is None
    assert api.get(third["previous"]).json()["results"] == second["results"]
    assert api.get(second["previous"]).json()["previous"] is None


def test_usage_counts_events_and_people_per_utc_day(api: Api, workspace: Workspace, customer: Customer) -> None:
    today = datetime.now(UTC).date()
    with workspace_scope(workspace), connection.cursor() as cursor:
        people = [uuid7(), uuid7()]
        for back, person in [(0, 0), (0, 0), (0, 1), (27, 0), (28, 0)]:
            at = datetime.combine(today - timedelta(days=back), datetime.min.time(), UTC)
            cursor.execute(
                "INSERT INTO health_event (message_key, workspace_id, customer_id, contact_id, name, occurred_at,"
                " known_at, recorded_at) VALUES (%s, %s, %s, %s, 'login', %s, %s, %s)",
                [str(uuid7()), str(workspace.pk), str(customer.pk), str(people[person]), at, at, at],
            )
    day = (today - timedelta(days=27)).isoformat()
    assert api.get(f"customers/{customer.pk}/usage/").json() == {
        "days": [
            {"date": day, "event": "login", "count": 1, "users": 1},
            {"date": today.isoformat(), "event": "login", "count": 3, "users": 2},
        ]
    }
    only = api.get(f"customers/{customer.pk}/usage/?from={day}&to={day}").json()["days"]
    assert [row["date"] for row in only] == [day]


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ("health/?as_of=yesterday", "as_of"),
        ("health/?as_of=0001-01-01", "as_of"),
        ("health/?as_of=2026-02-30", "as_of"),
        ("health/?asof=2026-02-01", "asof"),
        ("health/history/?from=2026-02-02&to=2026-02-01", "to"),
        ("health/history/?limit=0", "limit"),
        ("health/history/?cursor=x", "cursor"),
        ("usage/?from=1970-02-01&to=2026-01-01", "from"),
        ("usage/?to=", "to"),
    ],
)
def test_a_question_that_means_nothing_is_refused_by_name(
    api: Api, workspace: Workspace, part: str, named: str
) -> None:
    with workspace_scope(workspace):
        row = factories.make_customer()
    assert fields(problem(api.get(f"customers/{row.pk}/{part}"), 400)) == [named]


@pytest.mark.parametrize("part", ["health/", "health/history/", "usage/"])
def test_a_strangers_customer_is_not_there(api: Api, part: str) -> None:
    with workspace_scope(factories.make_workspace("theirs")):
        row = factories.make_customer(external_id="theirs")
    problem(api.get(f"customers/{row.pk}/{part}"), 404)
    problem(api.get(f"customers/ext:theirs/{part}"), 404)
    problem(api.get(f"customers/nonsense/{part}"), 404)


def test_measures_and_the_scorecard_that_binds_them_can_be_read(api: Api) -> None:
    measures = api.get("measures/?ordering=key").json()["results"]
    assert {"activity_level", "habit", "sponsor_present"} <= {row["key"] for row in measures}
    [card] = api.get("scorecards/?is_default=true").json()["results"]
    versions = api.get(f"scorecards/{card['id']}/versions/").json()["results"]
    assert [row["version"] for row in versions] == [card["latest_version"]]
    version = api.get(f"scorecards/{card['id']}/versions/1/").json()
    assert {item["measure"] for item in version["content"]["items"]} == {row["key"] for row in measures}
    problem(api.get(f"scorecards/{card['id']}/versions/99/"), 404)
    problem(api.get(f"scorecards/{uuid7()}/versions/"), 404)


def test_stages_come_in_their_order(api: Api) -> None:
    stages = api.get("stages/").json()["results"]
    assert [row["order"] for row in stages] == sorted(row["order"] for row in stages)
    assert {"id", "key", "name", "macro", "phase", "order"} <= stages[0].keys()


def test_a_band_is_set_by_hand_read_and_ended(api: Api, customer: Customer, workspace: Workspace) -> None:
    address = f"customers/{customer.pk}/health/override/"
    problem(api.get(address), 404)
    until = (datetime.now(UTC) + timedelta(days=14)).date().isoformat()
    told = {"band": "watch", "reason": "A merger is announced", "expires_on": until}
    assert fields(problem(api.post(address, {**told, "reason": ""}), 400)) == ["reason"]
    assert fields(problem(api.post(address, {**told, "band": "unknown"}), 400)) == ["band"]
    assert fields(problem(api.post(address, {**told, "mood": 1}), 400)) == ["mood"]
    assert fields(problem(api.post(address, {**told, "expires_on": "2199-01-01"}), 400)) == ["expires_on"]
    made = api.post(address, told)
    assert made.status_code == 201, made.content
    assert {name: made.json()[name] for name in told} == told
    assert made.json()["by"]
    assert api.get(address).json() == made.json()
    with workspace_scope(workspace):
        scoring.refresh_dirty()
    body = api.get(f"customers/{customer.pk}/health/").json()
    assert (body["band"], body["drivers"][-1]["measure"]) == ("watch", "override")
    assert round(sum(driver["points"] for driver in body["drivers"]), 2) == body["score"] == 74.99
    assert api.delete(address).status_code == 204
    problem(api.delete(address), 404)


def test_a_strangers_override_is_not_there(api: Api) -> None:
    with workspace_scope(factories.make_workspace("theirs")):
        row = factories.make_customer()
    told = {"band": "watch", "reason": "x", "expires_on": "2026-12-01"}
    for response in (
        api.get(f"customers/{row.pk}/health/override/"),
        api.post(f"customers/{row.pk}/health/override/", told),
        api.delete(f"customers/{row.pk}/health/override/"),
    ):
        problem(response, 404)
