"""Playbooks through their pages and REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import SavedSegment
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from journeys.models import Playbook, PlaybookState, RunState
from tests import factories
from tests.api.conftest import make_api, problem
from tests.journeys.playbooks.conftest import EVENT, NO_PAUSE, NOW, TASK, House
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
LIST = "/journeys/playbooks/"
FRENCH = {"all": [{"field": "country", "op": "eq", "value": ["FR"]}]}


@pytest.fixture(autouse=True)
def _tuesday(time_machine: Any) -> None:
    time_machine.move_to(NOW)


@pytest.fixture
def place(db: None) -> House:
    """Outside its workspace's scope, as pages are asked for."""
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        return House(workspace)


@pytest.fixture
def manager(place: House) -> Client:
    return signed_in(place.manager)


def filled(**told: Any) -> dict[str, Any]:
    return {
        "name": "Risk", "event": "health.band_changed", "where_field-0": "to", "where_op-0": "in",
        "where_value-0": "at_risk",
        "runs_an_hour": "100", "tasks_at_once": "50", "again_after_days": "30",
        "kind-0": "wait", "days-0": "2",
        "kind-1": "task", "title-1": "Call {{ customer.name }}", "owner-1": "customer_success", "days-1": "3",
        "kind-2": "", **told,
    }  # fmt: skip


def test_a_playbook_is_written_tried_out_and_activated(place: House, manager: Client) -> None:
    assert "No playbook yet" in manager.get(LIST).content.decode()
    answer = manager.post(f"{LIST}new/", filled())
    with workspace_scope(place.workspace):
        playbook = Playbook.objects.select_related("present").get()
    assert answer["Location"] == f"{LIST}{playbook.pk}/"
    assert playbook.state == PlaybookState.DRAFT
    assert playbook.says.definition["trigger"]["where"] == [{"field": "to", "op": "in", "value": ["at_risk"]}]
    assert [step["kind"] for step in playbook.says.definition["steps"]] == ["wait", "task"]
    tried = manager.get(f"{LIST}{playbook.pk}/?try=1").content.decode()
    assert "Nothing was started" in tried
    assert "Events are kept for 30 days" in tried
    assert "The band now is At risk" in tried
    manager.post(f"{LIST}{playbook.pk}/activate/")
    listed = manager.get(LIST).content.decode()
    assert ">Active" in listed
    assert ">A customer&#x27;s health has moved into another band<" in listed


def test_several_conditions_and_a_filter_on_a_step_are_written_and_kept(place: House, manager: Client) -> None:
    with workspace_scope(place.workspace):
        chosen = SavedSegment.objects.create(
            workspace=place.workspace, name="French ones", owner=place.manager, definition=FRENCH, created_at=NOW
        )
    told = filled(**{
        "where_field-1": "from", "where_op-1": "ne", "where_value-1": "watch", "where_field-2": "", "where_op-2": "in",
        "where_value-2": "", "only_if-1": str(chosen.pk),
    })  # fmt: skip
    manager.post(f"{LIST}new/", told)
    with workspace_scope(place.workspace):
        playbook = Playbook.objects.select_related("present").get()
        written = playbook.says.definition
        chosen.delete()
    assert written["trigger"]["where"] == [
        {"field": "to", "op": "in", "value": ["at_risk"]},
        {"field": "from", "op": "ne", "value": "watch"},
    ]
    assert [bool(step.get("only_if")) for step in written["steps"]] == [False, True]
    shown = manager.get(f"{LIST}{playbook.pk}/edit/").content.decode()
    assert 'value="watch"' in shown
    assert "the filter it has" in shown
    manager.post(f"{LIST}{playbook.pk}/edit/", {**told, "only_if-1": "kept", "name": "Risk again"})
    with workspace_scope(place.workspace):
        playbook.refresh_from_db()
        assert (playbook.name, playbook.says.definition) == ("Risk again", written)
    refused = manager.post(f"{LIST}new/", filled(**{"name": "Two", "where_field-0": "colour"}))
    assert "has no field “colour”" in refused.content.decode()


