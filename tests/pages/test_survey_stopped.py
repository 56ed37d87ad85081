"""Addresses without survey mail, as hosts look after them: shortened, found when typed whole, allowed for a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from surveys.models import Suppression
from surveys.services import suppressing
from tests.factories import NOW
from tests.pages.conftest import House

ADDRESS = "/surveys/stopped/"


def stop(house: House, email: str = "anna@people.example", reason: str = "unsubscribed") -> Suppression:
    with workspace_scope(house.workspace):
        return suppressing.suppress(email=email, reason=reason, actor=audit.SYSTEM, now=NOW)


def stopped(house: House) -> list[str]:
    with workspace_scope(house.workspace):
        return list(Suppression.objects.order_by("email").values_list("email", flat=True))


def post(house: House, **fields: Any) -> Any:
    return house.client(Role.HOST).post(ADDRESS, fields, follow=True)


def test_the_list_shortens_addresses_and_hides_domains_from_hosts(house: House) -> None:
    stop(house)
    for role, shown in ((Role.HOST, "a…@p…"), (Role.MANAGER, "a…@people.example")):
        body = house.client(role).get(ADDRESS).content.decode()
        assert f">{shown}<" in body
        assert "anna@" not in body
        assert "Unsubscribed" in body


def test_an_address_typed_whole_is_found_or_said_to_be_elsewhere(house: House) -> None:
    stop(house)
    assert "gets no survey mail: Unsubscribed" in post(house, email="Anna@people.example").content.decode()
    assert "is not on the list" in post(house, email="ben@people.example").content.decode()


def test_a_host_stops_mail_to_an_address_and_the_trail_says_who(house: House) -> None:
    page = post(house, email="ben@people.example", reason="do_not_contact", action="stop")
    assert "gets no survey mail any more" in page.content.decode()
    assert stopped(house) == ["ben@people.example"]
    with workspace_scope(house.workspace):
        event = AuditEvent.objects.filter(action="survey_mail.stopped").get()
    assert event.data == {"reason": "do_not_contact", "address": "b…@people.example"}


@pytest.mark.parametrize("fields", [{"email": "nobody"}, {"email": "a@b.example", "reason": "whim"}])
def test_faults_change_nothing_and_keep_what_was_typed(house: House, fields: dict[str, str]) -> None:
    page = post(house, action="stop", **fields)
    assert page.status_code == 422
    assert f'value="{fields["email"]}"' in page.content.decode()
    assert stopped(house) == []


def test_allowing_again_takes_a_reason_which_stays_on_record(house: House) -> None:
    row = stop(house)
    refused = post(house, row=str(row.pk), because=" ", action="allow")
    assert refused.status_code == 422
    assert stopped(house) == ["anna@people.example"]
    post(house, row=str(row.pk), because="She asked us to on the phone", action="allow")
    assert stopped(house) == []
    with workspace_scope(house.workspace):
        event = AuditEvent.objects.filter(action="survey_mail.allowed").get()
    assert event.data["because"] == "She asked us to on the phone"
    assert "anna@" not in str(event.data)


def test_a_row_of_another_workspace_is_out_of_reach(house: House) -> None:
    row = stop(house)
    client = Client()
    client.force_login(house.stranger.user)
    answer = client.post(ADDRESS, {"row": str(row.pk), "because": "x", "action": "allow"})
    assert answer.status_code in (403, 404)
    assert stopped(house) == ["anna@people.example"]


def test_viewers_without_surveys_are_refused(house: House) -> None:
    assert house.client(Role.VIEWER).get(ADDRESS).status_code == 403


def test_queries_do_not_grow_with_addresses(house: House) -> None:
    client = house.client(Role.HOST)

    def measured(n: int) -> int:
        for i in range(n):
            stop(house, f"p{n}-{i}@people.example")
        with CaptureQueriesContext(connection) as captured:
            client.get(ADDRESS)
        return len(captured)

    measured(1)
    assert measured(2) == measured(20)
