"""Workspaces and the people in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import extensions
from accounts.models import Customer, Membership, Subscription, User, Workspace
from accounts.roles import Department, Role
from accounts.services import read_model
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope


@transaction.atomic
def create_workspace(
    *,
    slug: str,
    name: str,
    now: datetime,
    actor: audit.Actor,
    currency: str = "EUR",
    time_zone: str = "Europe/Paris",
    locale: str = "en",
    is_demo: bool = False,
) -> Workspace:
    """A new workspace with the default stages, measures and scorecard.

    Raises ``ValidationError`` naming the field when the slug is taken or malformed or the currency unknown.
    """
    workspace = Workspace(
        slug=slug,
        name=name,
        currency=currency,
        time_zone=time_zone,
        locale=locale,
        is_demo=is_demo,
        created_at=now,
    )
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


SETTINGS = ("name", "currency", "time_zone", "locale", "grace_days")


def has_money(workspace: Workspace) -> bool:
    """Whether any amount of money is kept, in which case the currency stays what it is."""
    with workspace_scope(workspace):
        expected = Customer.objects.filter(expected_arr_minor__isnull=False)
        return Subscription.objects.exists() or expected.exists()


def update_settings(*, workspace: Workspace, values: dict[str, Any], actor: audit.Actor, now: datetime) -> list[str]:
    """Change ``values`` (some of ``SETTINGS``); returns the names that changed.

    A new grace period moves contract states, so everybody concerned is told. Raises ``ValidationError`` naming the
    field, among others for a currency changed once there is money.
    """
    with workspace_scope(workspace):
        fresh = Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
        before = {name: getattr(fresh, name) for name in SETTINGS if name in values}
        changed = [name for name in before if before[name] != values[name]]
        if "currency" in changed and has_money(fresh):
            raise ValidationError({"currency": _("There are amounts of money already: the currency stays.")})
        for name in changed:
            setattr(fresh, name, values[name])
        fresh.full_clean()
        fresh.save(update_fields=changed)
        if changed:
            data = {name: [before[name], values[name]] for name in changed}
            audit.record(actor=actor, action="workspace.changed", subject=fresh, data=data, now=now)
        if "grace_days" in changed:
            read_model.refresh_contracts(None, day=now.date(), now=now)
    workspace.refresh_from_db()
    return changed
