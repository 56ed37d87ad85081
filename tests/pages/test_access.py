"""The access ladder of every page: who gets in, who is told no, and for whom it does not exist."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import BulkChange, SavedSegment
from accounts.roles import Role
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from health.models import TodayDismissal
from tests.factories import NOW
from tests.pages.conftest import House, signed_in

READERS = frozenset(Role) - {Role.HOST}
EDITORS = READERS - {Role.VIEWER}
EXPORTERS = EDITORS - {Role.CONTRIBUTOR}


@dataclass(frozen=True)
class Page:
    """A page: its address name, what its address names, who may read it, and how it may be asked for."""

    name: str
    object: str = ""
    readers: frozenset[Role] = READERS
    method: str = "get"
    query: str = ""

    def __str__(self) -> str:
        return f"{self.name}{self.query}"


PAGES = [
    Page("today"),
    Page("customer_list"),
    Page("customer_filter"),
    Page("customer_search"),
    Page("customer_export", readers=EXPORTERS),
    Page("boomerang"),
    Page("customer_detail", "customer"),
    Page("customer_detail", "customer", query="?tab=adoption"),
    Page("customer_detail", "customer", query="?tab=journey"),
    Page("customer_detail", "customer", query="?tab=money"),
    Page("customer_detail", "customer", query="?tab=people"),
    Page("customer_health", "customer"),
    Page("customer_new", readers=EDITORS),
    Page("customer_edit", "customer", EDITORS),
    Page("contact_new", "customer", EDITORS),
    Page("contact_edit", "contact", EDITORS),
    Page("subscription_new", "customer", EDITORS),
    Page("subscription_edit", "subscription", EDITORS),
    Page("today_put_aside", "customer"),
]
POSTS = [
    Page("customer_bulk", readers=EDITORS, method="post"),
    Page("bulk_undo", "change", EDITORS, "post"),
    Page("segment_save", readers=READERS, method="post"),
    Page("segment_remove", "segment", READERS, "post"),
    Page("today_bring_back", "dismissal", EDITORS, "post"),
]
EVERY = [*PAGES, *POSTS]


def address(place: Page, house: House, identity: object = None) -> str:
    objects = {
        "customer": house.customer.pk,
        "contact": house.contact.pk,
        "subscription": house.subscription.pk,
        "change": uuid7(),
        "segment": uuid7(),
        "dismissal": uuid7(),
    }
    args = [identity or objects[place.object]] if place.object else []
    return reverse(place.name, args=args) + place.query


@pytest.mark.parametrize("place", PAGES, ids=str)
def test_each_role_reads_what_the_matrix_grants(house: House, place: Page) -> None:
    for role in Role:
        if place.name == "today" and role == Role.HOST:
            continue  # led to the surveys, see below
        response = house.client(role).get(address(place, house))
        assert response.status_code == (200 if role in place.readers else 403), role


@pytest.mark.parametrize("place", EVERY, ids=str)
def test_the_anonymous_are_sent_to_sign_in(house: House, place: Page) -> None:
    response = getattr(Client(), place.method)(address(place, house))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("place", [p for p in PAGES if p.object], ids=str)
def test_for_a_stranger_it_does_not_exist(house: House, place: Page) -> None:
    assert signed_in(house.stranger).get(address(place, house)).status_code == 404
    assert house.client(Role.OWNER).get(address(place, house, uuid7())).status_code == 404


@pytest.mark.parametrize("place", [p for p in EVERY if p.object], ids=str)
def test_a_malformed_id_is_not_found(house: House, place: Page) -> None:
    known = address(place, house, "00000000-0000-0000-0000-000000000000")
    malformed = known.replace("00000000-0000-0000-0000-000000000000", "not-an-id")
    assert getattr(house.client(Role.OWNER), place.method)(malformed).status_code == 404


@pytest.mark.parametrize("place", EVERY, ids=str)
def test_a_wrong_method_is_refused(house: House, place: Page) -> None:
    method = "get" if place.method == "post" else "delete"
    assert getattr(house.client(Role.OWNER), method)(address(place, house)).status_code == 405


@pytest.mark.parametrize(
    "name", ["customer_edit", "contact_new", "subscription_new", "today_put_aside", "customer_bulk", "bulk_undo"]
)
def test_a_viewer_changes_nothing(house: House, name: str) -> None:
    place = next(each for each in EVERY if each.name == name)
    assert house.client(Role.VIEWER).post(address(place, house), {"name": "Taken over"}).status_code == 403


def test_what_a_colleague_made_is_not_mine_to_undo(house: House) -> None:
    owner, csm = house.members[Role.OWNER], house.members[Role.CSM]
    common = {"workspace": house.workspace}
    with workspace_scope(house.workspace):
        segment = SavedSegment.objects.create(
            **common, name="Mine", definition={"all": []}, owner=owner, created_at=NOW
        )
        change = BulkChange.objects.create(**common, kind="tag", value="x", before={}, made_by=owner, made_at=NOW)
        dismissal = TodayDismissal.objects.create(
            **common, customer=house.customer, member=owner, kind="done", reason="x", until=NOW.date(), made_at=NOW
        )
    for name, record in (("segment_remove", segment), ("bulk_undo", change), ("today_bring_back", dismissal)):
        assert house.client(Role.CSM).post(reverse(name, args=[record.pk])).status_code == 404
    assert csm != owner


def test_only_roles_that_hand_portfolios_over_assign_in_bulk(house: House) -> None:
    told = {"action": "assign", "customer": str(house.customer.pk)}
    assert house.client(Role.CSM).post(reverse("customer_bulk"), told).status_code == 403
    assert house.client(Role.MANAGER).post(reverse("customer_bulk"), told).status_code == 200


def test_a_host_is_led_from_the_home_page_to_the_surveys(house: House) -> None:
    response = house.client(Role.HOST).get("/")
    assert (response.status_code, response["Location"]) == (302, "/surveys/")