def test_what_is_wrong_is_shown_with_what_was_typed(manager: Client) -> None:
    answer = manager.post(f"{LIST}new/", filled(**{"title-1": "{{ customer.secret }}"}))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "steps.1.title: “customer.secret” is no placeholder" in shown
    assert "{{ customer.secret }}" in shown
    both = manager.post(f"{LIST}new/", filled(every="day", at="09:00"))
    assert "either an event or a schedule" in both.content.decode()


def test_a_run_shows_its_steps_and_can_be_cancelled(place: House, manager: Client) -> None:
    with workspace_scope(place.workspace):
        place.playbook(steps=[TASK, {"kind": "wait", "days": 2}, TASK])
        place.happens()
        place.run()
        (run,) = place.runs()
    shown = manager.get(f"{LIST}runs/{run.pk}/").content.decode()
    assert "the task" in shown
    assert "not yet" in shown
    manager.post(f"{LIST}runs/{run.pk}/cancel/")
    with workspace_scope(place.workspace):
        assert [each.state for each in place.runs()] == [RunState.CANCELLED]


def test_only_those_who_configure_write_playbooks(place: House) -> None:
    csm = signed_in(place.csm)
    assert csm.get(LIST).status_code == 200
    assert csm.get(f"{LIST}new/").status_code == 403
    viewer = signed_in(factories.make_member(place.workspace, Role.VIEWER))
    assert viewer.get(LIST).status_code == 200


def test_the_number_of_queries_does_not_grow_with_playbooks_and_runs(place: House, manager: Client) -> None:
    with workspace_scope(place.workspace):
        first = place.playbook(limits=NO_PAUSE)
        place.happens()

    def asked(path: str) -> int:
        manager.get(path)
        with CaptureQueriesContext(connection) as found:
            manager.get(path)
        return len(found)

    before = asked(LIST), asked(f"{LIST}{first.pk}/")
    with workspace_scope(place.workspace):
        for number in range(6):
            place.playbook(f"Another {number}")
            place.happens(factories.make_customer(f"Customer {number}"))
    assert (asked(LIST), asked(f"{LIST}{first.pk}/")) == before


def test_rest_writes_tries_starts_and_reads_the_log(place: House) -> None:
    api = make_api(place.workspace)
    definition = {"trigger": EVENT, "steps": [TASK], "limits": {"tasks_at_once": 10}}
    made = api.post("playbooks/", {"name": "Risk", "definition": definition}).json()
    path = f"playbooks/{made['id']}/"
    assert (made["state"], made["definition_version"]) == ("draft", 1)
    wrong = problem(api.post("playbooks/", {"name": "x", "definition": {"steps": []}}), 400)
    assert "trigger" in str(wrong)
    assert api.patch(path, {"description": "x"}, If_Match='"77"').status_code == 412
    changed = api.patch(path, {"definition": {**definition, "steps": [TASK, TASK]}}).json()
    assert changed["definition_version"] == 2
    chosen = {"key": "shock-1", "filter": {"all": [{"field": "name", "op": "starts_with", "value": "Loxley"}]}}
    problem(api.post(path + "start/", chosen), 400)
    assert api.post(path + "activate/", {}).json()["state"] == "active"
    assert api.get(path + "dry-run/").json()["today"]["runs"] == 0
    assert api.post(path + "start/", chosen).json() == {"runs": 1}
    assert api.post(path + "start/", chosen).json() == {"runs": 0}
    (run,) = api.get("playbook-runs/?state=running").json()["results"]
    assert (run["customer_external_id"], run["trigger"]) == ("c-1", "by_hand")
    assert api.post(f"playbook-runs/{run['id']}/cancel/", {}).json()["state"] == "cancelled"
    problem(api.post(f"playbook-runs/{run['id']}/cancel/", {}), 409)
    assert api.post(path + "retire/", {}).json()["state"] == "retired"
