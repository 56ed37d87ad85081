"""Adoption over REST: where people stand under the names allowed, rules, plans and indicators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import adoption
from journeys.adoption.rules import DEFAULT
from journeys.services.adoption import settings
from tests import factories
from tests.api.conftest import Api, make_api, problem
from tests.health.uses import store_uses

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Workspace:
    house = factories.make_workspace()
    now = datetime.now(UTC)
    with workspace_scope(house):
        customer = factories.make_customer(external_id="c-1")
        people = [
            factories.make_contact(customer, external_id=f"p-{n}", invited_at=now - timedelta(days=50))
            for n in range(6)
        ]
        store_uses({person: range(12) for person in people[:3]}, now=now)
        adoption.follow_marked(now=now)
    return house


@pytest.fixture
def rest(house: Workspace) -> Api:
    return make_api(house)


def test_a_customer_tells_where_its_people_stand(rest: Api) -> None:
    told = rest.get("customers/ext:c-1/adoption/").json()
    assert (told["people"], told["habit_percent"], told["work_percent"]) == (6, 50.0, 50.0)
    assert told["states"] == {"invited": 3, "first_use": 0, "activated": 0, "habitual": 3, "lapsed": 0}
    assert told["history"][-1]["habit_percent"] == 50.0
    assert (told["plan"], told["planned_percent"], told["shown"]) == (None, None, "name")
    problem(rest.get("customers/ext:nobody/adoption/"), 404)


def test_people_are_listed_by_name_by_pseudonym_or_not_at_all(rest: Api, house: Workspace) -> None:
    rows = rest.get("adoption-states/?customer_external_id=c-1&state=habitual").json()["results"]
    assert {row["contact_external_id"] for row in rows} == {"p-0", "p-1", "p-2"}
    with workspace_scope(house):
        settings.show_people(people="pseudonym", actor=audit.SYSTEM, now=factories.NOW)
    rows = rest.get("adoption-states/").json()["results"]
    assert {(row["contact_id"], row["contact_external_id"]) for row in rows} == {(None, None)}
    assert len({row["pseudonym"] for row in rows}) == 6
    with workspace_scope(house):
        settings.show_people(people="aggregate", actor=audit.SYSTEM, now=factories.NOW)
    assert "aggregate only" in problem(rest.get("adoption-states/"), 403)["detail"]
    problem(rest.get(f"adoption-states/{rows[0]['id']}/"), 403)
    assert rest.get("customers/ext:c-1/adoption/").json()["habit_percent"] == 50.0


def test_rules_are_set_and_read_with_their_versions(rest: Api, house: Workspace) -> None:
    wanted = {**DEFAULT, "lapse_days": 60}
    made = rest.post("adoption-rules/", {"definition": wanted, "reason": "They invoice every two months"})
    assert (made.status_code, made.json()["version"], made.json()["definition"]) == (201, 1, wanted)
    assert rest.post("adoption-rules/", {"definition": wanted}).status_code == 200
    refused = problem(rest.post("adoption-rules/", {"definition": {**wanted, "lapse_days": 0}}), 400)
    assert "lapse_days" in str(refused)
    assert [row["version"] for row in rest.get("adoption-rules/").json()["results"]] == [1]
    problem(make_api(house, ["read", "write"]).post("adoption-rules/", {"definition": wanted}), 403)


def test_a_plan_and_an_indicator_are_written_and_read_back(rest: Api) -> None:
    plan = {"baseline_percent": 20, "targets": [{"on": "2199-12-31", "percent": 80}]}
    made = rest.put("customers/ext:c-1/adoption/plan/", plan)
    assert (made.status_code, made.json()["version"]) == (200, 1)
    problem(rest.put("customers/ext:c-1/adoption/plan/", plan), 400)
    assert rest.get("customers/ext:c-1/adoption/").json()["plan"]["targets"] == plan["targets"]
    assert [row["version"] for row in rest.get("customers/ext:c-1/adoption/plan/").json()] == [1]
    told = {
        "external_id": "i-1", "customer_external_id": "c-1", "title": "Half in habit", "kind": "share",
        "state": "habitual", "threshold": 50,
    }  # fmt: skip
    assert rest.post("adoption-indicators/", told).status_code == 201
    assert rest.get("adoption-indicators/?reached=false").json()["results"][0]["title"] == "Half in habit"
    problem(rest.post("adoption-indicators/", {**told, "external_id": "i-2", "threshold": 500}), 400)
    assert rest.delete("adoption-indicators/ext:i-1/").status_code == 204
    problem(rest.get("adoption-indicators/ext:i-1/"), 404)
