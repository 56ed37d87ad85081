"""Points of handover and working days over REST."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Workspace
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import RelayTemplate
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem

pytestmark = pytest.mark.django_db
NEW = {
    "from_stage": "adoption",
    "to_stage": "performance",
    "giver_department": "customer_success",
    "taker_department": "sales",
    "items": [{"text": "Sponsor named", "is_required": True}, {"text": "Notes read"}],
}


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return make_api(workspace)


def test_a_point_of_handover_is_made_changed_and_removed(api: Api, workspace: Workspace) -> None:
    made = api.post("relay-templates/", NEW)
    assert made.status_code == 201, made.content
    address = f"relay-templates/{made.json()['id']}/"
    assert api.get(address).json() == made.json()
    assert made.json()["due_working_days"] == 3
    assert made.json()["items"] == [
        {"text": "Sponsor named", "is_required": True},
        {"text": "Notes read", "is_required": False},
    ]
    changed = api.patch(address, {"due_working_days": 5}).json()
    assert (changed["due_working_days"], len(changed["items"])) == (5, 2), "what is left out stays"
    assert api.patch(address, {"items": []}).json()["items"] == []
    assert len(api.get("relay-templates/?taker_department=sales&from_stage=adoption").json()["results"]) == 1
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    with workspace_scope(workspace):
        actions = AuditEvent.objects.filter(action__startswith="relay_template.", actor_label__contains="Warehouse")
        assert actions.count() == 4


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"from_stage": "nowhere"}, ["from_stage"]),
        ({"to_stage": "trial"}, ["to_stage"]),
        ({"from_stage": "consideration", "to_stage": "trial"}, ["to_stage"]),
        ({"taker_department": "kitchen"}, ["taker_department"]),
        ({"due_working_days": 61}, ["due_working_days"]),
        ({"items": [{"text": "Twice"}, {"text": "twice"}]}, ["items"]),
        ({"colour": "red"}, ["colour"]),
    ],
)
def test_what_cannot_be_is_refused_by_field(api: Api, told: dict[str, Any], named: list[str]) -> None:
    assert fields(problem(api.post("relay-templates/", {**NEW, **told}), 400)) == named


def test_only_who_may_configure_writes_and_strangers_find_nothing(api: Api, workspace: Workspace) -> None:
    made = api.post("relay-templates/", NEW).json()["id"]
    writer, stranger = make_api(workspace, ["read", "write"]), make_api(factories.make_workspace("stranger"))
    assert writer.get(f"relay-templates/{made}/").status_code == 200
    assert writer.post("relay-templates/", NEW).status_code == 403
    assert writer.patch("working-days/", {"opens": "08:00"}).status_code == 403
    for call in (stranger.get, stranger.delete):
        assert call(f"relay-templates/{made}/").status_code == 404
    with workspace_scope(workspace):
        assert RelayTemplate.objects.filter(pk=made).exists()


def test_working_days_are_read_and_changed_in_parts(api: Api) -> None:
    assert api.get("working-days/").json() == {
        "time_zone": "Europe/Paris",
        "weekend": [5, 6],
        "opens": "09:00",
        "closes": "17:00",
        "holidays": [],
    }
    told = {"holidays": [{"day": "2026-12-25", "name": "Christmas Day"}], "closes": "18:30"}
    changed = api.patch("working-days/", told).json()
    assert (changed["opens"], changed["closes"], changed["holidays"]) == ("09:00", "18:30", told["holidays"])
    assert api.patch("working-days/", {"weekend": [4, 5]}).json()["holidays"] == told["holidays"]
    for wrong, named in (
        ({"weekend": [0, 1, 2, 3, 4, 5, 6]}, ["weekend"]),
        ({"opens": "19:00"}, ["closes"]),
        ({"time_zone_": "x"}, ["time_zone_"]),
    ):
        assert fields(problem(api.patch("working-days/", wrong), 400)) == named
