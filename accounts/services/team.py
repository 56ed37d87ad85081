"""The account team: who holds which role at a customer on a day, and the column lists read it from."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery

from accounts.models import AccountTeamMember, Customer, Membership
from accounts.models.customers import TeamRole
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id


def holding_on(day: date) -> Q:
    """Team rows in force on ``day``; ``until`` is the first day without."""
    return Q(since__lte=day) & (Q(until__isnull=True) | Q(until__gt=day))


def refresh_csm(customer_ids: Collection[UUID], *, day: date, now: datetime) -> int:
    """Set ``Customer.csm`` to who is CSM on ``day``: a covering colleague before the one covered for.

    Returns how many customers changed hands. Call it after every change of the account team.
    """
    holder = (
        AccountTeamMember.objects.filter(holding_on(day), customer=OuterRef("pk"), role=TeamRole.CSM)
        .order_by(F("covers_for").asc(nulls_last=True), "-since", "-id")
        .values("member")[:1]
    )
    changed = (
        Customer.objects.filter(pk__in=customer_ids)
        .annotate(holder=Subquery(holder))
        .filter(~Q(csm=F("holder")) | Q(csm__isnull=True, holder__isnull=False) | Q(csm__isnull=False, holder=None))
    )
    count: int = changed.update(csm=Subquery(holder), version=F("version") + 1, updated_at=now)
    return count


def fill(*, customer_id: UUID, role: TeamRole, member: Membership, actor: audit.Actor, now: datetime) -> bool:
    """Give ``member`` the place ``role`` in the customer's account team where nobody holds it; says whether it did."""
    held = AccountTeamMember.objects.filter(customer_id=customer_id, role=role)
    if held.filter(Q(until__isnull=True) | holding_on(now.date())).exists():
        return False
    place = AccountTeamMember.objects.create(
        workspace_id=current_workspace_id(), customer_id=customer_id, member=member, role=role, since=now.date()
    )
    if role == TeamRole.CSM:
        refresh_csm([customer_id], day=now.date(), now=now)
    data = {"customer_id": str(customer_id), "role": str(role), "member_id": str(member.pk)}
    audit.record(actor=actor, action="account_team.filled", subject=place, data=data, now=now)
    return True
