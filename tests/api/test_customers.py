"""Customers over REST: reading, filters, and errors that name what is wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, fields, problem

pytestmark = pytest.mark.django_db


def test_a_customer_is_found_by_id_and_by_external_id(api: Api, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        row = factories.make_customer("Nottingham Freight", external_id="nf 1/ä", arr_minor=186_000_00)
    by_id = api.get(f"customers/{row.pk}/")
    assert by_id.status_code == 200, by_id.content
    body = by_id.json()
    assert (body["name"], body["arr"], body["currency"]) == ("Nottingham Freight", "186000.00", "EUR")
    assert body["created_at"] == "2026-06-16T09:00:00Z"
    assert api.get("customers/ext:nf%201%2F%C3%A4/").json() == body


def test_a_workspace_without_cents_shows_none(db: None) -> None:
    from tests.api.conftest import make_api

    yen = factories.make_workspace("edo", currency="JPY")
    with workspace_scope(yen):
        row = factories.make_customer(arr_minor=186_000)
    assert make_api(yen).get(f"customers/{row.pk}/").json()["arr"] == "186000"


@pytest.mark.parametrize(
    "reference", ["nonsense", "ext:nobody", "ext:%00", "01a203e1-7d95-71bc-a042-434cd5c3f9e0", "ext:", "%F0%9F%A6%8A"]
)
def test_what_does_not_exist_is_not_found(api: Api, reference: str) -> None:
    problem(api.get(f"customers/{reference}/"), 404)


@pytest.mark.parametrize(
    "query",
    ["external_id=c-2", "stage=trial", "renewal_on_from=2026-09-01&renewal_on_to=2026-09-30", "arr_min=500", "tag=vip"],
)
def test_filters_narrow_the_list(api: Api, workspace: Workspace, query: str) -> None:
    with workspace_scope(workspace):
        factories.make_customer(external_id="c-1", stage_key="adoption", renewal_on=date(2026, 8, 31))
        factories.make_customer(
            external_id="c-2", stage_key="trial", renewal_on=date(2026, 9, 30), arr_minor=50_000, tags=["vip"]
        )
    assert [row["external_id"] for row in api.get(f"customers/?{query}").json()["results"]] == ["c-2"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("extrenal_id=c-2", "extrenal_id"),
        ("ordering=colour", "ordering"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("cursor=abc", "cursor"),
        ("arr_min=many", "arr_min"),
        ("parent=12", "parent"),
        ("health_band=blue", "health_band"),
        ("renewal_on_from=yesterday", "renewal_on_from"),
        ("name=%00", "name"),
    ],
)
def test_a_query_that_means_nothing_is_refused_by_name(api: Api, query: str, named: str) -> None:
    assert fields(problem(api.get(f"customers/?{query}"), 400)) == [named]


def test_strangers_and_wrong_methods(api: Api) -> None:
    refused = Api(None).get("customers/")
    problem(refused, 401)
    assert refused["WWW-Authenticate"].startswith("Bearer")
    problem(Api("bmr_aaaaaaaaaaaa_bbb").get("customers/"), 401)
    assert "GET" in problem_and_allow(api.call("TRACE", "customers/"))


def problem_and_allow(response: Any) -> str:
    problem(response, 405)
    return str(response["Allow"])


def test_an_unknown_address_is_a_problem_and_a_missing_slash_is_forgiven(api: Api) -> None:
    problem(api.get("/api/v2/customers/"), 404)
    problem(api.get("/api/nothing"), 404)
    moved = api.get("customers?limit=1")
    assert (moved.status_code, moved["Location"]) == (308, "/api/v1/customers/?limit=1")
