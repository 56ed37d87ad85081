"""What filters mean: the query and plain Python agree about every customer, whatever the filter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts import segments
from accounts.models import Customer, Workspace
from accounts.segments import Filter
from tests.accounts.segments import naive, strategies
from tests.accounts.segments.conftest import make_customers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("met")]

TODAY = timezone.now().date()
DOCUMENTS = strategies.documents(TODAY)
# The customers are only read, so every example may see the same ones.
_SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)


def found(filter: Filter) -> set[Any]:
    wanted = segments.condition(filter, now=timezone.now())
    return set(Customer.objects.filter(wanted).values_list("pk", flat=True))


@pytest.fixture(params=[1, 2])
def customers(workspace: Workspace, request: pytest.FixtureRequest) -> list[Customer]:
    return make_customers(workspace, request.param)


@_SHARED
@example(said={"field": "employees", "op": "gte", "value": -1})
@example(said={"field": "employees", "op": "lt", "value": 10**10})
@given(said=DOCUMENTS)
def test_the_query_finds_whom_plain_python_finds(customers: list[Customer], said: dict[str, Any]) -> None:
    expected = {c.pk for c in customers if naive.fulfils(naive.facts_of(c), said, TODAY)}
    assert found(segments.parse(said)) == expected


@_SHARED
@given(one=DOCUMENTS, other=DOCUMENTS)
def test_not_both_is_either_not(customers: list[Customer], one: dict[str, Any], other: dict[str, Any]) -> None:
    for outer, inner in (("all", "any"), ("any", "all")):
        together = found(segments.parse({"not": {outer: [one, other]}}))
        apart = found(segments.parse({inner: [{"not": one}, {"not": other}]}))
        assert together == apart
    everybody = {c.pk for c in customers}
    assert found(segments.parse({"not": one})) == everybody - found(segments.parse(one))


@_SHARED
@given(said=DOCUMENTS, code=st.sampled_from(["en", "fr", "de"]))
def test_a_filter_survives_its_way_through_json_and_is_always_explained(
    workspace: Workspace, said: dict[str, Any], code: str
) -> None:
    with override(code):
        parsed = segments.parse(said) if not _attributes(said) else segments.stored(said)
        again = segments.stored(json.loads(json.dumps(parsed.as_json())))
        assert again.as_json() == parsed.as_json()
        words = segments.explain(again)
        assert words
        assert "%(" not in words


def _attributes(said: Any) -> bool:
    return "attributes." in json.dumps(said)
