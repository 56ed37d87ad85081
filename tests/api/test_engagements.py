"""``/api/v1/engagements/``"""

from __future__ import annotations

from typing import Any

import pytest

from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, make_api, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        mills = factories.make_customer("Loxley Mills", external_id="c-mills")
        factories.make_customer("Nottingham Freight", external_id="c-freight")
        factories.make_contact(mills, external_id="p-ann", name="Ann Weaver")
    return make_api(workspace)


def call(external_id: str = "e-1", **more: Any) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "customer_external_id": ["c-mills"],
        "direction": "vendor_to_customer",
        "channel": "call",
        "occurred_at": "2026-06-01T10:00:00Z",
        "subject": "Weekly",
        **more,
    }


def test_an_engagement_is_logged_read_changed_and_deleted(api: Api) -> None:
    made = api.post("engagements/", call(contact_external_id=["p-ann"]))
    assert made.status_code == 201
    body = made.json()
    assert [each["external_id"] for each in body["customers"]] == ["c-mills"]
    assert [each["name"] for each in body["contacts"]] == ["Ann Weaver"]
    changed = api.patch("engagements/ext:e-1/", {"sentiment": "positive"}, If_Match=made["ETag"])
    assert changed.json()["sentiment"] == "positive"
    problem(api.patch("engagements/ext:e-1/", {"sentiment": "neutral"}, If_Match=made["ETag"]), 412)
    assert api.delete("engagements/ext:e-1/").status_code == 204
    problem(api.get("engagements/ext:e-1/"), 404)


def test_put_makes_or_changes(api: Api) -> None:
    assert api.put("engagements/ext:e-1/", call()).status_code == 201
    again = api.put("engagements/ext:e-1/", call(customer_external_id=["c-mills", "c-freight"]))
    assert again.status_code == 200
    assert len(again.json()["customers"]) == 2


def test_lists_are_filtered_by_who_and_how(api: Api) -> None:
    api.post("engagements/", call("e-1"))
    api.post("engagements/", call("e-2", channel="email", customer_external_id=["c-freight"]))

    def found(query: str) -> list[str]:
        return [each["external_id"] for each in api.get(f"engagements/?{query}").json()["results"]]

    assert found("customer_external_id=c-freight") == ["e-2"]
    assert found("channel=call") == ["e-1"]
    assert found("external_id=e-2") == ["e-2"]
    assert found("ordering=-occurred_at&occurred_at_from=2026-06-02T00:00:00Z") == []


def test_what_is_wrong_is_named(api: Api) -> None:
    body = problem(api.post("engagements/", call(direction="sideways", channel="call")), 400)
    assert "direction" in str(body)
    assert "customer_external_id" in str(problem(api.post("engagements/", call(customer_external_id=["no"])), 400))
    problem(api.post("engagements/", call(nonsense=1)), 400)
