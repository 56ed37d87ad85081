"""Reading filters: what is wrong is named by its place, and what is right takes its canonical form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from accounts import segments
from accounts.models import Contact, Customer, Workspace
from accounts.roles import Role
from accounts.segments import Relation, fields
from accounts.segments.language import MAX_CONDITIONS, MAX_DEPTH
from tests import factories
from tests.accounts.segments.conftest import make_attributes

pytestmark = pytest.mark.django_db

FRENCH = {"field": "country", "op": "in", "value": ["FR"]}
LARGE = {"field": "arr", "op": "gte", "value": 50_000}


def nested(depth: int) -> dict[str, Any]:
    said: dict[str, Any] = FRENCH
    for level in range(depth - 1):
        said = {("any", "all")[level % 2]: [said, LARGE]}
    return said


@pytest.mark.parametrize(
    ("said", "path", "words"),
    [
        ("text", "", "Expected an object"),
        ({"all": {}}, "all", "Expected a list"),
        ({"all": [FRENCH], "any": [FRENCH]}, "", "exactly one of"),
        ({"all": [FRENCH, {"any": []}]}, "all.1.any", "The group is empty"),
        ({"any": []}, "any", "The group is empty"),
        ({"field": "arr"}, "", "Expected “field”, “op” and “value”"),
        ({"field": 7, "op": "in"}, "field", "Expected a short text"),
        ({"field": "x\0", "op": "in"}, "field", "Expected a short text"),
        ({"all": [{**FRENCH, "extra": 1}]}, "all.0", "Expected “field”, “op” and “value”"),
        ({"field": "nope", "op": "in", "value": ["x"]}, "field", "There is no “nope” to filter by (any more)"),
        ({"field": "nope.at.all", "op": "in", "value": ["x"]}, "field", "There is no “nope.at.all”"),
        ({"not": {"field": "arr", "op": "in", "value": [1]}}, "not.op", "“in” does not go with ARR. Use one of: gte"),
        ({"field": "arr", "op": "gte", "value": "many"}, "value", "ARR: expected a number"),
        ({"field": "arr", "op": "gte", "value": True}, "value", "ARR: expected a number"),
        ({"field": "arr", "op": "gte", "value": "1e999999"}, "value", "ARR: expected a number"),
        ({"field": "arr", "op": "gte", "value": "NaN"}, "value", "ARR: expected a number"),
        ({"field": "arr", "op": "gte", "value": 0.00001}, "value", "at most four digits"),
        ({"field": "arr", "op": "between", "value": [2]}, "value", "expected two values"),
        ({"field": "arr", "op": "between", "value": [2, 1]}, "value", "Turn them round"),
        ({"field": "arr", "op": "set", "value": 1}, "value", "takes no value"),
        ({"field": "churn_risk", "op": "gt", "value": 101}, "value", "a percentage from 0 to 100"),
        ({"field": "band", "op": "in", "value": ["purple"]}, "value", "Health: there is no “purple”"),
        ({"field": "stage", "op": "in", "value": ["gone"]}, "value", "Stage: there is no “gone” (any more)"),
        ({"field": "country", "op": "in", "value": []}, "value", "name at least one value"),
        ({"field": "country", "op": "in", "value": [" "]}, "value", "a text that is not empty"),
        ({"field": "country", "op": "in", "value": [f"c{n}" for n in range(101)]}, "value", "101 values; at most 100"),
        ({"field": "renewal_on", "op": "lte", "value": "31.12.2026"}, "value", "a date such as 2026-12-31"),
        ({"field": "renewal_on", "op": "lte", "value": "9999-12-31"}, "value", "a date such as 2026-12-31"),
        ({"field": "renewal_on", "op": "in_next", "value": 1.5}, "value", "whole days from 0 to 3650"),
        ({"field": "csm", "op": "in", "value": ["Will"]}, "value", "the id of a member, or “me”"),
        ({"field": "customer", "op": "in", "value": ["me"]}, "value", "expected an id"),
        ({"field": "sponsor", "op": "eq", "value": 1}, "value", "expected yes or no"),
        ({"field": "contacts", "op": "none", "value": {"days": 30}}, "value", "has no dates to count days from"),
        ({"field": "contacts", "op": "at_least", "value": {"days": 3}}, "value", "expected “count”"),
        ({"field": "survey_asked", "op": "none", "value": {"days": 0}}, "value", "expected “days”"),
        (nested(MAX_DEPTH + 1), "all.0.any.0.all.0.any.0.all.0.any.0", "may lie 6 deep"),
        ({"all": [FRENCH] * (MAX_CONDITIONS + 1)}, "all", "61 conditions; a filter has at most 60"),
        ({"all": [{"any": [FRENCH] * 40}, {"any": [FRENCH] * 40}]}, "", "80 conditions; a filter has at most 60"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(workspace: Workspace, said: Any, path: str, words: str) -> None:
    with pytest.raises(segments.SegmentError) as refused:
        segments.parse(said)
    found = dict(refused.value.problems)
    assert path in found
    assert words in found[path]


def test_every_fault_is_told_at_once(workspace: Workspace) -> None:
    with pytest.raises(segments.SegmentError) as refused:
        segments.parse({"all": [{"field": "nope", "op": "in"}, FRENCH, {"not": {**LARGE, "value": "x"}}]})
    assert [path for path, _message in refused.value.problems] == ["all.0.field", "all.2.not.value"]


@pytest.mark.parametrize(
    ("said", "canonical"),
    [
        ({}, {"all": []}),
        ({"all": []}, {"all": []}),
        (FRENCH, {"all": [FRENCH]}),
        ({"any": [FRENCH]}, {"all": [FRENCH]}),
        ({"all": [{"all": [FRENCH]}, {"not": {"not": LARGE}}]}, {"all": [FRENCH, LARGE]}),
        ({"any": [{"any": [FRENCH, LARGE]}, LARGE]}, {"any": [FRENCH, LARGE, LARGE]}),
        ({"field": "country", "op": "eq", "value": "FR"}, {"all": [FRENCH]}),
        ({"field": "country", "op": "in", "value": " FR "}, {"all": [FRENCH]}),
        ({**LARGE, "value": "50000.00"}, {"all": [LARGE]}),
        (
            {"field": "survey_asked", "op": "none"},
            {"all": [{"field": "survey_asked", "op": "none", "value": {}}]},
        ),
    ],
)
def test_the_canonical_form(workspace: Workspace, said: Any, canonical: Any) -> None:
    parsed = segments.parse(said)
    assert parsed.as_json() == canonical
    assert segments.parse(parsed.as_json()).as_json() == canonical


def test_the_deepest_filter_allowed_is_taken(workspace: Workspace) -> None:
    assert segments.parse(nested(MAX_DEPTH)).conditions


NONE_LATELY = {"field": "met", "op": "none", "value": {"days": 30}}
SELDOM = {"field": "met", "op": "at_most", "value": {"count": 1}}
AT_RISK = {"field": "band", "op": "in", "value": ["at_risk", "watch"]}
SEVEN = {"field": "country", "op": "in", "value": ["A", "B", "C", "D", "E", "F", "G"]}


@pytest.fixture
def engagement() -> Iterator[None]:
    fields.register(Relation("met", "engagement", lambda: Contact.objects.all(), at_column="created_at"))
    yield
    del fields.registered["met"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "All customers"),
        (FRENCH, "Customers in France"),
        (
            {"all": [{**FRENCH, "value": ["DE"]}, {**LARGE, "op": "gt"}, NONE_LATELY]},
            "Customers in Germany with ARR over €50,000 and no engagement in 30 days",
        ),
        (
            {"all": [LARGE, {"any": [AT_RISK, SELDOM]}]},
            "Customers with ARR of at least €50,000 and health at risk or watch or engagement at most 1 time",
        ),
        ({"not": FRENCH}, "Customers with not (country France)"),
        ({"field": "renewal_on", "op": "in_next", "value": 30}, "Customers with renewal within 30 days"),
        ({"field": "renewal_on", "op": "lte", "value": "2026-12-01"}, "Customers with renewal by 1 Dec 2026"),
        ({"field": "csm", "op": "in", "value": ["me"]}, "Customers with CSM me"),
        ({"field": "tag", "op": "not_set"}, "Customers with tag unknown"),
        ({"field": "churn_risk", "op": "gte", "value": 12.5}, "Customers with churn risk of at least 12.5 %"),
        ({"field": "days_in_stage", "op": "gt", "value": 1}, "Customers with time in stage over 1 day"),
        (SEVEN, "Customers in A, B, C, D, E or 2 more"),
    ],
)  # fmt: skip
def test_filters_are_said_in_words(workspace: Workspace, engagement: None, said: Any, words: str) -> None:
    assert segments.explain(segments.parse(said)).replace("\N{NARROW NO-BREAK SPACE}", " ") == words


@pytest.mark.parametrize(
    "said", [{"all": [{**LARGE, "value": {"x": [1]}}]}, {"field": "gone.x", "op": "?"}, [1], {"any": []}]
)
def test_a_filter_that_cannot_be_read_is_still_explained(workspace: Workspace, said: Any) -> None:
    for code in ("en", "fr", "de"):
        with override(code):
            assert segments.explain(segments.stored(said))


def test_a_filter_on_what_is_gone_matches_nobody_however_it_is_turned(workspace: Workspace) -> None:
    definitions = make_attributes(workspace)
    factories.make_customer()
    gone = {"field": "attributes.tier", "op": "in", "value": ["gold"]}
    kept = [
        segments.parse(said) for said in (gone, {"not": gone}, {"any": [gone, {"not": gone}]}, {"any": [gone, LARGE]})
    ]
    definitions["tier"].delete()
    for filter in kept:
        assert not Customer.objects.filter(segments.condition(filter, now=timezone.now())).exists()
        assert segments.problems(filter)
        with pytest.raises(segments.SegmentError):
            segments.parse(filter.as_json())


def test_me_is_the_reader_and_nobody_without_one(workspace: Workspace) -> None:
    member = factories.make_member(workspace, Role.CSM)
    mine = factories.make_customer("Mine", csm=member)
    factories.make_customer("Other")
    filter = segments.parse({"not": {"not": {"field": "csm", "op": "in", "value": ["me"]}}})
    now = timezone.now()
    assert not Customer.objects.filter(segments.condition(filter, now=now)).exists()
    assert "“me” means nobody here" in segments.problems(filter)[0][1]
    read = segments.for_reader(filter, member.pk)
    assert list(Customer.objects.filter(segments.condition(read, now=now))) == [mine]


def test_days_are_counted_from_the_moment_asked(workspace: Workspace) -> None:
    late = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    factories.make_customer(renewal_on=late.date() + timedelta(days=3))
    soon = segments.parse({"field": "renewal_on", "op": "in_next", "value": 2})
    found = [
        Customer.objects.filter(segments.condition(soon, now=late + timedelta(minutes=minutes))).count()
        for minutes in (0, 1, 3 * 24 * 60 + 1)
    ]
    assert found == [0, 1, 0]


def test_finding_the_customers_of_any_filter_is_one_query(workspace: Workspace) -> None:
    make_attributes(workspace)
    said = {
        "any": [
            {"not": {"field": "tag", "op": "in", "value": ["vip"]}},
            {"field": "search", "op": "like", "value": "freight"},
            {"all": [LARGE, {"field": "attributes.trucks", "op": "gt", "value": 3}]},
            {"field": "survey_answered", "op": "at_least", "value": {"count": 2, "days": 30}},
            {"field": "nps", "op": "lte", "value": 6},
            {"field": "measures.active_users", "op": "lt", "value": 5},
        ]
    }
    wanted = segments.condition(segments.parse(said), now=timezone.now())
    with CaptureQueriesContext(connection) as captured:
        list(Customer.objects.filter(wanted))
    assert len(captured) == 1


def test_a_key_is_registered_once() -> None:
    with pytest.raises(ValueError, match="already"):
        segments.register(fields.registered["arr"])
