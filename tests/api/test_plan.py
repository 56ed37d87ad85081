"""``outcomes``, ``kpis``, ``measurements`` and ``wins`` over REST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Customer, Workspace
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem

TODAY = timezone.now().date()
BEGAN = (TODAY - timedelta(days=100)).isoformat()
DUE = (TODAY + timedelta(days=100)).isoformat()


@pytest.fixture
def customer(workspace: Workspace) -> Customer:
    with workspace_scope(workspace):
        return factories.make_customer(external_id="c-1")


def outcome(api: Api, external_id: str = "o-1", **told: Any) -> dict[str, Any]:
    words = {"customer_external_id": "c-1", "statement": "Ship the same day", "effective_on": BEGAN, "due_on": DUE}
    answer = api.put(f"outcomes/ext:{external_id}/", {**words, **told})
    assert answer.status_code in (200, 201), answer.content
    body: dict[str, Any] = answer.json()
    return body


def kpi(api: Api, external_id: str = "k-1", **told: Any) -> dict[str, Any]:
    words = {
        "outcome_external_id": "o-1", "name": "Parcels an hour", "unit": "parcels", "baseline": "20", "target": "60",
        "effective_on": BEGAN,
    }  # fmt: skip
    answer = api.put(f"kpis/ext:{external_id}/", {**words, **told})
    assert answer.status_code in (200, 201), answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_a_plan_written_over_rest_says_how_it_stands_and_why(api: Api, customer: Customer) -> None:
    assert outcome(api)["status"] == "not_started"
    made = kpi(api)
    assert (made["direction"], made["target"], made["status"]) == ("up", "60", "not_started")
    told = {"kpi_external_id": "k-1", "value": "38", "measured_on": TODAY.isoformat()}
    assert api.post("measurements/", {"external_id": "m-1", **told}).status_code == 201
    read = api.get("kpis/ext:k-1/").json()
    assert (read["status"], read["value"], read["expected"]) == ("on_track", "38", "40")
    assert "38 of 60" in read["why"]
    assert "should be at 40 by now" in read["why"]
    whole = api.get("outcomes/ext:o-1/").json()
    assert (whole["status"], whole["kpis_met"], whole["kpis"]) == ("on_track", 0, 1)
    assert whole["why"] == read["why"]


def test_a_change_needs_its_reason_and_the_tag_it_was_read_with(api: Api, customer: Customer) -> None:
    made = outcome(api)
    address = f"outcomes/{made['id']}/"
    tag = api.get(address)["ETag"]
    assert fields(problem(api.patch(address, {"statement": "Ship in an hour"}), 400)) == ["reason"]
    changed = api.patch(address, {"statement": "Ship in an hour", "reason": "Asked for more"}, If_Match=tag)
    assert changed.json()["statement"] == "Ship in an hour"
    problem(api.patch(address, {"statement": "Or not", "reason": "x"}, If_Match=tag), 412)
    versions = api.get(f"{address}versions/").json()["results"]
    assert [version["reason"] for version in versions] == ["", "Asked for more"]
    past = api.get(f"{address}?as_of={(TODAY - timedelta(days=1)).isoformat()}")
    assert fields(problem(past, 400)) == ["as_of"], "it became known today, though it counts from earlier on"


def test_bad_words_are_named_by_their_field(api: Api, customer: Customer) -> None:
    outcome(api)
    words = {"external_id": "k-9", "outcome_external_id": "o-1", "name": "x", "baseline": "5", "target": "5"}
    assert fields(problem(api.post("kpis/", words), 400)) == ["target"]
    assert fields(problem(api.post("kpis/", {**words, "target": "6", "direction": "down"}), 400)) == ["direction"]
    assert fields(problem(api.post("kpis/", {**words, "outcome_external_id": "?"}), 400)) == ["outcome_external_id"]
    assert fields(problem(api.post("outcomes/", {"external_id": "o-9", "statement": "x"}), 400)) == [
        "customer_external_id"
    ]
    assert fields(problem(api.post("wins/", {"external_id": "w-1", "customer_external_id": "c-1"}), 400)) == ["title"]
    told = {"external_id": "m-9", "kpi_external_id": "nope", "value": "1"}
    assert fields(problem(api.post("measurements/", told), 400)) == ["kpi_external_id"]


def test_promises_and_figures_are_settled_and_withdrawn_and_never_deleted(api: Api, customer: Customer) -> None:
    outcome(api), kpi(api)
    for path in ("outcomes/ext:o-1/", "kpis/ext:k-1/"):
        assert api.delete(path).status_code == 405
    settled = api.post("outcomes/ext:o-1/settle/", {"settlement": "waived", "reason": "Sold"}).json()
    assert (settled["status"], settled["settlement"]) == ("waived", "waived")
    reopened = api.post("outcomes/ext:o-1/settle/", {"settlement": "", "reason": "Bought back"}).json()
    assert reopened["status"] == "not_started"
    assert api.post("kpis/ext:k-1/retire/", {"reason": "Replaced"}).status_code == 204
    assert api.get("kpis/?outcome_external_id=o-1").json()["results"] == []


def test_a_measurement_is_corrected_by_one_that_takes_its_place(api: Api, customer: Customer) -> None:
    outcome(api), kpi(api)
    told = {"kpi_external_id": "k-1", "value": "60", "measured_on": TODAY.isoformat()}
    first = api.put("measurements/ext:m-1/", told).json()
    assert [win["by_rule"] for win in api.get("wins/").json()["results"]] == [True]
    assert fields(problem(api.patch("measurements/ext:m-1/", {"value": "6"}), 400)) == ["reason"]
    second = api.patch("measurements/ext:m-1/", {"value": "6", "reason": "A digit too many"}).json()
    assert second["id"] != first["id"]
    assert api.get(f"measurements/{first['id']}/").json()["replaced_by"] == second["id"]
    assert api.get("measurements/ext:m-1/").json()["value"] == "6"
    assert api.get("wins/").json()["results"] == [], "what a correction undoes is no win"
    withdrawn = api.post("measurements/ext:m-1/withdraw/", {"reason": "Wrong site"}).json()
    assert withdrawn["withdrawn_at"]
    assert api.get("measurements/?counts=true").json()["results"] == []
    assert len(api.get("measurements/?counts=false").json()["results"]) == 2


def test_a_win_is_recorded_and_celebrated_once(api: Api, customer: Customer) -> None:
    outcome(api)
    words = {"customer_external_id": "c-1", "outcome_external_id": "o-1", "title": "A day saved a week"}
    made = api.put("wins/ext:w-1/", words).json()
    assert (made["outcome_external_id"], made["celebrated_at"]) == ("o-1", None)
    first = api.post("wins/ext:w-1/celebrate/", {}).json()
    assert api.post("wins/ext:w-1/celebrate/", {}).json()["celebrated_at"] == first["celebrated_at"]
    assert len(api.get("wins/?celebrated=true").json()["results"]) == 1


def test_lists_take_the_same_queries_however_long_they_are(
    api: Api, customer: Customer, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        outcome(api, f"o-{n}")
        kpi(api, f"k-{n}", outcome_external_id=f"o-{n}")
    for path, most in (("outcomes/", 12), ("kpis/", 12)):
        with django_assert_max_num_queries(most):
            assert len(api.get(path).json()["results"]) == 12


def test_a_reading_key_writes_nothing(workspace: Workspace, customer: Customer) -> None:
    reader = make_api(workspace, ["read"])
    problem(reader.put("outcomes/ext:o-1/", {"customer_external_id": "c-1", "statement": "x"}), 403)
    problem(reader.post("outcomes/ext:o-1/settle/", {"settlement": "met", "reason": "x"}), 403)


def test_a_stranger_finds_nothing_whatever_it_sends(api: Api, customer: Customer) -> None:
    made, figure = outcome(api), kpi(api)
    told = {"external_id": "m-1", "kpi_external_id": "k-1", "value": "5"}
    measured = api.post("measurements/", told).json()
    stranger = make_api(factories.make_workspace("stranger"))
    for path in (
        f"outcomes/{made['id']}/settle/", f"kpis/{figure['id']}/retire/", f"measurements/{measured['id']}/withdraw/",
    ):  # fmt: skip
        problem(stranger.post(path, {}), 404)
