"""Pages of adoption: the customer's tab, its people under the names allowed, and the workspace's settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Contact, Customer, Workspace
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import adoption
from journeys.models import AdoptionGroup, AdoptionIndicator, AdoptionRules, AdoptionState
from journeys.selectors import adoption as reads
from journeys.services.adoption import settings
from surveys.models import Dispatch, SurveyInvitation
from tests import factories
from tests.health.uses import store_uses
from tests.surveys import hosting, invited

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Workspace:
    return factories.make_workspace()


def signed_in(house: Workspace, role: Role = Role.ADMIN) -> Client:
    client = Client()
    client.force_login(factories.make_member(house, role).user)
    return client


def in_use(*, people: int = 6, name: str = "Marian Hale") -> tuple[Customer, list[Contact]]:
    """A customer some of whose people use the product every day, the others now and then."""
    now = datetime.now(UTC)
    customer = factories.make_customer()
    contacts = [
        factories.make_contact(customer, name=f"{name} {n}", title="Planner", invited_at=now - timedelta(days=80))
        for n in range(people)
    ]
    store_uses({contact: range(20) if n % 2 else [1] for n, contact in enumerate(contacts)}, now=now)
    while adoption.follow_marked(now=now):
        pass
    return customer, contacts


def tab(customer: Customer) -> str:
    return reverse("customer_detail", args=[customer.pk]) + "?tab=adoption"


def test_the_tab_tells_how_many_people_stand_where(house: Workspace) -> None:
    with workspace_scope(house):
        customer, _people = in_use()
        empty = factories.make_customer("Nobody yet")
    client = signed_in(house, Role.VIEWER)
    page = client.get(tab(customer)).content.decode()
    assert "3 of 6 people use it out of habit" in page
    assert "Habitual" in page
    assert "Share of people in habit" in page
    assert "Nobody was invited yet" in client.get(tab(empty)).content.decode()


@pytest.mark.parametrize(
    ("shown", "seen", "unseen"),
    [
        ("name", ["Marian Hale 1", "Planner"], ["Person "]),
        ("pseudonym", ["Person "], ["Marian Hale", "Planner"]),
        ("aggregate", ["aggregate only"], ["Marian Hale", "Planner", "Person "]),
    ],
)
def test_people_are_shown_under_the_names_the_workspace_allows(
    house: Workspace, shown: str, seen: list[str], unseen: list[str]
) -> None:
    with workspace_scope(house):
        customer, _people = in_use()
        settings.show_people(people=shown, actor=audit.SYSTEM, now=factories.NOW)
    client = signed_in(house)
    address = reverse("adoption_people", args=[customer.pk])
    for state in ("", "?state=habitual"):
        page = client.get(address + state).content.decode().partition("<main")[2]
        assert all(text in page for text in seen)
        assert not any(text in page for text in unseen)
    assert client.get(f"{address}?state=asleep").status_code == 404


def test_in_aggregate_few_people_are_not_told_apart(house: Workspace) -> None:
    with workspace_scope(house):
        customer, _people = in_use(people=4)
        settings.show_people(people="aggregate", actor=audit.SYSTEM, now=factories.NOW)
    page = signed_in(house).get(tab(customer)).content.decode()
    assert "fewer than 5 would be no aggregate" in page
    assert "Habitual" not in page


def test_the_tab_and_the_list_take_as_many_queries_for_many_as_for_few(house: Workspace) -> None:
    with workspace_scope(house):
        few, _ = in_use(people=3)
        many, _ = in_use(people=70)
    client = signed_in(house)
    for address in (tab, lambda customer: reverse("adoption_people", args=[customer.pk])):
        needed = []
        for customer in (few, few, many):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address(customer)).status_code == 200
            needed.append(len(queries))
        assert needed[1] == needed[2]


def test_the_tab_tells_the_first_impression_of_those_asked_for_it(house: Workspace) -> None:
    with workspace_scope(house):
        customer, contacts = in_use()
        survey = invited.score_survey("csat", "first-impression", questions=[])
        asked = Dispatch.objects.create(
            workspace=house, survey=survey, occasion="contact.first_used", is_personal=True, created_at=factories.NOW
        )
        for contact in contacts[:2]:
            SurveyInvitation.objects.create(
                workspace=house, survey=survey, dispatch=asked, email=f"{contact.pk}@loxley.example", contact=contact,
                customer=customer, token_hash=str(contact.pk), created_at=factories.NOW, due_at=factories.NOW,
            )  # fmt: skip
            hosting.answered(survey, score=4, choices=[], contact=contact, customer=customer)
    client = signed_in(house)
    assert "First impression: 4.0 of 5 from 2 people" in client.get(tab(customer)).content.decode()
    with workspace_scope(house):
        settings.show_people(people="aggregate", actor=audit.SYSTEM, now=factories.NOW)
    assert "First impression" not in client.get(tab(customer)).content.decode()


def told(**more: Any) -> dict[str, Any]:
    return {
        "events": "3 report.sent\n5 *", "match": "any", "within_days": "7", "habit_days": "4", "window_days": "14",
        "habit_events": "report.sent", "lapse_days": "21", "reason": "Reports are what they bought", "version": "0",
    } | more  # fmt: skip


def test_rules_are_set_on_the_settings_page_and_stand_there_in_words(house: Workspace) -> None:
    client = signed_in(house)
    page = client.get(reverse("adoption_settings")).content.decode()
    assert "Activated: 10 × any event within 14 days, once." in page
    assert client.post(reverse("adoption_settings"), told()).status_code == 302
    page = client.get(reverse("adoption_settings")).content.decode()
    assert "Activated: 3 × “report.sent” or 5 × any event within 7 days, once." in page
    assert "Reports are what they bought" in page
    stale = client.post(reverse("adoption_settings"), told(lapse_days="30"))
    assert stale.status_code == 422
    assert "version 1" in stale.content.decode()
    with workspace_scope(house):
        assert AdoptionRules.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("events", "three reports", "Line 1: “three reports” is not a number and a name"),
        ("events", "99999 report", "whole number from 1 to 10000"),
        ("habit_days", "20", "more days than are looked at (14)"),
        ("lapse_days", "0", "greater than or equal to 1"),
        ("effective_on", "2999-01-01", "nobody can be followed in the future"),
        ("match", "some", "not one of the available choices"),
    ],
)
def test_rules_that_cannot_be_come_back_with_the_reason(house: Workspace, field: str, value: str, said: str) -> None:
    answer = signed_in(house).post(reverse("adoption_settings"), told(**{field: value}))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    with workspace_scope(house):
        assert not AdoptionRules.objects.exists()


def test_how_people_are_shown_is_for_those_who_configure(house: Workspace) -> None:
    address = reverse("adoption_display")
    assert signed_in(house, Role.CSM).post(address, {"people": "pseudonym"}).status_code == 403
    assert signed_in(house).post(address, {"people": "nobody"}).status_code == 422
    assert signed_in(house).post(address, {"people": "pseudonym"}).status_code == 302
    with workspace_scope(house):
        assert reads.shown().people == "pseudonym"


def test_plan_group_and_indicator_are_written_on_pages_and_stand_on_the_tab(house: Workspace) -> None:
    with workspace_scope(house):
        customer, _people = in_use()
    client = signed_in(house, Role.CSM)
    pages: list[tuple[str, dict[str, str], str]] = [
        ("adoption_plan", {"baseline_percent": "10", "targets": "2199-12-31 80%", "version": "0"}, "planned"),
        ("adoption_group_new", {"name": "Planner", "step": "high", "words": "Other hours"}, "High step"),
        (
            "adoption_indicator_new",
            {"title": "Most in habit", "kind": "share", "state": "habitual", "threshold": "90"},
            "Most in habit",
        ),
    ]
    for name, told, seen in pages:
        address = reverse(name, args=[customer.pk])
        assert client.get(address).status_code == 200
        answer = client.post(address, told)
        assert answer.status_code == 302, answer.content.decode()
        assert seen in client.get(tab(customer)).content.decode()
    wrong = client.post(reverse("adoption_plan", args=[customer.pk]), {"baseline_percent": "10", "targets": "soon"})
    assert "is not a day and a percentage" in wrong.content.decode()
    unexplained = client.post(
        reverse("adoption_plan", args=[customer.pk]),
        {"baseline_percent": "10", "targets": "2199-12-31 70", "version": "1"},
    )
    assert "Say why the plan changes." in unexplained.content.decode()
    with workspace_scope(house):
        group, indicator = AdoptionGroup.objects.get(), AdoptionIndicator.objects.get()
    assert client.get(reverse("adoption_group_edit", args=[group.pk])).status_code == 200
    assert client.post(reverse("adoption_group_remove", args=[group.pk])).status_code == 302
    assert client.post(reverse("adoption_indicator_remove", args=[indicator.pk])).status_code == 302
    page = client.get(tab(customer)).content.decode()
    assert "High step" not in page
    assert "Most in habit" not in page
    assert signed_in(house, Role.VIEWER).get(reverse("adoption_plan", args=[customer.pk])).status_code == 403


@pytest.mark.parametrize(("shown", "status", "named"), [("name", 200, 6), ("pseudonym", 200, 0), ("aggregate", 403, 0)])
def test_the_administration_shows_people_as_everywhere_else(
    house: Workspace, shown: str, status: int, named: int
) -> None:
    with workspace_scope(house):
        in_use()
        settings.show_people(people=shown, actor=audit.SYSTEM, now=factories.NOW)
        row = AdoptionState.objects.first()
        assert row is not None
    client = signed_in(house, Role.OWNER)
    listing = client.get(reverse("admin:journeys_adoptionstate_changelist"))
    assert listing.status_code == status
    assert listing.content.decode().count("Marian Hale") == named
    detail = client.get(reverse("admin:journeys_adoptionstate_change", args=[row.pk]))
    assert detail.status_code == status
    assert "Marian Hale" not in detail.content.decode()
