"""Members of a workspace: roles, departments, leaving. A workspace always keeps an owner."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.roles import Department, Role
from accounts.services import portfolio
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope


def demand_owner_rights(role: str, may_manage_owners: bool) -> None:
    """Raise ``ValidationError`` (``role``) when an owner is concerned and the actor may not appoint owners."""
    if role == Role.OWNER and not may_manage_owners:
        raise ValidationError({"role": _("Only owners appoint, change and remove owners.")})


def change_member(
    *,
    membership: Membership,
    role: Role,
    department: Department,
    actor: audit.Actor,
    may_manage_owners: bool,
    now: datetime,
) -> None:
    """Give a member another role or department.

    Raises ``ValidationError`` when the last owner would go, or an owner is concerned and the actor is none.
    """
    with workspace_scope(membership.workspace_id):
        fresh = _lock(membership)
        before = {"role": fresh.role, "department": fresh.department}
        if role != fresh.role:
            demand_owner_rights(role, may_manage_owners)
            demand_owner_rights(fresh.role, may_manage_owners)
            _keep_an_owner(fresh)
        fresh.role, fresh.department = role, department
        fresh.save(update_fields=["role", "department"])
        after = {"role": str(role), "department": str(department)}
        if before != after:
            audit.record(
                actor=actor, action="member.changed", subject=fresh, data={"before": before, "after": after}, now=now
            )


def remove_member(
    *,
    membership: Membership,
    successor: Membership | None,
    actor: audit.Actor,
    may_manage_owners: bool,
    now: datetime,
) -> None:
    """End a membership and hand the whole portfolio to ``successor`` (None: the places stay empty).

    The row stays for history, and the person keeps their account. Raises ``ValidationError`` for the last owner.
    """
    with workspace_scope(membership.workspace_id):
        fresh = _lock(membership)
        if fresh.left_at is not None:
            return
        demand_owner_rights(fresh.role, may_manage_owners)
        _keep_an_owner(fresh)
        if successor is not None:
            portfolio.hand_over(
                from_member=fresh,
                to_member=successor,
                roles=None,
                customers=None,
                kind=portfolio.Kind.DEPARTURE,
                until=None,
                actor=actor,
                now=now,
            )
        portfolio.vacate(member=fresh, actor=actor, now=now)
        fresh.left_at = now
        fresh.save(update_fields=["left_at"])
        audit.record(actor=actor, action="member.removed", subject=fresh, data={"role": fresh.role}, now=now)


def _lock(membership: Membership) -> Membership:
    """The member's fresh row, with all owners locked, so that two owners cannot remove each other at once."""
    owners = Membership.objects.select_for_update(no_key=True).filter(
        workspace_id=membership.workspace_id, role=Role.OWNER, left_at__isnull=True
    )
    list(owners.order_by("pk").values_list("pk"))
    return Membership.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=membership.pk)


def _keep_an_owner(membership: Membership) -> None:
    others = Membership.objects.filter(
        workspace_id=membership.workspace_id, role=Role.OWNER, left_at__isnull=True
    ).exclude(pk=membership.pk)
    if membership.role == Role.OWNER and not others.exists():
        raise ValidationError({"role": _("The last owner cannot go: appoint another owner first.")})
