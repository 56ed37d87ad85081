"""A handover from offer to decision: who may decide, what it takes, and what it leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AccountTeamMember, Membership
from accounts.models.customers import TeamRole
from accounts.roles import Department, Role
from accounts.services import subscriptions
from csplatform.core.audit import Actor
from csplatform.core.models import AuditEvent, OutboxEvent
from journeys.models import (
    CriterionKind,
    DeclineCause,
    Move,
    Outcome,
    OutcomeVersion,
    Relay,
    RelayItem,
    RelayState,
    RelayTemplateItem,
    Side,
    Stage,
    StageCriterion,
)
from journeys.selectors import promises
from journeys.services import moving, relaying
from journeys.services.moving import ConflictError, MissingError
from journeys.services.relaying import NotYoursError
from tests.journeys.relays.conftest import LATER, NOW, House, actor, member_of

KEY = Actor("API key “CRM”")


def accept(relay: Relay, by: Membership | None, **more: Any) -> Relay:
    return relaying.accept(relay_id=relay.pk, **{"by": by, "actor": actor(by) if by else KEY, "now": LATER, **more})


def decline(relay: Relay, by: Membership, **more: Any) -> Relay:
    told = {"reason": "The budget is not named", "by": by, "actor": actor(by), "now": LATER, **more}
    return relaying.decline(relay_id=relay.pk, **told)


def stage_of(house: House) -> str:
    house.customer.refresh_from_db()
    return str(house.customer.stage_key)


def require_items() -> None:
    RelayTemplateItem.objects.filter(template__to_stage__key="trial", position__lte=1).update(required=True)


# --- offering -----------------------------------------------------------------------------------------


def test_moving_on_to_another_department_offers_the_customer_and_leaves_it_where_it_is(house: House) -> None:
    relay = house.offer()
    assert stage_of(house) == "consideration"
    assert (relay.giver_department, relay.taker_department) == ("marketing", "sales")
    assert (relay.giver, relay.taker, relay.state) == (house.marketer, None, "offered")
    assert [item.text for item in relay.items.all()] == [
        "Pain points and hoped-for gains are written down",
        "The people who decide are named",
        "Source and referrer are known",
    ]
    news = OutboxEvent.objects.get(name="relay.offered")
    assert news.payload["customer_id"] == str(house.customer.pk)
    assert news.payload["relay_id"] == str(relay.pk)
    assert AuditEvent.objects.get(action="relay.offered").actor_label == str(house.marketer.user)


def test_it_is_due_by_the_working_days_of_the_workspace(house: House) -> None:
    # Three working days after Tuesday 16 June: Friday at five in Paris.
    assert house.offer().due_at == datetime(2026, 6, 19, 15, tzinfo=UTC)
    assert Relay.objects.count() == 1


def test_whoever_holds_the_departments_place_in_the_account_team_is_asked(house: House) -> None:
    AccountTeamMember.objects.create(
        workspace=house.workspace, customer=house.customer, member=house.seller, role=TeamRole.SALES, since=NOW.date()
    )
    assert house.offer().taker == house.seller


def test_a_place_held_by_somebody_who_left_falls_to_the_department(house: House) -> None:
    AccountTeamMember.objects.create(
        workspace=house.workspace, customer=house.customer, member=house.seller, role=TeamRole.SALES, since=NOW.date()
    )
    Membership.objects.filter(pk=house.seller.pk).update(left_at=NOW)
    assert house.offer().taker is None


def test_asking_for_the_same_move_again_gives_the_handover_that_waits(house: House) -> None:
    assert house.offer().pk == house.offer().pk


# --- accepting ----------------------------------------------------------------------------------------


def test_accepting_brings_the_customer_into_the_stage_and_the_taker_into_its_account_team(house: House) -> None:
    relay = accept(house.offer(), house.seller, note="Call on Thursday")
    assert stage_of(house) == "trial"
    assert (relay.state, relay.taker, relay.decided_at, relay.note) == (
        "accepted",
        house.seller,
        LATER,
        "Call on Thursday",
    )
    assert relay.move == Move.objects.order_by("-number").first()
    assert AccountTeamMember.objects.get(role=TeamRole.SALES).member == house.seller
    assert OutboxEvent.objects.get(name="relay.accepted").payload["move_id"] == str(relay.move_id)


def test_a_held_place_in_the_account_team_stays(house: House) -> None:
    other = member_of(house.workspace, Department.SALES)
    AccountTeamMember.objects.create(
        workspace=house.workspace, customer=house.customer, member=other, role=TeamRole.SALES, since=NOW.date()
    )
    accept(house.offer(), house.seller)
    assert AccountTeamMember.objects.get(role=TeamRole.SALES).member == other


@pytest.mark.parametrize("who", ["success", "marketer"])
def test_another_department_may_not_accept_and_is_told_whose_it_is(house: House, who: str) -> None:
    relay = house.offer()
    with pytest.raises(NotYoursError, match="Sales"):
        accept(relay, getattr(house, who))
    assert stage_of(house) == "consideration"


def test_a_named_person_of_another_department_may_accept(house: House) -> None:
    relay = house.offer()
    Relay.objects.filter(pk=relay.pk).update(taker=house.success)
    assert accept(relay, house.success).state == "accepted"
    assert not AccountTeamMember.objects.exists()


def test_a_manager_may_accept_for_a_department_and_the_audit_trail_says_that_it_was_an_override(house: House) -> None:
    accept(house.offer(), house.manager)
    line = AuditEvent.objects.get(action="relay.overridden")
    assert (line.actor_label, line.data["department"]) == (str(house.manager.user), "sales")


def test_a_viewer_may_not_accept_even_in_the_department(house: House) -> None:
    viewer = member_of(house.workspace, Department.SALES, Role.VIEWER)
    with pytest.raises(NotYoursError):
        accept(house.offer(), viewer)


def test_somebody_who_left_may_not_accept_and_the_department_may(house: House) -> None:
    relay = house.offer()
    Relay.objects.filter(pk=relay.pk).update(taker=house.seller)
    Membership.objects.filter(pk=house.seller.pk).update(left_at=NOW)
    house.seller.refresh_from_db()
    with pytest.raises(NotYoursError, match="somebody of Sales"):
        accept(relay, house.seller)
    assert accept(relay, member_of(house.workspace, Department.SALES)).state == "accepted"


def test_a_key_acts_for_a_department_in_its_own_name(house: House) -> None:
    assert accept(house.offer(), None).decided_by_label == "API key “CRM”"
    assert stage_of(house) == "trial"


def test_required_items_must_be_ticked_first_and_each_open_one_is_named(house: House) -> None:
    require_items()
    relay = house.offer()
    first, _second, _third = relay.items.all()
    relaying.tick(relay_id=relay.pk, item_id=first.pk, done=True, actor=actor(house.marketer), now=NOW)
    with pytest.raises(MissingError) as refused:
        accept(relay, house.seller)
    assert [(each.criterion, each.message) for each in refused.value.missing] == [
        ("checklist", "The people who decide are named")
    ]
    relaying.tick(relay_id=relay.pk, item_id=_second.pk, done=True, actor=actor(house.marketer), now=NOW)
    assert accept(relay, house.seller).state == "accepted"


def test_criteria_are_looked_at_again_when_it_is_accepted(house: House) -> None:
    relay = house.offer()
    trial = Stage.objects.get(key="trial")
    StageCriterion.objects.create(
        workspace=house.workspace, stage=trial, side=Side.ENTRY, kind=CriterionKind.FIELD, params={"field": "industry"}
    )
    with pytest.raises(MissingError, match="Industry"):
        accept(relay, house.seller)
    relay.refresh_from_db()
    assert relay.state == "offered"


def test_who_comes_second_is_told_who_was_quicker(house: House) -> None:
    relay = house.offer()
    accept(relay, house.seller)
    with pytest.raises(ConflictError, match=f"{house.seller.user} accepted it"):
        decline(relay, member_of(house.workspace, Department.SALES))


def test_a_move_past_the_handover_withdraws_it(house: House) -> None:
    relay = house.offer()
    moving.move(customer_id=house.customer.pk, stage_key="awareness", reason="Sponsor left", actor=KEY, now=LATER)
    relay.refresh_from_db()
    assert (relay.state, relay.decided_by_label) == ("withdrawn", "API key “CRM”")
    with pytest.raises(ConflictError, match="withdrawn by"):
        accept(relay, house.seller)


def test_a_customer_that_churns_takes_its_open_handover_along(house: House) -> None:
    relay = house.offer()
    subscriptions.create(
        external_id="s-1",
        told={
            "customer_external_id": house.customer.external_id,
            "arr": "1200",
            "starts_on": "2024-01-01",
            "ends_on": "2025-01-01",
            "cancelled_on": "2024-10-01",
        },
        actor=KEY,
        now=LATER,
    )
    assert stage_of(house) == ""
    relay.refresh_from_db()
    assert relay.state == "withdrawn"


# --- declining, withdrawing, offering again -----------------------------------------------------------


def test_declining_takes_a_reason_and_leaves_the_customer_where_it_is(house: House) -> None:
    relay = house.offer()
    for empty in ("", "  "):
        with pytest.raises(ValidationError) as refused:
            decline(relay, house.seller, reason=empty)
        assert list(refused.value.message_dict) == ["reason"]
    declined = decline(relay, house.seller, cause=DeclineCause.INCOMPLETE)
    assert (declined.state, declined.decline_reason, declined.decline_cause) == (
        "declined",
        "The budget is not named",
        "incomplete",
    )
    assert stage_of(house) == "consideration"
    assert OutboxEvent.objects.filter(name="relay.declined").count() == 1


@pytest.mark.parametrize(
    ("field", "told"), [("cause", {"cause": "mood"}), ("reason", {"reason": "x" * 501}), ("reason", {"reason": "a\0"})]
)
def test_a_refusal_that_cannot_be_kept_is_refused_by_field(house: House, field: str, told: dict[str, str]) -> None:
    relay = house.offer()
    with pytest.raises(ValidationError) as refused:
        decline(relay, house.seller, **told)
    assert list(refused.value.message_dict) == [field]
    assert Relay.objects.get().state == "offered"


def test_the_giver_withdraws_and_nobody_of_the_takers(house: House) -> None:
    relay = house.offer()
    by: dict[str, Any] = {"now": LATER, "reason": "Too early"}
    with pytest.raises(NotYoursError, match="Marketing"):
        relaying.withdraw(relay_id=relay.pk, by=house.seller, actor=actor(house.seller), **by)
    relaying.withdraw(relay_id=relay.pk, by=house.marketer, actor=actor(house.marketer), **by)
    relay.refresh_from_db()
    assert (relay.state, relay.decline_reason) == ("withdrawn", "Too early")
    assert OutboxEvent.objects.filter(name="relay.withdrawn").count() == 1


def reoffer(relay: Relay, by: Membership, **more: Any) -> Relay:
    told = {"reason": "The budget is named now", "by": by, "actor": actor(by), "now": LATER, **more}
    return relaying.reoffer(relay_id=relay.pk, **told)


def test_what_was_declined_is_offered_again_with_its_ticks(house: House) -> None:
    relay = house.offer()
    item = relay.items.all()[0]
    relaying.tick(relay_id=relay.pk, item_id=item.pk, done=True, actor=actor(house.marketer), now=NOW)
    decline(relay, house.seller)
    again = reoffer(relay, house.marketer)
    assert (again.reoffers, again.reason, again.state) == (relay, "The budget is named now", "offered")
    assert [each.done_at is not None for each in again.items.all()] == [True, False, False]
    assert accept(again, house.seller).move is not None


def test_an_offer_still_open_or_accepted_is_not_offered_again(house: House) -> None:
    relay = house.offer()
    for _state in ("offered", "accepted"):
        with pytest.raises(ConflictError):
            reoffer(relay, house.marketer)
        if relay.state == RelayState.OFFERED:
            relay = accept(relay, house.seller)


def test_offering_again_after_the_customer_moved_is_refused(house: House) -> None:
    relay = decline(house.offer(), house.seller)
    moving.move(customer_id=house.customer.pk, stage_key="awareness", reason="Back", actor=KEY, now=LATER)
    with pytest.raises(ConflictError, match="moved meanwhile"):
        reoffer(relay, house.marketer)


# --- the checklist, promises, time --------------------------------------------------------------------


def test_ticks_name_who_and_when_and_can_be_taken_back(house: House) -> None:
    relay = house.offer()
    item = relay.items.all()[0]
    by: dict[str, Any] = {"relay_id": relay.pk, "item_id": item.pk, "actor": actor(house.marketer), "now": NOW}
    relaying.tick(done=True, **by)
    relaying.tick(done=True, **by)
    item.refresh_from_db()
    assert (item.done_at, item.done_by_label) == (NOW, str(house.marketer.user))
    relaying.tick(done=False, **by)
    assert RelayItem.objects.get(pk=item.pk).done_at is None
    assert AuditEvent.objects.filter(action__startswith="relay.item").count() == 2


def test_the_checklist_of_a_decided_handover_stays_as_it_was(house: House) -> None:
    relay = accept(house.offer(), house.seller)
    with pytest.raises(ConflictError):
        relaying.tick(relay_id=relay.pk, item_id=relay.items.all()[0].pk, done=True, actor=KEY, now=LATER)


def outcome(house: House, *statements: str) -> Outcome:
    made = Outcome.objects.create(
        workspace=house.workspace, external_id="o-1", customer=house.customer, created_at=NOW, updated_at=NOW
    )
    for number, statement in enumerate(statements, 1):
        version(made, number, statement)
    return made


def version(made: Outcome, number: int, statement: str, reason: str = "") -> None:
    OutcomeVersion.objects.create(
        workspace_id=made.workspace_id, outcome=made, number=number, statement=statement, reason=reason,
        effective_on=NOW.date(), known_at=NOW, recorded_at=NOW, actor_label="Will Scarlet",
    )  # fmt: skip


def test_promises_travel_as_they_read_and_later_versions_show_as_changes(house: House) -> None:
    made = outcome(house, "Fewer late deliveries", "Half as many late deliveries")
    relay = house.offer()
    (promise,) = promises.since(relay.promises, offered_at=NOW, now=LATER)
    assert (promise.statement, promise.version, promise.changed) == ("Half as many late deliveries", 2, False)
    version(made, 3, "A third fewer late deliveries", "The depot moved")
    (promise,) = promises.since(relay.promises, offered_at=NOW, now=LATER)
    assert promise.changed
    assert [(each.version, each.statement, each.reason) for each in promise.changes] == [
        (3, "A third fewer late deliveries", "The depot moved")
    ]
    made.delete()
    assert promises.since(relay.promises, offered_at=NOW, now=LATER)[0].gone


def test_what_lies_too_long_is_told_once(house: House) -> None:
    relay = house.offer()
    assert relaying.escalate(now=relay.due_at - timedelta(seconds=1)) == 0
    assert relaying.escalate(now=relay.due_at) == 1
    assert relaying.escalate(now=relay.due_at + timedelta(days=1)) == 0
    news = OutboxEvent.objects.get(name="relay.escalated")
    assert news.payload["relay_id"] == str(relay.pk)
    assert accept(relay, house.seller, now=relay.due_at + timedelta(days=2)).state == "accepted"
