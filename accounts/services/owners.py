"""Owners told by e-mail address: who that is among the members, and the account team it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from accounts.models import AccountTeamMember, Membership
from accounts.models.customers import TeamRole
from accounts.services import team
from csplatform.core.tenancy import current_workspace_id


def members_by_email(emails: Iterable[str]) -> dict[str, UUID]:
    """Lower-case e-mail → id of the present membership in the active workspace; strangers are left out."""
    wanted = {email for email in emails if email}
    if not wanted:
        return {}
    rows = Membership.objects.filter(
        workspace_id=current_workspace_id(), left_at__isnull=True, user__email__in=wanted
    ).values_list("user__email", "id")
    return dict(rows)


def current(customer_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Customer → the membership that is its CSM for good (who covers for leave does not count)."""
    rows = AccountTeamMember.objects.filter(
        customer_id__in=list(customer_ids), role=TeamRole.CSM, until__isnull=True, covers_for__isnull=True
    )
    return dict(rows.values_list("customer_id", "member_id"))


def set_owners(owner_of: Mapping[UUID, UUID | None], *, now: datetime) -> None:
    """Make each customer's CSM the given membership (None: nobody), ending what was so before."""
    if not owner_of:
        return
    AccountTeamMember.objects.filter(
        customer_id__in=owner_of.keys(), role=TeamRole.CSM, until__isnull=True, covers_for__isnull=True
    ).update(until=now.date())
    workspace_id = current_workspace_id()
    AccountTeamMember.objects.bulk_create(
        AccountTeamMember(
            workspace_id=workspace_id, customer_id=customer_id, member_id=member_id, role=TeamRole.CSM, since=now.date()
        )
        for customer_id, member_id in owner_of.items()
        if member_id is not None
    )
    team.refresh_csm(list(owner_of), day=now.date(), now=now)
