"""Workspaces and the people in them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts import extensions
from accounts.models import Membership, User, Workspace
from accounts.roles import Department, Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope


@transaction.atomic
def create_workspace(
    *, slug: str, name: str, now: datetime, actor: audit.Actor, currency: str = "EUR", is_demo: bool = False
) -> Workspace:
    """A new workspace with the default stages, measures and scorecard.

    Raises ``ValidationError`` naming the field when the slug is taken or malformed or the currency unknown.
    """
    workspace = Workspace(slug=slug, name=name, currency=currency, is_demo=is_demo, created_at=now)
    workspace.full_clean()
    workspace.save()
    with workspace_scope(workspace):
        for hook in extensions.workspace_created:
            hook(workspace, now)
        audit.record(actor=actor, action="workspace.created", subject=workspace, now=now)
    return workspace


def add_member(
    *,
    workspace: Workspace,
    user: User,
    role: Role,
    now: datetime,
    actor: audit.Actor,
    department: Department = Department.CUSTOMER_SUCCESS,
) -> Membership:
    """Make ``user`` a member, or give a returning member their place back with the new role."""
    with workspace_scope(workspace):
        membership, _ = Membership.objects.update_or_create(
            workspace=workspace,
            user=user,
            defaults={"role": role, "department": department, "left_at": None},
            create_defaults={"role": role, "department": department, "joined_at": now},
        )
        audit.record(actor=actor, action="member.added", subject=membership, data={"role": role}, now=now)
    return membership
