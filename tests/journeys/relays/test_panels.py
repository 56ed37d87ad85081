"""Handovers on other pages: Today, the customer's journey, the preview of a deletion; and in the demo."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import extensions
from accounts.models import Membership
from accounts.roles import Department, Role
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import handovers
from journeys.models import Relay
from journeys.services import relaying
from tests import factories
from tests.journeys.relays.conftest import House, actor, make_house, member_of
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
NOW = factories.NOW


@pytest.fixture(autouse=True)
def _tuesday(time_machine: Any) -> None:
    time_machine.move_to(NOW)


@pytest.fixture
def house(db: None) -> House:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        return make_house(workspace)


def today(member: Membership) -> str:
    return str(signed_in(member).get("/").content.decode())


def test_today_shows_what_waits_for_the_department_and_nothing_to_others(house: House) -> None:
    with workspace_scope(house.workspace):
        house.offer()
    assert "Handovers waiting for you" in today(house.seller)
    assert "from Marketing, into Trial" in today(house.seller)
    assert "Handovers waiting for you" not in today(house.success)


def test_today_shows_the_giver_what_came_back_and_why(house: House) -> None:
    with workspace_scope(house.workspace):
        relay = house.offer()
        relaying.decline(
            relay_id=relay.pk, reason="The budget is not named", by=house.seller, actor=actor(house.seller), now=NOW
        )
    assert "came back: The budget is not named" in today(house.marketer)
    assert "came back" not in today(house.seller)


def test_todays_managers_of_the_department_see_what_lies_too_long(house: House) -> None:
    with workspace_scope(house.workspace):
        house.offer(now=NOW - timedelta(days=30))
        manager = member_of(house.workspace, Department.SALES, Role.MANAGER)
        relaying.escalate(now=NOW)
    assert "working days overdue" in today(manager)
    assert "Handovers waiting for you" not in today(house.manager)


def test_the_journey_of_a_customer_tells_its_handovers_in_as_many_queries_as_one(
    house: House, django_assert_max_num_queries: Any
) -> None:
    seller, address = signed_in(house.seller), f"/customers/{house.customer.pk}/?tab=journey"
    by: dict[str, Any] = {"by": house.seller, "actor": actor(house.seller), "now": NOW}
    counted = []
    for words in ("Too early", "Still too early", "Not this year"):
        with workspace_scope(house.workspace):
            relay = house.offer()
            relaying.decline(relay_id=relay.pk, reason=words, **by)
        with django_assert_max_num_queries(80) as queries:
            shown = str(seller.get(address).content.decode())
        assert words in shown
        counted.append(len(queries))
    assert counted[1] == counted[2]


def test_the_preview_of_a_deletion_counts_handovers(house: House) -> None:
    with workspace_scope(house.workspace):
        house.offer()
        assert ("Handovers", 1) in extensions.count_for_deletion(house.customer.pk)
        house.customer.delete()
        assert not Relay.objects.exists()


def test_the_demos_handovers_go_the_same_way_every_time() -> None:
    stories = [handovers.story(f"c-{number}", "trial", "sales", 3) for number in range(400)]
    assert stories == [handovers.story(f"c-{number}", "trial", "sales", 3) for number in range(400)]
    refused = [each for each in stories if each.refused is not None]
    assert 0.05 < len(refused) / len(stories) < 0.25
    assert all(each.hours > 0 and len(each.ticks) == 3 for each in stories)
