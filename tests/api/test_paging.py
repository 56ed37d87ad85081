"""Pages: every row exactly once, in any order, forwards and back, however many rows tie or miss the value."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.api.customers import CustomerViewSet
from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, make_api, problem

pytestmark = pytest.mark.django_db
ROWS = 24


def follow(api: Api, address: str | None, link: str = "next") -> list[dict[str, Any]]:
    """Every page from ``address`` on."""
    pages = []
    while address:
        parts = urlsplit(address)
        body = api.get(f"{parts.path}?{parts.query}").json()
        pages.append(body)
        address = body[link]
    return pages


@pytest.fixture
def crowd(workspace: Workspace) -> list[str]:
    """Customers with ties and gaps in every column that can be sorted by."""
    with workspace_scope(workspace):
        rows = [
            factories.make_customer(
                f"Name {number % 5}",
                arr_minor=(number % 4) * 1_000_00,
                health={
                    "points": None if number % 3 == 0 else (number % 6) * 1_000,
                    "churn_risk": None if number % 4 == 0 else (number % 5) * 100,
                },
                renewal_on=None if number % 2 else date(2026, 1 + number % 7, 1),
                notice_deadline=None,
                stage_key=["adoption", "trial", ""][number % 3],
            )
            for number in range(ROWS)
        ]
    return [str(row.pk) for row in rows]


orderings = st.sampled_from([sign + name for name in CustomerViewSet.orders for sign in ("", "-")])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ordering=orderings, limit=st.integers(1, ROWS + 1))
def test_every_row_once_forwards_and_back(api: Api, crowd: list[str], ordering: str, limit: int) -> None:
    forwards = follow(api, f"/api/v1/customers/?ordering={ordering}&limit={limit}")
    seen = [row["id"] for page in forwards for row in page["results"]]
    assert sorted(seen) == sorted(crowd)
    assert len(seen) == ROWS
    assert forwards[0]["previous"] is None
    back = follow(api, forwards[-1]["previous"], "previous")
    again = [row["id"] for page in reversed(back) for row in page["results"]]
    assert again + [row["id"] for row in forwards[-1]["results"]] == seen


@pytest.mark.parametrize("ordering", ["health", "-health", "churn_risk", "-churn_risk", "renewal_on", "-renewal_on"])
def test_missing_values_come_last_both_ways(api: Api, crowd: list[str], ordering: str) -> None:
    def value(row: dict[str, Any]) -> Any:
        name = ordering.removeprefix("-")
        return {"health": row["health"]["score"], "churn_risk": row["churn"]["probability"]}.get(name, row.get(name))

    found = [
        value(row) for page in follow(api, f"/api/v1/customers/?ordering={ordering}&limit=5") for row in page["results"]
    ]
    told = [each for each in found if each is not None]
    assert found == sorted(told, reverse=ordering.startswith("-")) + [None] * (ROWS - len(told))


def test_rows_that_come_and_go_meanwhile_move_no_other(api: Api, crowd: list[str], workspace: Workspace) -> None:
    first = api.get("customers/?ordering=name&limit=10").json()
    with workspace_scope(workspace):
        factories.make_customer("A newcomer before the cursor")
    rest = [row["id"] for page in follow(api, first["next"]) for row in page["results"]]
    assert sorted([row["id"] for row in first["results"]] + rest) == sorted(crowd)


def test_links_keep_the_filters(api: Api, crowd: list[str]) -> None:
    pages = follow(api, "/api/v1/customers/?stage=trial&limit=3")
    assert len(pages) > 1
    assert {row["stage"] for page in pages for row in page["results"]} == {"trial"}


def test_a_cursor_serves_its_own_ordering_alone_and_cannot_be_forged(api: Api, crowd: list[str]) -> None:
    [cursor] = parse_qs(urlsplit(api.get("customers/?ordering=name&limit=5").json()["next"]).query)["cursor"]
    problem(api.get(f"customers/?ordering=arr&cursor={cursor}"), 400)
    problem(api.get(f"customers/?ordering=name&cursor=x{cursor}"), 400)


@pytest.mark.parametrize("path", ["customers", "contacts", "subscriptions", "members", "jobs", "stages", "scorecards"])
def test_the_number_of_queries_does_not_grow_with_the_rows(workspace: Workspace, path: str) -> None:
    api = make_api(workspace)

    def fill() -> None:
        with workspace_scope(workspace):
            for _number in range(4):
                customer = factories.make_customer(parent=factories.make_customer())
                factories.make_contact(customer)
                factories.make_subscription(customer)
        factories.make_member(workspace)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert api.get(f"{path}/?limit=500").status_code == 200
        return len(captured)

    fill()
    queries()
    few = queries()
    fill()
    assert queries() == few <= 12
