"""Segments as people keep them: saved from the list, shared or not, listed with words and counts."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AttributeDefinition, Customer, SavedSegment
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.pages.conftest import House
from tests.pages.test_list_page import LIST, fill, text_of


def keep(house: House, name: str, query: str, role: Role = Role.MANAGER, **told: str) -> str:
    """Save the list of ``query`` as a segment; where the answer leads."""
    location = house.client(role).post(reverse("segment_save"), {"name": name, "query": query, **told})["Location"]
    assert isinstance(location, str)
    return location


def kept(house: House) -> list[SavedSegment]:
    with workspace_scope(house.workspace):
        return list(SavedSegment.objects.all())


def test_a_segment_keeps_filter_and_order_and_may_be_shared(house: House) -> None:
    fill(house, 60)
    address = keep(house, "Renewals I watch", "band=watch&sort=notice", Role.OWNER, is_shared="on")
    (segment,) = kept(house)
    assert segment.definition == {"all": [{"field": "band", "op": "in", "value": ["watch"]}]}
    assert address == f"{LIST}?segment={segment.pk}"
    shown = text_of(house.client(Role.CSM).get(address))
    assert re.search(rf'href="/customers/\?segment={segment.pk}" aria-current="true">Renewals I watch', shown)
    assert re.search(r'class="col-notice num" aria-sort="ascending"', shown)
    keep(house, "Private", "band=at_risk", Role.OWNER)
    assert "Private" not in text_of(house.client(Role.CSM).get(LIST))


def test_me_in_a_shared_segment_is_whoever_looks(house: House) -> None:
    with workspace_scope(house.workspace):
        factories.make_customer("Of the CSM", csm=house.members[Role.CSM])
        factories.make_customer("Of the manager", csm=house.members[Role.MANAGER])
    address = keep(house, "Mine", "csm=me", is_shared="on")
    for role, theirs, other in (
        (Role.CSM, "Of the CSM", "Of the manager"),
        (Role.MANAGER, "Of the manager", "Of the CSM"),
    ):
        shown = text_of(house.client(role).get(address))
        assert theirs in shown
        assert other not in shown


def test_the_same_name_replaces_ones_own_segment(house: House) -> None:
    for band in ("watch", "at_risk"):
        keep(house, "Mine", f"band={band}")
    (segment,) = kept(house)
    assert segment.definition["all"][0]["value"] == ["at_risk"]
    house.client().post(reverse("segment_remove", args=[segment.pk]))
    assert not kept(house)


@pytest.mark.parametrize(("name", "query"), [("", "band=watch"), ("Empty", ""), ("Odd", "band=purple&arr_min=1")])
def test_a_segment_needs_a_name_and_a_filter_that_can_be_read(house: House, name: str, query: str) -> None:
    keep(house, name, query)
    assert not kept(house)


def test_a_segment_whose_field_is_gone_shows_nobody_and_says_why(house: House) -> None:
    with workspace_scope(house.workspace):
        tier = AttributeDefinition.objects.create(
            workspace=house.workspace, key="tier", label="Tier", kind="text", created_at=factories.NOW
        )
    address = keep(house, "Not gold", 'filter={"not":{"field":"attributes.tier","op":"in","value":["gold"]}}')
    assert "Nottingham Freight" in text_of(house.client().get(address))
    with workspace_scope(house.workspace):
        tier.delete()
    for page in (address, reverse("segment_list")):
        shown = text_of(house.client().get(page))
        assert "There is no “attributes.tier” to filter by (any more)." in shown
        assert "Nottingham Freight" not in shown


def test_the_segments_are_listed_with_words_and_counts_in_a_fixed_number_of_queries(house: House) -> None:
    fill(house, 60)
    counts = []
    for number in range(8):
        keep(house, f"Segment {number}", f"band=at_risk&arr_min={number * 1000}")
        if number in (1, 7):
            with CaptureQueriesContext(connection) as captured:
                shown = text_of(house.client().get(reverse("segment_list")))
            counts.append(len(captured))
    assert counts[0] == counts[1], counts
    with workspace_scope(house.workspace):
        expected = Customer.objects.filter(health__band="at_risk").count()
    assert "Customers with health at risk and ARR of at least €0" in shown
    assert f'<td class="num"><b>{expected}</b></td>' in shown


@pytest.mark.parametrize("told", ["{", "[]", '{"all":[{"field":"nope","op":"in","value":["x"]}]}', "[" * 5000])
def test_a_damaged_filter_in_the_address_shows_nobody(house: House, told: str) -> None:
    shown = text_of(house.client().get(LIST, {"filter": told}))
    assert "Nottingham Freight" not in shown
    assert "nobody is shown" in shown
