"""The customer list: conditions, paging by key in both directions, counts, and the indexes behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from operator import attrgetter
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts import segments
from accounts.models import AttributeDefinition, AttributeValue, Customer, CustomerFacet, Workspace
from accounts.paging import Cursor, Ordering
from accounts.roles import Role
from accounts.selectors import customers as selectors
from csplatform.core.tenancy import workspace_scope
from tests import database, factories, volume

pytestmark = pytest.mark.django_db

BOTH_WAYS = [sign + key for key in selectors.SORTS for sign in ("", "-")]


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = factories.make_workspace()
    with workspace_scope(made):
        yield made


def wanted(*conditions: tuple[Any, ...]) -> Q:
    """All of these conditions, each (field, operator, value)."""
    said = [{"field": field, "op": op, "value": value[0] if value else None} for field, op, *value in conditions]
    return segments.condition(segments.parse({"all": said}), now=timezone.now())


def names(*conditions: tuple[Any, ...]) -> set[str]:
    return {customer.name for customer in selectors.customers(wanted(*conditions))}


def expected_order(ordering: Ordering) -> list[Any]:
    """The whole list as plain Python sorts it: those without a value last, by id."""
    everyone = list(Customer.objects.select_related("health"))
    value = attrgetter(ordering.field.replace("__", "."))
    there = [c for c in everyone if value(c) is not None]
    there.sort(key=lambda c: (value(c), c.pk), reverse=ordering.descending)
    missing = sorted((c for c in everyone if value(c) is None), key=lambda c: c.pk)
    return [c.pk for c in there + missing]


@pytest.mark.parametrize("sort", BOTH_WAYS)
def test_pages_walk_the_whole_sorted_list_there_and_back(workspace: Workspace, sort: str) -> None:
    volume.fill_customers(97)
    _, ordering = selectors.ordering_of(sort)
    forwards: list[Any] = []
    page = selectors.customer_page(Q(), ordering, size=10)
    forwards += [row.pk for row in page.rows]
    assert page.previous is None
    while page.next:
        page = selectors.customer_page(Q(), ordering, size=10, after=page.next)
        forwards += [row.pk for row in page.rows]
    assert forwards == expected_order(ordering)
    backwards = [row.pk for row in page.rows]
    while page.previous:
        page = selectors.customer_page(Q(), ordering, size=10, before=page.previous)
        backwards = [row.pk for row in page.rows] + backwards
    assert backwards == forwards


def test_a_cursor_survives_its_way_through_an_address(workspace: Workspace) -> None:
    volume.fill_customers(30)
    for sort in BOTH_WAYS:
        _, ordering = selectors.ordering_of(sort)
        first = selectors.customer_page(Q(), ordering, size=7)
        assert first.next is not None
        assert Cursor.decode(first.next.encode()) == first.next
        again = selectors.customer_page(Q(), ordering, size=7, after=Cursor.decode(first.next.encode()))
        assert [row.pk for row in again.rows] == expected_order(ordering)[7:14]


@pytest.mark.parametrize("text", ["", "x", "bm90IGpzb24", "WzEsMl0", "W251bGwsICJ6eiJd", "é", "WyJcdTAwMDAiLCAiMDAi"])
def test_a_damaged_cursor_is_no_cursor(text: str) -> None:
    assert Cursor.decode(text) is None


def test_a_cursor_of_another_sort_starts_from_the_beginning(workspace: Workspace) -> None:
    volume.fill_customers(5)
    by_name = selectors.customer_page(Q(), selectors.SORTS["name"], size=2).next
    page = selectors.customer_page(Q(), selectors.SORTS["notice"], size=2, after=by_name)
    assert [row.pk for row in page.rows] == expected_order(selectors.SORTS["notice"])[:2]


def test_conditions_narrow_the_list_and_are_joined(workspace: Workspace) -> None:
    csm = factories.make_member(workspace, Role.CSM)
    today = timezone.now().date()
    factories.make_customer(
        "Risky",
        health={"band": "at_risk", "churn_risk": 4000},
        arr_minor=5_000_00,
        csm=csm,
        tags=["pilot"],
        country="FR",
    )
    factories.make_customer("Calm", health={"band": "healthy", "churn_risk": 300}, arr_minor=9_000_00, industry="Food")
    factories.make_customer(
        "Leaving",
        contract_state="notice_given",
        notice_deadline=today + timedelta(days=9),
        stage_key="adoption",
        tags=["pilot", "vip"],
    )
    assert names() == {"Risky", "Calm", "Leaving"}
    assert names(("band", "in", ["at_risk", "healthy"])) == {"Risky", "Calm"}
    assert names(("contract_state", "in", ["notice_given"])) == {"Leaving"}
    assert names(("stage", "in", ["adoption"])) == {"Leaving"}
    assert names(("csm", "in", [str(csm.pk)])) == {"Risky"}
    assert names(("csm", "not_set")) == {"Calm", "Leaving"}
    assert names(("tag", "in", ["pilot"])) == {"Risky", "Leaving"}
    assert names(("tag", "in", ["pilot"]), ("country", "in", ["FR"])) == {"Risky"}
    assert names(("industry", "in", ["Food"])) == {"Calm"}
    assert names(("arr", "between", [5_000, 5_000])) == {"Risky"}
    assert names(("churn_risk", "lte", 3)) == {"Calm"}
    assert names(("notice_deadline", "in_next", 9)) == {"Leaving"}
    assert names(("name", "starts_with", "RIS")) == {"Risky"}


def test_custom_attributes_filter_by_their_type(workspace: Workspace) -> None:
    now = factories.NOW
    number, text = (
        AttributeDefinition.objects.create(workspace=workspace, key=key, label=key, kind=kind, created_at=now)
        for key, kind in (("trucks", "number"), ("tier", "text"))
    )
    small, large = factories.make_customer("Small"), factories.make_customer("Large")
    for customer, trucks, tier in ((small, 3, "gold"), (large, 400, "gold")):
        AttributeValue.objects.create(
            workspace=workspace, customer=customer, definition=number, number_value=trucks * 10_000
        )
        AttributeValue.objects.create(workspace=workspace, customer=customer, definition=text, text_value=tier)
    gold = ("attributes.tier", "in", ["gold"])
    assert names(gold) == {"Small", "Large"}
    assert names(gold, ("attributes.trucks", "gte", 100)) == {"Large"}


def test_the_summary_counts_exactly_what_the_filter_shows(workspace: Workspace) -> None:
    volume.fill_customers(60)
    there = [c for c in Customer.objects.all() if c.health.band == "at_risk"]
    assert there
    found = selectors.summary(wanted(("band", "in", ["at_risk"])))
    assert (found.customers, found.arr_minor) == (len(there), sum(c.arr_minor for c in there))
    assert selectors.summary(wanted(("name", "starts_with", "no such"))) == selectors.Summary(0, 0)


def test_facets_follow_every_change_of_a_customer(workspace: Workspace) -> None:
    customer = factories.make_customer(tags=["pilot", "pilot", "vip"], country="FR")
    assert selectors.facet_values() == {"tag": ["pilot", "vip"], "country": ["FR"], "industry": []}
    Customer.objects.filter(pk=customer.pk).update(tags=["vip"], industry="Food")
    assert selectors.facet_values() == {"tag": ["vip"], "country": ["FR"], "industry": ["Food"]}
    customer.delete()
    assert not CustomerFacet.objects.exists()


# --- plans ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(django_db_setup: None, django_db_blocker: Any) -> Iterator[Workspace]:
    """20,000 customers in one workspace, 2,000 in another, with statistics: enough that plans matter."""
    with django_db_blocker.unblock():
        ours, theirs = factories.make_workspace("large"), factories.make_workspace("other")
        for workspace, count in ((ours, 20_000), (theirs, 2_000)):
            csms = [str(factories.make_member(workspace).pk) for _ in range(10)]
            with workspace_scope(workspace):
                volume.fill_customers(count, csms)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (connection.settings_dict["USER"],)
        database.analyze(
            "accounts_customer", "accounts_customerhealth", "accounts_customerfacet", "accounts_attributevalue"
        )
        yield ours
        database.flush()


def filters(workspace: Workspace) -> dict[str, tuple[Any, ...]]:
    csm = str(workspace.memberships.first().pk)  # type: ignore[union-attr]  # wider in the types than it can be here
    return {
        "bands": ("band", "in", ["at_risk"]),
        "states": ("contract_state", "in", ["notice_given", "in_grace"]),
        "stages": ("stage", "in", ["adoption"]),
        "csm": ("csm", "in", [csm]),
        "nobody": ("csm", "not_set"),
        "tags": ("tag", "in", ["pilot"]),
        # Rare values: one that many share is rightly read with the whole table.
        "countries": ("country", "in", ["MT"]),
        "industries": ("industry", "in", ["Forestry"]),
        "arr": ("arr", "gte", 200_000),
        "risk": ("churn_risk", "gte", 55),
        "notice": ("notice_deadline", "due_within", 30),
        "name": ("name", "starts_with", "customer 00012"),
    }


def plan_of(run: Callable[[], object]) -> str:
    """The plans of every statement ``run`` sends about customers, as PostgreSQL explains them to this role."""
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "accounts_customer" in sql:
            with context["connection"].connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + sql, params)
                plans.extend(row[0] for row in cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        run()
    return "\n".join(plans)


def assert_indexed(plan: str) -> None:
    assert "Index" in plan, plan
    assert "Seq Scan on accounts_customer" not in plan, plan


@pytest.mark.parametrize("sort", BOTH_WAYS)
def test_every_sort_reads_its_index(large: Workspace, sort: str) -> None:
    _, ordering = selectors.ordering_of(sort)
    with workspace_scope(large):
        first = selectors.customer_page(Q(), ordering)
        plan = plan_of(lambda: selectors.customer_page(Q(), ordering, after=first.next))
        assert_indexed(plan)
        assert "Sort" not in plan, plan
        # The place of the page is found in the index, not by throwing rows away.
        assert "ROW(" in plan.split("Index Cond")[1].split("Filter")[0], plan


FIELDS = [
    "bands",
    "states",
    "stages",
    "csm",
    "nobody",
    "tags",
    "countries",
    "industries",
    "arr",
    "risk",
    "notice",
    "name",
]


@pytest.mark.parametrize("field", FIELDS)
def test_every_filter_and_its_count_read_an_index(large: Workspace, field: str) -> None:
    with workspace_scope(large):
        asked = wanted(filters(large)[field])
        assert_indexed(plan_of(lambda: selectors.summary(asked)))
        for sort in selectors.SORTS:
            _, ordering = selectors.ordering_of(sort)
            assert_indexed(plan_of(lambda o=ordering: selectors.customer_page(asked, o)))  # type: ignore[misc]  # the types cannot infer a default bound here
