"""Segments over REST: kept, read in words, tried out, and their customers."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AttributeDefinition, SavedSegment, Workspace
from accounts.roles import Role
from accounts.services import segments as services
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, fields, problem

RICH = {"all": [{"field": "arr", "op": "gte", "value": "5000"}, {"field": "country", "op": "eq", "value": "FR"}]}
CANONICAL = {"all": [{"field": "arr", "op": "gte", "value": 5000}, {"field": "country", "op": "in", "value": ["FR"]}]}


@pytest.fixture
def town(workspace: Workspace) -> Workspace:
    with workspace_scope(workspace):
        for name, country, arr in (("Paris Fret", "FR", 9_000_00), ("Lyon Bois", "FR", 1_00), ("Kiel", "DE", 9_000_00)):
            factories.make_customer(name, country=country, arr_minor=arr)
    return workspace


def names(answer: Any) -> list[str]:
    return [row["name"] for row in answer.json()["results"]]


def test_a_segment_is_saved_read_changed_and_deleted(api: Api, town: Workspace) -> None:
    made = api.post("segments/", {"name": "Rich French", "filter": RICH, "sort": "arr"})
    assert made.status_code == 201, made.content
    segment = made.json()
    assert segment["filter"] == CANONICAL
    assert segment["explanation"] == "Customers in France with ARR of at least €5,000"
    assert segment["is_shared"] is True
    assert segment["problems"] == []
    address = f"segments/{segment['id']}/"
    assert api.get(address).json() == segment
    assert names(api.get("segments/?name=Rich+French")) == ["Rich French"]
    assert names(api.get(f"{address}customers/")) == ["Paris Fret"]
    changed = api.patch(address, {"filter": {"field": "country", "op": "in", "value": "DE"}}, If_Match=made["ETag"])
    assert changed.json()["version"] == segment["version"] + 1
    assert names(api.get(f"{address}customers/?ordering=name")) == ["Kiel"]
    problem(api.patch(address, {"name": "Late"}, If_Match=made["ETag"]), 412)
    assert api.delete(address).status_code == 204
    problem(api.get(address), 404)


def test_a_filter_is_tried_out_without_being_saved(api: Api, town: Workspace) -> None:
    told = api.post("segments/preview/", {"filter": RICH}).json()
    assert (told["count"], told["arr"]) == (1, "9000.00")
    assert told["explanation"] == "Customers in France with ARR of at least €5,000"
    assert [row["name"] for row in told["sample"]] == ["Paris Fret"]
    assert told["filter"] == CANONICAL
    assert api.post("segments/preview/", {"filter": {}}).json()["count"] == 3
    with workspace_scope(town):
        assert not SavedSegment.objects.exists()


@pytest.mark.parametrize(
    ("filter", "where"),
    [
        ({"all": [{"field": "nope", "op": "in", "value": ["x"]}]}, "filter.all.0.field"),
        ({"any": [{"not": {"field": "arr", "op": "in", "value": 1}}]}, "filter.any.0.not.op"),
        ({"field": "arr", "op": "gte", "value": "lots"}, "filter.value"),
        ({"all": [{"any": []}]}, "filter.all.0.any"),
        ({"both": []}, "filter"),
        ({"field": "csm", "op": "in", "value": ["me"]}, "filter.value"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(api: Api, town: Workspace, filter: Any, where: str) -> None:
    assert where in fields(problem(api.post("segments/preview/", {"filter": filter}), 400))


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"name": "x", "filter": {}}, {"name": "x", "filter": RICH, "y": 1},
    {"name": "x", "filter": RICH, "is_shared": False}, {"name": "x", "filter": RICH, "sort": "up"}])  # fmt: skip
def test_a_bad_segment_is_refused(api: Api, town: Workspace, body: dict[str, Any]) -> None:
    problem(api.post("segments/", body), 400)


def test_a_segment_whose_field_is_gone_says_so_and_holds_nobody(api: Api, town: Workspace) -> None:
    with workspace_scope(town):
        tier = AttributeDefinition.objects.create(
            workspace=town, key="tier", label="Tier", kind="text", created_at=factories.NOW
        )
    not_gold = {"not": {"field": "attributes.tier", "op": "in", "value": ["gold"]}}
    address = f"segments/{api.post('segments/', {'name': 'Not gold', 'filter': not_gold}).json()['id']}/"
    assert len(names(api.get(f"{address}customers/"))) == 3
    with workspace_scope(town):
        tier.delete()
    assert api.get(address).json()["problems"][0]["path"] == "all.0.not.field"
    assert names(api.get(f"{address}customers/")) == []


def test_a_members_own_segment_is_nobody_elses(api: Api, town: Workspace) -> None:
    member = factories.make_member(town, Role.CSM)
    with workspace_scope(town):
        private, shared = (
            services.save(
                name=name, definition=RICH, is_shared=is_shared, by=member, actor=audit.SYSTEM, now=factories.NOW
            )
            for name, is_shared in (("Mine", False), ("Ours", True))
        )
    problem(api.get(f"segments/{private.pk}/"), 404)
    problem(api.get(f"segments/{private.pk}/customers/"), 404)
    assert names(api.get("segments/")) == ["Ours"]
    problem(api.patch(f"segments/{shared.pk}/", {"name": "Taken"}), 404)
