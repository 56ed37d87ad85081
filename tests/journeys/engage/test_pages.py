"""Logging and reading conversations in the browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Customer, Workspace
from accounts.roles import Role
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Engagement, EngagementCustomer
from journeys.selectors import engagements as selectors
from journeys.selectors.engagements import Wanted
from journeys.services import engagements, shocks
from tests import factories
from tests.journeys.engage.conftest import NOW, Town, make_town

LOG = "/journeys/engagements/log/"


@pytest.fixture
def place(db: None) -> tuple[Workspace, Town, Client]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        town = make_town(workspace)
    client = Client()
    client.force_login(town.csm.user)
    return workspace, town, client


def many(town: Town, number: int) -> None:
    """``number`` conversations with the mills, one an hour."""
    rows = [
        Facts(
            f"e-{each}",
            {
                "customer_external_id": "c-mills",
                "contact_external_id": "p-ann",
                "direction": "inbound" if each % 3 else "outbound",
                "channel": "email",
                "occurred_at": NOW - timedelta(hours=each),
                "subject": f"Talk {each}",
            },
        )
        for each in range(number)
    ]
    for start in range(0, number, 5_000):
        engagements.upsert(rows=rows[start : start + 5_000], actor=audit.SYSTEM, now=NOW)


def test_a_line_is_logged_and_leads_back_with_a_way_to_undo(place: Any) -> None:
    workspace, town, client = place
    here = f"{reverse('customer_detail', args=[town.mills.pk])}?tab=activity"
    told = {"line": "call> Weekly review @ann +", "customer": str(town.mills.pk), "here": here}
    answer = client.post(LOG, told)
    assert answer.status_code == 302
    with workspace_scope(workspace):
        made = Engagement.objects.get()
        assert (made.subject, made.channel, made.sentiment) == ("Weekly review", "call", "positive")
        assert [link.contact_id for link in made.contacts.all()] == [town.ann.pk]
        assert made.by_id == town.csm.pk
    page = client.get(answer["Location"]).content.decode()
    assert "Weekly review" in page
    assert reverse("engagement_remove", args=[made.pk]) in page
    client.post(reverse("engagement_remove", args=[made.pk]))
    with workspace_scope(workspace):
        assert not Engagement.objects.exists()


def test_every_label_on_the_activity_tab_belongs_to_one_field(place: Any) -> None:
    workspace, town, client = place
    with workspace_scope(workspace):
        many(town, 1)
    page = client.get(f"{reverse('customer_detail', args=[town.mills.pk])}?tab=activity").content.decode()
    fields = re.findall(r'<(?:input|select|textarea)[^>]*? id="([^"]+)"', page)
    assert len(fields) == len(set(fields))
    assert set(re.findall(r'<label for="([^"]+)"', page)) <= set(fields)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("call> Review @zoe", "zoe"),
        ("call> Review @a", "may be several people"),
        ("call>  +", "Say in a few words"),
        ("call> #nobodyatall Review", "nobodyatall"),
    ],
)
def test_what_is_not_understood_comes_back_as_it_was_typed(place: Any, line: str, words: str) -> None:
    workspace, town, client = place
    with workspace_scope(workspace):
        factories.make_contact(town.mills, name="Anna Smith", email="anna@loxley.example")
    answer = client.post(LOG, {"line": line, "body": "Long notes", "customer": str(town.mills.pk)})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "Long notes" in page
    assert line.split()[0].replace(">", "&gt;") in page
    with workspace_scope(workspace):
        assert not Engagement.objects.exists()


def test_from_today_the_line_names_its_customer(place: Any) -> None:
    workspace, town, client = place
    assert b"data-quick-log" in client.get("/").content
    assert client.post(LOG, {"line": "mail< #nottingham Wants a quote"}).status_code == 302
    with workspace_scope(workspace):
        assert [link.customer_id for link in EngagementCustomer.objects.all()] == [town.freight.pk]


def test_files_say_what_became_of_each(place: Any) -> None:
    _workspace, _town, client = place
    good = SimpleUploadedFile(
        "good.eml",
        b"From: ann@loxley.example\r\nTo: marian@kestrel.example\r\nDate: Mon, 1 Jun 2026 12:00:00 +0200\r\n\r\nHi",
    )
    bad = SimpleUploadedFile("bad.exe", b"MZ")
    page = client.post("/journeys/engagements/files/", {"files": [good, bad]}).content.decode()
    assert "Loxley Mills" in page
    assert "bad.exe" in page
    assert "not logged" in page
    assert client.post("/journeys/engagements/files/").status_code == 422


def test_a_change_that_came_second_saves_nothing_and_keeps_what_was_typed(place: Any) -> None:
    workspace, town, client = place
    with workspace_scope(workspace):
        made = town.log(subject="Before")
    address = reverse("engagement_edit", args=[made.pk])
    told = {
        "subject": "Mine", "direction": "vendor_to_customer", "channel": "call", "occurred_at": "2026-06-01T10:00",
        "version": "1",
    }  # fmt: skip
    assert client.post(address, told).status_code == 302
    second = client.post(address, {**told, "subject": "Yours"})
    assert second.status_code == 409
    assert b"Yours" in second.content
    with workspace_scope(workspace):
        assert Engagement.objects.get().subject == "Mine"


def test_viewers_read_and_cannot_log(place: Any) -> None:
    workspace, town, _client = place
    viewer = Client()
    viewer.force_login(factories.make_member(workspace, Role.VIEWER).user)
    page = viewer.get(f"{reverse('customer_detail', args=[town.mills.pk])}?tab=activity")
    assert page.status_code == 200
    assert b"data-quick-log" not in page.content
    assert viewer.post(LOG, {"line": "call> x", "customer": str(town.mills.pk)}).status_code == 403


def test_the_timeline_takes_the_same_queries_whatever_there_is(place: Any) -> None:
    workspace, town, client = place
    address = f"{reverse('customer_detail', args=[town.mills.pk])}?tab=activity"

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as told:
            assert client.get(address).status_code == 200
        return len(told)

    with workspace_scope(workspace):
        many(town, 2)
    client.get(address)
    few = queries()
    with workspace_scope(workspace):
        many(town, 60)
    assert queries() == few


def test_ten_thousand_conversations_are_read_from_the_index(place: Any) -> None:
    workspace, town, _client = place
    with workspace_scope(workspace):
        many(town, 10_000)
        with connection.cursor() as cursor:
            # The planner has no figures of rows a test has just made: asked whether the index can give the order.
            cursor.execute("SET LOCAL enable_sort = off")
        rows = EngagementCustomer.objects.filter(customer_id=town.mills.pk).order_by("-occurred_at", "-id")
        plan = rows[:51].explain()
        assert "engagement_of_customer" in plan
        assert "Sort" not in plan
        seen: list[UUID] = []
        after = None
        for _page in range(4):
            found = selectors.timeline(town.mills.pk, Wanted(direction="vendor_to_customer"), after=after)
            seen += [each.pk for each in found.entries]
            after = found.page.next
        assert len(set(seen)) == 200
        assert {each.direction for each in found.entries} == {"vendor_to_customer"}


def test_nonsense_in_the_address_is_no_error(place: Any) -> None:
    _workspace, town, client = place
    odd = "&direction=up&since=never&person=%00&after=xx&logged=%3Cb%3E"
    assert client.get(f"{reverse('customer_detail', args=[town.mills.pk])}?tab=activity{odd}").status_code == 200


def test_the_activity_tells_the_shocks_a_customer_was_exposed_to(place: tuple[Workspace, Town, Client]) -> None:
    workspace, town, client = place
    with workspace_scope(workspace):
        Customer.objects.filter(pk=town.mills.pk).update(country="GB")
        told: dict[str, Any] = {
            "definition": {"field": "country", "op": "in", "value": ["GB"]},
            "actor": audit.SYSTEM,
            "now": NOW,
        }
        flood = shocks.declare(name="Flood on the Trent", **told)
    shown = [
        client.get(f"/customers/{customer.pk}/?tab=activity").content.decode()
        for customer in (town.mills, town.freight)
    ]
    assert [("Flood on the Trent" in page, "running" in page) for page in shown] == [(True, True), (False, False)]
    with workspace_scope(workspace):
        shocks.close(shock_id=flood.pk, lesson="A second carrier helps", actor=audit.SYSTEM, now=NOW)
    assert "A second carrier helps" in client.get(f"/customers/{town.mills.pk}/?tab=activity").content.decode()
