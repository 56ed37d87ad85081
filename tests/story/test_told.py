"""The pages tell the story: what a reader who was not there finds on the customer's page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from csplatform.core.tenancy import workspace_scope
from journeys import chronicle
from journeys.chronicle import Entry
from journeys.selectors import flights
from tests.story.conftest import Clock
from tests.story.integration import Integration, told_over_rest
from tests.story.telling import CUSTOMER, END, STORY, STRUCK, House, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(clock: Clock) -> House:
    return told_over_rest(clock)


def test_the_journey_is_told_lap_by_lap_with_what_happened_beside_the_moves(house: House) -> None:
    with workspace_scope(house.workspace):
        customer = Customer.objects.get(external_id=CUSTOMER)
        second, first = chronicle.chapters(flights.flight_of(customer, END.date()))
        told = [_told(entry) for entry in reversed(first.entries)]
    assert told == [
        "Awareness",
        "Consideration",
        "Trial criterion agreed",
        "Trial",
        "Met, by name",
        "Decision & contract",
        "Outcome promised",
        "Handover declined",
        "Adoption",
        "Outcome changed",
        "Performance",
        "Shock",
        "Win",
        "Transformation",
        "Advocacy",
        "Advocacy",
    ]
    assert (second.lap and second.lap.number, len(second.entries)) == (2, 7)


def test_the_page_says_who_referred_it_on_which_lap_it_is_and_what_came_of_it(house: House) -> None:
    with workspace_scope(house.workspace):
        customer = Customer.objects.get(external_id=CUSTOMER)
    reader = Client()
    reader.force_login(house.members["finance"].user)
    page = reader.get(f"/customers/{customer.pk}/?tab=journey").content.decode()
    for words in ("lap 2", "referred by", "Nottingham Freight", "Nobody on their side measures the KPI",
                  "Orders shipped the same day: 91", "Flood on the Trent"):  # fmt: skip
        assert words in page, words
    assert "Nottingham Freight" in reader.get(f"/customers/{customer.pk}/").content.decode()


def test_a_longer_story_takes_no_more_queries(clock: Clock) -> None:
    clock(STORY[0].at)
    workspace = make_house().workspace
    integration = Integration(workspace)
    counted = set()
    for step in STORY:
        clock(step.at)
        integration.tell(step)
        if step.at < STRUCK or step.deed not in ("strike", "accept"):
            continue
        with workspace_scope(workspace):
            customer = Customer.objects.get(external_id=CUSTOMER)
            with CaptureQueriesContext(connection) as captured:
                chronicle.chapters(flights.flight_of(customer, step.at.date()))
        counted.add(len(captured))
    assert len(counted) == 1


def _told(entry: Entry) -> str:
    """The tag of an event, the stage of a move."""
    if entry.event is not None:
        return entry.event.tag
    assert entry.move is not None
    assert entry.move.stage is not None
    return entry.move.stage.name
