"""The filter builder as people use it: rows and groups by plain POST, the count beside them, and then the list."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.pages.conftest import House

BUILDER = reverse("customer_filter")


@pytest.fixture
def town(house: House) -> House:
    with workspace_scope(house.workspace):
        factories.make_customer("Paris Fret", country="FR", arr_minor=9_000_00, tags=["vip"])
        factories.make_customer("Lyon Bois", country="FR", arr_minor=1_000_00)
        factories.make_customer("Kiel Schiffe", country="DE", arr_minor=9_000_00)
    return house


def press(house: House, button: str, told: dict[str, Any] | None = None, **more: Any) -> Any:
    return house.client().post(BUILDER, {"join": "all", "0.join": "all", **(told or {}), "do": button}, **more)


def body(response: Any) -> str:
    return str(response.content.decode())


FRENCH = {"0.0.field": "country", "0.0.op": "in", "0.0.value": ["FR"]}
RICH = {"0.1.field": "arr", "0.1.op": "gt", "0.1.value": "5000"}


def test_choosing_a_field_adds_a_row_with_its_operators(town: House) -> None:
    shown = body(press(town, "add", {"0.new": "arr"}))
    assert 'name="0.0.field" value="arr"' in shown
    assert "is between" in shown
    assert "begins with" not in shown
    assert "Fill in every condition" in shown
    assert "expected a number" not in shown, "a row that was just added is not wrong yet"


def test_the_count_and_the_words_follow_the_rows(town: House) -> None:
    shown = body(press(town, "update", FRENCH | RICH))
    assert "Customers in France with ARR over €5,000" in shown
    assert "1 customer, €9k ARR" in shown


def test_the_value_asked_for_follows_the_operator(town: House) -> None:
    between = body(press(town, "update", RICH | {"0.0.field": "arr", "0.0.op": "between"}))
    assert 'name="0.0.low"' in between
    assert 'name="0.0.high"' in between
    known = body(press(town, "update", {"0.0.field": "renewal_on", "0.0.op": "set"}))
    assert 'name="0.0.value"' not in known
    assert "0 customers" in known


def test_rows_and_groups_are_removed(town: House) -> None:
    both = FRENCH | RICH
    assert 'value="arr"><b' not in re.sub(r"\s+", "", body(press(town, "remove.0.1", both)))
    assert "Customers in France" in body(press(town, "remove.0.1", both))
    two = both | {"1.join": "none", "1.0.field": "tag", "1.0.op": "in", "1.0.value": ["vip"]}
    assert "0 customers" in body(press(town, "update", two))
    assert "1 customer," in body(press(town, "remove.1", two))


def test_groups_say_or_and_not(town: House) -> None:
    either = {"0.join": "any", "0.0.field": "tag", "0.0.op": "in", "0.0.value": ["vip"]}
    either |= {"0.1.field": "country", "0.1.op": "in", "0.1.more": "DE, AT"}
    assert "2 customers" in body(press(town, "update", either))
    nobody = {**either, "0.join": "none"}
    assert "2 customers" in body(press(town, "update", nobody))


def test_showing_leads_to_the_list_of_the_filter_and_back(town: House) -> None:
    response = town.client().post(
        f"{BUILDER}?sort=name", {"join": "all", "0.join": "all", **FRENCH, **RICH, "do": "show"}
    )
    told = parse_qs(urlsplit(response["Location"]).query)
    assert json.loads(told["filter"][0]) == {
        "all": [{"field": "country", "op": "in", "value": ["FR"]}, {"field": "arr", "op": "gt", "value": 5000}]
    }
    assert told["sort"] == ["name"]
    listed = body(town.client().get(response["Location"]))
    assert "Paris Fret" in listed
    assert "Lyon Bois" not in listed
    again = body(town.client().get(f"{BUILDER}?{urlsplit(response['Location']).query}"))
    assert 'name="0.1.field" value="arr"' in again
    assert "1 customer," in again


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"0.0.field": "arr", "0.0.op": "gte", "0.0.value": "lots"}, "ARR: expected a number"),
        ({"0.0.field": "arr", "0.0.op": "between", "0.0.low": "9", "0.0.high": "1"}, "Turn them round"),
        ({"0.0.field": "country", "0.0.op": "in"}, "Country: name at least one value."),
        ({"0.0.field": "renewal_on", "0.0.op": "in_next", "0.0.days": "-1"}, "expected whole days from 0"),
        ({"0.0.field": "gone", "0.0.op": "in", "0.0.value": "x"}, "This no longer exists."),
        ({"0.0.field": "band", "0.0.op": "in", "0.0.value": "purple"}, "there is no “purple”"),
    ],
)
def test_what_is_wrong_stands_at_its_row_and_nothing_is_shown(town: House, row: dict[str, Any], said: str) -> None:
    response = press(town, "show", row)
    assert response.status_code == 200
    assert said in body(response)
    assert " customers, " not in body(response)


def test_htmx_gets_the_builder_alone(town: House) -> None:
    htmx = {"HX-Request": "true", "HX-Target": "filter-builder"}
    fragment = body(press(town, "update", FRENCH, headers=htmx))
    assert "<html" not in fragment
    assert fragment.count('id="filter-builder"') == 1


def test_a_filter_too_deep_for_rows_is_kept_as_text(town: House) -> None:
    neither = {"not": {"all": [{"field": "tag", "op": "set"}, {"field": "arr", "op": "gt", "value": 1}]}}
    french = {"field": "country", "op": "in", "value": ["FR"]}
    deep = {"any": [{"all": [neither, french]}, {"field": "country", "op": "in", "value": ["DE"]}]}
    shown = body(town.client().get(BUILDER, {"filter": json.dumps(deep)}))
    assert "0.0.field" not in shown
    assert "&quot;any&quot;" in shown
    told = town.client().post(BUILDER, {"by": "hand", "text": json.dumps(deep), "do": "show"})
    assert json.loads(parse_qs(urlsplit(told["Location"]).query)["filter"][0]) == deep
    wrong = body(town.client().post(BUILDER, {"by": "hand", "text": '{"any": []}', "do": "read"}))
    assert "The group is empty." in wrong
    assert "This is no JSON" in body(town.client().post(BUILDER, {"by": "hand", "text": "{", "do": "show"}))


@pytest.mark.parametrize("button", ["remove.9", "remove.x.y", "remove.0.0.0.0", "group", "", "remove.-1", "remove.²"])
def test_odd_buttons_break_nothing(town: House, button: str) -> None:
    assert press(town, button, FRENCH).status_code == 200


def test_short_parameters_open_in_the_builder(town: House) -> None:
    shown = body(town.client(Role.VIEWER).get(f"{BUILDER}?country=FR&arr_min=5000&csm=none&csm=me"))
    assert 'name="0.0.field" value="country"' in shown
    assert 'name="1.0.field" value="csm"' in shown
