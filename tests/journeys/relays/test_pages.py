"""The pages of handovers: the inbox and what one does in it, the analysis, and the settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Customer, Membership
from accounts.roles import Department, Role
from accounts.services import customers
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Relay, RelayItem, RelayTemplate, Stage
from journeys.selectors import working
from journeys.services import moving, relaying
from tests import factories
from tests.journeys.relays.conftest import House, actor, make_house, member_of
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
INBOX = "/journeys/relays/"


@pytest.fixture(autouse=True)
def _tuesday(time_machine: Any) -> None:
    time_machine.move_to(factories.NOW)


@pytest.fixture
def house(db: None) -> House:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        return make_house(workspace)


def offered(house: House, **more: Any) -> Relay:
    with workspace_scope(house.workspace):
        return house.offer(**{"now": timezone.now(), **more})


@pytest.fixture
def seller(house: House) -> Client:
    return signed_in(house.seller)


@pytest.fixture
def marketer(house: House) -> Client:
    return signed_in(house.marketer)


def fresh(relay: Relay) -> Relay:
    with workspace_scope(relay.workspace_id):
        relay.refresh_from_db()
    return relay


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_empty_inbox_says_what_will_be_here(seller: Client) -> None:
    assert "Nothing is being handed over" in text(seller.get(INBOX))


def test_the_taker_sees_what_waits_who_gave_it_and_until_when(house: House, seller: Client) -> None:
    offered(house)
    shown = text(seller.get(INBOX))
    for words in ("Loxley Mills", "From Marketing to Sales", "3 working days left", "Asked for a demo", "0 of 3"):
        assert words in shown, words
    assert "Accept into Trial" in shown


def test_the_first_box_with_something_to_do_is_shown(house: House, seller: Client, marketer: Client) -> None:
    relay = offered(house)
    assert seller.get(INBOX).context["box"] == "department"
    assert marketer.get(INBOX).context["box"] == "given"
    with workspace_scope(house.workspace):
        Relay.objects.filter(pk=relay.pk).update(taker=house.seller)
    assert seller.get(INBOX).context["box"] == "mine"
    with workspace_scope(house.workspace):
        relaying.decline(
            relay_id=relay.pk, reason="Too early", by=house.seller, actor=actor(house.seller), now=timezone.now()
        )
    assert marketer.get(INBOX).context["box"] == "declined"


@pytest.mark.parametrize("box", ["mine", "department", "overdue", "given", "declined", "decided", "all"])
def test_every_box_opens_and_an_invented_one_does_not(house: House, seller: Client, box: str) -> None:
    offered(house)
    assert seller.get(INBOX, {"box": box}).status_code == 200
    assert seller.get(INBOX, {"box": f"{box}s"}).status_code == 404


def test_accepting_brings_the_customer_in_and_goes_on_with_the_list(house: House, seller: Client) -> None:
    relay = offered(house)
    answer = seller.post(f"{INBOX}{relay.pk}/accept/?box=department", {"note": "On it"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{INBOX}?box=department"
    assert "Loxley Mills is at Trial now." in text(answer)
    assert (fresh(relay).state, relay.note) == ("accepted", "On it")


def test_what_is_missing_is_named_and_the_note_kept(house: House, seller: Client) -> None:
    relay = offered(house)
    with workspace_scope(house.workspace):
        RelayItem.objects.filter(relay=relay, position=1).update(required=True)
    answer = seller.post(f"{INBOX}{relay.pk}/accept/", {"note": "Typed already"})
    assert answer.status_code == 409
    assert [each.message for each in answer.context["missing"]] == ["The people who decide are named"]
    assert "Typed already" in text(answer)


def test_ticking_names_who_ticked(house: House, seller: Client) -> None:
    relay = offered(house)
    with workspace_scope(house.workspace):
        item = relay.items.all()[0]
    tick = f"{INBOX}{relay.pk}/items/{item.pk}/tick/"
    assert "1 of 3" in text(seller.post(tick, {"done": "1"}, follow=True))
    assert "0 of 3" in text(seller.post(tick, {"done": ""}, follow=True))
    assert seller.post(f"{INBOX}{relay.pk}/items/{relay.pk}/tick/", {"done": "1"}).status_code == 404


def test_declining_without_a_reason_shows_the_form_again(house: House, seller: Client) -> None:
    relay = offered(house)
    answer = seller.post(f"{INBOX}{relay.pk}/decline/", {"cause": "too_early", "reason": ""})
    assert answer.status_code == 422
    assert answer.context["decline_form"].errors["reason"]
    assert fresh(relay).state == "offered"
    seller.post(f"{INBOX}{relay.pk}/decline/", {"cause": "too_early", "reason": "The budget is for next year"})
    assert (fresh(relay).state, relay.decline_cause) == ("declined", "too_early")


def test_what_came_back_is_offered_again_by_the_giver(house: House, seller: Client, marketer: Client) -> None:
    relay = offered(house)
    seller.post(f"{INBOX}{relay.pk}/decline/", {"reason": "Too early"})
    assert "Offer again" in text(marketer.get(INBOX))
    marketer.post(f"{INBOX}{relay.pk}/reoffer/", {"reason": ""}).status_code = 422
    marketer.post(f"{INBOX}{relay.pk}/reoffer/", {"reason": "Budget moved up", "taker": house.seller.pk})
    with workspace_scope(house.workspace):
        again = Relay.objects.get(reoffers=relay)
        assert (again.taker, again.state) == (house.seller, "offered")
    assert "Offer again" not in text(marketer.get(f"{INBOX}{relay.pk}/"))


def test_withdrawing_is_for_the_giver(house: House, seller: Client, marketer: Client) -> None:
    relay = offered(house)
    assert seller.post(f"{INBOX}{relay.pk}/withdraw/").status_code == 403
    marketer.post(f"{INBOX}{relay.pk}/withdraw/", {"reason": "Sent too soon"})
    assert fresh(relay).state == "withdrawn"


def test_who_comes_second_reads_who_was_quicker(house: House, seller: Client) -> None:
    relay = offered(house)
    with workspace_scope(house.workspace):
        other = member_of(house.workspace, Department.SALES)
    signed_in(other).post(f"{INBOX}{relay.pk}/accept/")
    answer = seller.post(f"{INBOX}{relay.pk}/accept/", follow=True)
    assert f"{other.user} accepted it" in text(answer)


def test_another_department_looks_and_may_not_decide(house: House) -> None:
    relay = offered(house)
    success = signed_in(house.success)
    shown = text(success.get(f"{INBOX}{relay.pk}/"))
    assert "Somebody of Sales decides." in shown
    assert "/accept/" not in shown
    assert success.post(f"{INBOX}{relay.pk}/accept/").status_code == 403
    assert success.post(f"{INBOX}{relay.pk}/decline/", {"reason": "No"}).status_code == 403


def test_a_manager_is_told_that_the_audit_trail_will_say_so(house: House) -> None:
    relay = offered(house)
    assert "You act for Sales" in text(signed_in(house.manager).get(f"{INBOX}{relay.pk}/"))


def test_a_handover_to_somebody_who_left_says_so(house: House, seller: Client) -> None:
    relay = offered(house)
    with workspace_scope(house.workspace):
        gone = member_of(house.workspace, Department.SALES)
        Relay.objects.filter(pk=relay.pk).update(taker=gone)
    Membership.objects.filter(pk=gone.pk).update(left_at=timezone.now())
    assert f"It was meant for {gone.user}, who left on" in text(seller.get(f"{INBOX}{relay.pk}/"))


def test_late_ones_are_in_the_overdue_box(house: House, seller: Client) -> None:
    relay = offered(house)
    with workspace_scope(house.workspace):
        Relay.objects.filter(pk=relay.pk).update(due_at=timezone.now() - timedelta(days=20))
    assert "working days overdue" in text(seller.get(INBOX, {"box": "overdue"}))


def test_the_number_of_queries_does_not_grow_with_the_box(
    house: House, seller: Client, django_assert_max_num_queries: Any
) -> None:
    offered(house)
    counted = []
    for more in range(2):
        with django_assert_max_num_queries(60) as queries:
            assert seller.get(INBOX, {"box": "all"}).status_code == 200
        counted.append(len(queries))
        if more == 0:
            with workspace_scope(house.workspace):
                for number in range(12):
                    _offer_another(house, f"n-{number}")
    assert counted[0] == counted[1]


def _offer_another(house: House, external_id: str) -> Customer:
    customer = customers.create(
        external_id=external_id, told={"name": external_id}, actor=audit.SYSTEM, now=factories.NOW
    )
    by: dict[str, Any] = {"customer_id": customer.pk, "reason": "Next", "actor": audit.SYSTEM, "now": factories.NOW}
    moving.move(stage_key="consideration", **by)
    moving.move(stage_key="trial", by=house.marketer, **by)
    return customer


# --- analysis -----------------------------------------------------------------------------------------


@pytest.fixture
def decided(house: House) -> Iterator[House]:
    """One accepted after four working hours, one declined."""
    with workspace_scope(house.workspace):
        first = house.offer()
        relaying.accept(
            relay_id=first.pk, by=house.seller, actor=actor(house.seller), now=factories.NOW + timedelta(hours=4)
        )
        _offer_another(house, "c-2")
        second = Relay.objects.get(customer__external_id="c-2")
        relaying.decline(
            relay_id=second.pk, reason="No budget", cause="too_early", by=house.seller, actor=actor(house.seller),
            now=factories.NOW + timedelta(hours=1),
        )  # fmt: skip
        yield house


def test_the_analysis_tells_time_to_acceptance_and_why_declined(
    decided: House, seller: Client, time_machine: Any
) -> None:
    time_machine.move_to(factories.NOW + timedelta(days=2))
    shown = text(seller.get(f"{INBOX}analysis/"))
    for words in ("Marketing → Sales", "0.5 working days", "4.0 hours, n = 1", "Too early: 1", "No budget"):
        assert words in shown, words
    assert seller.get(f"{INBOX}analysis/", {"days": "7"}).status_code == 404


# --- settings -----------------------------------------------------------------------------------------


@pytest.fixture
def manager(house: House) -> Client:
    return signed_in(house.manager)


def template_of(house: House) -> RelayTemplate:
    with workspace_scope(house.workspace):
        return RelayTemplate.objects.get(to_stage__key="trial")


def told(house: House, **more: Any) -> dict[str, Any]:
    with workspace_scope(house.workspace):
        keys = {stage.key: str(stage.pk) for stage in Stage.objects.all()}
    values = {
        "from_stage": keys[more.pop("from_stage", "adoption")],
        "to_stage": keys[more.pop("to_stage", "performance")],
        "giver_department": "customer_success",
        "taker_department": "sales",
        "due_working_days": "4",
    }
    return {**values, **more}


def test_a_new_point_of_handover_is_made_with_its_checklist(house: House, manager: Client) -> None:
    lines = {"text-0": "Owner agreed", "required-0": "1", "text-1": "  ", "text-2": "Dates known"}
    assert manager.post("/settings/handovers/new/", told(house, **lines)).status_code == 302
    with workspace_scope(house.workspace):
        made = RelayTemplate.objects.get(to_stage__key="performance")
        assert [(item.text, item.required) for item in made.items.all()] == [
            ("Owner agreed", True),
            ("Dates known", False),
        ]
    assert "Owner agreed" in text(manager.get("/settings/handovers/"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"from_stage": "consideration", "to_stage": "trial"}, "has a handover already"),
        ({"from_stage": "performance", "to_stage": "adoption"}, "choose a later stage"),
        ({"due_working_days": "61"}, "60"),
        ({"text-0": "Same", "text-1": "same"}, "Two lines say the same."),
        ({"taker_department": "kitchen"}, "kitchen"),
    ],
)
def test_a_point_of_handover_that_cannot_be_is_refused_and_what_was_typed_stays(
    house: House, manager: Client, more: dict[str, str], words: str
) -> None:
    answer = manager.post("/settings/handovers/new/", told(house, **{"text-9": "Typed", **more}))
    assert answer.status_code == 200
    assert words in text(answer)
    assert "Typed" in text(answer)
    with workspace_scope(house.workspace):
        assert RelayTemplate.objects.count() == 3


def test_removing_a_point_of_handover_frees_the_move_and_keeps_what_was_offered(house: House, manager: Client) -> None:
    relay = offered(house)
    manager.post(f"/settings/handovers/{template_of(house).pk}/remove/")
    assert "Accept into Trial" in text(manager.get(f"{INBOX}{relay.pk}/"))
    with workspace_scope(house.workspace):
        assert not RelayTemplate.objects.filter(to_stage__key="trial").exists()


def test_working_days_are_told_as_lines(house: House, manager: Client) -> None:
    values = {
        "weekend": ["4", "5"],
        "opens": "08:30",
        "closes": "16:30",
        "holidays": "2026-12-25 Christmas\n\n2027-01-01",
    }
    assert manager.post("/settings/working-days/", values).status_code == 302
    with workspace_scope(house.workspace):
        days = working.working_days()
    assert sorted(str(day) for day in days.holidays) == ["2026-12-25", "2027-01-01"]
    assert "2026-12-25 Christmas" in text(manager.get("/settings/working-days/"))


def test_a_line_that_is_no_day_is_named_and_nothing_saved(house: House, manager: Client) -> None:
    values = {"weekend": ["5"], "opens": "08:30", "closes": "16:30", "holidays": "2026-12-25 Christmas\n25.12. again"}
    answer = manager.post("/settings/working-days/", values)
    assert "Line 2" in text(answer)
    with workspace_scope(house.workspace):
        assert working.working_days().weekend == frozenset({5, 6})


@pytest.mark.parametrize("address", ["/settings/handovers/", "/settings/handovers/new/", "/settings/working-days/"])
def test_settings_are_for_those_who_configure(house: House, seller: Client, address: str) -> None:
    assert seller.get(address).status_code == 403


def test_a_viewer_looks_and_does_nothing(house: House) -> None:
    relay = offered(house)
    with workspace_scope(house.workspace):
        viewer = signed_in(member_of(house.workspace, Department.SALES, Role.VIEWER))
    assert "Accept into" not in text(viewer.get(f"{INBOX}{relay.pk}/"))
    assert viewer.post(f"{INBOX}{relay.pk}/accept/").status_code == 403
