"""Portfolio hand-over: for good when somebody goes, for a while when somebody is away."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AccountTeamMember, Customer, Membership
from accounts.roles import Department, Role
from accounts.services import members, portfolio, team
from accounts.services.portfolio import Kind
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
BACK = TODAY + timedelta(days=14)
ACTOR = audit.Actor(label="Head of customer success")


@pytest.fixture
def crew() -> tuple[Membership, Membership, list[Customer]]:
    """A CSM with two customers (and support of the first), and a colleague with none."""
    workspace = factories.make_workspace()
    anne, ben = factories.make_member(workspace), factories.make_member(workspace)
    with workspace_scope(workspace):
        customers = [factories.make_customer(f"Customer {n}", arr_minor=(n + 1) * 1_000_00) for n in range(2)]
        for customer, role in [(customers[0], "csm"), (customers[1], "csm"), (customers[0], "support")]:
            place(customer, anne, role)
        team.refresh_csm([c.pk for c in customers], day=TODAY, now=NOW)
    return anne, ben, customers


def place(customer: Customer, member: Membership, role: str) -> None:
    AccountTeamMember.objects.create(
        workspace_id=current_workspace_id(), customer=customer, member=member, role=role, since=date(2026, 1, 1)
    )


def csms(workspace: object) -> list[Membership | None]:
    with workspace_scope(workspace):
        return [c.csm for c in Customer.objects.order_by("name").select_related("csm")]


def move(anne: Membership, ben: Membership, **options: object) -> int:
    arguments = {"roles": None, "customers": None, "kind": Kind.DEPARTURE, "until": None, "actor": ACTOR, "now": NOW}
    return portfolio.hand_over(from_member=anne, to_member=ben, **{**arguments, **options})  # type: ignore[arg-type]  # keywords of several types


def test_a_departure_moves_every_place_for_good_and_leaves_a_trail(
    crew: tuple[Membership, Membership, list[Customer]],
) -> None:
    anne, ben, customers = crew
    shown = portfolio.preview(from_member=anne, roles=None, customers=None)
    assert (shown.customers, shown.arr_minor, shown.roles) == (2, 3_000_00, {"csm": 2, "support": 1})
    assert move(anne, ben) == 2
    assert csms(anne.workspace) == [ben, ben]
    with workspace_scope(anne.workspace):
        ended = AccountTeamMember.objects.filter(member=anne)
        assert {row.until for row in ended} == {TODAY}
        assert AccountTeamMember.objects.filter(member=ben, until__isnull=True).count() == 3
        trail = AuditEvent.objects.filter(actor_label=ACTOR.label)
        assert sorted(trail.values_list("action", flat=True)) == ["customer.handed_over"] * 2 + [
            "portfolio.handed_over"
        ]
        assert {e.object_id for e in trail.filter(action="customer.handed_over")} == {str(c.pk) for c in customers}


def test_a_leave_is_covered_and_returns_on_its_day(crew: tuple[Membership, Membership, list[Customer]]) -> None:
    anne, ben, _ = crew
    move(anne, ben, kind=Kind.LEAVE, until=BACK)
    assert csms(anne.workspace) == [ben, ben]
    with workspace_scope(anne.workspace):
        assert portfolio.return_due(now=NOW + timedelta(days=13)) == 0
        assert portfolio.return_due(now=NOW + timedelta(days=14)) == 2
        assert portfolio.return_due(now=NOW + timedelta(days=14)) == 0
    assert csms(anne.workspace) == [anne, anne]


def test_being_back_early_ends_the_cover(crew: tuple[Membership, Membership, list[Customer]]) -> None:
    anne, ben, _ = crew
    move(anne, ben, kind=Kind.LEAVE, until=BACK)
    assert portfolio.end_leave(member=anne, actor=ACTOR, now=NOW + timedelta(days=3)) == 3
    assert csms(anne.workspace) == [anne, anne]


def test_a_second_cover_replaces_the_first(crew: tuple[Membership, Membership, list[Customer]]) -> None:
    anne, ben, _ = crew
    carl = factories.make_member(anne.workspace)
    move(anne, ben, kind=Kind.LEAVE, until=BACK)
    move(anne, carl, kind=Kind.LEAVE, until=BACK)
    assert csms(anne.workspace) == [carl, carl]


def test_who_goes_for_good_while_covering_passes_the_cover_on(
    crew: tuple[Membership, Membership, list[Customer]],
) -> None:
    anne, ben, _ = crew
    carl = factories.make_member(anne.workspace)
    move(anne, ben, kind=Kind.LEAVE, until=BACK)
    move(ben, carl)
    assert csms(anne.workspace) == [carl, carl]
    with workspace_scope(anne.workspace):
        portfolio.return_due(now=NOW + timedelta(days=14))
    assert csms(anne.workspace) == [anne, anne]


def test_only_the_chosen_customers_and_roles_move(crew: tuple[Membership, Membership, list[Customer]]) -> None:
    anne, ben, customers = crew
    assert move(anne, ben, customers=[customers[0].pk], roles=["csm"]) == 1
    assert csms(anne.workspace) == [ben, anne]
    with workspace_scope(anne.workspace):
        assert AccountTeamMember.objects.get(role="support").member == anne


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kind": Kind.LEAVE}, "until"),
        ({"kind": Kind.LEAVE, "until": TODAY}, "until"),
        ({"until": BACK}, "until"),
        ({"roles": []}, "roles"),
        ({"roles": ["pilot"]}, "roles"),
    ],
)
def test_a_hand_over_that_makes_no_sense_is_refused(
    crew: tuple[Membership, Membership, list[Customer]], options: dict[str, object], named: str
) -> None:
    anne, ben, _ = crew
    with pytest.raises(ValidationError) as caught:
        move(anne, ben, **options)
    assert list(caught.value.message_dict) == [named]


def test_nobody_hands_over_to_a_stranger_or_to_themselves(
    crew: tuple[Membership, Membership, list[Customer]],
) -> None:
    anne, _, _ = crew
    stranger = factories.make_member(factories.make_workspace("osprey"))
    for wrong in (stranger, anne):
        with pytest.raises(ValidationError, match="Choose"):
            move(anne, wrong)


def test_removing_a_member_hands_the_portfolio_over(crew: tuple[Membership, Membership, list[Customer]]) -> None:
    anne, ben, _ = crew
    members.remove_member(membership=anne, successor=ben, actor=ACTOR, may_manage_owners=False, now=NOW)
    assert csms(anne.workspace) == [ben, ben]
    anne.refresh_from_db()
    assert anne.left_at == NOW


def test_removing_a_member_without_successor_leaves_the_customers_without_csm(
    crew: tuple[Membership, Membership, list[Customer]],
) -> None:
    anne, _, _ = crew
    members.remove_member(membership=anne, successor=None, actor=ACTOR, may_manage_owners=False, now=NOW)
    assert csms(anne.workspace) == [None, None]


def test_a_workspace_keeps_an_owner() -> None:
    workspace = factories.make_workspace()
    owner = factories.make_member(workspace, Role.OWNER)
    with pytest.raises(ValidationError, match="last owner"):
        members.remove_member(membership=owner, successor=None, actor=ACTOR, may_manage_owners=True, now=NOW)
    with pytest.raises(ValidationError, match="last owner"):
        members.change_member(
            membership=owner,
            role=Role.ADMIN,
            department=Department.FINANCE,
            actor=ACTOR,
            may_manage_owners=True,
            now=NOW,
        )


def test_only_owners_appoint_change_and_remove_owners() -> None:
    workspace = factories.make_workspace()
    owner, admin = factories.make_member(workspace, Role.OWNER), factories.make_member(workspace, Role.ADMIN)
    for membership, role in [(admin, Role.OWNER), (owner, Role.ADMIN)]:
        with pytest.raises(ValidationError, match="Only owners"):
            members.change_member(
                membership=membership,
                role=role,
                department=Department.FINANCE,
                actor=ACTOR,
                may_manage_owners=False,
                now=NOW,
            )
    with pytest.raises(ValidationError, match="Only owners"):
        members.remove_member(membership=owner, successor=None, actor=ACTOR, may_manage_owners=False, now=NOW)
