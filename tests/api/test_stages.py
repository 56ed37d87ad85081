"""Stages over REST: written, re-ordered and retired by programs."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Workspace
from tests.api.conftest import Api, fields, make_api, problem


def stages(api: Api) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in api.get("stages/").json()["results"]}


def test_a_stage_is_added_changed_and_retired(api: Api) -> None:
    asked = [{"kind": "contract"}, {"kind": "adoption", "percent": 40}]
    body = {"name": "Pilot", "macro": "trial", "department": "sales", "expected_days": 21, "exit": asked}
    answer = api.post("stages/", body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["key"], made["order"], made["phase"], made["exit"]) == ("pilot", 3, "demand", asked)
    address = f"stages/{made['id']}/"
    assert api.get(answer["Location"]).json() == made
    tag = answer["ETag"]
    answer = api.patch(address, {"name": "Proof", "order": 2, "exit": []}, If_Match=tag)
    assert (answer.json()["name"], answer.json()["order"], answer.json()["exit"]) == ("Proof", 2, [])
    problem(api.patch(address, {"name": "Test"}, If_Match=tag), 412)
    assert api.delete(address).status_code == 204
    problem(api.get(address), 404)
    assert list(stages(api)) == [row["key"] for row in sorted(stages(api).values(), key=lambda row: row["order"])]


def test_a_stage_with_customers_is_retired_into_another(api: Api) -> None:
    api.put("customers/ext:c-1/", {"name": "Loxley Mills"})
    address = f"stages/{stages(api)['awareness']['id']}/"
    assert fields(problem(api.delete(address), 400)) == ["target"]
    assert api.delete(f"{address}?target=consideration").status_code == 204
    assert "awareness" not in stages(api)
    flight = api.get("customers/ext:c-1/flight/").json()
    assert (flight["stage"], flight["moves"][-1]["kind"]) == ("consideration", "regrouped")
    assert flight["moves"][0]["stage"] == "awareness"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["name"]),
        ({"name": "Pilot"}, ["macro"]),
        ({"name": "Pilot", "macro": "sold"}, ["macro"]),
        ({"name": "Pilot", "macro": "trial", "key": "trial"}, ["key"]),
        ({"name": "Pilot", "macro": "trial", "order": 0}, ["order"]),
        ({"name": "Pilot", "macro": "trial", "exit": [{"kind": "moon"}]}, ["criteria"]),
        ({"name": "Pilot", "macro": "trial", "colour": "red"}, ["colour"]),
    ],
)
def test_what_cannot_be_a_stage_names_its_field(api: Api, body: dict[str, Any], named: list[str]) -> None:
    assert fields(problem(api.post("stages/", body), 400)) == named


def test_only_who_configures_changes_stages(api: Api, workspace: Workspace) -> None:
    writer = make_api(workspace, ["read", "write"])
    address = f"stages/{stages(api)['trial']['id']}/"
    problem(writer.post("stages/", {"name": "Pilot", "macro": "trial"}), 403)
    problem(writer.patch(address, {"name": "Pilot"}), 403)
    problem(writer.delete(address), 403)
